"""The engine on Vectorscan, through the package `hyperscan`: all patterns in one pass."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import hyperscan

from tightlip.detection.edges import IN_FRONT, behind_a_byte
from tightlip.detection.engine import MOST_HITS, Hits
from tightlip.detection.pattern import shape_of

IDENTITY = f"hyperscan {hyperscan.__version__}"  # type: ignore[attr-defined]  # its types forget it


def build(patterns: Sequence[str], once: int = 0) -> HyperscanEngine:
    """Compile `patterns`; this takes seconds for a thousand of them."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[behind_a_byte(shape_of(pattern).core).encode() for pattern in patterns],
        ids=list(range(len(patterns))),
        flags=[
            hyperscan.HS_FLAG_SINGLEMATCH if index < once else 0 for index in range(len(patterns))
        ],
    )
    return HyperscanEngine(database)


def restore(patterns: Sequence[str], compiled: bytes) -> HyperscanEngine:  # noqa: ARG001 - the compiled form holds them
    """Load what `HyperscanEngine.compiled` gave; Vectorscan compares its checksum with the bytes.

    Raises:
        hyperscan.HyperscanError: It is damaged, or of another version or processor.
    """
    return HyperscanEngine(hyperscan.loadb(compiled, hyperscan.HS_MODE_BLOCK))


def _note(index: int, _start: int, end: int, _flags: int, found: Hits) -> None:
    end -= len(IN_FRONT)
    ends = found.get(index)
    if ends is None:
        found[index] = [end]
    elif len(ends) < MOST_HITS and end > ends[-1]:
        ends.append(end)


class HyperscanEngine:
    """Scans with one database; a scratch serves one scan at a time, so every thread has its own.

    Streams are scanned in pieces that overlap (`detection.overlap`): the binding's own streams
    hold no reference to what they need, and crash where `close` is given a scratch.
    """

    def __init__(self, database: Any) -> None:
        self._database = database
        self._scan = database.scan
        database.scratch = hyperscan.Scratch(database)
        self._local = threading.local()

    def compiled(self) -> bytes:
        """Return the database as bytes."""
        blob: bytes = hyperscan.dumpb(self._database)
        return blob

    def hits(self, data: bytes) -> Hits:
        """See `Engine.hits`."""
        found: Hits = {}
        data = IN_FRONT + data
        try:
            scratch = self._local.scratch
        except AttributeError:
            scratch = self._local.scratch = self._database.scratch.clone()
        try:
            # By position: the binding takes twice as long to call by names, or more.
            self._scan(data, _note, 0, found, scratch)
        except hyperscan.ScratchInUseError:
            # A signal handler or a greenlet scans in the middle of another scan of its thread.
            self._scan(data, _note, 0, found, self._database.scratch.clone())
        return found
