"""The demo's database: SQLite in a temporary file, or a schema of its own on PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from tightlip.demo.shop.models import Base, fill
from tightlip.incidents.spool import lock

_PREFIX = "tightlip-demo-"
_FILE = "shop.sqlite3"
_CONNECT_TIMEOUT = 5  # seconds
_ACCEPTED = "a PostgreSQL address, such as postgresql://user@127.0.0.1:5432/name"


class DatabaseUnavailableError(Exception):
    """The database cannot be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a process needs to reach the shop's tables.

    Attributes:
        url: The address, with its password.
        schema: The schema on PostgreSQL; None on SQLite.
    """

    url: URL
    schema: str | None = None

    def connect(self) -> Engine:
        """Return an engine on the tables; whoever takes it disposes of it."""
        if self.schema is None:
            return create_engine(self.url)
        engine = create_engine(self.url, connect_args={"connect_timeout": _CONNECT_TIMEOUT})

        @event.listens_for(engine, "connect")
        def use_schema(connection: Any, _record: Any) -> None:
            connection.execute(f'SET search_path TO "{self.schema}"')
            connection.commit()

        return engine


@dataclass(frozen=True, slots=True)
class Database:
    """An open database with the shop's tables in it.

    Attributes:
        description: Where it is, without a password.
        open_session: Opens a session.
        source: Opens it in another process.
    """

    description: str
    open_session: Callable[[], Session]
    source: Source


@contextmanager
def open_database(address: str | None) -> Iterator[Database]:
    """Open the database, make and fill the tables; remove all of it at the end.

    Args:
        address: The address of a PostgreSQL database (SQLAlchemy's URL); SQLite without one.

    Raises:
        DatabaseUnavailableError: The address is none, or the database cannot be reached.
    """
    if address is None:
        with _temporary_directory() as directory:
            file = directory / _FILE
            source = Source(URL.create("sqlite", database=str(file)))
            with _filled(source.connect()) as engine:
                yield Database(f"SQLite, {file}", sessionmaker(engine), source)
    else:
        source = Source(_read(address), f"tightlip_demo_{secrets.token_hex(4)}")
        with _schema(source) as (engine, description), _filled(engine):
            yield Database(description, sessionmaker(engine), source)


@contextmanager
def _temporary_directory() -> Iterator[Path]:
    """Make a directory and remove it at the end, and those of demos that were killed.

    Whoever uses one holds a lock on it (flock(2)), which the system takes away with the process.
    """
    _remove_left()
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as made:
        directory = Path(made)
        with _locked(directory):
            yield directory


def _remove_left() -> None:
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # One in which there is no database yet may be a demo's that is about to lock it.
        if _is_ours(directory) and (directory / _FILE).exists():
            with _locked(directory) as is_free:
                if is_free:
                    shutil.rmtree(directory, ignore_errors=True)


def _is_ours(directory: Path) -> bool:
    if os.name != "posix":
        return False
    with suppress(OSError):
        found = directory.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return False


@contextmanager
def _locked(directory: Path) -> Iterator[bool]:
    """Hold the lock of `directory`; say whether it could be had."""
    if os.name != "posix":  # there, what a killed demo has left stays
        yield False
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            lock(descriptor)
            has_lock = True
        except OSError:
            has_lock = False
        yield has_lock
    finally:
        os.close(descriptor)


def _read(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the message would show the address, password and all
        raise DatabaseUnavailableError(f"This is no address. Give {_ACCEPTED}.") from None
    if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise DatabaseUnavailableError(
            f"The demo does not run on {url.drivername}. Give {_ACCEPTED}, or leave --database "
            f"out to use SQLite."
        )
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def _schema(source: Source) -> Iterator[tuple[Engine, str]]:
    """Make the schema, which no one else uses; remove it at the end."""
    schema = source.schema
    shown = source.url.set(drivername="postgresql").render_as_string(hide_password=True)
    engine = source.connect()
    try:
        with engine.begin() as connection:
            connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    except SQLAlchemyError as error:
        engine.dispose()
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise DatabaseUnavailableError(
            f"The database {shown} cannot be used: {cause}. Start it, give another address, or "
            f"leave --database out to use SQLite."
        ) from error
    try:
        yield engine, f"PostgreSQL, {shown}, schema {schema}"
    finally:
        with engine.begin() as connection:
            connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
        engine.dispose()


@contextmanager
def _filled(engine: Engine) -> Iterator[Engine]:
    try:
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            fill(session)
        yield engine
    finally:
        engine.dispose()
