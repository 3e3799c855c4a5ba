"""Room: whether a file descriptor takes so many bytes without making anybody wait."""

from __future__ import annotations

import os
import select
import stat
import sys
from pathlib import Path

if sys.platform == "linux":
    import fcntl
    import termios

_LONGEST = 1 << 14  # bytes; what a formatter adds may double them
_NULL = Path(os.devnull).stat().st_rdev


def has_room(descriptor: int, length: int) -> bool:
    """Tell whether `descriptor` surely takes `length` bytes at once.

    A file does, and the null device; on Linux a pipe or a socket, too, while most of its buffer is
    free. Of all others nothing is known.

    Raises:
        OSError: It cannot be asked.
    """
    state = os.fstat(descriptor)
    if stat.S_ISREG(state.st_mode) or state.st_rdev == _NULL:
        return True
    if sys.platform != "linux" or length > _LONGEST:
        return False
    if stat.S_ISFIFO(state.st_mode):
        unread = bytearray(4)
        fcntl.ioctl(descriptor, termios.FIONREAD, unread)
        size = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
        return size >= 4 * _LONGEST and int.from_bytes(unread, sys.byteorder) <= size // 4
    if stat.S_ISSOCK(state.st_mode):
        # Linux calls a socket writable where most of its buffer is free: 64 KiB of the usual one
        # at least (unix_writable, sk_stream_is_writable).
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        return [event for _, event in poll.poll(0)] == [select.POLLOUT]
    return False
