"""Stream: a good answer under way, of which no more leaves than was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

from tightlip.detection.unpacking import Unpacker, UnreadableError, is_text

if TYPE_CHECKING:
    from tightlip.detection.reading import Reading
    from tightlip.detection.stream import Found, StreamScanner
    from tightlip.findings.finding import Finding

End = TypeVar("End")

Judge: TypeAlias = "Callable[[bytes, tuple[Finding, ...], str | None], End | None]"
"""Says what ends a stream, given a text, what leaks in it, and why it cannot be read; or None."""

_WINDOW = 64
"""How many bytes of an unfinished line wait, so that little of a leak has left when it is seen."""

_BATCH = 64
"""How many bytes are gathered before they are read, where they come in crumbs."""

_LONGEST_EVENT = 65_536


class Passed(NamedTuple, Generic[End]):
    """What of a stream may leave, and what ends it.

    Attributes:
        data: The bytes that may leave.
        end: What the judge said; None while the stream goes on.
    """

    data: bytes
    end: End | None = None


class StreamReview(Generic[End]):
    """Reads a stream of text; an event leaves when it is whole, another text line by line.

    A piece of a packed stream leaves when what it unpacks to has been read.

    Args:
        stream: Finds what leaks.
        reading: What is known of the stream.
        separator: What ends an event of the stream; None where it has none.
        judge: Says what a finding means for the stream.

    Attributes:
        has_left: Whether a part of the stream's text has been let go.
    """

    def __init__(
        self,
        stream: StreamScanner,
        reading: Reading,
        separator: re.Pattern[bytes] | None,
        judge: Judge[End],
    ) -> None:
        self._stream = stream
        self._reading = reading
        self._separator = separator
        self._judge = judge
        self._held = b""
        self._unread = b""
        self._is_text: bool | None = None
        self._is_within = False
        self._unpacker: Unpacker | None = None
        self._fault: str | None = None
        self.has_left = False
        if reading.content_encoding:
            try:
                self._unpacker = Unpacker(reading.content_encoding)
            except UnreadableError as fault:
                self._fault = str(fault)

    def feed(self, data: bytes, *, ends: bool) -> Passed[End]:
        """Take the next piece of the stream; return what may leave."""
        if self._unpacker is not None or self._fault is not None:
            return self._packed(data, ends=ends)
        if not self._has_text(data):
            return Passed(data)
        self._unread += data
        if self._separator is not None:
            return self._by_events(self._separator, ends=ends)
        if not ends and b"\n" not in data and len(self._unread) < _BATCH:
            return Passed(b"")
        return self._read(len(self._unread), ends=ends)

    def flush(self) -> bytes:
        """Return what was held of a stream that breaks off, if nothing leaks in it."""
        if self._unpacker is not None or self._fault is not None:
            return b""
        passed = self._read(len(self._unread), ends=True)
        return passed.data if passed.end is None else b""

    def _has_text(self, data: bytes) -> bool:
        if self._is_text is None and data:
            self._is_text = is_text(data, self._reading)
        return bool(self._is_text)

    def _packed(self, data: bytes, *, ends: bool) -> Passed[End]:
        plain = b""
        if self._unpacker is not None:
            try:
                plain = self._unpacker.feed(data)
            except UnreadableError as fault:
                self._unpacker, self._fault = None, str(fault)
        if self._fault is not None:
            return self._ended(self._held + data, (), self._fault)
        if not self._has_text(plain):
            return Passed(data)
        found = self._stream.feed(plain, ends=ends)
        data = self._held + data
        may_wait = not ends and not found and len(data) < _LONGEST_EVENT
        is_held = may_wait and self._stream.waits
        self._held = data if is_held else b""
        return Passed(b"") if is_held else self._ended(data, found)

    def _by_events(self, separator: re.Pattern[bytes], *, ends: bool) -> Passed[End]:
        passed = b""
        while True:
            found = separator.search(self._unread)
            if found is None and not ends and len(self._unread) < _LONGEST_EVENT:
                return Passed(passed)
            length = len(self._unread) if found is None else found.end()
            is_last = ends and length == len(self._unread)
            part = self._read(length, ends=is_last, is_part=found is not None or ends)
            passed += part.data
            if part.end is not None or not self._unread:
                return Passed(passed, part.end)

    def _read(self, length: int, *, ends: bool, is_part: bool = False) -> Passed[End]:
        """Read `length` bytes more; release what is held, up to the window of the last line.

        `is_part` tells that a part of the stream's form ends with them.
        """
        data, self._unread = self._unread[:length], self._unread[length:]
        held = self._held + data
        kept = 0 if ends or is_part else min(_WINDOW, len(held) - held.rfind(b"\n") - 1)
        self._held = held[len(held) - kept :]
        is_event = is_part and not self._is_within
        self._is_within = not is_part
        found = self._stream.feed(data, ends=ends, is_event=is_event)
        return self._ended(held[: len(held) - kept], found)

    def _ended(
        self, data: bytes, found: tuple[Found, ...], fault: str | None = None
    ) -> Passed[End]:
        """Return `data`, or what ends the stream in its place."""
        for text, findings in found or (((b"", ()),) if fault is not None else ()):
            end = self._judge(text, findings, fault)
            if end is not None:
                return Passed(b"", end)
        self.has_left = self.has_left or bool(data)
        return Passed(data)
