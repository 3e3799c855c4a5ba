"""Message: the texts that a serialised message carries, each on lines of its own.

A message of Protocol Buffers says before each text how long it is (encoding.md of its manual,
"Length-Delimited Records"). That length may look like a letter, and would stick to the first word.
"""

from __future__ import annotations

_MOST_FIELDS = 10_000
_DEEPEST = 16
_SIZES = {1: 8, 5: 4}  # of the wire types I64 and I32
_VARINT = 0
_DELIMITED = 2
_LONGEST_VARINT = 10


class _OtherFormError(Exception):
    """These bytes are no message, or one of too many fields to be taken apart."""


def texts_of(data: bytes) -> str:
    """Return what of a message can be read; a message of another form as it stands."""
    texts: list[bytes] = []
    try:
        _Walk(texts).message(data, 0)
    except _OtherFormError:
        texts = [data]
    return b"\n".join(texts).decode("utf-8", "replace")


class _Walk:
    """Takes a message apart.

    Args:
        texts: Where the texts go.
    """

    def __init__(self, texts: list[bytes]) -> None:
        self._texts = texts
        self._fields = 0

    def message(self, data: bytes, depth: int) -> None:
        """Take the fields of a message apart.

        Raises:
            _OtherFormError: It is none.
        """
        place = 0
        while place < len(data):
            self._fields += 1
            if self._fields > _MOST_FIELDS:
                raise _OtherFormError
            tag, place = _varint(data, place)
            kind = tag & 7
            if tag < 8:  # noqa: PLR2004 - fields are numbered from one
                raise _OtherFormError
            if kind == _VARINT:
                _, place = _varint(data, place)
            elif kind == _DELIMITED:
                length, place = _varint(data, place)
                self._content(data[place : place + length], length, depth)
                place += length
            elif kind in _SIZES:
                place += _SIZES[kind]
            else:
                raise _OtherFormError
        if place > len(data):
            raise _OtherFormError

    def _content(self, content: bytes, length: int, depth: int) -> None:
        """Take a text, or a message inside the message: nothing but its form tells which."""
        if len(content) < length:
            raise _OtherFormError
        known = len(self._texts)
        if depth < _DEEPEST and not _is_text(content):
            try:
                self.message(content, depth + 1)
            except _OtherFormError:
                del self._texts[known:]
            else:
                return
        self._texts.append(content)


def _is_text(content: bytes) -> bool:
    """Tell whether no byte is a sign of control, as the tag or the length of a short field is."""
    return not content or min(content) >= 32  # noqa: PLR2004 - the first printable of ASCII


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number and the place behind it."""
    value = 0
    for index, byte in enumerate(data[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, place + index + 1
    raise _OtherFormError
