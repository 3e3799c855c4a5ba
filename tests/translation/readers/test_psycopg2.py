from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2
import psycopg2.pool
import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind


def arguments(place: Any, **overrides: Any) -> dict[str, Any]:
    return {
        "host": place.host,
        "port": place.port,
        "user": place.user,
        "password": place.password,
        "dbname": place.database,
        "options": f"-c search_path={place.schema}",
        **overrides,
    }


@pytest.fixture
def cursor(postgresql):
    with closing(psycopg2.connect(**arguments(postgresql))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def test_each_failure_of_the_server_is_read(facts, cursor, postgresql_case):
    with pytest.raises(psycopg2.Error) as raised:
        postgresql_case.run(cursor.execute)
    assert facts(raised.value) == postgresql_case.facts


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_what_cannot_be_reached_cannot_be_connected_to(facts, postgresql, closed_port, host):
    with pytest.raises(psycopg2.OperationalError) as raised:
        psycopg2.connect(**arguments(postgresql, host=host, port=closed_port))
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT)


def test_a_violation_is_found_where_the_server_speaks_german(facts, cursor, german):
    cursor.execute(f"SET lc_messages = '{german}'")
    with pytest.raises(psycopg2.Error) as raised:
        cursor.execute("INSERT INTO users VALUES (3, 'a@b.example')")
    assert "doppelter Schlüsselwert" in str(raised.value)
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.UNIQUE, sqlstate="23505", constraint="users_email_key", table="users"
    )


def test_a_connection_that_the_server_ended_is_read(facts, cursor):
    with pytest.raises(psycopg2.Error) as raised:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    # libpq may be quicker to see the end of the connection than the server's last word.
    assert facts(raised.value).kind in {DatabaseKind.SHUTTING_DOWN, DatabaseKind.CANNOT_CONNECT}
    with pytest.raises(psycopg2.Error) as raised:
        cursor.execute("SELECT 1")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT)


def test_an_exhausted_pool_is_read(facts, postgresql):
    pool = psycopg2.pool.ThreadedConnectionPool(1, 1, **arguments(postgresql))
    try:
        connection = pool.getconn()
        with pytest.raises(psycopg2.pool.PoolError) as raised:
            pool.getconn()
        pool.putconn(connection)
    finally:
        pool.closeall()
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.POOL_EXHAUSTED)
