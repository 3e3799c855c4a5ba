"""Where incidents go, one sink a file."""
