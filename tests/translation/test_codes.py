from __future__ import annotations

import re
import sqlite3
import tomllib
from importlib.resources import files
from types import ModuleType

import asyncpg.exceptions
import psycopg.errors
import pymysql.constants.CR
import pymysql.constants.ER
import pytest

from tightlip.failure import DatabaseKind
from tightlip.translation import codes
from tightlip.translation.codes import TableError, by_mysql, by_sqlite, by_sqlstate

K = DatabaseKind
TABLES = files("tightlip.translation") / "tables"


def content(name: str) -> dict:
    return tomllib.loads((TABLES / name).read_text(encoding="utf-8"))


# ---------------------------------------------------------------- PostgreSQL

SQLSTATES = {
    code: cls for code, cls in psycopg.errors._sqlcodes.items() if re.fullmatch("[0-9A-Z]{5}", code)
}
ASYNCPG = {
    cls.sqlstate: cls
    for cls in vars(asyncpg.exceptions).values()
    if isinstance(getattr(cls, "sqlstate", None), str) and len(cls.sqlstate) == 5
}


def test_every_sqlstate_that_the_drivers_know_has_a_row_of_its_own():
    rows = codes.sqlstate_rows(content("sqlstate.toml"), "sqlstate.toml")
    assert len(SQLSTATES) > 240
    assert len(ASYNCPG) > 240
    assert sorted({*SQLSTATES, *ASYNCPG} - rows.keys()) == []


def test_every_condition_has_the_name_that_psycopg_gives_it():
    names = {
        code: re.sub("_", "", by_sqlstate(code).name).lower()
        for code in SQLSTATES
        if by_sqlstate(code) is not None
    }
    for code, cls in SQLSTATES.items():
        theirs = cls.__name__.removesuffix("_").removesuffix("Ext").lower()
        assert names[code] == theirs, code


def test_every_class_of_sqlstate_has_a_row_and_speaks_for_codes_to_come():
    for code in {*SQLSTATES, *ASYNCPG}:
        row = by_sqlstate(f"{code[:2]}ZZZ")
        assert row is not None, code
        assert row.name[0].isupper()


@pytest.mark.parametrize("sqlstate", ["QQ000", "", "2", "23", "23_05", "2350", "235055", "ÄÖ000"])
def test_what_is_no_known_sqlstate_has_no_row(sqlstate):
    assert by_sqlstate(sqlstate) is None


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("23505", K.UNIQUE),
        ("23P01", K.EXCLUSION),
        ("23503", K.FOREIGN_KEY),
        ("23001", K.FOREIGN_KEY),
        ("23514", K.CHECK),
        ("23000", K.CHECK),
        ("44000", K.CHECK),
        ("23502", K.NOT_NULL),
        ("22001", K.INVALID_VALUE),
        ("22003", K.INVALID_VALUE),
        ("22P02", K.INVALID_VALUE),
        ("54000", K.INVALID_VALUE),
        ("40P01", K.DEADLOCK),
        ("40001", K.SERIALIZATION),
        ("55P03", K.LOCK_TIMEOUT),
        ("57014", K.STATEMENT_TIMEOUT),
        ("25P03", K.STATEMENT_TIMEOUT),
        ("25P04", K.STATEMENT_TIMEOUT),
        ("08006", K.CANNOT_CONNECT),
        ("57P03", K.CANNOT_CONNECT),
        ("53300", K.TOO_MANY_CONNECTIONS),
        ("57P01", K.SHUTTING_DOWN),
        ("57P02", K.SHUTTING_DOWN),
        ("25006", K.READ_ONLY),
        ("53100", K.DISK_FULL),
        ("53200", K.DISK_FULL),
        ("42501", K.PERMISSION_DENIED),
        ("28P01", K.PERMISSION_DENIED),
        ("42P01", K.PROGRAMMING),
        ("42703", K.PROGRAMMING),
        ("42601", K.PROGRAMMING),
        ("3D000", K.PROGRAMMING),
        ("25P02", K.PROGRAMMING),
        ("P0001", K.INTERNAL),
        ("XX000", K.INTERNAL),
        ("58030", K.INTERNAL),
    ],
)
def test_an_sqlstate_has_the_kind_that_its_manual_means(sqlstate, kind):
    assert by_sqlstate(sqlstate).kind is kind


