"""Fixtures for readers: real servers, a schema for each test, and failures that they really make."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import socketserver
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
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


@dataclass(frozen=True)
class _Failures:
    """The schema of a database, and the failures that are made in it, as the file of it says."""

    schema: str
    cases: list[Any]

    @classmethod
    def of(cls, database: str) -> _Failures:
        path = Path(__file__).with_name(f"{database}.toml")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(content["schema"], [pytest.param(c, id=c["name"]) for c in content["case"]])


_POSTGRESQL = _Failures.of("postgresql")
_MARIADB = _Failures.of("mariadb")
_SQLITE = _Failures.of("sqlite")


def _made(case: dict[str, Any], other: _Other | None = None, **names: str) -> Case:
    facts = dict(case["facts"])
    kind, columns = DatabaseKind(facts.pop("kind")), tuple(facts.pop("columns", ()))
    expected = DatabaseFailure(kind, columns=columns, **facts)
    return Case(case["name"], tuple(case["steps"]), expected, other, names)


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
        connection.execute(_POSTGRESQL.schema)
        try:
            yield place
        finally:
            connection.execute("SET lock_timeout = '20s'")
            connection.execute(f"DROP SCHEMA {name} CASCADE")
            connection.execute(f"DROP ROLE {place.role}")


@pytest.fixture(params=_POSTGRESQL.cases)
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


@pytest.fixture
def mariadb() -> Iterator[Place]:
    """A database with tables, and a user without rights in it."""
    name = f"tightlip_{secrets.token_hex(6)}"
    place = _place(MARIADB, database=name, role=name)
    with closing(_connect(_place(MARIADB))) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"CREATE USER {name}@'%' IDENTIFIED BY 'secret'")
        cursor.execute(f"USE {name}")
        for statement in _MARIADB.schema.strip().split(";\n"):
            cursor.execute(statement)
        connection.commit()
        try:
            yield place
        finally:
            cursor.execute(f"DROP DATABASE {name}")
            cursor.execute(f"DROP USER {name}@'%'")


@pytest.fixture(params=_MARIADB.cases)
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


@pytest.fixture
def sqlite_schema() -> str:
    return _SQLITE.schema


@pytest.fixture(params=_SQLITE.cases)
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
