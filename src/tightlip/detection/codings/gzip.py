"""The coding `gzip` (RFC 1952)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 65_536


class Decompressor:
    """Unpacks one member after the other."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    @property
    def is_complete(self) -> bool:
        """Whether a member has ended and none has begun."""
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` holds."""
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            try:
                yield self._member.decompress(data, _PIECE)
            except zlib.error as error:
                raise ValueError(str(error)) from None
            data = self._member.unconsumed_tail or self._member.unused_data
