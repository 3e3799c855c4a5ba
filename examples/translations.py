"""Translate what breaks inside into what a client may read; handlers stay as they are."""

# ruff: noqa: N818 - a public error's code is made of its class name

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

from fastapi import Depends, FastAPI

from tightlip import PublicError, Shield, on_exception, on_unique


class EmailAlreadyExists(PublicError):
    status = 409
    message = "An account with this email already exists"


class TryAgainLater(PublicError):
    status = 503
    message = "Accounts cannot be opened right now. Try again in a minute"
    retry_after = 60


class OutsideOfficeHours(Exception):
    """What the business code raises; it knows nothing of HTTP."""


shield = Shield(
    translations=[
        on_unique("accounts.email", EmailAlreadyExists),
        on_exception(OutsideOfficeHours, TryAgainLater),
    ]
)
app = shield(FastAPI())

DATABASE = "file:accounts?mode=memory&cache=shared"
keeper = sqlite3.connect(DATABASE, uri=True)  # a database in memory lives as long as this
keeper.execute("CREATE TABLE accounts (email TEXT UNIQUE)")


def connect() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(DATABASE, uri=True, check_same_thread=False)) as connection:
        yield connection


@app.post("/accounts", status_code=201)
def open_account(
    email: str, database: Annotated[sqlite3.Connection, Depends(connect)], hour: int = 12
) -> dict[str, str]:
    if not 8 <= hour < 18:  # noqa: PLR2004 - office hours
        raise OutsideOfficeHours(f"worker 7 refused {email} at {hour}:00")
    with database:
        database.execute("INSERT INTO accounts VALUES (?)", (email,))
    return {"email": email}
