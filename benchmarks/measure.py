"""Time ASGI applications in one process, in interleaved rounds."""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count, islice
from typing import Any

Application = Callable[..., Any]
Clock = Callable[[], float]

_numbers = count(100_000)


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


async def seconds_for(
    application: Application, path: str, count: int, clock: Clock = time.perf_counter
) -> float:
    """Serve `count` requests one after the other; return the seconds of `clock` that one took.

    A `{}` in `path` becomes another number at each request of the process.
    """
    begun = clock()
    for number in islice(_numbers, count):
        with suppress(Exception):  # a bare application raises on after its answer
            await application(scope(path.format(number)), _receive, _drop)
    return (clock() - begun) / count


def compare(  # noqa: PLR0913 - each is a choice of its own
    applications: Mapping[str, Application],
    path: str,
    *,
    count: int,
    rounds: int = 9,
    of: Callable[[list[float]], float] = statistics.median,
    clock: Clock = time.perf_counter,
) -> dict[str, float]:
    """Return the seconds for a request of each application: the median of interleaved rounds.

    `of=min` takes the shortest instead, which many short rounds find on a busy machine too. With
    `time.thread_time` for a clock, what other threads and processes do does not count.
    """

    async def measure() -> dict[str, list[float]]:
        times: dict[str, list[float]] = {name: [] for name in applications}
        for application in applications.values():
            await seconds_for(application, path, max(count // 10, 5))
        order = list(applications.items())
        chance = random.Random(0)
        for _ in range(rounds):
            gc.collect()
            # Whoever follows on another of ours finds our code in the processor's memory.
            chance.shuffle(order)
            for name, application in order:
                times[name].append(await seconds_for(application, path, count, clock))
        return times

    return {name: of(found) for name, found in asyncio.run(measure()).items()}
