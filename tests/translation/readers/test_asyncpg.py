from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind, NetworkFailure, NetworkKind


async def connect(place: Any, **overrides: Any) -> Any:
    settings = {"search_path": place.schema}
    return await asyncpg.connect(
        **{
            "host": place.host,
            "port": place.port,
            "user": place.user,
            "password": place.password or None,
            "database": place.database,
            "server_settings": settings,
            **overrides,
        }
    )


def run(place: Any, *statements: Any, arguments: tuple[Any, ...] = ()) -> None:
    async def execute() -> None:
        connection = await connect(place)
        try:
            for statement in statements:
                await connection.execute(statement, *arguments)
        finally:
            connection.terminate()

    asyncio.run(execute())


def test_each_failure_of_the_server_is_read(facts, postgresql, postgresql_case):
    async def execute() -> None:
        connection = await connect(postgresql)
        try:
            for statement in postgresql_case.statements():
                await connection.execute(statement)
        finally:
            connection.terminate()

    with pytest.raises(asyncpg.PostgresError) as raised:
        asyncio.run(execute())
    assert facts(raised.value) == postgresql_case.facts


def test_a_violation_is_found_where_the_server_speaks_german(facts, postgresql, german):
    with pytest.raises(asyncpg.PostgresError) as raised:
        run(
            postgresql,
            f"SET lc_messages = '{german}'",
            "INSERT INTO users VALUES (3, 'a@b.example')",
        )
    assert "doppelter Schlüsselwert" in str(raised.value)
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.UNIQUE, sqlstate="23505", constraint="users_email_key", table="users"
    )


def test_a_closed_port_cannot_be_reached(facts, postgresql, closed_port):
    with pytest.raises(OSError) as raised:
        asyncio.run(connect(postgresql, port=closed_port))
    assert facts(raised.value) == NetworkFailure(NetworkKind.UNREACHABLE)


def test_an_unknown_host_cannot_be_reached(facts, postgresql):
    with pytest.raises(OSError) as raised:
        asyncio.run(connect(postgresql, host="nowhere.invalid"))
    assert facts(raised.value) == NetworkFailure(NetworkKind.UNREACHABLE)


def test_a_database_that_is_missing_is_a_fault_of_the_set_up(facts, postgresql):
    with pytest.raises(asyncpg.PostgresError) as raised:
        asyncio.run(connect(postgresql, database="tightlip_nowhere"))
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.PROGRAMMING, sqlstate="3D000")


def test_a_value_that_the_driver_refuses_is_an_invalid_value(facts, postgresql):
    with pytest.raises(asyncpg.DataError) as raised:
        run(postgresql, "SELECT $1::integer", arguments=(10**12,))
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.INVALID_VALUE, sqlstate="22000")


def test_a_connection_that_the_server_ended_is_read(facts, postgresql):
    with pytest.raises(asyncpg.PostgresError) as raised:
        run(postgresql, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT, sqlstate="08003")


def test_a_connection_that_is_closed_already_tells_no_more_than_that_something_is_wrong(
    facts, postgresql
):
    async def execute() -> None:
        connection = await connect(postgresql)
        await connection.close()
        await connection.execute("SELECT 1")

    with pytest.raises(asyncpg.InterfaceError) as raised:
        asyncio.run(execute())
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.INTERNAL)
