"""Delivery: incidents on their way to a receiver elsewhere, which no answer waits for."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from tightlip.incidents import standard_error
from tightlip.incidents.compartments import open_part
from tightlip.incidents.incident import Incident
from tightlip.incidents.objects import class_name
from tightlip.incidents.outlet import Outlet, Takes, outlet_name
from tightlip.incidents.pacing import FIRST_PAUSE, Pauses, Throttle
from tightlip.incidents.visible import visible_line

_MOST_BYTES = 16 << 20  # of all that wait together, as JSON
_LONGEST_POSTPONED = 600.0  # a receiver may not put us off for longer
_GIVEN_UP_AFTER = 3600.0
_FEWEST_TRIES = 5
_LAST_WAIT = 5.0
_WITH_OWN_NUMBERS = frozenset({"socket", "ssl"})  # their errors' numbers are not the system's

_deliveries: weakref.WeakSet[Delivery] = weakref.WeakSet()
_registry = threading.Lock()


class NoRoomError(Exception):
    """So many incidents wait that this one is not taken."""


class RefusedError(Exception):
    """The receiver will never take what it was sent; sending it again is of no use."""


class PostponedError(Exception):
    """The receiver asks to be left alone.

    Args:
        seconds: For how long.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the receiver asks to wait {seconds:g} seconds")
        self.seconds = seconds


def kind_of(fault: BaseException) -> str:
    """Return the class of a fault, with the system's words where it has numbered it."""
    happened = class_name(type(fault))
    if (
        isinstance(fault, OSError)
        and fault.errno is not None
        and type(fault).__module__ not in _WITH_OWN_NUMBERS
    ):
        return f"{happened}: {os.strerror(fault.errno)}"
    return happened


def told_of(fault: BaseException) -> str:
    """Return what may be told of a delivery that failed: its kind, and no word of a receiver's."""
    happened = kind_of(fault)
    if isinstance(fault, (RefusedError, PostponedError)) and str(fault):
        return f"{happened}: {fault}"
    return happened


def pause_after(fault: BaseException) -> float:
    """Return for how many seconds the receiver asks to be left alone; 0 if it does not."""
    return min(fault.seconds, _LONGEST_POSTPONED) if isinstance(fault, PostponedError) else 0.0


class _Waiting:
    """An incident that waits, since when, and how often it was tried."""

    __slots__ = ("incident", "since", "size", "tries")

    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.size = len(incident.as_json())
        self.since = time.monotonic()
        self.tries = 0


