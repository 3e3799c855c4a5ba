"""What one recording call costs: Tightlip in full and in brief, Sentry's SDK, structlog.

All of them get the same exception, seven calls deep, in interleaved rounds. Sentry's SDK runs with
its defaults, but for the integrations that it would find installed, and a transport that drops what
it gets; structlog renders its dictionary of tracebacks, with locals, as JSON, and drops the line.
Tightlip appends to a spool on the disk, which its thread drains meanwhile.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time

import sentry_sdk
import structlog
from sentry_sdk.transport import Transport

from tightlip.exchange import Request
from tightlip.incidents.archive import Archive
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference

ROUNDS, CALLS = 9, 20
REQUEST = Request(
    "GET",
    "/orders/1042",
    route="/orders/{order_id}",
    headers=((b"host", b"shop.example"), (b"user-agent", b"bench/1"), (b"accept", b"*/*")),
    client="203.0.113.7:50312",
)
ANSWER = b'{"error":{"code":"INTERNAL_SERVER_ERROR","message":"Something went wrong"}}'


class Dropped(Transport):
    def capture_envelope(self, envelope):
        envelope.serialize()


def price(order, depth):
    customer = {"id": order, "name": "Ada", "city": "Lyon"}
    rows = [("tea", 3), ("cup", None)]
    if depth:
        return price(order, depth - 1)
    return sum(amount for _, amount in rows) + len(customer)


def raised(order):
    try:
        price(order, 5)
    except TypeError as error:
        return error
    raise AssertionError


def recorders(directory):
    archive = Archive(directory)
    recorder = Recorder([], archive=archive, service_name="shop")
    structlog.configure(
        processors=[structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()],
        logger_factory=structlog.ReturnLoggerFactory(),
    )
    logger = structlog.get_logger()
    sentry_sdk.init("http://key@127.0.0.1:9/1", transport=Dropped, auto_enabling_integrations=False)

    def occurrence(error, fingerprint=None):
        return Occurrence(
            new_reference(), REQUEST, error, 500, "INTERNAL_SERVER_ERROR", ANSWER,
            fingerprint=fingerprint,
        )  # fmt: skip

    firsts = iter(range(10**9))
    return archive, {
        # Every one is the first of its fault, and so kept in full.
        "Tightlip, in full": lambda error: recorder.record(occurrence(error, f"f{next(firsts)}")),
        "Tightlip, in brief": lambda error: recorder.record(occurrence(error)),
        "structlog, dict_tracebacks": lambda error: logger.error("failed", exc_info=error),
        "sentry-sdk, defaults": sentry_sdk.capture_exception,
    }


def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as path:
        directory = PrivateDirectory(path)
        archive, made = recorders(directory)
        times, works = {name: [] for name in made}, {name: [] for name in made}
        for number in range(30):  # the first of a fault is kept in full: it is not measured
            for record in made.values():
                record(raised(number))
        for _ in range(ROUNDS):
            for name, record in made.items():
                gc.collect()
                errors = [raised(number) for number in range(CALLS)]
                for error in errors:
                    begun, worked = time.perf_counter(), time.thread_time()
                    record(error)
                    times[name].append(time.perf_counter() - begun)
                    works[name].append(time.thread_time() - worked)
        archive.close()
        with open_store(directory, print) as store:
            drain(directory, store)
            stored = store.database.number(
                "SELECT avg(length(reports.body) + length(closed.body)) "
                "FROM reports JOIN closed USING (incident)"
            )
    full = statistics.median(works["Tightlip, in full"])
    print("| one call | p50 | p99 | p50 of the processor's time | of Tightlip's in full |")
    print("| --- | --- | --- | --- | --- |")
    for name, found in times.items():
        work = statistics.median(works[name])
        last = sorted(found)[len(found) * 99 // 100]
        print(
            f"| {name} | {statistics.median(found) * 1e6:.0f} µs | {last * 1e6:.0f} µs "
            f"| {work * 1e6:.0f} µs | {work / full:.2f} x |"
        )
    print(f"\nA stored report takes {stored} bytes, compressed.")


if __name__ == "__main__":
    main()
