"""Base64 text: what stands in base64 behind a sign of it, in a text that comes piece by piece."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence

_RUN = re.compile(rb"[A-Za-z0-9+/_\-]+")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SHORTEST = 16
_NEAR = 256
_LETTERS = 4


class Base64Text:
    """Decodes the runs of base64 letters near behind a sign (RFC 4648, sections 4 and 5).

    Any split of the same text gives the same.
    """

    __slots__ = ("_is_value", "_near", "_run")

    def __init__(self) -> None:
        self._run = b""
        self._is_value = False
        self._near = 0

    def feed(self, data: bytes, signs: Sequence[int], *, ends: bool) -> bytes:
        """Return what `data` holds in base64; each value ends in a line break.

        Args:
            data: The next piece of the text.
            signs: Where in `data` signs end, in ascending order.
            ends: Whether this is the last piece.
        """
        pieces: list[bytes] = []
        at = 0
        for sign in signs:
            pieces += self._part(data[at:sign])
            self._near = _NEAR
            at = sign
        pieces += self._part(data[at:])
        if ends:
            pieces += self._close()
        return b"".join(pieces)

    def _part(self, data: bytes) -> Iterator[bytes]:
        at = 0
        for match in _RUN.finditer(data):
            if match.start() > at:
                yield from self._close()
                self._near -= match.start() - at
            yield from self._letters(match[0])
            at = match.end()
        if at < len(data):
            yield from self._close()
            self._near -= len(data) - at

    def _letters(self, letters: bytes) -> Iterator[bytes]:
        """Take letters that go on with the run; yield what whole groups of it mean."""
        if self._near <= 0 and not self._is_value:
            return
        self._run += letters
        if not self._is_value and len(self._run) < _SHORTEST:
            return
        self._is_value = True
        whole = len(self._run) // _LETTERS * _LETTERS
        yield _decoded(self._run[:whole])
        self._run = self._run[whole:]

    def _close(self) -> Iterator[bytes]:
        """End the run; yield what is left of it."""
        if self._is_value:
            yield _decoded(self._run) + b"\n"
        else:
            self._near -= len(self._run)
        self._run = b""
        self._is_value = False


def _decoded(letters: bytes) -> bytes:
    """Return what `letters` mean; a last one alone means nothing."""
    if len(letters) % _LETTERS == 1:
        letters = letters[:-1]
    padded = letters.translate(_URL_SAFE) + b"=" * (-len(letters) % _LETTERS)
    return b64decode(padded)
