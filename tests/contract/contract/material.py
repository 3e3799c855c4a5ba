"""What the applications of the contract raise and answer."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tightlip import PublicError

CANARY = "CANARY-5e1d of /srv/app/secret.py in psycopg2"
"""Words that no client may see."""

LEAK = (
    "psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint "
    '"users_email_key"'
)
"""What no answer may carry, a good one included."""

SPLIT = "one line\r\nx-note: CANARY"
"""A header's value that would begin a header of its own."""

BY_HAND = {"etag": '"CANARY"', "set-cookie": "session=CANARY", "x-debug-token": "CANARY"}
"""The headers of the answers that are made by hand."""


class SoldOut(PublicError):
    status = 409
    message = "The event is sold out"


def violate_unique() -> None:
    """Have a real database refuse a second row of the same key."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table users (email text unique)")
        for _ in range(2):
            database.execute("insert into users values ('CANARY@example.com')")
