"""Database: a SQLite file with our tables, opened, brought to this version, and told of."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from tightlip.incidents.directory import give_to_owner
from tightlip.incidents.migrations import MIGRATIONS
from tightlip.incidents.tables import StoreError

_APPLICATION_ID = 0x544C4950  # "TLIP"
_WAIT = 5.0  # seconds for another process's transaction
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DamagedStoreError(StoreError):
    """The file is no database any more."""


class Database:
    """The tables of the store; for one thread at a time. It is a context manager.

    Args:
        path: The file; it is made if it is missing.

    Raises:
        StoreError: It was made by a newer version, or by another program, or cannot be opened.
        DamagedStoreError: It is no database any more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self.told():
            # SQLite gives the files beside it the same mode.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._opened = os.fstat(descriptor)
            os.close(descriptor)
            give_to_owner(path)
            self._connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        try:
            with self.told():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def run(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Run a statement."""
        return self._connection.execute(statement, values)

    def one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row that a statement gives, or None."""
        row: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return row

    def number(self, statement: str, *values: object) -> int:
        """Return the number that a statement gives; 0 where it gives none."""
        row = self.one(statement, *values)
        return 0 if row is None or row[0] is None else int(row[0])

    def field(self, name: str) -> str:
        """Return the expression for a field of the column `summary`."""
        return f"json_extract(summary, '$.\"{name}\"')"

    def bytes(self) -> int:
        """Return how many bytes the file has, with what SQLite keeps beside it."""
        paths = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    def give_back(self, pages: int) -> None:
        """Give room that is free in the file back to the disk, at most so many pages."""
        # Run as a script, since the module `sqlite3` stops other statements after the first page.
        self._connection.executescript(f"PRAGMA incremental_vacuum({pages})")

    def is_in_place(self) -> bool:
        """Tell whether the file still stands where it was opened."""
        try:
            return os.path.samestat(self._path.stat(), self._opened)
        except FileNotFoundError:
            return False

    def is_sound(self) -> bool:
        """Tell whether the whole file can be read."""
        try:
            return self.one("PRAGMA quick_check(1)") == ("ok",)
        except sqlite3.Error:
            return False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of it or nothing; begin with the right to write."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what SQLite says into what to do."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                raise DamagedStoreError(f"{self._path} is damaged: {error}") from error
            raise StoreError(f"{self._path} cannot be used: {error}") from error

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA trusted_schema = OFF")
        if not self._version():
            run("PRAGMA auto_vacuum = INCREMENTAL")  # only before there are tables
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA secure_delete = ON")
        if self._version() == len(MIGRATIONS):
            return
        with self.transaction():
            made_by = self._pragma("application_id")
            if made_by != _APPLICATION_ID and (made_by or self.one("SELECT 1 FROM sqlite_master")):
                raise StoreError(
                    f"{self._path} is another program's database: give another directory"
                )
            for number, script in enumerate(MIGRATIONS[self._version() :], self._version() + 1):
                for statement in script.split(";"):
                    run(statement)
                run(f"PRAGMA user_version = {number}")
            run(f"PRAGMA application_id = {_APPLICATION_ID}")

    def _version(self) -> int:
        version = self._pragma("user_version")
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self._path} was made by a newer version of Tightlip (its form is {version}, "
                f"this version knows {len(MIGRATIONS)}): upgrade with "
                "`pip install --upgrade tightlip`, or give another directory. "
                "Nothing is lost: new incidents wait in the spool"
            )
        return version

    def _pragma(self, name: str) -> int:
        return self.number(f"PRAGMA {name}")
