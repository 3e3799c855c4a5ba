"""Time ASGI applications in one process: interleaved rounds, medians, differences to the first."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

Application = Callable[..., Any]


def scope(path: str, **extra: Any) -> dict[str, Any]:
    """Make a fresh HTTP scope, as a server does for each request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"host", b"bench"), (b"accept", b"*/*"), (b"user-agent", b"bench/1")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
        **extra,
    }


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _drop(_message: Any) -> None:
    return None


async def seconds_for(application: Application, path: str, count: int) -> float:
    """Serve `count` requests one after the other; return the seconds that one took."""
    begun = time.perf_counter()
    for _ in range(count):
        with suppress(Exception):  # a bare application raises on after its answer
            await application(scope(path), _receive, _drop)
    return (time.perf_counter() - begun) / count


def compare(
    applications: Mapping[str, Application], path: str, *, count: int, rounds: int = 9
) -> dict[str, float]:
    """Return the median seconds for a request of each application, in interleaved rounds."""

    async def measure() -> dict[str, list[float]]:
        times: dict[str, list[float]] = {name: [] for name in applications}
        for application in applications.values():
            await seconds_for(application, path, max(count // 10, 5))
        for _ in range(rounds):
            for name, application in applications.items():
                gc.collect()
                times[name].append(await seconds_for(application, path, count))
        return times

    return {name: statistics.median(found) for name, found in asyncio.run(measure()).items()}
