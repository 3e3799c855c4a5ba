"""Failing requests: bare FastAPI, Tightlip with the full record built, and two peers from PyPI.

Every one logs to a handler that formats its records and writes them to the null device, so that
each pays for what it says.
"""

from __future__ import annotations

import logging
import os

from fastapi import FastAPI

import tightlip
from measure import compare


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
        email, attempts = "a@b.example", [1, 2, 3]
        return {"total": service.total(order), "email": email, "attempts": attempts}

    return app


def applications() -> dict[str, FastAPI]:
    from api_exception import register_exception_handlers
    from fastapi_problem.handler import add_exception_handler

    problem = application()
    add_exception_handler(problem, logger=logging.getLogger("fastapi_problem"))
    exception = application()
    register_exception_handlers(exception)
    return {
        "FastAPI": application(),
        "Tightlip": tightlip.shield(application()),
        "fastapi-problem": problem,
        "apiexception": exception,
    }


def main() -> None:
    sink = logging.FileHandler(os.devnull)
    sink.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[sink], level=logging.INFO, force=True)
    made = applications()
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.startswith("api"):
            logger.handlers, logger.propagate = [sink], False
    found = compare(made, "/orders/7", count=300)
    bare = found["FastAPI"]
    print("| | a failing request | requests a second | more than bare | of Tightlip's |")
    print("| --- | --- | --- | --- | --- |")
    for name, seconds in found.items():
        print(
            f"| {name} | {seconds * 1e6:.0f} µs | {1 / seconds:.0f} "
            f"| {(seconds - bare) * 1e6:+.0f} µs | {seconds / found['Tightlip']:.2f} x |"
        )


if __name__ == "__main__":
    main()
