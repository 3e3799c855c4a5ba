"""Archive: the durable side of a process: its spool, and the thread that drains it."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from tightlip.incidents import standard_error
from tightlip.incidents.compartments import BETWEEN_PARTS, parts_of
from tightlip.incidents.courier import Courier
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.framing import frame
from tightlip.incidents.incident import Incident, now
from tightlip.incidents.metrics import COUNTS, INCIDENTS, Key, difference
from tightlip.incidents.objects import class_name
from tightlip.incidents.outlet import Outlet
from tightlip.incidents.pacing import Pauses, Throttle
from tightlip.incidents.register import Register
from tightlip.incidents.retention import Retention
from tightlip.incidents.spool import Spool
from tightlip.incidents.summary import COUNTED, summarise
from tightlip.incidents.visible import visible_line

if TYPE_CHECKING:
    from tightlip.incidents.sealing import Seal
    from tightlip.incidents.sink import Follower
    from tightlip.incidents.store import Store
    from tightlip.incidents.told import Key as ToldKey

_GATHERED = 0.05  # seconds in which more incidents may come before they are moved together
_BETWEEN_DRAINS = 0.5  # seconds, while incidents go on coming: a drain takes turns with who serves
_BETWEEN_ROUNDS = 30.0  # seconds between looks for what dead processes left
_LAST_WAIT = 5.0  # seconds that the end of the process may wait for the last incidents
_MINUTE = 60
_SWEEPS = 20  # steps of retention between two drains
_WORTH_REMOVING = 1 << 20  # bytes of a drained spool

_archives: dict[str, Archive] = {}
_registry = threading.Lock()


class Archive:
    """Keeps incidents so that the end of the process, of whatever kind, loses none.

    A thread moves them from the spool into the store. It begins with the first incident, and is
    no concern of those that come: they only append.

    Args:
        directory: Where they are kept.

    Attributes:
        directory: The same.
        retention: What of them is kept for how long.
        seal: What the closed part of reports is encrypted with, if it is.
        followers: Sinks that take what the store has taken in.
        register: What clients were told, and what is declared.
    """

    def __init__(self, directory: PrivateDirectory) -> None:
        self.directory = directory
        self.retention = Retention()
        self.seal: Seal | None = None
        self.followers: list[Follower] = []
        self.register = Register()
        self._spool = Spool(directory)
        self._thread: threading.Thread | None = None
        self._new = threading.Event()
        self._ending = threading.Event()
        self._warnings = Throttle()
        self._counts: dict[tuple[str, int], dict[str, JSON]] = {}
        self._couriers: dict[str, Courier] = {}
        self._counted: dict[Key, float] = {}
        self._lock = threading.Lock()

    def append(self, summary: str, report: str = "", *, aside: str = "") -> None:
        """Keep an incident: when this returns, it is found by its reference.

        Args:
            summary: The summary, as JSON.
            report: The report, as a spool keeps it.
            aside: What the store is told of the incident beside it: a member of the summary.

        Raises:
            OSError: It could not be kept.
        """
        if aside:
            summary = f"{summary[:-1]},{aside}}}"
        self._spool.append(frame(summary.encode("ascii"), report.encode("ascii")))
        self._wake()

    def append_report(self, incident: Incident, *, aside: str = "") -> None:
        """Keep an incident with its report; where there is a seal, the closed part under it.

        Raises:
            OSError: It could not be kept.
        """
        parts = parts_of(incident)
        closed = parts.closed
        if self.seal is not None:
            from tightlip.incidents.packing import sealed

            closed = sealed(closed, self.seal, incident.reference)
        self.append(parts.summary, f"{parts.open}{BETWEEN_PARTS}{closed}", aside=aside)

    def count(self, common: Mapping[str, JSON]) -> None:
        """Count an incident that is not kept; counts are kept soon after.

        Args:
            common: What it shares with all others of its fault.
        """
        key = str(common["fingerprint"]), int(time.time() // _MINUTE)
        with self._lock:
            counted = self._counts.get(key)
            if counted is None:
                kept = summarise({**common, "time": now()})
                counted = self._counts[key] = {**kept, "reference": "", COUNTED: 0}
            counted[COUNTED] = cast("int", counted[COUNTED]) + 1
        self._wake()

    def told(self, key: ToldKey, reference: str) -> None:
        """Count an error that a client was told; counts are kept within half a minute.

        Args:
            key: What is counted.
            reference: The incident behind it; empty where none was recorded.
        """
        if self.register.count(key, reference):
            self._wake()
        elif self._thread is None:
            self._begin()

    def attach(self, outlet: Outlet, *, between_looks: float | None = None) -> None:
        """Bring to `outlet` what the store keeps for it, from now on.

        What a process before this one has left for it is sent at once.

        Args:
            outlet: The receiver; one of the same name that is there already stays.
            between_looks: Seconds after which the store is looked into without an incident here.
        """
        if outlet.name in self._couriers:
            return
        courier = Courier(self.directory, outlet, self._tell, between_looks=between_looks)
        self._couriers[outlet.name] = courier
        if self.directory.store.exists() or self.directory.backlog() or between_looks is not None:
            self._wake()

    def close(self) -> None:
        """Move what is left into the store, as far as that takes no more than five seconds."""
        thread = self._thread
        if thread is None:
            return
        self._ending.set()
        self._new.set()
        until = time.monotonic() + _LAST_WAIT
        thread.join(_LAST_WAIT)
        self._thread = None
        for courier in tuple(self._couriers.values()):
            courier.join(until)
        for follower in self.followers:
            with suppress(Exception):  # the others are to be closed too
                follower.close()

    def forget_thread(self) -> None:
        """Know after a fork that the thread is the parent's: this process begins its own."""
        self._thread = None
        self._new = threading.Event()
        self._ending = threading.Event()
        self._counts = {}
        self._counted = {}
        self._lock = threading.Lock()
        self.register.begin_anew()
        for courier in tuple(self._couriers.values()):
            courier.forget_thread()

    def _wake(self) -> None:
        if self._thread is None:
            self._begin()
        if not self._new.is_set():
            self._new.set()

    def _begin(self) -> None:
        with _registry:
            if self._thread is not None or self._ending.is_set():
                return
            thread = threading.Thread(target=self._run, name="tightlip-drainer", daemon=True)
            # Without a thread, the spool waits for the next process, or for the command line.
            with suppress(RuntimeError):
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        pauses = Pauses()
        last_round = last_drain = -_BETWEEN_ROUNDS
        while not self._ending.is_set():
            self._new.wait(_BETWEEN_ROUNDS)
            pause = last_drain + _BETWEEN_DRAINS - time.monotonic()
            self._ending.wait(max(_GATHERED, pause))
            self._new.clear()
            is_round = time.monotonic() - last_round >= _BETWEEN_ROUNDS
            if self._drains(all_dead=is_round):
                pauses.reset()
                last_drain = time.monotonic()
                if is_round:
                    last_round = last_drain
            else:
                self._ending.wait(pauses.next())
                self._new.set()
        self._keep_counts()
        # The last drain finds the spool ended, and removes it.
        with suppress(OSError):
            self._spool.end()
        self._drains(all_dead=True)
        for courier in tuple(self._couriers.values()):
            courier.end()

    def _drains(self, *, all_dead: bool) -> bool:
        """Drain this process's spool, and those of dead ones; tell whether that could be done."""
        try:
            self._keep_counts()
            from tightlip.incidents.drainer import open_store

            with open_store(self.directory, self._tell) as store:
                self._announce(store)
                self._drain(store, all_dead=all_dead)
                self._count_totals(store)
                self._keep_told(store)
            for follower in tuple(self.followers):
                follower.wake(self.directory, self.retention)
        except BaseException as error:  # incidents wait in the spool until it can be done
            self._failed(error)
            return False
        for courier in tuple(self._couriers.values()):
            courier.wake()
        return True

    def _count_totals(self, store: Store) -> None:
        """Add to the store what this process has counted; the incidents it counts itself."""
        counted = COUNTS.read()
        new = difference(counted, self._counted)
        store.add_totals({key: value for key, value in new.items() if key[0] != INCIDENTS})
        self._counted = counted

    def _keep_told(self, store: Store) -> None:
        counts = self.register.take()
        try:
            news = self.register.news()
            store.add_told(counts, news, time.time_ns() // 1000)
        except BaseException:
            self.register.put_back(counts)
            raise
        if news:
            self.register.declared(news)

    def _announce(self, store: Store) -> None:
        """Make the outlets known, so that what the store decides is decided for them, too."""
        with store.database.told():
            for courier in tuple(self._couriers.values()):
                courier.announce(store)

    def _drain(self, store: Store, *, all_dead: bool) -> None:
        from tightlip.incidents.drainer import drain, told_of_damages

        name, size = self._spool.name, self._spool.size
        if all_dead:
            self._sweep(store)
            drained = drain(self.directory, store, live=False)
            if drained.damages:
                self._tell(f"tightlip: {told_of_damages(drained, self.directory)}")
        if name is None:
            return
        drain(self.directory, store, only=name)
        self._spool.reserve.hold()
        if size >= _WORTH_REMOVING:
            self._spool.end()
            drain(self.directory, store, only=name)

    def _sweep(self, store: Store) -> None:
        from tightlip.incidents.retention import sweep

        for _ in range(_SWEEPS):
            moment = time.time_ns() // 1000
            if self._ending.is_set() or not sweep(store.database, self.retention, moment):
                return

    def _keep_counts(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, {}
        for key, counted in counts.items():
            try:
                self._spool.append(frame(encode(counted).encode("ascii")))
            except OSError:  # they are kept when that can be done
                with self._lock:
                    newer = self._counts.setdefault(key, {**counted, COUNTED: 0})
                    newer[COUNTED] = cast("int", newer[COUNTED]) + cast("int", counted[COUNTED])

    def _failed(self, error: BaseException) -> None:
        told = visible_line(str(error)) if isinstance(error, Exception) else ""
        kind = class_name(type(error))
        spools = self.directory.spools
        where = f"wait in {spools}" if spools.is_dir() else f"cannot be kept in {spools.parent}"
        self._tell(f"tightlip: incidents {where}: {kind}: {told}")
        with suppress(BaseException):
            from tightlip.incidents.database import DamagedStoreError
            from tightlip.incidents.drainer import replace_damaged

            if isinstance(error, DamagedStoreError):
                replace_damaged(self.directory, self._tell)

    def _tell(self, line: str) -> None:
        """Write a line to standard error, the same one at most once a minute."""
        if self._warnings.allows(line):
            standard_error.write_line(line)


def archive_at(directory: PrivateDirectory) -> Archive:
    """Return this process's archive in `directory`; there is one for all that keep theirs there."""
    with _registry:
        key = str(directory.path)
        archive = _archives.get(key)
        if archive is None:
            if not _archives:
                atexit.register(close_archives)
            archive = _archives[key] = Archive(directory)
        return archive


def close_archives() -> None:
    """Close every archive of this process."""
    for archive in tuple(_archives.values()):
        archive.close()


def _after_fork_in_child() -> None:
    global _registry  # noqa: PLW0603 - another thread of the parent may have held it
    _registry = threading.Lock()
    for archive in tuple(_archives.values()):
        archive.forget_thread()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
