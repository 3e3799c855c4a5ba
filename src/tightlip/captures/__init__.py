"""Captured answers: bodies, HTTP messages, HAR files and JSON lines, read and scanned."""
