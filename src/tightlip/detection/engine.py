"""Engine: what finds many patterns in a text, and the choice of the best one at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

from tightlip.detection.engines.regex import RegexEngine

Match: TypeAlias = tuple[int, int, int]
"""The index of a pattern, and where a match of it starts and ends, in characters."""


class Engine(Protocol):
    """Finds every pattern that it was made with; safe to use from several threads at once."""

    def matches(self, text: str) -> Iterator[Match]:
        """Yield each match in `text`; the matches of one pattern do not overlap.

        The matches of one pattern come in the order of the text. The caller may stop early, so
        an engine does its work as it is asked.
        """
        ...


def best_engine(patterns: Sequence[str]) -> Engine:
    """Return the fastest engine at hand for `patterns`, in the language of `pattern`."""
    return RegexEngine(patterns)
