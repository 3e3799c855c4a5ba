"""The declared words."""
