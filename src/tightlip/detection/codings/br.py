"""The coding `br` (RFC 7932), by the package `brotli`."""

from __future__ import annotations

from collections.abc import Iterator

import brotli

_PIECE = 65_536


class Decompressor:
    """Unpacks one stream."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def is_complete(self) -> bool:
        """Whether the end has come."""
        return bool(self._stream.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` holds."""
        try:
            piece = self._stream.process(data, output_buffer_limit=_PIECE)
            while piece:
                yield piece
                piece = self._stream.process(b"", output_buffer_limit=_PIECE)
        except brotli.error as error:
            raise ValueError(str(error)) from None
