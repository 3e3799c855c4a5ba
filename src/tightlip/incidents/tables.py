"""Tables: what a store is read through, whichever database holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

EVERY = 1 << 62
"""A limit that no answer reaches; SQLite and PostgreSQL have no other in common."""


class StoreError(Exception):
    """The store cannot be used; the message says what to do."""


class Rows(Protocol):
    """What a statement gives."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        ...

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Tables(Protocol):
    """The tables of a store, for one thread at a time.

    They have the same names and columns in every database, so that one SELECT serves all; its
    parameters are written `?`.
    """

    def run(self, statement: str, *values: object) -> Rows:
        """Run a statement."""
        ...

    def one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row that a statement gives, or None."""
        ...

    def number(self, statement: str, *values: object) -> int:
        """Return the number that a statement gives; 0 where it gives none."""
        ...

    def field(self, name: str) -> str:
        """Return the expression for a field of the column `summary`."""
        ...

    def bytes(self) -> int:
        """Return how much room they take."""
        ...

    def told(self) -> AbstractContextManager[None]:
        """Turn what the database says into a `StoreError` with what to do."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...
