"""Storms: how much of an incident is kept when there are many of its kind."""

from __future__ import annotations

import enum
import threading
import time
from collections import Counter
from collections.abc import Callable

_ALL_OF_THE_FIRST = 10
_BETWEEN_REPORTS = 60.0  # seconds, of one fault
_QUIET = 60.0  # seconds without a fault, after which its storm is over
_MOST_REPORTS = 1000  # in a second, of all faults
_MUCH = 256 << 20  # bytes of spools; one that was drained is removed from 1 MiB on
_TOO_MUCH = 512 << 20
_FAR_TOO_MUCH = 576 << 20  # not even what was never seen before
_BETWEEN_LOOKS = 1.0  # seconds
_MOST_FAULTS = 4096


class Measure(enum.Enum):
    """How much of an incident is kept."""

    REPORT = "report"
    """All of it."""
    SUMMARY = "summary"
    """Its summary, which leads to a report of the same fault."""
    COUNT = "count"
    """That it happened; the client gets no reference."""


class _Fault:
    __slots__ = ("incidents", "report", "reported_at", "seen_at")

    def __init__(self) -> None:
        self.incidents = 0
        self.report: str | None = None
        self.reported_at = 0.0
        self.seen_at = 0.0


class Storms:
    """Decides for each incident, by what came before it; safe to use from threads.

    Of each fault, the first ten are kept in full, then the 16th, the 32nd and so on, and one a
    minute; after a minute without it, it is counted from one again. Where very many reports are
    made at once, or much stands in spools, fewer are; the first of a fault is kept in full all
    the same.

    Args:
        backlog: Tells how many bytes stand in spools: those that wait, and less than 1 MiB of each
            process that were drained. Only the store could tell them apart, and is not asked here.

    Attributes:
        reduced: How many were not kept in full, by the reason.
    """

    def __init__(self, backlog: Callable[[], int]) -> None:
        self.reduced: Counter[str] = Counter()
        self._backlog = backlog
        self._waiting = 0
        self._looked_at = -_BETWEEN_LOOKS
        self._reports = 0
        self._faults: dict[str, _Fault] = {}
        self._lock = threading.Lock()

    def measure(self, fingerprint: str) -> Measure:
        """Decide about the next incident of a fault."""
        now = time.monotonic()
        with self._lock:
            if now - self._looked_at >= _BETWEEN_LOOKS:
                self._looked_at, self._reports = now, 0
                self._waiting = self._backlog()
            fault = self._faults.get(fingerprint)
            if fault is None:
                if len(self._faults) >= _MOST_FAULTS:
                    del self._faults[next(iter(self._faults))]
                fault = self._faults[fingerprint] = _Fault()
            if now - fault.seen_at >= _QUIET:
                fault.incidents = 0
            fault.seen_at = now
            fault.incidents += 1
            return self._decide(fault, now)

    def reported(self, fingerprint: str, reference: str) -> None:
        """Remember that a full report of a fault has been kept."""
        fault = self._faults.get(fingerprint)
        if fault is not None:
            fault.report = reference

    def nearest(self, fingerprint: str) -> str | None:
        """Return the reference of the last report of a fault."""
        fault = self._faults.get(fingerprint)
        return None if fault is None else fault.report

    def _decide(self, fault: _Fault, now: float) -> Measure:
        is_first = fault.report is None
        if self._waiting >= (_FAR_TOO_MUCH if is_first else _TOO_MUCH):
            self.reduced["backlog"] += 1
            return Measure.COUNT
        if not is_first:
            number = fault.incidents
            is_sample = number <= _ALL_OF_THE_FIRST or not number & (number - 1)
            if not is_sample and now - fault.reported_at < _BETWEEN_REPORTS:
                self.reduced["fault"] += 1
                return Measure.SUMMARY
            if self._reports >= _MOST_REPORTS:
                self.reduced["rate"] += 1
                return Measure.SUMMARY
            if self._waiting >= _MUCH:
                self.reduced["backlog"] += 1
                return Measure.SUMMARY
        fault.reported_at = now
        self._reports += 1
        return Measure.REPORT
