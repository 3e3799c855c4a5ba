"""Fixtures for readers: real servers, a schema for each test, and failures that they really make."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pytest

from tightlip.failure import DatabaseFailure, DatabaseKind, Failure
from tightlip.plugins import find_for

POSTGRESQL = os.environ.get("TIGHTLIP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
MARIADB = os.environ.get("TIGHTLIP_TEST_MARIADB", "mysql://root@127.0.0.1:3306/test")
REDIS = os.environ.get("TIGHTLIP_TEST_REDIS", "redis://127.0.0.1:6379/0")


def _facts(exception: BaseException) -> Failure | None:
    for reader in find_for("translation.readers", exception):
        inside = reader.inside(exception) if hasattr(reader, "inside") else None
        if inside is not None:
            return _facts(inside)
        failure = reader.read(exception)
        if failure is not None:
            return failure
    return None


@pytest.fixture
def facts() -> Callable[[BaseException], Failure | None]:
    """What the readers of an exception's libraries tell of it, asked as the translator asks."""
    return _facts


@pytest.fixture
def closed_port() -> int:
    """A port of this host that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


@dataclass
class Case:
    """A failure, and what is to be known of it.

    A step is a statement of the connection under test, or `other: ...` for one that another
    connection carries out in between, or `waiting: ...` for one that it is left waiting in.
    """

    name: str
    steps: tuple[str, ...]
    facts: DatabaseFailure
    other: Any = field(default=None, repr=False)
    names: dict[str, str] = field(default_factory=dict)

    def statements(self) -> Iterator[str]:
        """Yield the statements for the connection under test; the last one fails."""
        for step in self.steps:
            actor, colon, statement = step.format(**self.names).partition(": ")
            if colon and actor in {"other", "waiting"}:
                getattr(self.other, actor)(statement)
            else:
                yield step.format(**self.names)

    def run(self, execute: Callable[[str], object]) -> None:
        """Execute the statements, and so make the failure."""
        for statement in self.statements():
            execute(statement)


def _case(name: str, *steps: str, kind: DatabaseKind, **facts: Any) -> Any:
    return pytest.param((name, steps, DatabaseFailure(kind, **facts)), id=name)


class _Other:
    """Another connection, which may be left waiting for a lock."""

    def __init__(self, connection: Any, is_waiting: Callable[[], bool]) -> None:
        self.connection = connection
        self.is_waiting = is_waiting
        self.thread: threading.Thread | None = None

    def other(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def waiting(self, statement: str) -> None:
        self.thread = threading.Thread(target=self.other, args=(statement,), daemon=True)
        self.thread.start()
        while not self.is_waiting():
            self.thread.join(0.01)
            assert self.thread.is_alive(), "the other connection did not wait"

    def close(self) -> None:
        if self.thread is not None:
            self.thread.join(20)
        self.connection.close()


# ---------------------------------------------------------------- PostgreSQL

_POSTGRESQL_SCHEMA = """
CREATE TABLE users (
    id integer PRIMARY KEY,
    email text NOT NULL CONSTRAINT users_email_key UNIQUE,
    name varchar(5),
    age smallint CONSTRAINT users_adult CHECK (age >= 18)
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    user_id integer CONSTRAINT orders_user_fkey REFERENCES users
);
CREATE TABLE bookings (
    during int4range,
    CONSTRAINT bookings_overlap EXCLUDE USING gist (during WITH &&)
);
CREATE UNIQUE INDEX orders_parity ON orders ((user_id % 2), id);
INSERT INTO users VALUES (1, 'a@b.example', 'Ada', 36), (2, 'c@d.example', 'Bob', 36);
INSERT INTO orders VALUES (1, 1);
INSERT INTO bookings VALUES ('[1,5)');
"""

_K = DatabaseKind
_POSTGRESQL_CASES = [
    _case(
        "unique",
        "INSERT INTO users VALUES (3, 'a@b.example')",
        kind=_K.UNIQUE,
        sqlstate="23505",
        constraint="users_email_key",
        table="users",
    ),
    _case(
        "exclusion",
        "INSERT INTO bookings VALUES ('[4,9)')",
        kind=_K.EXCLUSION,
        sqlstate="23P01",
        constraint="bookings_overlap",
        table="bookings",
    ),
    _case(
        "foreign key, no such row",
        "INSERT INTO orders VALUES (2, 99)",
        kind=_K.FOREIGN_KEY,
        sqlstate="23503",
        constraint="orders_user_fkey",
        table="orders",
    ),
    _case(
        "foreign key, still referred to",
        "DELETE FROM users WHERE id = 1",
        kind=_K.FOREIGN_KEY,
        sqlstate="23503",
        constraint="orders_user_fkey",
        table="orders",
    ),
    _case(
        "check",
        "INSERT INTO users VALUES (3, 'e@f.example', 'Eve', 17)",
        kind=_K.CHECK,
        sqlstate="23514",
        constraint="users_adult",
        table="users",
    ),
    _case(
        "not null",
        "INSERT INTO users VALUES (3, NULL)",
        kind=_K.NOT_NULL,
        sqlstate="23502",
        table="users",
        columns=("email",),
    ),
    _case(
        "too long",
        "UPDATE users SET name = 'Bartholomew'",
        kind=_K.INVALID_VALUE,
        sqlstate="22001",
    ),
    _case("out of range", "UPDATE users SET age = 99999", kind=_K.INVALID_VALUE, sqlstate="22003"),
    _case("bad text", "SELECT CAST('x' AS integer)", kind=_K.INVALID_VALUE, sqlstate="22P02"),
    _case("bad date", "SELECT CAST('2024-02-31' AS date)", kind=_K.INVALID_VALUE, sqlstate="22008"),
    _case("bad JSON", "SELECT CAST('x' AS json)", kind=_K.INVALID_VALUE, sqlstate="22P02"),
    _case(
        "deadlock",
        "SET deadlock_timeout = '50ms'",
        "BEGIN",
        "UPDATE users SET age = 40 WHERE id = 1",
        "other: SET deadlock_timeout = '1h'",
        "other: BEGIN",
        "other: UPDATE users SET age = 41 WHERE id = 2",
        "waiting: UPDATE users SET age = 41 WHERE id = 1",
        "UPDATE users SET age = 40 WHERE id = 2",
        kind=_K.DEADLOCK,
        sqlstate="40P01",
    ),
    _case(
        "serialization",
        "BEGIN ISOLATION LEVEL REPEATABLE READ",
        "SELECT * FROM users",
        "other: UPDATE users SET age = 41 WHERE id = 1",
        "UPDATE users SET age = 40 WHERE id = 1",
        kind=_K.SERIALIZATION,
        sqlstate="40001",
    ),
    _case(
        "lock timeout",
        "SET lock_timeout = '20ms'",
        "other: BEGIN",
        "other: LOCK TABLE users",
        "UPDATE users SET age = 40",
        kind=_K.LOCK_TIMEOUT,
        sqlstate="55P03",
    ),
    _case(
        "statement timeout",
        "SET statement_timeout = '20ms'",
        "SELECT pg_sleep(30)",
        kind=_K.STATEMENT_TIMEOUT,
        sqlstate="57014",
    ),
    _case(
        "read-only",
        "SET default_transaction_read_only = on",
        "DELETE FROM orders",
        kind=_K.READ_ONLY,
        sqlstate="25006",
    ),
    _case(
        "permission denied",
        "SET ROLE {role}",
        "SELECT * FROM {schema}.users",
        kind=_K.PERMISSION_DENIED,
        sqlstate="42501",
    ),
    _case("undefined table", "SELECT * FROM nowhere", kind=_K.PROGRAMMING, sqlstate="42P01"),
    _case("undefined column", "SELECT nothing FROM users", kind=_K.PROGRAMMING, sqlstate="42703"),
    _case("syntax error", "SELEKT 1", kind=_K.PROGRAMMING, sqlstate="42601"),
    _case(
        "raised by a function",
        "DO $$ BEGIN RAISE EXCEPTION 'the words of a trigger'; END $$",
        kind=_K.INTERNAL,
        sqlstate="P0001",
    ),
    _case(
        "raised with a code of the author's",
        "DO $$ BEGIN RAISE EXCEPTION 'the words of a trigger' USING ERRCODE = 'TL001'; END $$",
        kind=_K.INTERNAL,
        sqlstate="TL001",
    ),
]


@dataclass(frozen=True)
class Place:
    """A schema of PostgreSQL, or a database of MariaDB, that is one test's own."""

    host: str
    port: int
    user: str
    password: str
    database: str
    schema: str = ""
    role: str = ""


