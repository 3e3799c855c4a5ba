"""Spool: the file to which a process appends its incidents before it answers.

The process holds a lock on its file (flock(2)), which the system takes away with the process,
however that ends: a spool that can be locked is one that nobody writes to any more.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.reserve import Reserve

if sys.platform != "win32":
    import fcntl

IS_SUPPORTED = sys.platform != "win32"
"""Whether this system has the locks by which a spool tells that its process lives."""

SUFFIX = ".spool"
UNNAMED_SUFFIX = ".new"
"""Of a file that is not locked yet."""

_LARGEST = 64 << 20
_LONGEST_WAIT = 1.0  # seconds
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_spools: WeakSet[Spool] = WeakSet()


class Spool:
    """Appends frames to a file of this process; safe to use from threads, and after a fork.

    The file is made at the first frame. A child of this process starts one of its own.

    Args:
        directory: Where it is made.
        largest: How many bytes a file may have before the next one is begun.

    Attributes:
        reserve: What is given away on a full disk.
    """

    def __init__(self, directory: PrivateDirectory, *, largest: int = _LARGEST) -> None:
        self._directory = directory
        self._largest = largest
        self.reserve = Reserve(directory.reserve)
        self._descriptor = -1
        self._path: Path | None = None
        self._size = 0
        self._lock = threading.Lock()
        self._forking: int | None = None
        _spools.add(self)

    @property
    def name(self) -> str | None:
        """The name of the file under way, if there is one."""
        path = self._path
        return None if path is None else path.name

    @property
    def size(self) -> int:
        """How many bytes the file under way has."""
        return self._size

    def append(self, frame: bytes) -> None:
        """Append `frame`, whole or not at all, in one write.

        On a full disk the reserve is given away, and the frame tried again.

        Raises:
            OSError: The file cannot be made or written.
        """
        lock = self._acquire()
        try:
            self._append(frame)
        except OSError as error:
            if error.errno not in _FULL or not self.reserve.release():
                raise
            self._append(frame)
        finally:
            lock.release()

    def end(self) -> None:
        """End the file under way: whoever drains it may then remove it.

        Raises:
            OSError: It is in use.
        """
        lock = self._acquire()
        try:
            self._end()
        finally:
            lock.release()

    def _acquire(self) -> threading.Lock:
        lock = self._lock
        # A signal's handler may run in the midst of an append of the same thread.
        if not lock.acquire(timeout=_LONGEST_WAIT):
            raise OSError(errno.EDEADLK, "the spool is in use")
        return lock

    def _append(self, frame: bytes) -> None:
        if self._size and self._size + len(frame) > self._largest:
            self._end()
        if self._descriptor < 0:
            self._begin()
        try:
            written = os.write(self._descriptor, frame)
        except OSError as error:
            # A full disk is met again by the next frame, in the same file; else it is the file.
            if error.errno not in _FULL:
                self._end()
            raise
        if written == len(frame):
            self._size += written
            return
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:  # its end is torn, and cut by whoever drains it
            self._end()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _begin(self) -> None:
        self._directory.make()
        name = f"{os.getpid()}-{time.time_ns()}-{os.urandom(4).hex()}"
        unnamed = self._directory.spools / (name + UNNAMED_SUFFIX)
        path = self._directory.spools / (name + SUFFIX)
        descriptor = os.open(
            unnamed, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        try:
            lock(descriptor)
            unnamed.rename(path)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                unnamed.unlink()
            raise
        self._descriptor, self._path, self._size = descriptor, path, 0
        self.reserve.hold()

    def _end(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        self._path, self._size = None, 0
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    def _before_fork(self) -> None:
        # With the lock, no other thread is in between opening a file and knowing of it.
        if self._lock.acquire(timeout=_LONGEST_WAIT):
            self._forking = threading.get_ident()

    def _after_fork_in_parent(self) -> None:
        if self._forking == threading.get_ident():
            self._forking = None
            self._lock.release()

    def _begin_in_child(self) -> None:
        """Let the parent's file go, so that its lock is the parent's alone."""
        self._lock = threading.Lock()
        self._forking = None
        self._end()


def lock(descriptor: int) -> None:
    """Lock an open file for this process, if nobody else has.

    Raises:
        BlockingIOError: Somebody has.
        OSError: The file system has no locks.
    """
    if sys.platform == "win32":
        raise OSError(errno.ENOTSUP, "this system has no flock")
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _before_fork() -> None:
    for spool in tuple(_spools):
        spool._before_fork()  # noqa: SLF001 - the module's own


def _after_fork_in_parent() -> None:
    for spool in tuple(_spools):
        spool._after_fork_in_parent()  # noqa: SLF001 - the module's own


def _after_fork_in_child() -> None:
    for spool in tuple(_spools):
        spool._begin_in_child()  # noqa: SLF001 - the module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
