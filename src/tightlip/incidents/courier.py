"""Courier: the thread that brings to one receiver what the store keeps for it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from tightlip.incidents.delivery import RefusedError, pause_after, told_of
from tightlip.incidents.directory import PrivateDirectory, give_to_owner
from tightlip.incidents.outlet import Outlet, Takes
from tightlip.incidents.pacing import FIRST_PAUSE, Pauses, Throttle, about
from tightlip.incidents.spool import lock
from tightlip.incidents.visible import visible_line

if TYPE_CHECKING:
    from tightlip.incidents.outbox import Outbox, Waiting
    from tightlip.incidents.store import Store

_WHILE_ANOTHER_SENDS = 1.0


class _Left(Enum):
    """What a round has left."""

    NOTHING = auto()
    ANOTHER_SENDS = auto()
    IT_FAILS = auto()


class Courier:
    """Brings what waits in the store to its receiver, each at least once.

    Of all processes that have the same outlet, one at a time sends: whoever has the lock of its
    file. What is taken is taken out of the store; what is not is tried again after a pause that
    grows up to a minute, also by the next process, after this one was killed.

    Args:
        directory: Where the store is.
        outlet: The receiver.
        tell: Is told in one line if the receiver takes nothing.
        between_looks: Seconds after which it looks into the store without being woken.
        first_pause: Seconds before the second try.
    """

    _thread: threading.Thread | None
    _new: threading.Event
    _is_ending: bool
    _is_known: bool

    def __init__(
        self,
        directory: PrivateDirectory,
        outlet: Outlet,
        tell: Callable[[str], object],
        *,
        between_looks: float | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._directory = directory
        self._outlet = outlet
        self._tell = tell
        self._between_looks = between_looks
        self._first_pause = first_pause
        self._descriptor = -1
        self._warnings = Throttle()
        self._postponed = 0.0
        self._begin_anew()

    def announce(self, store: Store) -> None:
        """Make the outlet known to a store that has not been told of it by this process.

        Raises:
            StoreError: The store cannot be used.
        """
        if not self._is_known:
            store.outbox.open(self._outlet, _now())
            self._is_known = True

    def wake(self) -> None:
        """Have it look into the store; without a thread, the store is the next process's."""
        if self._thread is None and not self._is_ending:
            thread = threading.Thread(
                target=self._run, name=f"tightlip-{self._outlet.name}", daemon=True
            )
            with suppress(RuntimeError):
                self._thread = thread
                thread.start()
        self._new.set()

    def end(self) -> None:
        """Have the thread send what waits, and end at the first failure; do not wait for it."""
        self._is_ending = True
        self._new.set()

    def join(self, until: float) -> None:
        """Wait for the end of the thread, until this time of the monotonic clock."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(max(0.0, until - time.monotonic()))

    def forget_thread(self) -> None:
        """Know after a fork that the thread and its lock are the parent's."""
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._thread = None
        self._new = threading.Event()
        self._is_ending = False
        self._is_known = False
        self._let_go()

    def _run(self) -> None:
        pauses = Pauses(self._first_pause)
        while True:
            self._new.wait(self._between_looks)
            self._new.clear()
            while (left := self._round()) is not _Left.NOTHING and not self._is_ending:
                if left is _Left.ANOTHER_SENDS:
                    self._rest(about(_WHILE_ANOTHER_SENDS))
                    continue
                self._rest(pauses.next())
            if self._is_ending:
                return
            pauses.reset()

    def _round(self) -> _Left:
        """Send what waits; tell what is left."""
        try:
            from tightlip.incidents.drainer import open_store

            with open_store(self._directory, self._tell) as store, store.database.told():
                return self._send(store)
        except BaseException as error:  # what is in the store is there for the next try
            self._warn(error)
            return _Left.IT_FAILS
        finally:
            self._let_go()

    def _send(self, store: Store) -> _Left:
        outbox = store.outbox
        number = outbox.open(self._outlet, _now())
        if not outbox.next(number, 1):
            return _Left.NOTHING
        if not self._acquire():
            return _Left.ANOTHER_SENDS
        while waiting := outbox.next(number, self._outlet.at_once):
            things = [(each, self._load(store, each.item)) for each in waiting]
            gone = [each for each, thing in things if thing is None]
            if gone:
                outbox.dropped(number, gone, "retention has let them go")
                continue
            fault = self._deliver([thing for _, thing in things])
            if fault is None:
                outbox.delivered(number, waiting, _now())
            elif not self._failed(outbox, number, waiting, fault):
                return _Left.IT_FAILS
        return _Left.NOTHING

    def _load(self, store: Store, item: int) -> Any:
        if self._outlet.takes is Takes.ALERTS:
            return store.alert(item)
        return store.incident(item)

    def _deliver(self, things: Sequence[Any]) -> BaseException | None:
        try:
            self._outlet.deliver(things)
        except BaseException as error:  # foreign code; what it did not take is tried again
            return error
        return None

    def _failed(
        self, outbox: Outbox, number: int, waiting: Sequence[Waiting], fault: BaseException
    ) -> bool:
        """Keep what went wrong; tell whether the rest may be sent without a pause."""
        happened = told_of(fault)
        if isinstance(fault, RefusedError):
            if len(waiting) == 1:
                outbox.dropped(number, waiting, happened)
                self._warn(fault)
            else:
                outbox.failed(number, waiting, happened)
            return True
        # One of several goes behind the others, so that none stops the rest for good.
        outbox.failed(number, waiting[:1], happened)
        self._warn(fault)
        self._postponed = pause_after(fault)
        return False

    def _rest(self, pause: float) -> None:
        """Wait, also when there is more to send; but not at the end of the process."""
        until = time.monotonic() + max(pause, self._postponed)
        self._postponed = 0.0
        while not self._is_ending and (left := until - time.monotonic()) > 0:
            self._new.wait(left)
            if not self._is_ending:
                self._new.clear()

    def _acquire(self) -> bool:
        path = self._directory.path / f"{self._outlet.name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            give_to_owner(path)
            lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:  # a file system without locks: a receiver may get something twice
            os.close(descriptor)
            return True
        self._descriptor = descriptor
        return True

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    def _warn(self, fault: BaseException) -> None:
        if self._warnings.allows():
            self._tell(
                visible_line(
                    f"tightlip: {self._outlet.name} fails with {told_of(fault)}; "
                    f"what it has not got waits in {self._directory.path}"
                )
            )


def _now() -> int:
    return time.time_ns() // 1000