class Delivery:
    """Hands incidents to a receiver from a thread of its own, each at least once.

    `put` never waits. What the receiver did not take is tried again after a pause that grows, up
    to a minute; what was tried goes behind the others, alone, so that nothing that a receiver
    cannot take stops the rest. The thread begins with the first incident, and a process that was
    forked begins its own: what waited at the fork is the parent's to send.

    An incident that may have arrived is sent again if no answer told so. Its reference is the
    same each time: receivers know duplicates by it.

    Args:
        name: What the sink is called, in what is told of it.
        deliver: Hands incidents over, or raises: `RefusedError`, `PostponedError`, or whatever
            else went wrong.
        most: How many incidents may wait.
        at_once: How many `deliver` takes together.
        first_pause: Seconds before the second try.

    Attributes:
        name: What the sink is called.
        delivered: How many incidents the receiver has taken.
        dropped: How many it will not get, by the reason: `no_room`, `refused`, `given_up`,
            `not_sent_at_exit`.
    """

    delivered: int
    dropped: Counter[str]
    _queue: deque[_Waiting]
    _under_way: list[_Waiting]
    _bytes: int
    _changed: threading.Condition
    _thread: threading.Thread | None

    def __init__(
        self,
        name: str,
        deliver: Callable[[Sequence[Incident]], None],
        *,
        most: int = 1000,
        at_once: int = 1,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self.name = name
        self._deliver = deliver
        self._most = most
        self._at_once = at_once
        self._first_pause = first_pause
        self._begin_anew()
        with _registry:
            _deliveries.add(self)

    def put(self, incident: Incident) -> None:
        """Take `incident` to be delivered soon.

        Raises:
            NoRoomError: Too many wait already.
            RuntimeError: No thread can be started.
        """
        waiting = _Waiting(incident)
        with self._changed:
            if len(self._queue) >= self._most or self._bytes + waiting.size > _MOST_BYTES:
                self.dropped["no_room"] += 1
                raise NoRoomError(f"{len(self._queue)} incidents wait for the sink {self.name}")
            if self._thread is None:
                self._is_ending = False
                thread = threading.Thread(
                    target=self._run, name=f"tightlip-{self.name}", daemon=True
                )
                thread.start()
                self._thread = thread
            self._queue.append(waiting)
            self._bytes += waiting.size
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """How many incidents wait."""
        return len(self._queue)

    def end(self) -> None:
        """Ask the thread to send what waits, and then to end; do not wait for it."""
        with self._changed:
            self._is_ending = True
            self._ends_at = time.monotonic() + _LAST_WAIT
            self._changed.notify()

    def close(self) -> None:
        """Send what waits, as far as that takes no more than five seconds."""
        self.end()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(max(0.0, self._ends_at - time.monotonic()))
        with self._changed:
            if self._thread is thread:  # it hangs in a call, and holds what it sends
                left = [*self._under_way, *self._queue]
                self._drop("not_sent_at_exit", left, "the process or the application ended")
                self._queue.clear()
                self._bytes = 0
                self._under_way = []
                self._thread = None

    def forget_thread(self) -> None:
        """Know after a fork that the thread, and what waits for it, are the parent's."""
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.delivered = 0
        self.dropped = Counter()
        self._queue = deque()
        self._under_way = []
        self._bytes = 0
        self._changed = threading.Condition(threading.Lock())
        self._thread = None
        self._is_ending = False
        self._ends_at = 0.0
        self._warnings = Throttle()

    def _run(self) -> None:
        me = threading.current_thread()
        pauses = Pauses(self._first_pause)
        while True:
            batch = self._next(me)
            if not batch:
                return
            fault: BaseException | None = None
            try:
                self._deliver([waiting.incident for waiting in batch])
            except BaseException as error:  # foreign code; what it did not take is tried again
                fault = error
            with self._changed:
                if self._thread is not me:  # it was given up meanwhile
                    return
                self._under_way = []
                if fault is None:
                    self.delivered += len(batch)
                    pauses.reset()
                    continue
                self._failed(batch, fault)
                if isinstance(fault, RefusedError):
                    continue
                self._rest(max(pauses.next(), pause_after(fault)))

    def _next(self, me: threading.Thread) -> list[_Waiting]:
        """Wait for what is to be sent next; nothing, where the thread is to end."""
        with self._changed:
            while not self._queue and not self._is_ending and self._thread is me:
                self._changed.wait()
            if self._thread is not me:
                return []
            if self._is_ending and self._queue and time.monotonic() >= self._ends_at:
                self._drop("not_sent_at_exit", list(self._queue), "the receiver did not take them")
                self._queue.clear()
                self._bytes = 0
            if not self._queue:
                self._thread = None
                return []
            batch = [self._queue.popleft()]
            while (
                not batch[0].tries
                and self._queue
                and not self._queue[0].tries
                and len(batch) < self._at_once
            ):
                batch.append(self._queue.popleft())
            self._bytes -= sum(waiting.size for waiting in batch)
            self._under_way = batch
            return batch

    def _failed(self, batch: list[_Waiting], fault: BaseException) -> None:
        """Put what was not taken behind the others, or count it as dropped; and tell of it."""
        happened = told_of(fault)
        if isinstance(fault, RefusedError) and len(batch) == 1:
            self._drop("refused", batch, happened)
            return
        given_up = []
        for waiting in batch:
            waiting.tries += 1
            if (
                waiting.tries >= _FEWEST_TRIES
                and time.monotonic() - waiting.since > _GIVEN_UP_AFTER
            ):
                given_up.append(waiting)
            else:
                self._queue.append(waiting)
                self._bytes += waiting.size
        if given_up:
            self._drop("given_up", given_up, happened)
        self._tell("failing", f"the sink {self.name} fails with {happened}; incidents wait for it")

    def _drop(self, reason: str, dropped: list[_Waiting], happened: str) -> None:
        self.dropped[reason] += len(dropped)
        if dropped:
            first = dropped[0].incident.reference
            self._tell(
                reason,
                f"the sink {self.name} has not got {self.dropped[reason]} incidents so far, "
                f"of late {first}: {happened}",
            )

    def _rest(self, seconds: float) -> None:
        """Wait; at the end of the process, for a short while only."""
        was_ending = self._is_ending
        until = time.monotonic() + (min(seconds, self._first_pause) if was_ending else seconds)
        while self._is_ending is was_ending:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(left)

    def _tell(self, what: str, line: str) -> None:
        """Write a line to standard error, of one kind at most one a minute."""
        if self._warnings.allows(what):
            standard_error.write_line(visible_line(f"tightlip: {line}"))


class OutsideSink:
    """A sink that speaks to another system: a subclass says how, in `deliver`.

    What leaves is decided here, for all of them: the open compartment, and the closed one only
    where the sink was opened for it.

    Args:
        name: What the sink is called, in what is told of it.
        address: Where its incidents go: of two sinks of one name, the store keeps them apart.
        closed: Whether messages, locals and what the client sent leave too.
        at_once: How many incidents `deliver` takes together.

    Attributes:
        delivery: What waits in memory, and the counts: of what no directory keeps.
        outlet: The sink, for the directory that keeps incidents until it has them.
    """

    delivery: Delivery
    outlet: Outlet

    def __init__(
        self, name: str, address: str = "", *, closed: bool = False, at_once: int = 1
    ) -> None:
        self._closed = closed
        self.delivery = Delivery(name, self.deliver, at_once=at_once)
        self.outlet = Outlet(
            outlet_name(name, f"{address} {closed}"),
            Takes.INCIDENTS,
            lambda incidents: self.deliver([self._released(incident) for incident in incidents]),
            at_once=at_once,
        )

    def send(self, incident: Incident) -> None:
        """Take what may leave of `incident`, to be delivered soon.

        Raises:
            NoRoomError: Too many wait already.
        """
        self.delivery.put(self._released(incident))

    def close(self) -> None:
        """Deliver what waits, as far as that takes no more than five seconds."""
        self.delivery.close()

    def deliver(self, incidents: Sequence[Incident]) -> None:
        """Hand `incidents` over, or raise: see `Delivery`."""
        raise NotImplementedError

    def _released(self, incident: Incident) -> Incident:
        return incident if self._closed else open_part(incident)


def deliveries() -> tuple[Delivery, ...]:
    """Return the deliveries of this process."""
    return tuple(_deliveries)


@atexit.register
def close_deliveries() -> None:
    """Close every delivery of this process; all together take no more than five seconds."""
    deliveries = tuple(_deliveries)
    for delivery in deliveries:
        delivery.end()
    for delivery in deliveries:
        with suppress(Exception):  # the others are to be closed too
            delivery.close()


def _after_fork_in_child() -> None:
    global _registry  # noqa: PLW0603 - another thread of the parent may have held it
    _registry = threading.Lock()
    for delivery in tuple(_deliveries):
        delivery.forget_thread()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
