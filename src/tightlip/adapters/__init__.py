"""Frameworks, one a file."""
