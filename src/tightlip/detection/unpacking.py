"""Unpacking: from the bytes of a body to text in UTF-8 that can be read, within a bound."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from tightlip.detection.reading import Reading
from tightlip.plugins import find

LONGEST_UNPACKED = 64 << 20
"""How many bytes a body may unpack to."""

LARGEST_RATIO = 250
"""How many times a packed body of over a mebibyte may grow; text seldom grows twenty times."""

_SMALL = 1 << 20
_MOST_LAYERS = 3
_SNIFFED = 1024
_NO_TEXT = re.compile(
    r"(?:image/(?!svg)|audio/|video/|font/|model/)|application/(?:octet-stream|pdf|zip|gzip|"
    r"x-tar|x-7z-compressed|vnd\.(?:rar|ms-|openxml)|protobuf|x-protobuf|grpc|wasm|msgpack|cbor|"
    r"java-archive|x-bzip2?|zstd|font)"
)
_TEXT_WITHIN = re.compile(
    # Forms in which strings stand as they are between their lengths.
    r"application/(?:(?:vnd\.|x-)?(?:msgpack|protobuf)|cbor|bson|grpc|[a-z0-9.\-]{1,60}\+(?:cbor|proto))"
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r\x1b"))
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AS_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_WESTERN = frozenset({"iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252"})
"""Charsets in which ASCII stands as in UTF-8; all clients read the last of them (Encoding standard,
section 4.2)."""

_WIDE = ("utf-16", "utf-32", "utf16", "utf32", "utf_16", "utf_32")
"""Charsets in which each ASCII character has a zero byte: without one, nothing can leak in them,
while a client that does not believe the declaration reads the bytes as they are."""


class UnreadableError(Exception):
    """A body cannot be read: its coding is damaged, unknown, or a bomb."""


def unpack(data: bytes, reading: Reading) -> bytes:
    """Return `data` without content codings and, where it is in another charset, in UTF-8.

    Raises:
        UnreadableError: The coding is unknown or damaged, or the content is larger than the
            bounds `LONGEST_UNPACKED` and `LARGEST_RATIO` allow.
    """
    if reading.content_encoding and data:
        data = _decompressed(data, reading.content_encoding)
    charset = _charset(data, reading)
    if charset is None or (charset.startswith(_WIDE) and b"\x00" not in data):
        return data
    try:
        return data.decode(charset, "replace").encode("utf-8", "surrogatepass")
    except (LookupError, ValueError):  # no such charset, or a name with a zero byte in it
        return data


def beginning(data: bytes, content_encoding: str, length: int) -> bytes:
    """Return the first `length` bytes that `data` holds, as far as they can be read.

    Data that are cut off give what came before; data that cannot be read at all stay as they are.
    """
    plain = b""
    try:
        unpacker = Unpacker(content_encoding)
        for piece in unpacker.pieces(data):
            plain += piece[: length - len(plain)]
            if len(plain) == length:
                return plain
        unpacker.close()
    except UnreadableError:
        return plain or data[:length]
    return plain


def decoder_of(reading: Reading) -> codecs.IncrementalDecoder | None:
    """Return what reads the declared charset piece by piece; None where the bytes are readable.

    Of UTF-16 and UTF-32 they are, once the zero bytes between the letters are gone.
    """
    declared = reading.charset
    if declared is None or declared in _AS_UTF8 or declared.startswith(_WIDE):
        return None
    try:
        decoder = codecs.getincrementaldecoder(_codec(declared))("replace")
        gives = decoder.decode(b"")
    except (LookupError, ValueError, TypeError):
        return None
    return decoder if isinstance(gives, str) else None


def is_text(data: bytes, reading: Reading) -> bool:
    """Tell whether the unpacked `data` is text: by its type, and where that says no, by a look.

    A type that is no text is not believed where the content begins like text: who puts a
    traceback into `image/png` shall not pass. Strings packed between their lengths are read in a
    failing answer: of a good one nothing could be taken out that leaves it whole.
    """
    if reading.is_failing and _TEXT_WITHIN.match(reading.media_type) is not None:
        return True
    if _NO_TEXT.match(reading.media_type) is None:
        return True
    head = data[:_SNIFFED]
    if head.startswith(b"%PDF-") or len(head.translate(None, _CONTROLS)) < len(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _decompressed(data: bytes, content_encoding: str) -> bytes:
    unpacker = Unpacker(content_encoding)
    plain = unpacker.feed(data)
    unpacker.close()
    return plain


class Unpacker:
    """Takes the content codings off a body that comes piece by piece.

    Args:
        content_encoding: The value of `content-encoding`.

    Raises:
        UnreadableError: A coding is not known, or there are too many.
    """

    def __init__(self, content_encoding: str) -> None:
        codings = [name.strip().lower() for name in content_encoding.split(",")]
        self._name = content_encoding
        self._layers = [_decompressor(name) for name in codings if name not in {"", "identity"}]
        self._layers.reverse()
        if len(self._layers) > _MOST_LAYERS:
            raise UnreadableError(f"the body is packed {len(self._layers)} times")
        self._packed = 0
        self._length = 0

    def feed(self, data: bytes) -> bytes:
        """Return what `data` holds.

        Raises:
            UnreadableError: The data are damaged, or hold more than the bounds allow.
        """
        return b"".join(self.pieces(data))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` holds, piece by piece.

        Raises:
            UnreadableError: As `feed`.
        """
        self._packed += len(data)
        most = min(max(_SMALL, self._packed * LARGEST_RATIO), LONGEST_UNPACKED)
        try:
            for piece in self._through(data, 0):
                self._length += len(piece)
                if self._length > most:
                    raise UnreadableError(f"{self._name!r} unpacks to more than {most} bytes")
                yield piece
        except (ValueError, EOFError, MemoryError) as error:
            raise UnreadableError(f"the coding {self._name!r} is damaged: {error}") from None

    def close(self) -> None:
        """See that nothing is missing.

        Raises:
            UnreadableError: The body is cut off.
        """
        if self._packed and not all(layer.is_complete for layer in self._layers):
            raise UnreadableError(f"the coding {self._name!r} is damaged: the data are cut off")

    def _through(self, data: bytes, at: int) -> Iterator[bytes]:
        if at == len(self._layers):
            yield data
            return
        for piece in self._layers[at].feed(data):
            yield from self._through(piece, at + 1)


def _decompressor(name: str) -> Any:
    try:
        module = find("detection.codings", name.removeprefix("x-"))
    except ImportError as error:
        raise UnreadableError(f"the coding {name!r} needs a package: {error.name}") from None
    if module is None:
        raise UnreadableError(f"the coding {name!r} is not known")
    return module.Decompressor()


def _charset(data: bytes, reading: Reading) -> str | None:
    """Return the charset that `data` has to be decoded from, or None."""
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return charset
    declared = reading.charset
    if declared is not None and declared not in _AS_UTF8:
        return None if declared in _WESTERN and data.isascii() else _codec(declared)
    head = data[:_SNIFFED]
    if b"\x00" in head:
        # Text in ASCII characters has a zero in every second byte of UTF-16.
        for charset, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
            if zeros.count(0) * 2 > len(zeros) and head.count(0) * 4 < len(head) * 3:
                return charset
    return None


def _codec(charset: str) -> str:
    """Return the codec that reads `charset` as clients do."""
    return "cp1252" if charset in _WESTERN else charset
