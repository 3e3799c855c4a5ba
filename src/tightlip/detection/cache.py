"""Cache: compiled rules on disk, so that only the first start on a machine compiles them.

A file is taken only if it belongs to this user, nobody else may write it, and it is whole: a
compiled database is run by native code. What is damaged inside of a blob, the engine that made it
sees when it is restored (`EngineModule.restore`): to read twenty megabytes once more for a digest
takes longer than to load them.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_MAGIC = b"tightlip rules 3\n"
_DIGEST = 32
_MOST_KEPT = 8


def read(key: str) -> tuple[list[Any], tuple[bytes, ...]] | None:
    """Return the rows and the blobs that `write` kept under `key`; None if none are good.

    The rows are as they were written. A blob has its length, but may be damaged.
    """
    try:
        path = _path(key)
        with path.open("rb") as file:
            _require_ours(file.fileno())
            if file.read(len(_MAGIC)) != _MAGIC:
                return None
            digest = file.read(_DIGEST)
            head = file.readline()
            if _digest(key, head) != digest:
                return None
            rows, lengths = json.loads(head)
            if file.tell() + sum(lengths) != os.fstat(file.fileno()).st_size:
                return None
            blobs = tuple(file.read(length) for length in lengths)
        with suppress(OSError):
            os.utime(path)  # what is in use is not removed
    except (OSError, ValueError, TypeError, RuntimeError, ImportError):
        return None
    else:
        return rows, blobs


def can_write() -> bool:
    """Tell whether `write` finds a place that is to be written to."""
    import tempfile  # only where rules are compiled

    try:
        with tempfile.TemporaryFile(dir=_made(_path("").parent)):
            return True
    except (OSError, RuntimeError, ImportError):
        return False


def write(key: str, rows: list[Any], blobs: Sequence[bytes]) -> None:
    """Keep rows that JSON can hold, and blobs, under `key`; what fails is left undone."""
    import tempfile  # only where rules were compiled

    head = json.dumps([rows, [len(blob) for blob in blobs]], separators=(",", ":")).encode()
    head += b"\n"
    with suppress(OSError, RuntimeError, ImportError):
        path = _path(key)
        descriptor, name = tempfile.mkstemp(dir=_made(path.parent), prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines((_MAGIC, _digest(key, head), head, *blobs))
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _prune(path.parent)


def _digest(key: str, head: bytes) -> bytes:
    """Return the digest of `head` under `key`: a file that was renamed is not taken."""
    return hashlib.sha256(key.encode() + b"\n" + head).digest()


def _path(key: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("tightlip", appauthor=False) / f"rules-{key}.bin"


def _made(directory: Path) -> Path:
    """Return `directory`, which is there by then."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def _require_ours(descriptor: int) -> None:
    """Refuse a file that somebody else has written or may write.

    Raises:
        ValueError: It is such a file.
    """
    if os.name != "posix":
        return
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ValueError("not ours alone")


def _prune(directory: Path) -> None:
    """Remove all but the files that were used last: each version of the rules makes one."""
    kept = sorted(directory.glob("rules-*.bin"), key=lambda path: path.stat().st_mtime)
    for path in kept[:-_MOST_KEPT]:
        path.unlink(missing_ok=True)
