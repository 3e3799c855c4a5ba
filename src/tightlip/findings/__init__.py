"""What a tool has found, and the forms in which it is printed."""
