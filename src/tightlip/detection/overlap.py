"""Overlap: the search in bytes that come piece by piece, the same as in the whole."""

from __future__ import annotations

from collections.abc import Iterator

from tightlip.detection.engine import MOST_HITS, Engine, Hits
from tightlip.detection.pattern import LONGEST_MATCH

_KEPT = LONGEST_MATCH + 1  # a word boundary reads one byte before the match


class OverlapScan:
    """Scans each piece together with the end of what came before it.

    A match that ends where the data ends is told with the next byte: what follows may deny it
    its word boundary.

    Args:
        engine: Scans whole texts.

    Attributes:
        tail: The end of what has come so far.
        waits: Whether a match ends where the data end, and is told with the next byte.
    """

    __slots__ = ("_before", "_engine", "tail", "waits")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.tail = b""
        self.waits = False
        self._before = 0

    @property
    def end(self) -> int:
        """How many bytes have come so far."""
        return self._before + len(self.tail)

    def feed(self, data: bytes) -> Hits:
        """Return the hits that `data` completes; ends count from the start of the stream."""
        text = self.tail + data
        found = self._told(text, len(self.tail) - 1, len(text) - 1)
        self.tail = text[-_KEPT:]
        self._before += len(text) - len(self.tail)
        return found

    def close(self) -> Hits:
        """Return the hits that only the end of the stream completes."""
        text, self.tail = self.tail, b""
        return self._told(text, len(text) - 1, len(text)) if text else {}

    def _told(self, text: bytes, after: int, last: int) -> Hits:
        """Return the hits that end behind `after` and not behind `last`."""
        told: Hits = {}
        self.waits = False
        for index, ends in self._engine.hits(text).items():
            self.waits = self.waits or ends[-1] > last or len(ends) == MOST_HITS
            new = [self._before + end for end in ends if after < end <= last]
            if new:
                told[index] = new
        return told


_PIECE = MOST_HITS - _KEPT
"""With what is kept, a piece has no more bytes than hits are told: none is left out."""


def every_hit(engine: Engine, data: bytes, hits: Hits) -> Iterator[Hits]:
    """Yield `hits`, which `engine` has told of `data`; where it told not all, all of them.

    They come in batches, so that a flood of hits takes no more room than the data.
    """
    if all(len(ends) < MOST_HITS for ends in hits.values()):
        yield hits
        return
    scan = OverlapScan(engine)
    for at in range(0, len(data), _PIECE):
        yield scan.feed(data[at : at + _PIECE])
    yield scan.close()
