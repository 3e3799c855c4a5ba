"""The engines that match patterns, one a file."""
