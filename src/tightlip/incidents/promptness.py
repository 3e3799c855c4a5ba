"""Promptness: which handlers of logging take a line at once, since there is room for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from tightlip.incidents.room import has_room

_WRITE_TO_STREAM = frozenset(
    {
        ("logging", "StreamHandler"),
        ("logging", "FileHandler"),
        ("logging.handlers", "RotatingFileHandler"),
        ("logging.handlers", "TimedRotatingFileHandler"),
        ("logging.handlers", "WatchedFileHandler"),
    }
)


def handed_over(
    handlers: Sequence[logging.Handler], length: int, hand_over: Callable[[], object]
) -> bool:
    """Call `hand_over` if none of `handlers` can make it wait; tell whether it was called.

    None can where each is one of the standard library's own, its lock is free, and its stream is
    a file, or a pipe or a socket with room for many lines of `length` bytes. Of all others
    nothing is known.
    """
    held: list[threading.RLock] = []
    try:
        for handler in handlers:
            if handler.lock is not None:
                if not handler.lock.acquire(blocking=False):
                    return False
                held.append(handler.lock)
            if not _takes_at_once(handler, length):
                return False
        hand_over()
        return True
    finally:
        for lock in held:
            lock.release()


def _takes_at_once(handler: logging.Handler, length: int) -> bool:
    kind = type(handler)
    if (kind.__module__, kind.__qualname__) not in _WRITE_TO_STREAM:
        return kind is logging.NullHandler
    try:
        return has_room(handler.stream.fileno(), length)  # type: ignore[attr-defined]
    except Exception:  # a stream of any kind, or none yet
        return False
