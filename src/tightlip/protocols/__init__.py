"""How bytes are intercepted, one protocol a file."""
