from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import aiosqlite
import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind


def test_each_failure_is_read(facts, sqlite_schema, sqlite_case):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(sqlite_schema)
        with pytest.raises(sqlite3.Error) as raised:
            sqlite_case.run(connection.execute)
    assert facts(raised.value) == sqlite_case.facts


def test_aiosqlite_tells_the_same(facts, sqlite_schema, sqlite_case):
    async def run() -> None:
        async with aiosqlite.connect(":memory:", isolation_level=None) as connection:
            await connection.executescript(sqlite_schema)
            for statement in sqlite_case.statements():
                await connection.execute(statement)

    with pytest.raises(sqlite3.Error) as raised:
        asyncio.run(run())
    assert facts(raised.value) == sqlite_case.facts


def test_a_lock_that_is_not_to_be_had_is_read(facts, tmp_path):
    path = tmp_path / "database"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("BEGIN IMMEDIATE")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.LOCK_TIMEOUT, number=5)


def test_a_snapshot_that_has_grown_old_is_a_serialization_failure(facts, tmp_path):
    path = tmp_path / "database"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection,
    ):
        other.executescript("PRAGMA journal_mode = wal; CREATE TABLE t (a)")
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM t").fetchall()
        other.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("INSERT INTO t VALUES (2)")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.SERIALIZATION, number=517)


def test_an_interrupted_statement_is_a_timeout(facts):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.set_progress_handler(lambda: 1, 1)
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("SELECT 1")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.STATEMENT_TIMEOUT, number=9)


def test_a_refusal_of_the_authorizer_is_read(facts):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        with pytest.raises(sqlite3.DatabaseError) as raised:
            connection.execute("SELECT 1")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.PERMISSION_DENIED, number=23)


def test_a_file_that_cannot_be_opened_is_read(facts, tmp_path):
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(tmp_path / "missing" / "database")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT, number=14)


def test_a_file_that_is_full_is_read(facts, tmp_path):
    with closing(sqlite3.connect(tmp_path / "database")) as connection:
        connection.executescript("CREATE TABLE t (a); PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.DISK_FULL, number=13)


def test_a_wrong_number_of_parameters_is_a_fault_of_the_program(facts):
    connection = sqlite3.connect(":memory:")
    with closing(connection), pytest.raises(sqlite3.ProgrammingError) as raised:
        connection.execute("SELECT ?", (1, 2))
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.PROGRAMMING)


def test_names_with_commas_and_dots_are_read_as_far_as_they_are_clear(facts):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            'CREATE TABLE t ("a, b" integer, "c.d" integer, UNIQUE ("a, b", "c.d"))'
        )
        connection.execute("INSERT INTO t VALUES (1, 2)")
        with pytest.raises(sqlite3.IntegrityError) as raised:
            connection.execute("INSERT INTO t VALUES (1, 2)")
    assert facts(raised.value).columns == ("a, b", "c.d")