def test_every_data_exception_is_an_invalid_value():
    assert {by_sqlstate(code).kind for code in SQLSTATES if code[:2] == "22"} == {K.INVALID_VALUE}


# --------------------------------------------------------------------- MySQL

# Numbers that no request of an application's client leads to, by what they concern.
DEFINITIONS = re.compile(
    "DUP_KEYNAME|NULL_COLUMN_IN_INDEX|PRIMARY_CANT_HAVE_NULL|SPATIAL_CANT_HAVE_NULL|PARTITION|"
    "RANGE_NOT_INCREASING|RANGE_LIST|OUTSIDE_RANGE|PART_RANGE|NULL_IN_VALUES|TRUNCATE_ILLEGAL_FK|"
    "FK_COLUMN_NOT_NULL|ALTER_|_CHECKSUM|FUNCTION_NOT_CHECK|VIEW_NONUPD_CHECK|DB_WITH_READ_LOCK"
)
OPERATION = re.compile(
    "MASTER|SLAVE|GTID|BINLOG|_RBR$|DEBUG_SYNC|LOG_TABLE|SYSTEM_TABLE|DELAYED|ON_BLOCKHOLE|"
    "VARIABLE_IS_READONLY|COND_ITEM|FOREIGN_DATA_STRING"
)
DRIVER_ITSELF = re.compile(
    "LOCALHOST_CONNECTION|TCP_CONNECTION|EMBEDDED_CONNECTION|PROBE_|NULL_POINTER|DATA_TRUNCATED|"
    "ALREADY_CONNECTED|DUPLICATE_CONNECTION_ATTR"
)
FAMILIES = re.compile(
    "DUP_(ENTRY|KEY|UNIQUE)|NULL|TIMEOUT|LOCK|READ_?ONLY|DENIED|CONN|SHUTDOWN|DATA_TOO_LONG|"
    "RANGE|WRONG_VALUE|TRUNC|INTERR|KILL|MEMORY|CONSTRAINT|REFERENCED|(^|_)NET_|RBROLL|DISK|"
    "(FILE|CACHE|TABLE)_FULL"
)


def numbers_of(*modules: ModuleType) -> dict[int, str]:
    return {
        number: name.removeprefix("CR_")
        for module in modules
        for name, number in vars(module).items()
        if name.isupper() and isinstance(number, int)
    }


def assert_every_number_is_decided(numbers: dict[int, str]) -> None:
    """Each has a row, or concerns nothing that a client's request leads to."""
    forgotten = {
        number: name
        for number, name in numbers.items()
        if by_mysql(number) is None
        and FAMILIES.search(name)
        and not any(known.search(name) for known in (DEFINITIONS, OPERATION, DRIVER_ITSELF))
    }
    assert forgotten == {}


def test_every_number_that_pymysql_knows_has_a_row_or_concerns_no_request():
    numbers = numbers_of(pymysql.constants.ER, pymysql.constants.CR)
    assert len(numbers) > 500
    assert_every_number_is_decided(numbers)


def test_every_number_that_mysqlclient_knows_has_a_row_or_concerns_no_request():
    constants = pytest.importorskip("MySQLdb.constants", reason="mysqlclient is not installed")
    from MySQLdb.constants import CR, ER

    assert constants
    numbers = numbers_of(ER, CR)
    assert len(numbers) > 500
    assert_every_number_is_decided(numbers)


def test_every_number_that_pymysql_calls_an_integrity_or_data_error_has_a_row():
    wanted = {
        number
        for number, cls in pymysql.err.error_map.items()
        if cls in (pymysql.err.IntegrityError, pymysql.err.DataError)
    }
    wanted -= {1171, 1230}  # a key that may be NULL, a default that is none: definitions
    assert sorted(number for number in wanted if by_mysql(number) is None) == []