def _place(address: str, **own: str) -> Place:
    parts = urlsplit(address)
    return Place(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 0,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=own.pop("database", parts.path.lstrip("/")),
        **own,
    )


@pytest.fixture
def postgresql() -> Iterator[Place]:
    """A schema with tables, and a role without rights."""
    name = f"tightlip_{secrets.token_hex(6)}"
    place = _place(POSTGRESQL, schema=name, role=f"{name}_role")
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        connection.execute(f"CREATE ROLE {place.role}")
        connection.execute(f"SET search_path = {name}")
        connection.execute(_POSTGRESQL_SCHEMA)
        try:
            yield place
        finally:
            connection.execute("SET lock_timeout = '20s'")
            connection.execute(f"DROP SCHEMA {name} CASCADE")
            connection.execute(f"DROP ROLE {place.role}")


@pytest.fixture(params=_POSTGRESQL_CASES)
def postgresql_case(request: Any, postgresql: Place) -> Iterator[Case]:
    """One failure of PostgreSQL; the connection under test sets its search_path first."""
    connection = psycopg.connect(
        POSTGRESQL, autocommit=True, options=f"-c search_path={postgresql.schema}"
    )
    backend = connection.info.backend_pid

    def is_waiting() -> bool:
        with psycopg.connect(POSTGRESQL, autocommit=True) as watching:
            found = watching.execute(
                "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", (backend,)
            ).fetchone()
        return found == ("Lock",)

    other = _Other(connection, is_waiting)
    try:
        yield _made(request.param, other, schema=postgresql.schema, role=postgresql.role)
    finally:
        other.close()


