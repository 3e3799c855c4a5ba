"""Instruments: our metrics in the application's OpenTelemetry, where it has one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from tightlip.incidents.metrics import (
    DURATION,
    METRICS,
    Key,
    Kind,
    Metric,
    of_directory,
    of_process,
)

_FRESH = 1.0  # seconds for which a reading serves all instruments

_lock = threading.Lock()
_histogram: Any = None
_directories: dict[str, Any] = {}


def offer(directory: Any = None) -> bool:
    """Make our instruments, if OpenTelemetry's API is loaded; tell whether there are any.

    What the API is asked for before the application has set its `MeterProvider` works from then
    on.

    Args:
        directory: A directory whose figures are among them.
    """
    global _histogram  # noqa: PLW0603 - there is one set of instruments a process
    if directory is not None:
        _directories[str(directory.path)] = directory
    if _histogram is not None:
        return True
    api: Any = sys.modules.get("opentelemetry.metrics")
    if api is None:
        return False
    with _lock:
        if _histogram is None:
            meter = api.get_meter("tightlip")
            read = _Reading()
            for metric in METRICS:
                _observe(api, meter, metric, read)
            _histogram = meter.create_histogram(
                DURATION, unit="s", description="How long it took to record an incident"
            )
    return True


def took(seconds: float) -> None:
    """Tell the histogram how long a recording took."""
    if _histogram is not None:
        _histogram.record(seconds)


class _Reading:
    """The figures, read once for all instruments that ask at about the same time."""

    def __init__(self) -> None:
        self._figures: dict[Key, float] = {}
        self._read_at = -_FRESH
        self._lock = threading.Lock()

    def __call__(self) -> dict[Key, float]:
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH:
                figures = of_process()
                for directory in tuple(_directories.values()):
                    with suppress(Exception):  # a store that cannot be read has no figures
                        if directory.store.exists():
                            figures.update(of_directory(directory))
                self._figures, self._read_at = figures, time.monotonic()
            return self._figures


def _observe(api: Any, meter: Any, metric: Metric, read: Callable[[], dict[Key, float]]) -> None:
    def observe(_: Any) -> Iterator[Any]:
        for (name, values), figure in read().items():
            if name == metric.name:
                yield api.Observation(figure, dict(zip(metric.labels, values, strict=True)))

    is_counter = metric.kind is Kind.COUNTER
    make = meter.create_observable_counter if is_counter else meter.create_observable_gauge
    make(metric.name, [observe], unit=metric.unit, description=metric.says)
