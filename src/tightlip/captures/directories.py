"""Directories: the files in them, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from tightlip.findings.result import Fault


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file.

    Attributes:
        path: Its name, with the directory's as it was given.
        size: Its length in bytes when it was met.
    """

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link, which is not followed: it may lead anywhere, also back."""

    path: str


def files_under(directory: str) -> Iterator[Found | Link | Fault]:
    """Yield what is in `directory` and below, sorted by name, directory by directory.

    Devices, pipes and sockets are passed over: reading one may never end.
    """
    waiting = [directory]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            yield Fault(current, f"cannot be read: {error.strerror}")
            continue
        inner: list[str] = []
        for entry in entries:
            try:
                if entry.is_symlink():
                    yield Link(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    inner.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield Found(entry.path, entry.stat(follow_symlinks=False).st_size)
            except OSError as error:
                yield Fault(entry.path, f"cannot be read: {error.strerror}")
        waiting += reversed(inner)
