from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind


def connect(place: Any, **overrides: Any) -> psycopg.Connection[Any]:
    return psycopg.connect(**arguments(place, **overrides))


def arguments(place: Any, **overrides: Any) -> dict[str, Any]:
    return {
        "host": place.host,
        "port": place.port,
        "user": place.user,
        "password": place.password,
        "dbname": place.database,
        "options": f"-c search_path={place.schema}",
        "autocommit": True,
        **overrides,
    }


def test_each_failure_of_the_server_is_read(facts, postgresql, postgresql_case):
    with connect(postgresql) as connection, pytest.raises(psycopg.Error) as raised:
        postgresql_case.run(connection.execute)
    assert facts(raised.value) == postgresql_case.facts


def test_the_asynchronous_connection_tells_the_same(facts, postgresql, postgresql_case):
    async def run() -> None:
        async with await psycopg.AsyncConnection.connect(**arguments(postgresql)) as connection:
            for statement in postgresql_case.statements():
                await connection.execute(statement)

    with pytest.raises(psycopg.Error) as raised:
        asyncio.run(run())
    assert facts(raised.value) == postgresql_case.facts


def test_a_closed_port_cannot_be_connected_to(facts, postgresql, closed_port):
    with pytest.raises(psycopg.OperationalError) as raised:
        connect(postgresql, port=closed_port)
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT)


def test_an_unknown_host_cannot_be_connected_to(facts, postgresql):
    with pytest.raises(psycopg.OperationalError) as raised:
        connect(postgresql, host="nowhere.invalid")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT)


def test_a_database_that_is_missing_cannot_be_connected_to(facts, postgresql):
    with pytest.raises(psycopg.OperationalError) as raised:
        connect(postgresql, dbname="tightlip_nowhere")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT)


def test_a_connection_that_the_server_ended_is_read(facts, postgresql):
    with connect(postgresql) as connection, pytest.raises(psycopg.Error) as raised:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    # libpq may be quicker to see the end of the connection than the server's last word.
    assert facts(raised.value).kind in {DatabaseKind.SHUTTING_DOWN, DatabaseKind.CANNOT_CONNECT}
    with pytest.raises(psycopg.OperationalError) as raised:
        connection.execute("SELECT 1")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT)


def test_a_text_with_a_zero_byte_is_an_invalid_value(facts, postgresql):
    with connect(postgresql) as connection, pytest.raises(psycopg.DataError) as raised:
        connection.execute("SELECT %s", ("a\0b",))
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.INVALID_VALUE)


def test_a_wrong_number_of_parameters_is_a_fault_of_the_program(facts, postgresql):
    with connect(postgresql) as connection, pytest.raises(psycopg.ProgrammingError) as raised:
        connection.execute("SELECT %s", (1, 2))
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.PROGRAMMING)


def test_a_violation_is_found_where_the_server_speaks_german(facts, postgresql, german):
    with connect(postgresql) as connection:
        connection.execute(f"SET lc_messages = '{german}'")
        with pytest.raises(psycopg.Error) as raised:
            connection.execute("INSERT INTO users VALUES (3, 'a@b.example')")
    assert "doppelter Schlüsselwert" in str(raised.value)
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.UNIQUE, sqlstate="23505", constraint="users_email_key", table="users"
    )


def test_a_diagnosis_that_fails_costs_its_names_alone(facts):
    class Unruly(psycopg.errors.UniqueViolation):
        @property
        def diag(self) -> Any:
            raise RuntimeError("no diagnosis today")

    assert facts(Unruly("x")) == DatabaseFailure(DatabaseKind.UNIQUE, sqlstate="23505")
