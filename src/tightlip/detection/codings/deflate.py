"""The coding `deflate`: zlib's format (RFC 1950), or the bare one (RFC 1951) that some send."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_PIECE = 65_536
_METHOD = 8
_METHOD_BITS = 0x0F


class Decompressor:
    """Unpacks zlib's format where the first byte names its method, else the bare one."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()
        self._has_begun = False

    @property
    def is_complete(self) -> bool:
        """Whether the end has come."""
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` holds; what stands behind the end is passed over."""
        if data and not self._has_begun:
            self._has_begun = True
            if data[0] & _METHOD_BITS != _METHOD:
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        while data and not self._stream.eof:
            try:
                yield self._stream.decompress(data, _PIECE)
            except zlib.error as error:
                raise ValueError(str(error)) from None
            data = self._stream.unconsumed_tail
