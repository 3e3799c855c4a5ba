"""Declare what a client may read, with typed parameters, and document it in OpenAPI."""

# ruff: noqa: N818 - a public error's code is made of its class name

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI

import tightlip
from tightlip import MaxLength, PublicError, errors

app = tightlip.shield(FastAPI())

SEATS = {"opera": 3, "cinema": 0}


class UnknownShow(PublicError):
    status = 404
    message = "There is no show named {show}"
    show: Annotated[str, MaxLength(40)]


class SoldOut(PublicError):
    status = 409
    message = "Only {available} seats are left"
    available: int


@app.post("/shows/{show}/seats", responses=errors(UnknownShow, SoldOut))
def book(show: str, seats: int) -> dict[str, int]:
    if show not in SEATS:
        raise UnknownShow(show=show[:40])
    if seats > SEATS[show]:
        raise SoldOut(available=SEATS[show])
    return {"booked": seats}
