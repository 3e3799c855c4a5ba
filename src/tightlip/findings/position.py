"""Position: a place in a text, as people and tools count it."""

from __future__ import annotations

from dataclasses import dataclass

_CONTINUATION = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that begin no character."""


def characters(data: bytes) -> int:
    """Return how many characters (code points) of UTF-8 begin in `data`."""
    return len(data) if data.isascii() else len(data.translate(None, _CONTINUATION))


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text.

    Attributes:
        line: The number of the line, from 1.
        column: The number of the character (code point) in its line, from 1.
        character: How many characters stand before it.
        byte: How many bytes stand before it.
    """

    line: int = 1
    column: int = 1
    character: int = 0
    byte: int = 0

    def after(self, data: bytes) -> Position:
        """Return the position that follows `data`, where `data` stands here."""
        count = characters(data)
        lines = data.count(b"\n")
        column = self.column + count
        if lines:
            column = 1 + characters(data[data.rfind(b"\n") + 1 :])
        return Position(self.line + lines, column, self.character + count, self.byte + len(data))

    def behind(self, before: Position) -> Position:
        """Return the position in a text whose first part ends at `before`.

        This position counts from the end of that part.
        """
        return Position(
            before.line + self.line - 1,
            before.column + self.column - 1 if self.line == 1 else self.column,
            before.character + self.character,
            before.byte + self.byte,
        )


START = Position()
"""Where a text begins."""
