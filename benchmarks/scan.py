"""The scan of clean bodies beside `orjson.loads` and Python's `re`; the start; open streams."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
import timeit
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import orjson

from tightlip.detection.engines import regex
from tightlip.detection.reading import Reading
from tightlip.detection.ruleset import load
from tightlip.detection.scanner import default_scanner
from tightlip.detection.stream import StreamScanner

SIZES = {"300 B": 300, "1 KB": 1024, "16 KB": 16_384, "1 MB": 1 << 20}
STREAMS = 200
REPEATS = 3
SECONDS = 6.0

OWN = """
technology = "Acme"
[[rule]]
id = "acme-table"
category = "database_error"
says = "A table of Acme."
source = "Acme's handbook"
patterns = {patterns}
leaks = ["acme_table_0001_"]
clean = ["Acme table"]
"""


def body(size: int) -> bytes:
    rows: list[dict[str, object]] = []
    row = {"id": 0, "name": "Mary Sue", "city": "Springfield", "total": 12.5, "paid": True}
    while len(json.dumps(rows)) < size - 60:
        step = max(1, (size - len(json.dumps(rows))) // 90)
        rows += ({**row, "id": len(rows) + number} for number in range(step))
    return json.dumps(rows).encode()


def fastest(calls: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Return the shortest time of each call; they take turns, so that a busy machine slows all."""
    best = dict.fromkeys(calls, math.inf)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, call in calls.items():
            for _ in range(3):
                begun = time.perf_counter()
                call()
                best[name] = min(best[name], time.perf_counter() - begun)
    return best


def repeated(call: Callable[[], object]) -> Callable[[], None]:
    def several() -> None:
        for _ in range(REPEATS):
            call()

    return several


def scans() -> None:
    scanner = default_scanner()
    reading = Reading(200, "application/json")
    patterns = [pattern for rule in load().rules for pattern in rule.patterns]
    slow = regex.build(patterns)
    print(f"{len(patterns)} patterns\n")
    print("| body | scan | | orjson.loads | of orjson's time | `re`, gated by literals |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, size in SIZES.items():
        data = body(size)
        best = fastest(
            {
                "scan": repeated(lambda data=data: scanner.read(data, reading)),
                "orjson": repeated(lambda data=data: orjson.loads(data)),
            },
            SECONDS,
        )
        found, parsed = best["scan"] / REPEATS, best["orjson"] / REPEATS
        once = timeit.timeit(lambda data=data: slow.hits(data), number=1)
        print(
            f"| {name} | {found * 1e6:.1f} µs | {len(data) / found / 1e9:.2f} GB/s "
            f"| {parsed * 1e6:.1f} µs | {found / parsed:.2f} x | {once / found:.0f} x |"
        )


def start() -> None:
    """Print the processor's time: on a busy machine the clock tells what others do."""
    rows = {
        "`import asyncio` alone, which every server does": "import asyncio",
        "`import tightlip` to a Shield": "import tightlip; tightlip.Shield()",
        "the same in a process that has FastAPI": "import tightlip; tightlip.Shield()",
        "the same with a file of a thousand literals": (
            "import tightlip; tightlip.Shield(rules=[{own!r}])"
        ),
    }
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, "acme.toml")
        own.write_text(OWN.format(patterns=[f"acme_table_{number:04}_" for number in range(1000)]))
        print("\n| compiled rules on disk | |\n| --- | --- |")
        for name, code in rows.items():
            before = "import fastapi" if "FastAPI" in name else ""
            program = (
                f"import time\n{before}\nbegun = time.process_time()\n"
                f"{code.format(own=str(own))}\nprint(time.process_time() - begun)"
            )
            times = [
                float(subprocess.check_output([sys.executable, "-c", program])) for _ in range(9)
            ]
            print(f"| {name} | {min(times) * 1e3:.0f} ms |")


def streams() -> None:
    scanner = default_scanner()
    reading = Reading(200, "text/plain")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = [StreamScanner(scanner, reading) for _ in range(STREAMS)]
    for stream in held:
        stream.feed(body(16_384))
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(f"\nAn open stream after 16 KB: {(after - before) / STREAMS / 1024:.1f} KiB")


if __name__ == "__main__":
    scans()
    start()
    streams()
