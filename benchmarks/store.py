"""What the store does in a second, and how long it takes to find something among a million.

First, a spool with twenty thousand full reports is drained. Then a store with a million incidents
of two thousand faults, every tenth with a report, is asked as the command line and a page would ask
it. The rows of the second part are written straight to the tables.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable

import zstandard

from recording import raised
from tightlip.incidents.capture import capture
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.encoding import encode
from tightlip.incidents.framing import frame
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.reference import new_reference
from tightlip.incidents.span import span_of
from tightlip.incidents.spool import Spool
from tightlip.incidents.store import Store
from tightlip.incidents.summary import summarise

REPORTS = 20_000
INCIDENTS, FAULTS = 1_000_000, 2_000
START = 1_777_000_000_000_000


def fresh(number):
    occurrence = Occurrence(
        new_reference(), None, raised(number), 500, "INTERNAL_SERVER_ERROR", b"{}"
    )
    return capture(occurrence, bool, {"service.name": "shop"})


def fill(store: Store) -> list[str]:
    noise = random.Random(1)
    incident = fresh(1)
    summary = json.dumps(summarise(incident.fields))
    body = zstandard.compress(incident.as_json().encode())
    references = [new_reference() for _ in range(INCIDENTS)]
    run = store.database._connection.executemany  # noqa: SLF001 - a million calls less
    with store.database.transaction():
        run(
            "INSERT INTO faults VALUES (?, ?, 'ValueError', 'price', ?, ?, ?)",
            (
                (n, f"v1:{n:016x}", INCIDENTS // FAULTS, START, START + noise.randrange(10**12))
                for n in range(1, FAULTS + 1)
            ),
        )
        run(
            "INSERT INTO incidents VALUES (?, ?, ?, ?, ?)",
            (
                (n, reference, n % FAULTS + 1, START + n * 10**6, summary)
                for n, reference in enumerate(references, 1)
            ),
        )
        run(
            "INSERT INTO reports VALUES (?, ?, ?, ?)",
            ((n, n % FAULTS + 1, START + n * 10**6, body) for n in range(1, INCIDENTS + 1, 10)),
        )
        run(
            "INSERT INTO counters VALUES (?, ?, 1)",
            ((n, minute) for n in range(1, FAULTS + 1) for minute in range(500)),
        )
    return references


def measured(ask: Callable[[], object], times: int) -> tuple[float, float]:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        found.append(time.perf_counter() - begun)
    return statistics.median(found), max(found)


def main() -> None:
    with tempfile.TemporaryDirectory() as path:
        directory = PrivateDirectory(path)
        spool = Spool(directory)
        incidents = [fresh(number) for number in range(200)]
        for number in range(REPORTS):
            incident = incidents[number % len(incidents)]
            line = incident.as_json()
            reference = new_reference()
            summary = {**summarise(incident.fields), "reference": reference}
            spool.append(
                frame(
                    encode(summary).encode(),
                    line.replace(incident.reference, reference).encode(),
                )
            )
        spool.end()
        with open_store(directory, print) as store:
            begun, worked = time.perf_counter(), time.process_time()
            drain(directory, store)
            seconds = time.perf_counter() - begun
            worked = time.process_time() - worked
            assert store.count() == REPORTS
            stored = store.database.number(
                "SELECT avg(length(reports.body) + length(closed.body)) "
                "FROM reports JOIN closed USING (incident)"
            )
        written = statistics.mean(len(incident.as_json()) for incident in incidents)
        print(
            f"Drained: {REPORTS / seconds:.0f} reports a second, {REPORTS / worked:.0f} in one "
            f"of the processor's time.\n{written:.0f} bytes of JSON each, {stored} stored.\n"
        )
    with tempfile.TemporaryDirectory() as path:
        directory = PrivateDirectory(path)
        with open_store(directory, print) as store:
            references = fill(store)
            noise = random.Random(2)
            pick = lambda: noise.choice(references)  # noqa: E731 - shorter than its name
            asked = {
                "an incident by its reference": (lambda: store.find(pick()), 2000),
                "a reference that is unknown": (lambda: store.find(new_reference()), 2000),
                "the newest 50": (lambda: list(store.newest(50)), 200),
                "the newest 50 of one fault": (
                    lambda: list(
                        store.newest(50, fingerprint=f"v1:{noise.randint(1, FAULTS):016x}")
                    ),
                    200,
                ),
                "the 50 faults seen last": (lambda: store.faults(50), 200),
                "all faults": (store.faults, 20),
                "a fault with its trend of a day": (
                    lambda: store.groups.by_fingerprint(
                        f"v1:{noise.randint(1, FAULTS):016x}", span_of(1440, time.time_ns() // 1000)
                    ),
                    200,
                ),
            }
            print(f"| of {INCIDENTS} incidents | p50 | longest |")
            print("| --- | --- | --- |")
            for name, (ask, times) in asked.items():
                middle, longest = measured(ask, times)
                print(f"| {name} | {middle * 1e3:.3f} ms | {longest * 1e3:.2f} ms |")
            size = directory.store.stat().st_size / (1 << 20)
        print(f"\nThe file has {size:.0f} MiB.")


if __name__ == "__main__":
    main()