def _made(parameters: Any, other: _Other | None = None, **names: str) -> Case:
    name, steps, facts = parameters
    return Case(name, steps, facts, other, names)


_GERMAN = "de_DE.UTF-8"


@pytest.fixture(scope="session")
def german() -> str:
    """A locale in which this PostgreSQL speaks German; made on this host where it may be.

    A locale that is made in a folder of its own, and not in the archive of all, is there for a
    server that runs already.
    """
    if not _speaks_german() and shutil.which("localedef"):
        command = ["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", _GERMAN]
        subprocess.run(command, check=False, capture_output=True)
    if not _speaks_german():
        pytest.skip(
            f"PostgreSQL does not speak German here: its host needs the locale {_GERMAN}, made "
            "by localedef before the server started, and the server its translations"
        )
    return _GERMAN


def _speaks_german() -> bool:
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        try:
            connection.execute(f"SET lc_messages = '{_GERMAN}'")
            connection.execute("SELECT 1/0")
        except psycopg.errors.InvalidParameterValue:
            return False
        except psycopg.errors.DivisionByZero as error:
            return "Division durch Null" in str(error)
    raise AssertionError("a division by zero went well")


# ------------------------------------------------------------------- MariaDB

_MARIADB_SCHEMA = """
CREATE TABLE users (
    id integer PRIMARY KEY,
    email varchar(150) NOT NULL,
    name varchar(5),
    age tinyint CHECK (age >= 18),
    CONSTRAINT email_key UNIQUE (email),
    CONSTRAINT name_is_lower CHECK (BINARY name = lower(name))
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    user_id integer,
    placed date,
    CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id)
);
INSERT INTO users VALUES (1, 'a@b.example', 'ada', 36), (2, 'c@d.example', 'bob', 36);
INSERT INTO users VALUES (3, 'g@h.example', 'cat', 36), (4, 'i@j.example', 'dan', 36);
INSERT INTO orders (id, user_id) VALUES (1, 1);
"""

