"""The one decision point."""
