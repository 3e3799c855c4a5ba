"""Failing parts: where a text that is no JSON tells of a failure by its form.

An element of XML or an event of a stream that is named an error, and such a field of a form.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from tightlip.expression import expression

_FAILURE = rb"(?:error|exception|(?<!de)fault|failure)"
_TAG = expression(rb"<(/?)((?:[\w\-]{1,40}:)?[\w.\-]{1,60})([^<>]{0,1000}?)(/?)>")
_FAILING_NAME = expression(rb"(?:[\w\-]{1,40}:)?[\w.\-]{0,30}" + _FAILURE, re.IGNORECASE)
_FAILING_STATE = expression(
    rb"\bstatus\s?=\s?[\"'](?:error|fail|failed|failure|fault)[\"']", re.IGNORECASE
)
_FIELD = expression(
    rb"(?:\A|&)([^=&]{0,40}" + _FAILURE + rb"[^=&]{0,40}=[^&]{0,65536})", re.IGNORECASE
)
_EVENT = expression(
    # HTML standard, section 9.2.6: a blank line ends an event.
    rb"^event: ?[a-z_.\-]{0,40}(?:error|fail|exception)[^\r\n]*\r?\n(?:[^\r\n]+\r?\n?)*",
    re.MULTILINE | re.IGNORECASE,
)


class FailingParts:
    """The parts of one text that tell of a failure.

    Args:
        data: The text, as it was sent.
        media_type: Its type, in lower case.
    """

    def __init__(self, data: bytes, media_type: str) -> None:
        parts: Iterator[tuple[int, int]] = iter(())
        if media_type == "text/event-stream":
            parts = (match.span() for match in _EVENT.finditer(data))
        elif media_type == "application/x-www-form-urlencoded":
            parts = (match.span(1) for match in _FIELD.finditer(data))
        elif "xml" in media_type and "html" not in media_type:
            parts = _elements(data)
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in parts:
            self._starts.append(start)
            self._ends.append(end)

    def __contains__(self, at: int) -> bool:
        """Tell whether the byte `at` lies in one of them."""
        index = bisect_right(self._starts, at) - 1
        return index >= 0 and at < self._ends[index]


def _elements(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each outermost element that is named after a failure begins and ends."""
    name = b""
    start = depth = 0
    for match in _TAG.finditer(data):
        closes, tag, attributes, is_empty = match.groups()
        if not depth:
            if closes or not (_FAILING_NAME.match(tag) or _FAILING_STATE.search(attributes)):
                continue
            if is_empty:
                yield match.span()
            else:
                name, start, depth = tag, match.start(), 1
        elif tag == name and not is_empty:
            depth += -1 if closes else 1
            if not depth:
                yield start, match.end()
    if depth:
        yield start, len(data)
