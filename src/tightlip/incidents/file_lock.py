"""File lock: the lock by which one process at a time opens a store, or replaces a damaged one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tightlip.incidents.directory import give_to_owner
from tightlip.incidents.spool import lock

_LONGEST_WAIT = 5.0  # seconds
_STEP = 0.005


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file `path`; go on without it if nobody lets it go.

    Raises:
        OSError: The file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_to_owner(path)
        end = time.monotonic() + _LONGEST_WAIT
        while time.monotonic() < end:
            try:
                lock(descriptor)
                break
            except BlockingIOError:
                time.sleep(_STEP)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        with suppress(OSError):
            os.close(descriptor)