# A value that does its best to look like the end of the message.
_SLY = "x'' for key ''users.other_key"

# What differs by driver: mysqlclient tells no SQLSTATE.
_MARIADB_CASES = [
    _case(
        "unique",
        "INSERT INTO users VALUES (9, 'a@b.example', NULL, NULL)",
        kind=_K.UNIQUE,
        sqlstate="23000",
        number=1062,
        constraint="email_key",
    ),
    _case(
        "unique, with a sly value",
        f"INSERT INTO users VALUES (8, '{_SLY}', NULL, NULL)",
        f"INSERT INTO users VALUES (9, '{_SLY}', NULL, NULL)",
        kind=_K.UNIQUE,
        sqlstate="23000",
        number=1062,
        constraint="email_key",
    ),
    _case(
        "primary key",
        "INSERT INTO users VALUES (1, 'e@f.example', NULL, NULL)",
        kind=_K.UNIQUE,
        sqlstate="23000",
        number=1062,
        constraint="PRIMARY",
    ),
    _case(
        "foreign key, no such row",
        "INSERT INTO orders (id, user_id) VALUES (2, 99)",
        kind=_K.FOREIGN_KEY,
        sqlstate="23000",
        number=1452,
        constraint="orders_user",
        table="orders",
        columns=("user_id",),
    ),
    _case(
        "foreign key, still referred to",
        "DELETE FROM users WHERE id = 1",
        kind=_K.FOREIGN_KEY,
        sqlstate="23000",
        number=1451,
        constraint="orders_user",
        table="orders",
        columns=("user_id",),
    ),
    _case(
        "check",
        "UPDATE users SET name = 'ADA'",
        kind=_K.CHECK,
        sqlstate="23000",
        number=4025,
        constraint="name_is_lower",
        table="users",
    ),
    _case(
        "check of a column",
        "UPDATE users SET age = 17",
        kind=_K.CHECK,
        sqlstate="23000",
        number=4025,
        constraint="users.age",
        table="users",
    ),
    _case(
        "not null",
        "INSERT INTO users VALUES (9, NULL, NULL, NULL)",
        kind=_K.NOT_NULL,
        sqlstate="23000",
        number=1048,
        columns=("email",),
    ),
    _case(
        "no default",
        "INSERT INTO users (id) VALUES (9)",
        kind=_K.NOT_NULL,
        sqlstate="HY000",
        number=1364,
        columns=("email",),
    ),
    _case(
        "too long",
        "UPDATE users SET name = 'bartholomew'",
        kind=_K.INVALID_VALUE,
        sqlstate="22001",
        number=1406,
    ),
    _case(
        "out of range",
        "UPDATE users SET age = 99999",
        kind=_K.INVALID_VALUE,
        sqlstate="22003",
        number=1264,
    ),
    _case(
        "bad text",
        "UPDATE users SET age = 'old'",
        kind=_K.INVALID_VALUE,
        sqlstate="22007",
        number=1366,
    ),
    _case(
        "bad date",
        "UPDATE orders SET placed = 'yesterday'",
        kind=_K.INVALID_VALUE,
        sqlstate="22007",
        number=1292,
    ),
    _case(
        "deadlock",
        "START TRANSACTION",
        "UPDATE users SET age = 40 WHERE id = 1",
        "other: START TRANSACTION",
        "other: UPDATE users SET age = 41 WHERE id = 2",
        "other: UPDATE users SET age = 41 WHERE id = 3",
        "other: UPDATE users SET age = 41 WHERE id = 4",
        "waiting: UPDATE users SET age = 41 WHERE id = 1",
        "UPDATE users SET age = 40 WHERE id = 2",
        kind=_K.DEADLOCK,
        sqlstate="40001",
        number=1213,
    ),
    _case(
        "lock timeout",
        "SET innodb_lock_wait_timeout = 0",
        "other: START TRANSACTION",
        "other: UPDATE users SET age = 41",
        "UPDATE users SET age = 40",
        kind=_K.LOCK_TIMEOUT,
        sqlstate="HY000",
        number=1205,
    ),
    _case(
        "statement timeout",
        "SET max_statement_time = 0.02",
        "SELECT SLEEP(30) FROM users",
        kind=_K.STATEMENT_TIMEOUT,
        sqlstate="70100",
        number=1969,
    ),
    _case(
        "read-only",
        "START TRANSACTION READ ONLY",
        "DELETE FROM orders",
        kind=_K.READ_ONLY,
        sqlstate="25006",
        number=1792,
    ),
    _case(
        "undefined table",
        "SELECT * FROM nowhere",
        kind=_K.PROGRAMMING,
        sqlstate="42S02",
        number=1146,
    ),
    _case(
        "undefined column",
        "SELECT nothing FROM users",
        kind=_K.PROGRAMMING,
        sqlstate="42S22",
        number=1054,
    ),
    _case("syntax error", "SELEKT 1", kind=_K.PROGRAMMING, sqlstate="42000", number=1064),
    _case(
        "raised by a routine",
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the words of a trigger'",
        kind=_K.INTERNAL,
        sqlstate="45000",
        number=1644,
    ),
]


