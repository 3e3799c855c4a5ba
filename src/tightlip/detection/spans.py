"""Spans: the second look at a pattern that an engine has met: where does its match stand?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tightlip.detection.engine import MOST_HITS
from tightlip.detection.pattern import shape_of

_MOST_COMPILED = 4096


@lru_cache(maxsize=_MOST_COMPILED)
def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode())


@lru_cache(maxsize=_MOST_COMPILED)
def _width(pattern: str) -> int:
    return shape_of(pattern).width


def ends_of(core: str, data: bytes) -> list[int]:
    """Return where the matches of `core` in `data` end, at most `MOST_HITS`."""
    ends: list[int] = []
    for match in _compiled(core).finditer(data):
        ends.append(match.end())
        if len(ends) == MOST_HITS:
            break
    return ends


def spans_of(pattern: str, ends: Iterable[int], data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the matches of `pattern` stand whose cores end at `ends`, in ascending order.

    Each is looked for around its end, so that the work does not grow with the data. Where `re`
    does not see the match, the bytes before the end stand for it.
    """
    compiled = _compiled(pattern)
    width = _width(pattern) + 1
    covered = 0
    for end in ends:
        if end <= covered:
            continue
        start = max(covered, end - width)
        for match in compiled.finditer(data, start, min(len(data), end + width)):
            if match.end() >= end:
                yield match.span()
                covered = match.end()
                break
        else:
            yield start, end
            covered = end
