"""Standard error: the last place that takes a line, reached without any library."""

from __future__ import annotations

import os
import socket
import stat

from tightlip.incidents import room

_DESCRIPTOR = 2
_MOST_WRITES = 64


def write_line(line: str) -> bool:
    """Write one line of ASCII to file descriptor 2, and tell whether it was taken whole.

    Nothing is written where the descriptor is a client's connection: a daemon that closed its
    standard error may have been given the same number for a socket, and a super-server hands
    the connection itself.
    """
    data = line.encode("ascii", "backslashreplace") + b"\n"
    try:
        if _may_be_a_client(_DESCRIPTOR):
            return False
        for _ in range(_MOST_WRITES):
            written = os.write(_DESCRIPTOR, data)
            data = data[written:]
            if not data:
                return True
    except OSError:
        return False
    return False


def has_room(length: int) -> bool:
    """Tell whether it takes a line of `length` bytes without anybody having to wait."""
    try:
        return room.has_room(_DESCRIPTOR, length)
    except OSError:
        return False


def is_terminal() -> bool:
    """Tell whether standard error is a terminal, where a person reads."""
    try:
        return os.isatty(_DESCRIPTOR)
    except OSError:
        return False


def _may_be_a_client(descriptor: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        if connection.family != getattr(socket, "AF_UNIX", None):
            return True
        # The journal's end of a pipe has no name of its own; an accepted connection has the
        # listener's.
        return bool(connection.getsockname())