@pytest.fixture
def mariadb() -> Iterator[Place]:
    """A database with tables, and a user without rights in it."""
    name = f"tightlip_{secrets.token_hex(6)}"
    place = _place(MARIADB, database=name, role=name)
    with closing(_connect(_place(MARIADB))) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"CREATE USER {name}@'%' IDENTIFIED BY 'secret'")
        cursor.execute(f"USE {name}")
        for statement in _MARIADB_SCHEMA.strip().split(";\n"):
            cursor.execute(statement)
        connection.commit()
        try:
            yield place
        finally:
            cursor.execute(f"DROP DATABASE {name}")
            cursor.execute(f"DROP USER {name}@'%'")


@pytest.fixture(params=_MARIADB_CASES)
def mariadb_case(request: Any, mariadb: Place) -> Iterator[Case]:
    """One failure of MariaDB; the connection under test is in autocommit."""
    connection = _connect(mariadb)
    thread = connection.thread_id()

    def is_waiting() -> bool:
        with closing(_connect(mariadb)) as watching, watching.cursor() as cursor:
            cursor.execute(
                "SELECT trx_state FROM information_schema.innodb_trx "
                "WHERE trx_mysql_thread_id = %s",
                (thread,),
            )
            return cursor.fetchone() == ("LOCK WAIT",)

    other = _Other(connection, is_waiting)
    try:
        yield _made(request.param, other)
    finally:
        other.close()


def _connect(place: Place) -> Any:
    return pymysql.connect(
        host=place.host,
        port=place.port or 3306,
        user=place.user,
        password=place.password,
        database=place.database,
        autocommit=True,
    )


# -------------------------------------------------------------------- SQLite

_SQLITE_SCHEMA = """
PRAGMA foreign_keys = on;
CREATE TABLE users (
    id integer PRIMARY KEY,
    tenant integer,
    email text NOT NULL,
    age integer CONSTRAINT adult CHECK (age >= 18),
    UNIQUE (tenant, email)
);
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users);
CREATE UNIQUE INDEX users_lower_email ON users (tenant, upper(email)) WHERE tenant = 2;
CREATE TRIGGER no_age BEFORE DELETE ON users WHEN old.age = 99
BEGIN SELECT raise(ABORT, 'the words of a trigger'); END;
CREATE TABLE strict_one (number integer) STRICT;
INSERT INTO users VALUES (1, 1, 'a@b.example', 36), (2, 1, 'c@d.example', 99);
INSERT INTO orders VALUES (1, 1);
"""

