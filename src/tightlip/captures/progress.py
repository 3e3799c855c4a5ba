"""Progress: one line on a terminal that tells how far a scan is."""

from __future__ import annotations

import shutil
from typing import TextIO

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000
_CELLS = 30


class Progress:
    """A bar on a terminal, drawn over itself.

    Args:
        stream: The terminal.
        total: How many bytes there are to read.
    """

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._done = 0
        self._shown = ""

    def advance(self, count: int) -> None:
        """Tell that `count` more bytes were read; the bar is drawn where it changes."""
        self._done += count
        share = min(1.0, self._done / self._total) if self._total else 1.0
        filled = int(share * _CELLS)
        line = (
            f"Scanning [{'#' * filled}{'.' * (_CELLS - filled)}] {int(share * 100):3} %  "
            f"{size_of(min(self._done, self._total))} of {size_of(self._total)}"
        )[: shutil.get_terminal_size().columns - 1]
        if line != self._shown:
            self.clear()
            self._stream.write(line)
            self._stream.flush()
            self._shown = line

    def clear(self) -> None:
        """Take the bar away, so that other lines can be written; the next step draws it again."""
        if self._shown:
            self._stream.write(f"\r{' ' * len(self._shown)}\r")
            self._stream.flush()
            self._shown = ""


def size_of(count: int) -> str:
    """Return a number of bytes as people say it, such as `3.4 MB`."""
    number = float(count)
    for unit in _UNITS:
        if number < _STEP or unit == _UNITS[-1]:
            break
        number /= _STEP
    return f"{count} B" if unit == "B" else f"{number:.1f} {unit}"
