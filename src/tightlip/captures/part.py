"""Part: one body or one header field of a captured answer."""

from __future__ import annotations

from dataclasses import dataclass

from tightlip.detection.reading import Reading
from tightlip.findings.position import START, Position


@dataclass(frozen=True, slots=True)
class Part:
    """A text that is scanned as one.

    Attributes:
        path: The file that it stands in, or `-` for standard input.
        data: Its bytes, with what stands around them where it is a window of a longer text.
        reading: What is known of it.
        name: Where in the file it stands, where it is not the file's own text.
        exchange: The request and the status that it belongs to.
        begin: The position of the first byte of its own.
        own: Which bytes of `data` are its own, from and to: a finding counts where it begins.
            None for all of them.
        is_verbatim: Whether its bytes stand in the file as they are.
        enclosing: The bytes of the file that hold it in another form.
    """

    path: str
    data: bytes
    reading: Reading
    name: str | None = None
    exchange: str | None = None
    begin: Position = START
    own: tuple[int, int] | None = None
    is_verbatim: bool = True
    enclosing: tuple[int, int] | None = None
