"""The form of a stream: where its parts end, and how it ends itself with a declared error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tightlip.exchange import Headers, first_of


class StreamForm(NamedTuple):
    """A form of streams in which one part can be read without the others.

    Attributes:
        separator: What ends a part.
        last: Returns the bytes that end a stream, given the envelope of an error and the end of
            what has left before.
    """

    separator: re.Pattern[bytes]
    last: Callable[[bytes, bytes], bytes]


def _last_event(words: bytes, before: bytes) -> bytes:
    gap = b"" if before.endswith((b"\n\n", b"\r\n\r\n", b"\r\r")) else b"\n\n"
    return b"%bevent: error\ndata: %b\n\n" % (gap, words)


def _last_line(words: bytes, before: bytes) -> bytes:
    return b"%b%b\n" % (b"" if before.endswith(b"\n") else b"\n", words)


_LINES = StreamForm(re.compile(rb"\n"), _last_line)
_FORMS = {
    # HTML standard, section 9.2.6; NDJSON and JSON Lines have no registered name.
    b"text/event-stream": StreamForm(re.compile(rb"\r\n\r\n|\n\r?\n|\r\r"), _last_event),
    b"application/x-ndjson": _LINES,
    b"application/ndjson": _LINES,
    b"application/jsonl": _LINES,
    b"application/jsonlines": _LINES,
}

LARGEST_GATHERED = 262_144
"""How many bytes of an answer in pieces may be gathered, so that it is read as a whole."""


def form_of(headers: Headers) -> StreamForm | None:
    """Return the form of a stream with `headers` that can take one more part; None for others."""
    for name in (b"content-encoding", b"content-length"):
        if first_of(headers, name) is not None:
            return None
    return _FORMS.get(_media_type(headers))


def gathered_length(headers: Headers) -> int | None:
    """Return how long a body with `headers` will be that may be gathered; None for a stream.

    A middleware that sends a whole answer on in pieces leaves its length declared; who wants a
    client to read the pieces as they come cannot know it.
    """
    declared = first_of(headers, b"content-length") or b""
    if not declared.isdigit() or _media_type(headers) in _FORMS:
        return None
    length = int(declared[:20])
    return length if length <= LARGEST_GATHERED else None


def _media_type(headers: Headers) -> bytes:
    return (first_of(headers, b"content-type") or b"").partition(b";")[0].strip().lower()