def test_every_row_has_the_name_that_the_drivers_give_its_number():
    theirs = numbers_of(pymysql.constants.ER, pymysql.constants.CR)
    rows, _ = codes.mysql_rows(content("mysql.toml"), "mysql.toml")
    names = {number: re.sub("^(ER|CR)_", "", row.name) for number, row in rows.items()}
    shared = theirs.keys() & rows.keys()
    assert len(shared) > 100
    assert {n: (names[n], theirs[n]) for n in shared if names[n] != theirs[n]} == {}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (1062, K.UNIQUE),
        (1586, K.UNIQUE),
        (1451, K.FOREIGN_KEY),
        (1452, K.FOREIGN_KEY),
        (1216, K.FOREIGN_KEY),
        (1217, K.FOREIGN_KEY),
        (3819, K.CHECK),
        (4025, K.CHECK),
        (1048, K.NOT_NULL),
        (1364, K.NOT_NULL),
        (1406, K.INVALID_VALUE),
        (1264, K.INVALID_VALUE),
        (1265, K.INVALID_VALUE),
        (1366, K.INVALID_VALUE),
        (1292, K.INVALID_VALUE),
        (1213, K.DEADLOCK),
        (1205, K.LOCK_TIMEOUT),
        (3024, K.STATEMENT_TIMEOUT),
        (1969, K.STATEMENT_TIMEOUT),
        (1040, K.TOO_MANY_CONNECTIONS),
        (1203, K.TOO_MANY_CONNECTIONS),
        (1226, K.TOO_MANY_CONNECTIONS),
        (2002, K.CANNOT_CONNECT),
        (2003, K.CANNOT_CONNECT),
        (2005, K.CANNOT_CONNECT),
        (2006, K.CANNOT_CONNECT),
        (2013, K.CANNOT_CONNECT),
        (1053, K.SHUTTING_DOWN),
        (1077, K.SHUTTING_DOWN),
        (1290, K.READ_ONLY),
        (1792, K.READ_ONLY),
        (1836, K.READ_ONLY),
        (1021, K.DISK_FULL),
        (1114, K.DISK_FULL),
        (1142, K.PERMISSION_DENIED),
        (1143, K.PERMISSION_DENIED),
        (1044, K.PERMISSION_DENIED),
        (1045, K.PERMISSION_DENIED),
        (1146, K.PROGRAMMING),
        (1054, K.PROGRAMMING),
        (1064, K.PROGRAMMING),
        (1049, K.PROGRAMMING),
        (1052, K.PROGRAMMING),
    ],
)
def test_a_number_of_mysql_has_the_kind_that_its_manual_means(number, kind):
    assert by_mysql(number).kind is kind
    assert by_mysql(number, "HY000").kind is kind


def test_a_number_without_a_row_has_the_kind_of_its_sqlstate():
    assert by_mysql(31999) is None
    assert by_mysql(31999, "HY000") is None
    assert by_mysql(31999, "no SQLSTATE") is None
    assert by_mysql(31999, "23ABC").kind is K.CHECK
    assert by_mysql(31999, "42S99").kind is K.PROGRAMMING


# -------------------------------------------------------------------- SQLite


def test_every_error_code_that_python_knows_has_a_row_of_its_own():
    limits = re.compile("SQLITE_(LIMIT|DBCONFIG|CREATE|DROP|ALTER|READ$|SELECT|UPDATE|INSERT)")
    # Actions of an authorizer, its answers, and results that are no errors.
    others = {
        "SQLITE_ANALYZE", "SQLITE_ATTACH", "SQLITE_DELETE", "SQLITE_DENY", "SQLITE_DETACH",
        "SQLITE_DONE", "SQLITE_FUNCTION", "SQLITE_IGNORE", "SQLITE_OK",
        "SQLITE_OK_LOAD_PERMANENTLY", "SQLITE_OK_SYMLINK", "SQLITE_PRAGMA", "SQLITE_RECURSIVE",
        "SQLITE_REINDEX", "SQLITE_ROW", "SQLITE_SAVEPOINT", "SQLITE_TRANSACTION",
    }  # fmt: skip
    errors = {
        name: value
        for name, value in vars(sqlite3).items()
        if name.startswith("SQLITE_") and not limits.match(name) and name not in others
    }
    assert len(errors) > 80
    assert {n for n, value in errors.items() if by_sqlite(value).name != n} == set()


def test_an_extended_code_to_come_has_the_row_of_its_primary_code():
    assert by_sqlite(19 | 200 << 8).kind is K.CHECK
    assert by_sqlite(8 | 200 << 8).kind is K.READ_ONLY


