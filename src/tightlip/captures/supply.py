"""Supply: the bytes of one input, read in turn, looked at ahead, packed or not."""

from __future__ import annotations

import codecs
import select
import zlib
from dataclasses import dataclass
from typing import Any, TypeAlias

LARGEST_RATIO = 250
"""How many times its size a packed file of over 64 MiB of text may have; text seldom has 20."""

_FREE = 64 << 20
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 1 << 20


class DamagedError(Exception):
    """The packed content of an input cannot be read on."""


class Supply:
    """The bytes of one input.

    Where reading fails, what came before is given first, and the failure is raised after it.

    Args:
        path: The file, or `-` for standard input.
        stream: Where the bytes come from, by `read`, which may give fewer than it is asked for.
        is_stored: Whether `path` can be opened again and gives the same bytes.
        outer: The supply of the file, where this one gives its content in another form.

    Attributes:
        offset: How many bytes were read.
    """

    def __init__(
        self, path: str, stream: Any, *, is_stored: bool = False, outer: Supply | None = None
    ) -> None:
        self.path = path
        self.is_stored = is_stored
        self.is_verbatim = outer is None
        self.offset = 0
        self._stream = stream
        self._outer = outer
        self._ahead = b""
        self._failure: DamagedError | OSError | None = None
        self._told = 0

    def look(self, count: int) -> bytes:
        """Return the next `count` bytes, fewer only at the end, without taking them."""
        pieces = [self._ahead]
        missing = count - len(self._ahead)
        while missing > 0:
            piece = self._next(min(missing, _PIECE))
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        if len(pieces) > 1:
            self._ahead = b"".join(pieces)
        return self._ahead[:count]

    def read(self, count: int) -> bytes:
        """Return the next `count` bytes, fewer only at the end.

        Raises:
            DamagedError: The content is packed, and damaged or a bomb.
            OSError: The file cannot be read on.
        """
        return self._taken(self.look(count))

    def read_some(self, count: int) -> bytes:
        """Return what is there of the next `count` bytes, at least one, none only at the end.

        Raises:
            DamagedError, OSError: As in `read`.
        """
        if not self._ahead:
            self._ahead = self._next(count)
        return self._taken(self._ahead[:count])

    def _next(self, count: int) -> bytes:
        if self._failure is not None:
            return b""
        try:
            return self._stream.read(count) or b""
        except (DamagedError, OSError) as failure:
            self._failure = failure
            return b""

    def _taken(self, data: bytes) -> bytes:
        if not data and self._failure is not None:
            raise self._failure
        self._ahead = self._ahead[len(data) :]
        self.offset += len(data)
        return data

    def progress(self) -> int:
        """Return how many bytes of the file itself were read since this was last asked."""
        if self._outer is not None:
            return self._outer.progress()
        new = self.offset - self._told
        self._told = self.offset
        return new

    def is_waiting(self) -> bool:
        """Tell whether reading on would wait for whoever writes the input."""
        if self._ahead:
            return False
        try:
            return not select.select([self._stream.fileno()], [], [], 0)[0]
        except (AttributeError, OSError, ValueError):  # no such thing on this stream or system
            return False

    def unpacked(self) -> Supply:
        """Return the content of this input, which is packed by gzip (RFC 1952)."""
        return Supply(self.path, _Unpacked(self), outer=self)

    def transcoded(self, charset: str) -> Supply:
        """Return the text of this input, which is in `charset`, in UTF-8."""
        return Supply(self.path, _Transcoded(self, charset), outer=self)


class _Unpacked:
    def __init__(self, packed: Supply) -> None:
        self._packed = packed
        self._member = zlib.decompressobj(_GZIP)
        self._count = 0

    def read(self, size: int) -> bytes:
        while True:
            packed = self._rest() or self._packed.read_some(_PIECE)
            if not packed:
                if self._member.eof:
                    return b""
                raise DamagedError("the gzip data are cut off")
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            try:
                data = self._member.decompress(packed, size)
            except zlib.error as error:
                raise DamagedError(f"the gzip data are damaged: {error}") from None
            self._count += len(data)
            if self._count > max(_FREE, self._packed.offset * LARGEST_RATIO):
                raise DamagedError(
                    f"the gzip data unpack to more than {LARGEST_RATIO} times their size"
                )
            if data:
                return data

    def _rest(self) -> bytes:
        """Return what was read of the packed bytes and not used; zeros pad what is behind."""
        if self._member.eof:
            return self._member.unused_data.lstrip(b"\0")
        return self._member.unconsumed_tail


class _Transcoded:
    def __init__(self, encoded: Supply, charset: str) -> None:
        self._encoded = encoded
        self._decoder = codecs.getincrementaldecoder(charset)("replace")

    def read(self, size: int) -> bytes:
        while True:
            data = self._encoded.read_some(max(4, size // 4))
            text = self._decoder.decode(data, final=not data)
            if text or not data:
                return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes of a file, to be read where they are needed."""

    path: str
    offset: int
    length: int

    def load(self) -> bytes:
        """Read them.

        Raises:
            OSError: The file cannot be read any more.
        """
        with open(self.path, "rb") as file:  # noqa: PTH123 - a name that is no UTF-8 stays as it is
            file.seek(self.offset)
            return file.read(self.length)


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes at hand."""

    data: bytes

    def load(self) -> bytes:
        """Return them."""
        return self.data


Bytes: TypeAlias = Stored | Held
"""Some bytes of an input."""
