"""Metrics: how much happens, under names that people know; no label is a text of a client's."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tightlip.incidents.delivery import deliveries

if TYPE_CHECKING:
    from tightlip.incidents.directory import PrivateDirectory
    from tightlip.incidents.incident import Occurrence

INCIDENTS = "tightlip.incidents"
WITHHELD = "tightlip.withheld"
FINDINGS = "tightlip.findings"
SPOOL = "tightlip.spool"
LAG = "tightlip.drain.lag"
QUEUE = "tightlip.sink.queue"
DELIVERED = "tightlip.sink.delivered"
DROPPED = "tightlip.sink.dropped"
DURATION = "tightlip.recording.duration"
DURATION_SUM = "tightlip.recording.duration.sum"

BUCKETS = (25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 250e-3, 1.0)
"""Up to how many seconds a recording may take to be counted in each part of the histogram."""

MOST_LABELS = 500
"""Of one metric; what comes beyond has `_OTHER` for its last label (OpenTelemetry's word)."""
OTHER = "_OTHER"

Key: TypeAlias = tuple[str, tuple[str, ...]]
"""The name of a metric, and the values of its labels."""


class Kind(Enum):
    """What a figure does."""

    COUNTER = auto()
    """It only grows."""
    GAUGE = auto()
    """It goes up and down."""


class Metric(NamedTuple):
    """A metric, as OpenTelemetry describes it (semantic conventions, "Metrics")."""

    name: str
    kind: Kind
    unit: str
    says: str
    labels: tuple[str, ...] = ()


METRICS = (
    Metric(
        INCIDENTS,
        Kind.COUNTER,
        "{incident}",
        "Incidents, by the code that the client was told and the route's template",
        ("code", "status_class", "route"),
    ),
    Metric(WITHHELD, Kind.COUNTER, "{text}", "Texts that were to leave and did not"),
    Metric(FINDINGS, Kind.COUNTER, "{finding}", "Leaks found in good answers", ("category",)),
    Metric(SPOOL, Kind.GAUGE, "By", "What stands in spools and is not in the store yet"),
    Metric(LAG, Kind.GAUGE, "s", "How long the oldest of it has waited"),
    Metric(QUEUE, Kind.GAUGE, "{item}", "What a receiver elsewhere has not got yet", ("sink",)),
    Metric(DELIVERED, Kind.COUNTER, "{item}", "What a receiver elsewhere has got", ("sink",)),
    Metric(DROPPED, Kind.COUNTER, "{item}", "What a receiver elsewhere will not get", ("sink",)),
)


class Counts:
    """What this process counts; safe to use from threads."""

    def __init__(self) -> None:
        self._figures: Counter[Key] = Counter()
        self._seconds = 0.0
        self._lock = threading.Lock()

    def recorded(self, occurrence: Occurrence, seconds: float) -> None:
        """Count an occurrence, and how long it took to record."""
        request = occurrence.request
        route = (request.route or "") if request is not None else ""
        told = (INCIDENTS, (occurrence.code, status_class(occurrence.status), route))
        bucket = bisect_left(BUCKETS, seconds)
        with self._lock:
            figures = self._figures
            if told not in figures and len(figures) >= MOST_LABELS:
                told = (INCIDENTS, (*told[1][:-1], OTHER))
            figures[told] += 1
            figures[DURATION, (str(bucket),)] += 1
            self._seconds += seconds
            if occurrence.withheld:
                figures[WITHHELD, ()] += len(occurrence.withheld)
            categories = occurrence.facts.get("categories", ())
            if isinstance(categories, tuple):
                for category in categories:
                    figures[FINDINGS, (category,)] += 1

    def read(self) -> dict[Key, float]:
        """Return all that was counted since this process began."""
        with self._lock:
            return {**self._figures, (DURATION_SUM, ()): self._seconds}

    def begin_anew(self) -> None:
        """Know after a fork that what was counted is the parent's."""
        self.__init__()  # type: ignore[misc]


COUNTS = Counts()
"""Of this process."""


def status_class(status: int) -> str:
    """Return the class of a status, such as `5xx`; empty where there was no HTTP answer."""
    return f"{status // 100}xx" if status else ""


def of_directory(directory: PrivateDirectory) -> dict[Key, float]:
    """Return how the record in `directory` fares, and how its receivers do.

    Raises:
        StoreError: It cannot be read.
        OSError: The same.
    """
    from tightlip.incidents.drainer import open_store, undrained

    with open_store(directory, lambda _: None) as store:
        waiting, lag = undrained(directory, store)
        figures: dict[Key, float] = {(SPOOL, ()): waiting, (LAG, ()): lag}
        for state in store.outlets():
            figures[QUEUE, (state.name,)] = state.waiting
            figures[DELIVERED, (state.name,)] = state.delivered
            figures[DROPPED, (state.name,)] = state.dropped
    return figures


def of_process() -> dict[Key, float]:
    """Return what this process counts, and what waits in its memory."""
    figures = COUNTS.read()
    for delivery in deliveries():
        for name, count in (
            (QUEUE, delivery.waiting),
            (DELIVERED, delivery.delivered),
            (DROPPED, delivery.dropped.total()),
        ):
            key = name, (delivery.name,)
            figures[key] = figures.get(key, 0) + count
    return figures


def difference(now: Mapping[Key, float], before: Mapping[Key, float]) -> dict[Key, float]:
    """Return what was counted between two readings."""
    grown = {key: value - before.get(key, 0) for key, value in now.items()}
    return {key: value for key, value in grown.items() if value}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=COUNTS.begin_anew)
