"""From an exception to a declared error."""
