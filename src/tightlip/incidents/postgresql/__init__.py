"""The private record of several hosts, in PostgreSQL."""
