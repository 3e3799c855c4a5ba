from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind

MySQLdb = pytest.importorskip("MySQLdb", reason="mysqlclient is not installed")


def connect(place: Any, **overrides: Any) -> Any:
    return MySQLdb.connect(
        **{
            "host": place.host,
            "port": place.port or 3306,
            "user": place.user,
            "password": place.password,
            "database": place.database,
            "autocommit": True,
            **overrides,
        }
    )


@pytest.fixture
def cursor(mariadb):
    with closing(connect(mariadb)) as connection, closing(connection.cursor()) as cursor:
        yield cursor


def test_each_failure_of_the_server_is_read(facts, cursor, mariadb_case):
    with pytest.raises(MySQLdb.Error) as raised:
        mariadb_case.run(cursor.execute)
    assert facts(raised.value) == mariadb_case.facts._replace(sqlstate=None)


def test_a_violation_is_found_where_the_server_speaks_german(facts, cursor):
    cursor.execute("SET lc_messages = 'de_DE'")
    with pytest.raises(MySQLdb.Error) as raised:
        cursor.execute("INSERT INTO users VALUES (9, 'a@b.example', NULL, NULL)")
    assert "Doppelter Eintrag" in raised.value.args[1]
    assert facts(raised.value).constraint == "email_key"


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_what_cannot_be_reached_cannot_be_connected_to(facts, mariadb, closed_port, host):
    with pytest.raises(MySQLdb.OperationalError) as raised:
        connect(mariadb, host=host, port=closed_port)
    assert facts(raised.value).kind is DatabaseKind.CANNOT_CONNECT


def test_wrong_credentials_are_denied(facts, mariadb):
    with pytest.raises(MySQLdb.OperationalError) as raised:
        connect(mariadb, user=mariadb.role, password="wrong")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.PERMISSION_DENIED, number=1045)


def test_a_connection_that_is_closed_already_is_read(facts, mariadb):
    connection = connect(mariadb)
    cursor = connection.cursor()
    connection.close()
    with pytest.raises(MySQLdb.Error) as raised:
        cursor.execute("SELECT 1")
    assert facts(raised.value).kind is DatabaseKind.CANNOT_CONNECT
