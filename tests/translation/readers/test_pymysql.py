from __future__ import annotations

from contextlib import closing
from typing import Any

import pymysql
import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind


def connect(place: Any, **overrides: Any) -> Any:
    return pymysql.connect(
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
    with closing(connect(mariadb)) as connection, connection.cursor() as cursor:
        yield cursor


def test_each_failure_of_the_server_is_read(facts, cursor, mariadb_case):
    with pytest.raises(pymysql.Error) as raised:
        mariadb_case.run(cursor.execute)
    assert facts(raised.value) == mariadb_case.facts


LANGUAGES = [
    "bg_BG", "cs_CZ", "da_DK", "de_DE", "el_GR", "en_US", "es_ES", "et_EE", "fr_FR", "hi_IN",
    "hu_HU", "it_IT", "ja_JP", "ka_GE", "ko_KR", "nb_NO", "nl_NL", "pl_PL", "pt_PT",
    "ro_RO", "ru_RU", "sk_SK", "sr_RS", "sv_SE", "uk_UA", "zh_CN",
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_found_in_every_language_of_the_server(facts, cursor, language):
    try:
        cursor.execute(f"SET lc_messages = '{language}'")
    except pymysql.Error as error:
        pytest.skip(f"the server does not know the language: {error.args[0]}")
    found = {}
    for statement in (
        "INSERT INTO users VALUES (9, 'a@b.example', NULL, NULL)",
        "INSERT INTO orders (id, user_id) VALUES (2, 99)",
        "DELETE FROM users WHERE id = 1",
        "UPDATE users SET name = 'ADA'",
        "INSERT INTO users VALUES (9, NULL, NULL, NULL)",
        "INSERT INTO users (id) VALUES (9)",
    ):
        with pytest.raises(pymysql.Error) as raised:
            cursor.execute(statement)
        failure = facts(raised.value)
        found[failure.number] = (failure.constraint, failure.table, failure.columns)
    assert found == {
        1062: ("email_key", None, ()),
        1452: ("orders_user", "orders", ("user_id",)),
        1451: ("orders_user", "orders", ("user_id",)),
        4025: ("name_is_lower", "users", ()),
        1048: (None, None, ("email",)),
        1364: (None, None, ("email",)),
    }


def test_the_server_really_speaks_german(cursor):
    cursor.execute("SET lc_messages = 'de_DE'")
    with pytest.raises(pymysql.Error) as raised:
        cursor.execute("INSERT INTO users VALUES (9, 'a@b.example', NULL, NULL)")
    assert "Doppelter Eintrag" in raised.value.args[1]


def test_names_are_found_where_double_quotes_quote_names(facts, cursor):
    cursor.execute("SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'")
    with pytest.raises(pymysql.Error) as raised:
        cursor.execute("INSERT INTO orders (id, user_id) VALUES (2, 99)")
    assert facts(raised.value).constraint == "orders_user"


def test_a_foreign_key_with_odd_names_is_read(facts, cursor):
    cursor.execute("CREATE TABLE `a ``b` (id integer PRIMARY KEY)")
    cursor.execute(
        "CREATE TABLE `c, d` (`e ``f` integer, `g` integer, "
        "CONSTRAINT `h ``i` FOREIGN KEY (`e ``f`) REFERENCES `a ``b` (id))"
    )
    with pytest.raises(pymysql.Error) as raised:
        cursor.execute("INSERT INTO `c, d` VALUES (1, 1)")
    failure = facts(raised.value)
    assert (failure.constraint, failure.table, failure.columns) == ("h `i", "c, d", ("e `f",))


@pytest.mark.parametrize(
    ("message", "table", "constraint"),
    [
        ("Duplicate entry 'a' for key 'users.email_key'", "users", "email_key"),
        ("Duplicate entry 'a' for key 'users.PRIMARY'", "users", "PRIMARY"),
        ("Duplicate entry 'it's' for key 'users.email_key'", "users", "email_key"),
        ("Duplicate entry ''' for key 'users.email_key'", "users", "email_key"),
        ("Duplicate entry 'a' for key 'b.c' for key 'users.email_key'", "users", "email_key"),
        ("Duplicate entry 'a\n' for key 'users.email_key'", "users", "email_key"),
        ("'a' は索引 'users.email_key' で重複しています。", "users", "email_key"),
        ("Duplicate entry 'a' for key 'email_key'", None, "email_key"),
        ("Duplicate entry 'a' for key '.'", None, "."),
        ("Duplicate entry", None, None),
        ("", None, None),
    ],
)
def test_the_key_of_mysql_8_is_read_with_its_table(facts, message, table, constraint):
    failure = facts(pymysql.err.IntegrityError(1062, message, sqlstate="23000"))
    assert (failure.table, failure.constraint) == (table, constraint)


def test_the_check_constraint_of_mysql_8_is_read(facts):
    error = pymysql.err.OperationalError(3819, "Check constraint 'adult' is violated.")
    assert facts(error) == DatabaseFailure(DatabaseKind.CHECK, number=3819, constraint="adult")


def test_a_number_without_a_row_has_the_kind_of_its_sqlstate(facts):
    error = pymysql.err.OperationalError(31999, "new", sqlstate="22XYZ")
    assert facts(error).kind is DatabaseKind.INVALID_VALUE


def test_a_number_without_a_row_or_an_sqlstate_has_the_kind_of_its_class(facts):
    assert facts(pymysql.err.DataError(31999, "new")).kind is DatabaseKind.INVALID_VALUE
    assert facts(pymysql.err.OperationalError(31999, "new")).kind is DatabaseKind.INTERNAL


@pytest.mark.parametrize("arguments", [(), ("no number",), (1062,), (1062, None), (True, "x")])
def test_arguments_of_other_forms_do_no_harm(facts, arguments):
    assert isinstance(facts(pymysql.err.IntegrityError(*arguments)), DatabaseFailure)


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_what_cannot_be_reached_cannot_be_connected_to(facts, mariadb, closed_port, host):
    with pytest.raises(pymysql.OperationalError) as raised:
        connect(mariadb, host=host, port=closed_port)
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT, number=2003)


def test_wrong_credentials_are_denied(facts, mariadb):
    with pytest.raises(pymysql.OperationalError) as raised:
        connect(mariadb, user=mariadb.role, password="wrong")
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.PERMISSION_DENIED, sqlstate="28000", number=1045
    )


