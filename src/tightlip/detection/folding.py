"""Folding: a text by its letters and digits alone, so that it is known in another case or spacing.

Letters outside ASCII go too: a charset, a change of case or a replacement may write them otherwise.
"""

from __future__ import annotations

import string
from bisect import bisect_right
from itertools import accumulate
from operator import itemgetter

from tightlip.expression import expression

SHORTEST_FOLDED = 18
"""How many letters and digits a text needs to be known by them alone."""

_KEPT = (string.ascii_letters + string.digits).encode()
_LOWER = bytes(range(256)).lower()
_DROPPED = bytes(set(range(256)) - set(_KEPT))
_RUN = expression(rb"[A-Za-z0-9]+")
_NAME = expression(rb"(?<![\w\-])[A-Za-z]+(?:[_\-][A-Za-z]+){0,15}")
_GOES_ON = expression(rb"[\w\-]")


def folded(text: str | bytes) -> str:
    """Return the ASCII letters, in lower case, and the digits of `text`."""
    return _in_ascii(text).translate(_LOWER, _DROPPED).decode("ascii")


class Folded:
    """A text that is folded, and how its places lie in the text itself.

    Args:
        text: The text.

    Attributes:
        text: The text, folded.
    """

    __slots__ = ("_places", "_plain", "text")

    def __init__(self, text: str | bytes) -> None:
        self.text = folded(text)
        self._plain = _in_ascii(text)
        self._places: list[tuple[int, int]] | None = None

    def trace(self, start: int, end: int) -> tuple[int, int]:
        """Return where `start` to `end` of the folded text, which are not empty, stand in it."""
        if self._places is None:
            runs = [match.span() for match in _RUN.finditer(self._plain)]
            lengths = accumulate((last - first for first, last in runs), initial=0)
            self._places = [
                (begun, first) for begun, (first, _) in zip(lengths, runs, strict=False)
            ]
        return self._traced(start), self._traced(end - 1) + 1

    def is_name(self, start: int, end: int) -> bool:
        """Tell whether a name stands there, such as `CARD_EXPIRED`, and nothing more.

        It is of letters alone: what holds a digit may be a value.
        """
        first, last = self.trace(start, end)
        return (
            _NAME.fullmatch(self._plain, first, last) is not None
            and _GOES_ON.match(self._plain, last) is None
        )

    def _traced(self, at: int) -> int:
        places = self._places or []
        begun, first = places[bisect_right(places, at, key=itemgetter(0)) - 1]
        return first + at - begun


def _in_ascii(text: str | bytes) -> bytes:
    """Return `text` in bytes, one for each character of a `str`."""
    return text.encode("ascii", "replace") if isinstance(text, str) else text
