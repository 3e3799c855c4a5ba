"""Counting: a number with its noun."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Return how many there are of `thing`, a noun whose plural ends with an s."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
