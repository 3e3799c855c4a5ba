"""The private record of several hosts, in PostgreSQL."""

from __future__ import annotations

SCHEMES = ("postgresql://", "postgres://")
NO_ADDRESS = "the address is none: give one such as postgresql://user@host:5432/database"
"""What is said of an address that is no PostgreSQL's, with or without psycopg."""
