"""Readers of exceptions, one library a file."""
