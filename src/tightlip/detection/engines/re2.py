"""The engine on RE2, through the package `google-re2`: for machines without `hyperscan`."""

from __future__ import annotations

from collections.abc import Sequence

import re2

from tightlip.detection.engine import Hits
from tightlip.detection.pattern import shape_of
from tightlip.detection.spans import ends_of

IDENTITY = "google-re2"

_MEMORY = 512 << 20
"""How much RE2 may use; with its default of 8 MiB it cannot hold a thousand patterns."""


def build(patterns: Sequence[str], once: int = 0) -> Re2Engine:  # noqa: ARG001 - all are told
    """Compile `patterns`."""
    return Re2Engine(patterns)


def restore(patterns: Sequence[str], compiled: bytes) -> Re2Engine:  # noqa: ARG001 - RE2 keeps no compiled form
    """Compile `patterns` again, which is quick."""
    return Re2Engine(patterns)


class Re2Engine:
    """Asks a set which patterns match, and Python's `re` where those do."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._cores = [shape_of(pattern).core for pattern in patterns]
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # a byte is a character
        options.max_mem = _MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for core in self._cores:
            self._set.Add(core)
        self._set.Compile()

    def hits(self, data: bytes) -> Hits:
        """See `Engine.hits`."""
        return {
            index: ends_of(self._cores[index], data) or [len(data)]
            for index in self._set.Match(data) or ()
        }

    def compiled(self) -> bytes:
        """Return nothing: there is no compiled form."""
        return b""
