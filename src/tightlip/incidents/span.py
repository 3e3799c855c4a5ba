"""Span: a span of time up to now, in the parts that a trend has."""

from __future__ import annotations

from typing import NamedTuple

BARS = 48
"""How many parts of a time span a trend has."""

_MINUTE = 60_000_000  # microseconds


class Span(NamedTuple):
    """A span of time up to now, in minutes since 1970."""

    first: int
    last: int

    def bar(self, minute: int) -> int:
        """Return the number of the part of the trend in which `minute` lies."""
        return (minute - self.first) * BARS // (self.last - self.first + 1)


def span_of(minutes: int, now: int) -> Span:
    """Return the last `minutes` minutes before `now`, which is in microseconds since 1970."""
    last = now // _MINUTE
    return Span(last - minutes + 1, last)
