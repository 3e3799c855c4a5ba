"""Form: what kind of capture an input is, told by its first bytes."""

from __future__ import annotations

import codecs
from enum import StrEnum

from tightlip.captures.har import looks_like_har
from tightlip.detection.reading import Reading
from tightlip.detection.unpacking import unpack

_SNIFFED = 8192
_GZIP = b"\x1f\x8b"
_PDF = b"%PDF-"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Form(StrEnum):
    """What kind of capture an input is."""

    GZIP = "gzip"
    HAR = "har"
    BINARY = "binary"
    TEXT = "text"


def form_of(head: bytes) -> Form:
    """Return the form of what begins with `head`."""
    if head.startswith(_GZIP):
        return Form.GZIP
    if looks_like_har(head):
        return Form.HAR
    sniffed = head[:_SNIFFED]
    if sniffed.startswith(_PDF):
        return Form.BINARY
    if b"\0" in sniffed and unpack(sniffed, Reading()) is sniffed:  # it is no UTF-16 either
        return Form.BINARY
    return Form.TEXT


def marked_charset(head: bytes) -> str | None:
    """Return the charset, other than UTF-8, that `head` names by its byte order mark."""
    return next((charset for mark, charset in _MARKS if head.startswith(mark)), None)


def declared_charset(known: Reading) -> str | None:
    """Return the declared charset of a text, if it is known and another than UTF-8."""
    charset = known.charset
    if charset is None:
        return None
    try:
        b"A".decode(charset)  # refuses what is no charset, such as rot13
    except UnicodeError:  # a charset of wider characters
        pass
    except LookupError:
        return None
    name = codecs.lookup(charset).name
    return None if name in {"utf-8", "ascii"} else name
