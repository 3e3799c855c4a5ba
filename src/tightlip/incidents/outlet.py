"""Outlet: a receiver elsewhere, for which the store keeps what it has not got yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple


class Takes(StrEnum):
    """What an outlet is given."""

    INCIDENTS = "incidents"
    """Each incident that was recorded for it."""
    ALERTS = "alerts"
    """What the store says deserves to be known at once."""


class Outlet(NamedTuple):
    """A receiver, as the store knows it: other processes that have the same one share its place.

    Args:
        name: What it is called; see `outlet_name`.
        takes: What it is given.
        deliver: Hands over what it is given, or raises: `RefusedError`, `PostponedError`, or
            whatever else went wrong.
        at_once: How many `deliver` takes together.
        settings: What the store has to know to decide what it is given, as JSON.
    """

    name: str
    takes: Takes
    deliver: Callable[[Sequence[Any]], None]
    at_once: int = 1
    settings: str = ""


def outlet_name(kind: str, address: str) -> str:
    """Return a name for the receiver at `address`, which may be a secret: it holds a digest."""
    return f"{kind}-{sha256(address.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"
