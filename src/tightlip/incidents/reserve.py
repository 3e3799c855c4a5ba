"""Reserve: room on the disk that is kept back for the incidents of the day when it is full."""

from __future__ import annotations

import os
from pathlib import Path

_SIZE = 1 << 20


class Reserve:
    """A file that holds room, and gives it away.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def hold(self) -> None:
        """Hold the room, unless it is held already or the disk has none to give."""
        try:
            if self._path.stat().st_size == _SIZE:
                return
        except OSError:  # it is not there
            pass
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _fill(descriptor)
            except OSError:
                self._path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)
        except OSError:  # without it, a full disk is met by the sinks
            return

    def release(self) -> bool:
        """Give the room away; tell whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def _fill(descriptor: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, _SIZE)
        return
    zeros = bytes(1 << 16)
    for position in range(0, _SIZE, len(zeros)):
        os.pwrite(descriptor, zeros, position)
