"""The words of the servers themselves, one server a file."""
