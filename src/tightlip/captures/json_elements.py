"""The elements of an array deep in a JSON document, one by one, without the whole in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

LARGEST_ELEMENT = 128 << 20
"""How many bytes an element may have."""

_STEP = 1 << 20
_SPACE = re.compile(rb"[ \t\n\r]*+")
_QUOTED = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING = re.compile(_QUOTED, re.DOTALL)
_SCALAR = re.compile(rb"[^][{}\",: \t\n\r]++")
_BETWEEN = rb'[^]["{}]*+'
_FLAT = rb"[{[](?:%b%b)*+%b[]}]" % (_BETWEEN, _QUOTED, _BETWEEN)
_TO_BRACKET = re.compile(
    # Strings, and objects and arrays without others inside, are passed over as a whole.
    rb"%b(?:(?:%b|%b)%b)*+" % (_BETWEEN, _QUOTED, _FLAT, _BETWEEN),
    re.DOTALL,
)
_OPENING = b"{["
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Reader(Protocol):
    """What a document is read from."""

    def read(self, count: int, /) -> bytes:
        """Return the next `count` bytes, fewer only at the end."""
        ...


class StructureError(ValueError):
    """The document is cut off, is no JSON, has no such array, or an element is too large."""


def elements(reader: Reader, *keys: str) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of the array under `keys`: where each begins, and its bytes.

    Of what stands around the array only the structure is read; what follows it is not read.
    No more than one element is held, of at most `LARGEST_ELEMENT` bytes.

    Raises:
        StructureError: The array is not there, or cannot be read to its end.
    """
    return _Document(reader).elements(keys)


class _Document:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._buffer = bytearray()
        self._at = 0
        self._before = 0

    def elements(self, keys: tuple[str, ...]) -> Iterator[tuple[int, bytes]]:
        self._more()
        if self._buffer.startswith(_BYTE_ORDER_MARK):
            self._at = len(_BYTE_ORDER_MARK)
        for key in keys:
            self._require(b"{")
            self._find(key)
        self._require(b"[")
        if self._next() == b"]":
            return
        while True:
            start, end = self._value()
            yield self._before + start, bytes(self._buffer[start:end])
            if self._next() == b"]":
                return
            self._require(b",")

    def _find(self, wanted: str) -> None:
        """Move to the value of the key `wanted` in the object that was entered."""
        name = wanted.encode()
        while self._next() == b'"':
            start, end = self._whole(_STRING)
            found = self._buffer[start + 1 : end - 1] == name
            self._require(b":")
            if found:
                return
            self._value()
            if self._next() == b"}":
                break
            self._require(b",")
        raise StructureError(f"it has no {wanted!r}")

    def _value(self) -> tuple[int, int]:
        """Move past the value that follows; return where it stands in the buffer."""
        first = self._next()
        if first == b'"':
            return self._whole(_STRING)
        if first not in {b"{", b"["}:
            return self._whole(_SCALAR)
        self._drop()
        depth = 1
        self._at += 1
        while True:
            end = self._matched(_TO_BRACKET)
            bracket = self._buffer[end : end + 1]
            self._at = end
            if not bracket or bracket == b'"':  # the end of the buffer, maybe in a string
                self._more()
                continue
            depth += 1 if bracket in _OPENING else -1
            self._at += 1
            if not depth:
                return 0, self._at

    def _matched(self, form: re.Pattern[bytes]) -> int:
        match = form.match(self._buffer, self._at)
        return self._at if match is None else match.end()

    def _whole(self, form: re.Pattern[bytes]) -> tuple[int, int]:
        """Move past the string or the scalar that follows; return where it stands."""
        self._drop()
        while True:
            end = self._matched(form)
            if self._at < end < len(self._buffer):
                self._at = end
                return 0, end
            if end == self._at and len(self._buffer) > end and form is _SCALAR:
                raise StructureError(f"it is no JSON at byte {self._before + end}")
            self._more()

    def _next(self) -> bytes:
        """Move past white space; return the byte that follows."""
        while True:
            self._at = self._matched(_SPACE)
            if self._at < len(self._buffer):
                return bytes(self._buffer[self._at : self._at + 1])
            self._drop()
            self._more()

    def _require(self, wanted: bytes) -> None:
        if self._next() != wanted:
            place = self._before + self._at
            raise StructureError(f"it has no {wanted.decode()!r} at byte {place}")
        self._at += 1

    def _drop(self) -> None:
        """Forget what stands before."""
        del self._buffer[: self._at]
        self._before += self._at
        self._at = 0

    def _more(self) -> None:
        """Read on: as much again as is held, so that the work grows in step with the length."""
        if len(self._buffer) > LARGEST_ELEMENT:
            raise StructureError(
                f"what begins at byte {self._before} is larger than {LARGEST_ELEMENT >> 20} MiB"
            )
        data = self._reader.read(max(_STEP, len(self._buffer)))
        if not data:
            raise StructureError(f"it is cut off at byte {self._before + len(self._buffer)}")
        self._buffer += data
