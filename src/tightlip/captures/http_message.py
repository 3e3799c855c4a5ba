"""HTTP messages: answers as they stood on the wire, with status line, header fields and body.

Facts: RFC 9112, sections 2 to 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tightlip.captures.part import Part
from tightlip.detection.reading import Reading
from tightlip.findings.position import START, Position

LARGEST_MESSAGE = 64 << 20
"""How many bytes of messages are read as a whole."""

LARGEST_HEAD = 256 << 10

_STATUS_LINE = re.compile(rb"HTTP/[0-9](?:\.[0-9])? ([0-9]{3})(?: ([^\r\n]*))?\r?(?:\n|\Z)")
_FIELD = re.compile(
    rb"[^\r\n]+(?:\r?\n[ \t]+[^\r\n]+)*"  # what begins with a space goes on with the line before
)
_END_OF_LINE = re.compile(rb"\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_MOST_LENGTH_DIGITS = 18
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r\x1b"))


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the body of a message.

    Attributes:
        status: The status code.
        reason: Where the reason phrase stands.
        fields: Where each header field stands, as `Name: value`.
        end: Where the body begins.
        values: The values of the fields by their names in lower case; the last one counts.
    """

    status: int
    reason: tuple[int, int]
    fields: tuple[tuple[int, int], ...]
    end: int
    values: dict[bytes, bytes]

    def reading(self, *, is_packed: bool) -> Reading:
        """Return what the head says of the body."""
        return Reading(
            status=self.status,
            content_type=_text(self.values.get(b"content-type")),
            content_encoding=_text(self.values.get(b"content-encoding")) if is_packed else None,
        )

    @property
    def is_encoded(self) -> bool:
        """Whether the body may stand in another form than it is meant to be read in."""
        return b"content-encoding" in self.values or b"transfer-encoding" in self.values


def looks_like_message(head: bytes) -> bool:
    """Tell whether a text that begins with `head` is an HTTP answer."""
    return _STATUS_LINE.match(head) is not None


def head_of(data: bytes, start: int = 0) -> Head | None:
    """Return the head of the message that begins at `start`, or None if none does."""
    line = _STATUS_LINE.match(data, start)
    if line is None:
        return None
    fields: list[tuple[int, int]] = []
    values: dict[bytes, bytes] = {}
    at = line.end()
    while (field := _FIELD.match(data, at)) is not None:
        fields.append(field.span())
        name, _, value = field[0].partition(b":")
        values[name.strip().lower()] = value.strip()
        end = _END_OF_LINE.match(data, field.end())
        at = field.end() if end is None else end.end()
    blank = _END_OF_LINE.match(data, at)
    reason = line.span(2) if line[2] else (line.end(), line.end())
    return Head(int(line[1]), reason, tuple(fields), blank.end() if blank else at, values)


def messages_of(path: str, data: bytes) -> Iterator[Part]:
    """Yield the header fields and bodies of the messages that follow each other in `data`."""
    places = _Places(data)
    at = 0
    while (head := head_of(data, at)) is not None:
        yield from parts_of_head(path, data, head, places)
        at = _end(data, head)
        body = data[head.end : at]
        if body:
            yield _body_part(path, body, head, places.at(head.end))
        while data[at : at + 1] in {b"\r", b"\n"} and _STATUS_LINE.match(data, at) is None:
            at += 1
    if data[at:]:  # what follows the last message and is none
        yield Part(path, data[at:], Reading(), begin=places.at(at))


def parts_of_head(
    path: str, data: bytes, head: Head, places: _Places | None = None
) -> Iterator[Part]:
    """Yield the reason phrase and the header fields of a message, each as a part."""
    places = places or _Places(data)
    reading = Reading(status=head.status, kind="header")
    for start, end in (head.reason, *head.fields):
        if end > start:
            yield Part(path, data[start:end], reading, begin=places.at(start))


class _Places:
    """Tells positions in `data`, asked for in ascending order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._last = START

    def at(self, offset: int) -> Position:
        self._last = self._last.after(self._data[self._last.byte : offset])
        return self._last


def _end(data: bytes, head: Head) -> int:
    """Return where the body of a message ends: it may have none, or be followed by a message."""
    if _STATUS_LINE.match(data, head.end):
        return head.end
    length = head.values.get(b"content-length", b"")
    if length.isdigit() and len(length) <= _MOST_LENGTH_DIGITS:
        end = head.end + int(length)
        blank = _END_OF_LINE.match(data, end)
        if _STATUS_LINE.match(data, end if blank is None else blank.end()):
            return end
    if b"chunked" in head.values.get(b"transfer-encoding", b"").lower():
        chunks = _unchunked(data, head.end)
        if chunks is not None:
            return chunks[1]
    return len(data)


def _body_part(path: str, body: bytes, head: Head, begin: Position) -> Part:
    """Return a body as it is meant to be read.

    Tools that print answers undo the codings, and leave the fields that tell of them.
    """
    plain = body
    if b"chunked" in head.values.get(b"transfer-encoding", b"").lower():
        chunks = _unchunked(body, 0)
        plain = body if chunks is None else chunks[0]
    is_packed = b"content-encoding" in head.values and not _is_plain(plain)
    reading = head.reading(is_packed=is_packed)
    if plain is body and not is_packed:
        return Part(path, body, reading, begin=begin)
    enclosing = (begin.byte, begin.byte + len(body))
    return Part(path, plain, reading, name="body", is_verbatim=False, enclosing=enclosing)


def _unchunked(data: bytes, at: int) -> tuple[bytes, int] | None:
    """Return the content of the chunks at `at`, and where they end; None if there are none."""
    pieces: list[bytes] = []
    while (size := _CHUNK_SIZE.match(data, at)) is not None:
        length = int(size[1], 16)
        at = size.end() + length
        if at > len(data):
            return None
        if length == 0:
            while (trailer := _FIELD.match(data, at)) and not _STATUS_LINE.match(data, at):
                at = trailer.end()
                end = _END_OF_LINE.match(data, at)
                at = end.end() if end else at
            end = _END_OF_LINE.match(data, at)
            return b"".join(pieces), end.end() if end else at
        pieces.append(data[size.end() : at])
        end = _END_OF_LINE.match(data, at)
        if end is None:
            return None
        at = end.end()
    return None


def _is_plain(body: bytes) -> bool:
    """Tell whether `body` is text: packed bytes are not, by any chance worth a thought."""
    head = body[:1024]
    if head.translate(None, _CONTROLS) != head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end >= len(head) > 0 and error.reason == "unexpected end of data"
    return True


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
