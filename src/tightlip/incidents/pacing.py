"""Pacing: how often what fails is tried again, and how often it is told."""

from __future__ import annotations

import os
import time

FIRST_PAUSE = 0.5
"""Seconds before the second try, unless told otherwise."""

_LONGEST_PAUSE = 60.0
_BETWEEN_LINES = 60.0
_MOST_REMEMBERED = 64


class Pauses:
    """Seconds to wait between tries: each pause is twice the last, up to a minute.

    Args:
        first: The first pause, in seconds.
    """

    def __init__(self, first: float = FIRST_PAUSE) -> None:
        self._first = first
        self._pause = first

    def next(self) -> float:
        """Return the next pause, a quarter longer or shorter by chance, so that many part."""
        pause = self._pause
        self._pause = min(2 * pause, _LONGEST_PAUSE)
        return about(pause)

    def reset(self) -> None:
        """Begin anew, after a try that went well."""
        self._pause = self._first


class Throttle:
    """Lets a line of each kind pass once a minute."""

    def __init__(self) -> None:
        self._passed: dict[str, float] = {}

    def allows(self, kind: str = "") -> bool:
        """Tell whether a line of this kind may be written now; if so, it counts as written."""
        moment = time.monotonic()
        last = self._passed.get(kind)
        if last is not None and moment - last < _BETWEEN_LINES:
            return False
        if len(self._passed) >= _MOST_REMEMBERED:
            self._passed.clear()
        self._passed[kind] = moment
        return True


def about(seconds: float) -> float:
    """Return `seconds`, up to a quarter more or less by chance."""
    # The shared generator of `random` is the application's: it may count on its numbers.
    return seconds * (0.75 + os.urandom(1)[0] / 510)
