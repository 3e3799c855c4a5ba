"""Phase: how far the answer of an HTTP exchange has come."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """How far the answer has come."""

    WAITING = auto()
    """Nothing has left; a start may be held."""
    WITHHOLDING = auto()
    """An error answer of the application's is being read, and kept."""
    STREAMING = auto()
    """The start and a part of the body have left."""
    DONE = auto()
    """All has left."""


# A member of an `Enum` takes several times as long to get at, and is asked for ten times a request.
WAITING, WITHHOLDING, STREAMING, DONE = Phase
