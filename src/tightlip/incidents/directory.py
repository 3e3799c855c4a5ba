"""Directory: where the private side lives, and what stands in it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

VARIABLE = "TIGHTLIP_DIRECTORY"

_OURS_ALONE = 0o700


class NoDirectoryError(Exception):
    """Nothing says where incidents are to be kept; the message says how to."""


class PrivateDirectory:
    """The directory of the private record.

    Args:
        path: The directory; it is made, for this user alone, when it is first written to.

    Attributes:
        path: The directory, absolute.
        store: The database of incidents.
        spools: Where processes write before they answer.
        damaged: Where frames of spools are set aside that cannot be read.
        reserve: The file that gives its room to the last incidents on a full disk.
    """

    __slots__ = ("damaged", "path", "reserve", "spools", "store")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - keeps links
        self.store = self.path / "incidents.sqlite3"
        self.spools = self.path / "spool"
        self.damaged = self.path / "damaged"
        self.reserve = self.path / "reserve"

    def __repr__(self) -> str:
        return f"PrivateDirectory({str(self.path)!r})"

    def backlog(self) -> int:
        """Return how many bytes stand in spools."""
        total = 0
        with suppress(OSError), os.scandir(self.spools) as files:
            for file in files:
                with suppress(OSError):  # it was finished meanwhile
                    total += file.stat().st_size
        return total

    def make(self) -> None:
        """Make the directory and those in it, as far as they are missing.

        Raises:
            OSError: One cannot be made.
        """
        self.path.mkdir(mode=_OURS_ALONE, parents=True, exist_ok=True)
        for inner in (self.spools, self.damaged):
            if not inner.is_dir():
                inner.mkdir(mode=_OURS_ALONE, exist_ok=True)
                give_to_owner(inner)


def give_to_owner(path: Path) -> None:
    """Give what root has made to the owner of the directory that it is in.

    Whoever looks at the record of a service as root would else leave files behind that the
    service may not write to.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    with suppress(OSError):
        owner = path.parent.stat()
        if owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid)


def private_directory(given: str | os.PathLike[str] | None = None) -> PrivateDirectory:
    """Return the directory of the private record.

    It is `given`, else what the environment variable `TIGHTLIP_DIRECTORY` says, else `tightlip`
    in the directory that the system has for the state of this user's programs.

    Raises:
        NoDirectoryError: Neither is given, and the user has no home.
    """
    if given is not None:
        return PrivateDirectory(given)
    said = os.environ.get(VARIABLE)
    if said:
        return PrivateDirectory(said)
    from platformdirs import user_state_path

    path = user_state_path("tightlip", appauthor=False)
    if not path.is_absolute():
        raise NoDirectoryError(
            f"this user has no home directory: set {VARIABLE}, or give the directory for incidents"
        )
    return PrivateDirectory(path)
