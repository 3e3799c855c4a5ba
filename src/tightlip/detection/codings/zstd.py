"""The coding `zstd` (RFC 8878), by the package `zstandard`."""

from __future__ import annotations

from collections.abc import Iterator

import zstandard

_LARGEST_WINDOW = 8 << 20
"""What a decoder has to take, and need take no more than (RFC 9659)."""

_SLICE = 16
"""How many bytes are unpacked at once; four bytes can say 128 KiB of one letter."""


class Decompressor:
    """Unpacks one frame after the other."""

    def __init__(self) -> None:
        self._frames = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        self._frame = self._frames.decompressobj()

    @property
    def is_complete(self) -> bool:
        """Whether a frame has ended and none has begun."""
        return bool(self._frame.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` holds."""
        at = 0
        while at < len(data):
            if self._frame.eof:
                self._frame = self._frames.decompressobj()
            piece = data[at : at + _SLICE]
            try:
                plain = self._frame.decompress(piece)
            except zstandard.ZstdError as error:
                raise ValueError(str(error)) from None
            at += len(piece) - len(self._frame.unused_data)
            yield plain