@pytest.mark.parametrize("code", [0, 100, 101, 0 | 1 << 8, 255, -1])
def test_what_is_no_error_has_no_row(code):
    assert by_sqlite(code) is None


# ------------------------------------------------------------------- Loading


def test_every_row_says_why_in_a_sentence():
    rows = [
        *codes.sqlstate_rows(content("sqlstate.toml"), "sqlstate.toml").values(),
        *(row for part in codes.mysql_rows(content("mysql.toml"), "m") for row in part.values()),
        *codes.sqlite_rows(content("sqlite.toml"), "sqlite.toml").values(),
    ]
    assert len(rows) > 500
    for row in rows:
        assert re.fullmatch(r"[A-Z].{10,}\.", row.reason), row


SQLSTATE = {"code": "23", "name": "N", "kind": "check", "reason": "R.", "conditions": {}}
NUMBER = {"number": 1, "name": "N", "kind": "check", "reason": "R."}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "t.toml: class is missing: write at least one [[class]]"),
        ({"class": []}, "t.toml: class is missing: write at least one [[class]]"),
        ({"class": [SQLSTATE], "row": 1}, "t.toml: unknown key 'row': keys are class"),
        ({"class": ["x"]}, "t.toml: class 1: is no table"),
        ({"class": [{**SQLSTATE, "kid": 1}]}, "t.toml: class 1: unknown key 'kid'"),
        ({"class": [{**SQLSTATE, "name": ""}]}, "t.toml: class 1: name is '', not str"),
        ({"class": [{"code": "23"}]}, "t.toml: class 1: kind is missing"),
        ({"class": [{**SQLSTATE, "kind": "odd"}]}, "t.toml: class '23': kind 'odd' is unknown"),
        ({"class": [SQLSTATE, SQLSTATE]}, "t.toml: class '23': '23' stands there already"),
        (
            {"class": [{**SQLSTATE, "conditions": {"22000": "n"}}]},
            "t.toml: class '23': condition '22000' is no code and name of it",
        ),
        (
            {
                "class": [
                    {**SQLSTATE, "exception": [{"code": "23505", "kind": "unique", "reason": "R."}]}
                ]
            },
            "t.toml: class '23': exception '23505' is none of its conditions",
        ),
        (
            {"class": [{**SQLSTATE, "exception": [{"code": "23505"}]}]},
            "t.toml: class '23': exception 1: kind is missing",
        ),
    ],
)
def test_a_table_of_sqlstates_that_cannot_stand_is_refused_by_file_and_row(table, message):
    with pytest.raises(TableError) as raised:
        codes.sqlstate_rows(table, "t.toml")
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"code": [NUMBER, NUMBER]}, "t.toml: code 2: 1 stands there already: each once"),
        ({"code": [{**NUMBER, "number": "1"}]}, "t.toml: code 1: number is '1', not int"),
        ({"code": [{**NUMBER, "number": True}]}, "t.toml: code 1: number is True, not int"),
        ({"codes": [NUMBER]}, "t.toml: unknown key 'codes': keys are code"),
    ],
)
def test_a_table_of_numbers_that_cannot_stand_is_refused_by_file_and_row(table, message):
    with pytest.raises(TableError) as raised:
        codes.sqlite_rows(table, "t.toml")
    assert str(raised.value).startswith(message)


def test_a_table_of_mysql_needs_numbers_and_classes():
    classes = [{"code": "23", "name": "N", "kind": "check", "reason": "R."}]
    with pytest.raises(TableError, match=r"t\.toml: error is missing"):
        codes.mysql_rows({"class": classes}, "t.toml")
    with pytest.raises(TableError, match=r"t\.toml: class is missing"):
        codes.mysql_rows({"error": [NUMBER]}, "t.toml")
    with pytest.raises(TableError, match=r"t\.toml: unknown key 'row'"):
        codes.mysql_rows({"error": [NUMBER], "class": classes, "row": 1}, "t.toml")


def test_a_table_is_read_once():
    assert codes._sqlstates() is codes._sqlstates()
    assert by_sqlstate("23505") is by_sqlstate("23505")