_SQLITE_CASES = [
    _case(
        "unique",
        "INSERT INTO users VALUES (9, 1, 'a@b.example', 36)",
        kind=_K.UNIQUE,
        number=2067,
        table="users",
        columns=("tenant", "email"),
    ),
    _case(
        "unique by expression",
        "INSERT INTO users VALUES (8, 2, 'a@b.example', 36)",
        "INSERT INTO users VALUES (9, 2, 'A@B.example', 36)",
        kind=_K.UNIQUE,
        number=2067,
        constraint="users_lower_email",
    ),
    _case(
        "primary key",
        "INSERT INTO users VALUES (1, 2, 'e@f.example', 36)",
        kind=_K.UNIQUE,
        number=1555,
        table="users",
        columns=("id",),
    ),
    _case("foreign key", "INSERT INTO orders VALUES (2, 99)", kind=_K.FOREIGN_KEY, number=787),
    _case("check", "UPDATE users SET age = 17", kind=_K.CHECK, number=275, constraint="adult"),
    _case(
        "not null",
        "INSERT INTO users (id) VALUES (9)",
        kind=_K.NOT_NULL,
        number=1299,
        table="users",
        columns=("email",),
    ),
    _case("trigger", "DELETE FROM users WHERE id = 2", kind=_K.CHECK, number=1811),
    _case("datatype", "INSERT INTO strict_one VALUES ('x')", kind=_K.INVALID_VALUE, number=3091),
    _case(
        "mismatch",
        "INSERT INTO users (id, email) VALUES ('x', 'y')",
        kind=_K.INVALID_VALUE,
        number=20,
    ),
    _case("too large", "SELECT zeroblob(2000000000)", kind=_K.INVALID_VALUE, number=18),
    _case("undefined table", "SELECT * FROM nowhere", kind=_K.PROGRAMMING, number=1),
    _case("syntax error", "SELEKT 1", kind=_K.PROGRAMMING, number=1),
    _case("read-only", "PRAGMA query_only = on", "DELETE FROM orders", kind=_K.READ_ONLY, number=8),
]


@pytest.fixture
def sqlite_schema() -> str:
    return _SQLITE_SCHEMA


@pytest.fixture(params=_SQLITE_CASES)
def sqlite_case(request: Any) -> Case:
    """One failure of SQLite."""
    return _made(request.param)


# ------------------------------------------------------------------- Network

_ANSWERS = {
    "failing": b"HTTP/1.1 500 Oh\r\nconnection: close\r\ncontent-length: 22\r\n\r\nconnect to 10.0.0.5 not",
    "not JSON": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\n<xml>",
    "no HTTP": b"220 mail.internal ESMTP\r\n\r\n",
    "hanging up": b"",
    "cut short": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nonly this",
    "stopping": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nonly this",
    "badly packed": (
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: 5\r\n\r\nplain"
    ),
    "redirecting": b"HTTP/1.1 302 F\r\nlocation: /\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    "silent": b"",
}


class _Upstream(socketserver.ThreadingTCPServer):
    """Answers each connection with the same bytes, then hangs up, or stays until it is closed."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, answer: bytes, *, stays: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answer = answer
        self.stays = stays
        self.closing = threading.Event()


class _Answering(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            self.request.recv(65536)
            self.request.sendall(self.server.answer)
            if self.server.stays:
                self.server.closing.wait(20)
        except OSError:
            pass


@pytest.fixture
def upstream() -> Iterator[Callable[[str], str]]:
    """Serve a service of that behaviour; the answer is its URL."""
    servers: list[_Upstream] = []

    def serve(behaviour: str) -> str:
        server = _Upstream(_ANSWERS[behaviour], stays=behaviour in {"silent", "stopping"})
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield serve
    for server in servers:
        server.closing.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def nobody(closed_port: int) -> str:
    """A URL that nobody answers at."""
    return f"http://127.0.0.1:{closed_port}/"


# --------------------------------------------------------------------- Redis


@pytest.fixture
def redis_address() -> str:
    return REDIS


@pytest.fixture
def prefix() -> str:
    """What the names of one test's keys begin with."""
    return f"tightlip:{secrets.token_hex(6)}:"