def test_a_database_without_rights_is_denied(facts, mariadb):
    with pytest.raises(pymysql.OperationalError) as raised:
        connect(mariadb, user=mariadb.role, password="secret")
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.PERMISSION_DENIED, sqlstate="42000", number=1044
    )


def test_a_table_without_rights_is_denied(facts, mariadb):
    with closing(connect(mariadb, user=mariadb.role, password="secret", database=None)) as own:
        cursor = own.cursor()
        with pytest.raises(pymysql.OperationalError) as raised:
            cursor.execute(f"SELECT * FROM {mariadb.database}.users")
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.PERMISSION_DENIED, sqlstate="42000", number=1142
    )


def test_a_missing_database_is_a_fault_of_the_set_up(facts, mariadb):
    with pytest.raises(pymysql.OperationalError) as raised:
        connect(mariadb, database="tightlip_nowhere")
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.PROGRAMMING, sqlstate="42000", number=1049
    )


def test_a_connection_that_the_server_ended_is_read(facts, mariadb):
    with closing(connect(mariadb)) as connection, closing(connect(mariadb)) as other:
        other.cursor().execute(f"KILL {connection.thread_id()}")
        with pytest.raises(pymysql.Error) as raised:
            connection.cursor().execute("SELECT 1")
    assert facts(raised.value).kind is DatabaseKind.CANNOT_CONNECT


def test_a_connection_that_is_closed_already_is_read(facts, mariadb):
    connection = connect(mariadb)
    connection.close()
    cursor = connection.cursor()
    with pytest.raises(pymysql.Error) as raised:
        cursor.execute("SELECT 1")
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.CANNOT_CONNECT, number=0)
