"""Exposition: the figures of a directory, for Prometheus, on a listener of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.metrics import (
    BUCKETS,
    DURATION,
    DURATION_SUM,
    METRICS,
    Key,
    Kind,
    Metric,
    of_directory,
)

_UNITS = {"By": "_bytes", "s": "_seconds"}


class CannotListenError(Exception):
    """Nothing can be served; the message says why, and what to do."""


class _Collector:
    """Reads the figures whenever Prometheus asks."""

    def __init__(self, directory: PrivateDirectory) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        figures = {**_totals(self._directory), **of_directory(self._directory)}
        for metric in METRICS:
            is_counter = metric.kind is Kind.COUNTER
            family: Any = (CounterMetricFamily if is_counter else GaugeMetricFamily)(
                exposed_name(metric), metric.says, labels=metric.labels
            )
            for (name, values), figure in figures.items():
                if name == metric.name:
                    family.add_metric(values, figure)
            yield family
        buckets, total = [], 0.0
        for number in range(len(BUCKETS) + 1):
            total += figures.get((DURATION, (str(number),)), 0)
            bound = str(BUCKETS[number]) if number < len(BUCKETS) else "+Inf"
            buckets.append((bound, total))
        yield HistogramMetricFamily(
            "tightlip_recording_duration_seconds",
            "How long it took to record an incident",
            buckets=buckets,
            sum_value=figures.get((DURATION_SUM, ()), 0.0),
        )


def exposed_name(metric: Metric) -> str:
    """Return what Prometheus calls a metric, but for the ending of a counter."""
    return metric.name.replace(".", "_") + _UNITS.get(metric.unit, "")


def listen(directory: PrivateDirectory, host: str, port: int) -> tuple[Any, Any]:
    """Serve the figures of `directory`; return the server and its thread.

    Raises:
        ImportError: The library of Prometheus is not installed.
        OSError: Nothing can listen there.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(directory))
    return start_http_server(port, host, registry)


def serve_metrics(directory: PrivateDirectory, address: str, tell: Callable[[str], object]) -> None:
    """Serve the figures of `directory` until the process is told to end.

    Args:
        directory: Where the incidents are kept; it is made if it is missing.
        address: The address and the port to listen on, as in `127.0.0.1:9464`.
        tell: Is told in one line where they are.

    Raises:
        CannotListenError: That cannot be done.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise CannotListenError(f"{address} is no address: give one and a port")
    try:
        directory.make()
        server, thread = listen(directory, host.strip("[]"), int(port))
    except ImportError:
        raise CannotListenError(
            'the library of Prometheus is not installed: pip install "tightlip[metrics]"'
        ) from None
    except (OSError, OverflowError) as error:
        raise CannotListenError(f"nothing can listen on {address}: {error}") from None
    tell(f"Metrics of {directory.path} on http://{host}:{server.server_port}/metrics")
    thread.join()


def _totals(directory: PrivateDirectory) -> dict[Key, float]:
    from tightlip.incidents.drainer import open_store

    with open_store(directory, lambda _: None) as store:
        return store.totals()
