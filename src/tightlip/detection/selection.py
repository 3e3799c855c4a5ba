"""Selection: the patterns of some detectors, with the engine that finds them in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from tightlip.detection.detector import Detector
from tightlip.detection.engine import Engine, Hits

Owned: TypeAlias = tuple[tuple[Detector | None, str], ...]
"""Patterns with their detectors. One without a detector is no leak, but a sign."""


class Selection(NamedTuple):
    """Some of the patterns, and what finds them.

    Attributes:
        owned: The patterns in the order of the engine's indices.
        engine: Finds them.
    """

    owned: Owned
    engine: Engine


def joined(selections: Sequence[Selection]) -> Selection:
    """Return the patterns of all `selections` as one; those of the first keep their indices."""
    first, *others = [selection for selection in selections if selection.owned] or selections[:1]
    if not others:
        return first
    owned = tuple(pair for selection in (first, *others) for pair in selection.owned)
    return Selection(owned, _JoinedEngine(first, others))


class _JoinedEngine:
    """Asks several engines, one after the other."""

    def __init__(self, first: Selection, others: Sequence[Selection]) -> None:
        self._first = first.engine
        self._others: list[tuple[int, Engine]] = []
        offset = len(first.owned)
        for selection in others:
            self._others.append((offset, selection.engine))
            offset += len(selection.owned)

    def hits(self, data: bytes) -> Hits:
        """See `Engine.hits`."""
        found = self._first.hits(data)
        for offset, engine in self._others:
            more = engine.hits(data)
            if more:
                found.update((offset + index, ends) for index, ends in more.items())
        return found
