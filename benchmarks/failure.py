"""Failing requests: bare FastAPI, Tightlip, and two peers from PyPI.

Every one logs to a handler that formats its records and writes them to the null device, so that
each pays for what it says. No two requests are the same, so that no memory of the last one helps.

A good request of a bare Starlette application is the yardstick of the machine: the goal of 150 µs
was set where it takes 6.1, and is 25 of such requests anywhere.

Tightlip is measured with the full record of every failure, once kept in its spool and logged, and
once only logged; and as it is by default, when most of the same fault are kept in brief. What
counts is the processor's time of the thread that serves: the one that drains the spool has its own.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from unittest import mock

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

import tightlip
from measure import compare
from tightlip.incidents import keeping
from tightlip.incidents.archive import archive_at
from tightlip.incidents.directory import private_directory
from tightlip.incidents.storms import Measure, Storms

YARDSTICK = "a good request of Starlette"
BARE = "FastAPI"


class PriceService:
    def total(self, order):
        discount = {"code": "SUMMER", "percent": 10}
        rows = [("a", 1), ("b", None)]
        return self._sum(rows, discount, order)

    def _sum(self, rows, discount, order):
        amount = 0
        for _, price in rows:
            amount += price
        return amount - discount["percent"] - order


def application(*, debug: bool = False) -> FastAPI:
    app = FastAPI(debug=debug)
    service = PriceService()

    @app.get("/orders/{order}")
    async def read_order(order: int):
        email, attempts = f"customer-{order}@shop.example", [1, 2, 3]
        return {"total": service.total(order), "email": email, "attempts": attempts}

    return app


def yardstick() -> Starlette:
    async def read_order(_request):
        return Response(b"x" * 300, media_type="application/json")

    return Starlette(routes=[Route("/orders/{order}", read_order)])


class NoStorm(Storms):
    """Has every incident kept in full."""

    def measure(self, fingerprint):
        super().measure(fingerprint)
        return Measure.REPORT


def applications(directory: str) -> dict[str, FastAPI]:
    from api_exception import register_exception_handlers
    from fastapi_problem.handler import add_exception_handler

    problem = application()
    add_exception_handler(problem, logger=logging.getLogger("fastapi_problem"))
    exception = application()
    register_exception_handlers(exception)
    with mock.patch.object(keeping, "Storms", NoStorm):
        in_full = tightlip.Shield(directory=f"{directory}/full")(application())
    return {
        YARDSTICK: yardstick(),
        BARE: application(),
        "Tightlip, in full": in_full,
        "Tightlip, in full, only logged": tightlip.Shield(directory=None)(application()),
        "Tightlip, in a storm": tightlip.Shield(directory=f"{directory}/storm")(application()),
        "fastapi-problem": problem,
        "apiexception": exception,
    }


def main() -> None:
    sink = logging.FileHandler(os.devnull)
    sink.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[sink], level=logging.INFO, force=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        measure(applications(directory), sink)
        for name in ("full", "storm"):
            archive_at(private_directory(f"{directory}/{name}")).close()


def measure(made: dict[str, FastAPI], sink: logging.Handler) -> None:
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.startswith("api"):
            logger.handlers, logger.propagate = [sink], False
    found = compare(made, "/orders/{}", count=20, rounds=31, clock=time.thread_time)
    good, bare = found.pop(YARDSTICK), found[BARE]
    print(f"{YARDSTICK}: {good * 1e6:.1f} µs")
    print()
    print("| | a failing request | more than bare | in Starlette's good requests | of Tightlip's |")
    print("| --- | --- | --- | --- | --- |")
    for name, seconds in found.items():
        print(
            f"| {name} | {seconds * 1e6:.0f} µs | {(seconds - bare) * 1e6:+.0f} µs "
            f"| {(seconds - bare) / good:.1f} | {seconds / found['Tightlip, in full']:.2f} x |"
        )


if __name__ == "__main__":
    main()
