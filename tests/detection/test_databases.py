"""What real databases say when a statement fails is found, also in a good answer."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pytest
import redis

from tightlip.detection.scanner import default_scanner
from tightlip.findings.finding import Category

POSTGRESQL = os.environ.get("TIGHTLIP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
MARIADB = os.environ.get("TIGHTLIP_TEST_MARIADB", "mysql://root@127.0.0.1:3306/test")
REDIS = os.environ.get("TIGHTLIP_TEST_REDIS", "redis://127.0.0.1:6379/0")

USERS = """CREATE TEMPORARY TABLE users (
    id integer PRIMARY KEY, email varchar(20) NOT NULL UNIQUE, age integer CHECK (age >= 18)
)"""
TABLES = (USERS, "INSERT INTO users VALUES (1, 'a@b.example', 36)")

EVERYWHERE = [
    "INSERT INTO users VALUES (1, 'c@d.example', 36)",
    "INSERT INTO users VALUES (2, 'a@b.example', 36)",
    "INSERT INTO users VALUES (3, NULL, 36)",
    "INSERT INTO users VALUES (4, 'e@f.example', 7)",
    "INSERT INTO users (id) VALUES (1, 2)",
    "INSERT INTO users (emial) VALUES ('a')",
    "UPDATE users SET emial = 'a'",
    "SELECT emial FROM users",
    "SELECT u.emial FROM users u",
    "SELECT id FROM users a, users b",
    "SELECT * FROM userz",
    "SELECT * FORM users",
    "SELECT lowr(email) FROM users",
    "SELECT (SELECT id, email FROM users)",
    "SELECT id FROM users WHERE count(*) > 1",
    "SELECT 1 UNION SELECT 1, 2",
    "SELECT * FROM users ORDER BY 9",
    "DROP TABLE userz",
    "CREATE TEMPORARY TABLE users (id integer)",
    "RELEASE SAVEPOINT nowhere",
]

IN_POSTGRESQL = [
    "SELECT * FROM users WHERE",
    "SELECT * FROM users WHERE email = 1",
    "SELECT * FROM users WHERE id = 'a'",
    "SELECT 'a'::uuid",
    "SELECT '{'::jsonb",
    "SELECT '{'::int[]",
    "SELECT '2024-13-01'::date",
    "SELECT 99999999999::integer",
    "SELECT sqrt(-1)",
    "SELECT id, count(*) FROM users",
    "SELECT jsonb_each('[]')",
    "SELECT 'a' ~ '('",
    "INSERT INTO users VALUES (5, 'an address that is too long for it', 36)",
    "INSERT INTO users VALUES (6, 'g@h.example', 36) ON CONFLICT (age) DO NOTHING",
    "ALTER TABLE users ADD COLUMN email text",
    "SELECT nextval('nowhere')",
    "SET nowhere = 1",
    "VACUUM",
    "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = 'x', DETAIL = 'y'; END $$",
]

IN_MARIADB = [
    "SELECT * FROM users WHERE",
    "INSERT INTO users (id, email, age) VALUES (5, 'g@h.example', 'a')",
    "INSERT INTO users (id, email) VALUES (6, 'an address that is too long for it')",
    "INSERT INTO users (id) VALUES (7)",
    "UPDATE users SET age = 99999999999",
    "SELECT * FROM nowhere.users",
    "SELECT CAST(1 AS UNSIGNED) - CAST(2 AS UNSIGNED)",
    "CALL nowhere()",
    "SET nowhere = 1",
    "KILL 99999999",
]

IN_SQLITE = [
    "SELECT * FROM users WHERE email = 'a",
    "INSERT INTO users VALUES (5, 'g@h.example')",
    "SELECT id FROM users WHERE email REGEXP 'a'",
    "ALTER TABLE users ADD COLUMN phone text NOT NULL",
    "COMMIT",
    "SELECT ?",
    "SELECT 1; SELECT 2",
]

IN_REDIS = [
    "GET list",
    "INCR word",
    "GTE word",
    "GET",
    "SET word value EX 0",
    "EXEC",
    "EVALSHA abc 0",
    "EVAL {} 0",
    "SELECT 99999",
    "XADD stream 0-0 key value",
    "AUTH somebody wrong",
]


def _is_told(error: BaseException) -> bool:
    findings = default_scanner().scan(str(error))
    return Category.DATABASE_ERROR in {finding.category for finding in findings}


@pytest.fixture(scope="module")
def postgresql():
    with psycopg.connect(POSTGRESQL) as connection:
        for statement in TABLES:
            connection.execute(statement)
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def mariadb():
    url = urlsplit(MARIADB)
    connection = pymysql.connect(
        host=url.hostname,
        port=url.port or 3306,
        user=unquote(url.username or "root"),
        password=unquote(url.password or ""),
        database=url.path.removeprefix("/"),
    )
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY'")
        for statement in TABLES:
            cursor.execute(statement)
        yield cursor


@pytest.fixture(scope="module")
def sqlite():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in TABLES:
            connection.execute(statement)
        yield connection


@pytest.mark.parametrize("statement", [*EVERYWHERE, *IN_POSTGRESQL])
def test_what_postgresql_says_is_found(postgresql, statement):
    with pytest.raises(psycopg.Error) as raised, postgresql.transaction():
        postgresql.execute(statement)
    assert _is_told(raised.value), raised.value


@pytest.mark.parametrize("statement", [*EVERYWHERE, *IN_MARIADB])
def test_what_mariadb_says_is_found(mariadb, statement):
    with pytest.raises(pymysql.Error) as raised:
        mariadb.execute(statement)
    assert _is_told(raised.value), raised.value
    assert _is_told(raised.value.args[1]), raised.value


@pytest.mark.parametrize("statement", [*EVERYWHERE, *IN_SQLITE])
def test_what_sqlite_says_is_found(sqlite, statement):
    with pytest.raises((sqlite3.Error, sqlite3.Warning)) as raised:
        sqlite.execute(statement).fetchall()
    assert _is_told(raised.value), raised.value


@pytest.mark.parametrize("command", IN_REDIS)
def test_what_redis_says_is_found(command):
    with closing(redis.Redis.from_url(REDIS)) as client:
        prefix = "tightlip-databases-"
        client.rpush(f"{prefix}list", "a")
        client.set(f"{prefix}word", "a")
        words = [
            prefix + word if word in {"list", "word", "stream"} else word
            for word in command.split()
        ]
        with pytest.raises(redis.RedisError) as raised:
            client.execute_command(*words)
        client.delete(f"{prefix}list", f"{prefix}word")
    assert _is_told(raised.value), raised.value
