"""Tables: a schema of PostgreSQL with our tables, opened, brought to this version, and told of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg

from tightlip.incidents.postgresql.address import Address
from tightlip.incidents.postgresql.migrations import MIGRATIONS
from tightlip.incidents.tables import StoreError
from tightlip.incidents.visible import visible_line

_SCHEMA = "tightlip"
_TAKEN = 0x544C4950
"""The advisory lock that whoever writes holds: numbers come in the order in which they are seen."""

_SETTINGS: dict[str, Any] = {
    "application_name": "tightlip",
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 30,
    "tcp_user_timeout": 30_000,  # milliseconds
}


class PostgresqlTables:
    """The tables of the store; for one thread at a time.

    Args:
        address: Where the database is.

    Raises:
        StoreError: It cannot be reached, or its tables were made by a newer version.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        with self.told():
            self._connection = psycopg.connect(address.conninfo, autocommit=True, **_SETTINGS)
        try:
            with self.told():
                self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the connection go."""
        with suppress(psycopg.Error):
            self._connection.close()

    def run(self, statement: str, *values: object) -> psycopg.Cursor[Any]:
        """Run a statement, whose parameters are written `?`."""
        return self._connection.execute(_query(statement), values)

    def one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row that a statement gives, or None."""
        row: tuple[Any, ...] | None = self.run(statement, *values).fetchone()
        return row

    def number(self, statement: str, *values: object) -> int:
        """Return the number that a statement gives; 0 where it gives none."""
        row = self.one(statement, *values)
        return 0 if row is None or row[0] is None else int(row[0])

    def field(self, name: str) -> str:
        """Return the expression for a field of the column `summary`."""
        return f"(summary::json ->> '{name}')"

    def bytes(self) -> int:
        """Return how much room the tables take."""
        return self.number(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
            "WHERE relnamespace = to_regnamespace(?) AND relkind = 'r'",
            _SCHEMA,
        )

    def copy(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Write rows by COPY."""
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of it or nothing, and alone among those who write."""
        with self._connection.transaction():
            self.run("SELECT pg_advisory_xact_lock(?)", _TAKEN)
            yield

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what PostgreSQL says into what to do, without any password."""
        try:
            yield
        except (psycopg.Error, OSError) as error:
            raise _unusable(self._address, error) from None

    def _prepare(self) -> None:
        self.run(f"SET search_path TO {_SCHEMA}")
        self.run("SET statement_timeout = '60s'")
        if self._version() == len(MIGRATIONS):
            return
        with self.transaction():
            self.run(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
            self.run("CREATE TABLE IF NOT EXISTS versions (version bigint NOT NULL)")
            for script in MIGRATIONS[self._version() :]:
                self._connection.execute(script.encode())
            self.run("DELETE FROM versions")
            self.run("INSERT INTO versions VALUES (?)", len(MIGRATIONS))

    def _version(self) -> int:
        if self.one("SELECT to_regclass(?)", f"{_SCHEMA}.versions") == (None,):
            return 0
        version = self.number("SELECT max(version) FROM versions")
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self._address.name} was made by a newer version of Tightlip (its form is "
                f"{version}, this version knows {len(MIGRATIONS)}): upgrade with "
                "`pip install --upgrade tightlip`, or give another database. "
                "Nothing is lost: incidents wait in the directory of each host"
            )
        return version


def is_there(address: Address) -> bool:
    """Tell whether a database has our tables.

    Raises:
        StoreError: It cannot be reached.
    """
    try:
        with psycopg.connect(address.conninfo, **_SETTINGS) as connection:
            row = connection.execute("SELECT to_regclass(%s)", (f"{_SCHEMA}.faults",)).fetchone()
    except psycopg.Error as error:
        raise _unusable(address, error) from None
    return row is not None and row[0] is not None


def _unusable(address: Address, error: Exception) -> StoreError:
    """Return what PostgreSQL says, whose lines are many and indented, in one line."""
    said = " ".join(address.masked(str(error)).split())
    return StoreError(f"{address.name} cannot be used: {visible_line(said)}")


@lru_cache(maxsize=256)
def _query(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()
