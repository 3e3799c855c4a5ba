"""Drainer: moves incidents from the spools into the store, each once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tightlip.incidents.counting import counted
from tightlip.incidents.directory import PrivateDirectory, give_to_owner
from tightlip.incidents.file_lock import locked
from tightlip.incidents.framing import LARGEST_PART, Damage, Reading, frame, read
from tightlip.incidents.spool import SUFFIX, UNNAMED_SUFFIX, lock

if TYPE_CHECKING:
    from tightlip.incidents.store import Store

_PIECE = 4 * LARGEST_PART
_ABANDONED = 3600.0  # seconds after which a spool without a name belongs to nobody


@dataclass(slots=True)
class Drained:
    """What a drain has done.

    Attributes:
        incidents: How many frames were taken in.
        damages: How many places of the spools could not be read, and were set aside.
        torn: How many spools of dead processes ended within a frame, which was cut.
    """

    incidents: int = 0
    damages: int = 0
    torn: int = 0


def open_store(directory: PrivateDirectory, tell: Callable[[str], object]) -> Store:
    """Open the store of `directory`; one that is damaged is set aside, and a new one begun.

    Args:
        directory: The directory; it is made if it is missing.
        tell: Is told in one line if a store was set aside.

    Raises:
        StoreError: It cannot be used.
        OSError: The directory cannot be used.
    """
    from tightlip.incidents.database import DamagedStoreError
    from tightlip.incidents.store import Store

    directory.make()
    with locked(directory.path / "lock"):
        try:
            return Store(directory.store)
        except DamagedStoreError as error:
            aside = _set_store_aside(directory)
            tell(f"tightlip: {error}; it was set aside as {aside}, and a new one begun")
        return Store(directory.store)


def replace_damaged(directory: PrivateDirectory, tell: Callable[[str], object]) -> None:
    """Set a store aside in which damage was met, unless somebody has done so.

    Raises:
        OSError: It cannot be moved.
    """
    from tightlip.incidents.database import Database
    from tightlip.incidents.tables import StoreError

    with locked(directory.path / "lock"):
        with suppress(StoreError), Database(directory.store) as database:
            if database.is_sound():
                return
        aside = _set_store_aside(directory)
        tell(f"tightlip: {directory.store} is damaged: it was set aside as {aside}")


def drain(
    directory: PrivateDirectory, store: Store, *, only: str | None = None, live: bool = True
) -> Drained:
    """Move what stands in the spools into the store.

    A spool whose process is gone is removed once all of it has been taken in. Several may drain
    at once: each part is taken in once.

    Args:
        directory: Where the spools are.
        store: Where the incidents go.
        only: The name of one spool; all of them without it.
        live: Whether those of living processes are drained too.

    Raises:
        StoreError: The store cannot take them; they stay where they are.
        OSError: A spool cannot be read.
    """
    drained = Drained()
    for path in _spools(directory, only):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # somebody else has just finished it
            continue
        try:
            is_ended = _is_ended(descriptor)
            if is_ended or live:
                for part in _parts(descriptor, store, path.name, is_ended=is_ended):
                    _take_in(directory, store, part, drained)
            if is_ended:
                with suppress(FileNotFoundError):
                    path.unlink()
                store.forget(path.name)
        finally:
            os.close(descriptor)
    return drained


def undrained(directory: PrivateDirectory, store: Store) -> tuple[int, float]:
    """Return how many bytes of spools are not in the store, and for how many seconds the oldest.

    Raises:
        StoreError: The store cannot be used.
        OSError: A spool cannot be read.
    """
    from tightlip.incidents.summary import read_summary

    now = time.time()
    waiting, oldest = 0, now
    for path in _spools(directory, None):
        with suppress(FileNotFoundError, ValueError), path.open("rb") as file:
            position = store.position(path.name)
            left = os.fstat(file.fileno()).st_size - position
            if left > 0:
                waiting += left
                file.seek(position)
                frames = read(file.read(_PIECE), is_all=False).frames
                if frames:
                    oldest = min(oldest, read_summary(frames[0].summary)[1] / 1_000_000)
    return waiting, now - oldest


def told_of_damages(drained: Drained, directory: PrivateDirectory) -> str:
    """Return in words what could not be read, and where it is now."""
    places = counted(drained.damages, "place")
    return f"{places} of spools could not be read, now set aside in {directory.damaged}"


class _Part(NamedTuple):
    """A part of a spool, from `start` on, as it was read."""

    spool: str
    start: int
    reading: Reading


def _parts(descriptor: int, store: Store, spool: str, *, is_ended: bool) -> Iterator[_Part]:
    """Yield the parts of a spool that are not in the store yet."""
    while True:
        start = store.position(spool)
        data = os.pread(descriptor, _PIECE, start)
        reading = read(data, is_all=is_ended and len(data) < _PIECE)
        if not reading.length:
            if len(data) < _PIECE:
                return
            # Longer than any frame, and none begins in it.
            reading = Reading(damages=[Damage(0, data)], length=len(data))
        yield _Part(spool, start, reading)


def _take_in(directory: PrivateDirectory, store: Store, part: _Part, drained: Drained) -> None:
    from tightlip.incidents.entry import prepare

    spool, start, reading = part
    entries, refused = prepare(reading.frames)
    damages = [Damage(start + position, data) for position, data in reading.damages]
    damages += [Damage(start + odd.start, frame(odd.summary, odd.report)) for odd in refused]
    for damage in damages:
        _set_aside(directory, spool, damage)
    if store.add(spool, range(start, start + reading.length), entries, damages):
        drained.incidents += len(entries)
        drained.damages += len(damages)
        drained.torn += bool(reading.torn)


def _spools(directory: PrivateDirectory, only: str | None) -> Iterator[Path]:
    if only is not None:
        yield directory.spools / only
        return
    try:
        paths = sorted(directory.spools.iterdir())
    except FileNotFoundError:
        return
    for path in paths:
        if path.suffix == SUFFIX:
            yield path
        elif path.suffix == UNNAMED_SUFFIX:
            _remove_abandoned(path)


def _is_ended(descriptor: int) -> bool:
    try:
        lock(descriptor)
    except OSError:  # its process lives
        return False
    return True


def _remove_abandoned(path: Path) -> None:
    """Remove a spool whose process ended before it had a name: nothing was written to it."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > _ABANDONED:
            path.unlink()


def _set_aside(directory: PrivateDirectory, spool: str, damage: Damage) -> None:
    path = directory.damaged / f"{spool}.{damage.start}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(damage.data)
    give_to_owner(path)


def _set_store_aside(directory: PrivateDirectory) -> Path:
    """Move the store with what SQLite keeps beside it; spools of living processes are read anew."""
    aside = directory.damaged / f"incidents-{time.time_ns()}.sqlite3"
    for ending in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            Path(f"{directory.store}{ending}").replace(f"{aside}{ending}")
    return aside
