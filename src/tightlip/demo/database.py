"""The demo's database: SQLite in a temporary file, or a schema of its own on PostgreSQL."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from tightlip.demo.shop.models import Base, fill

_CONNECT_TIMEOUT = 5  # seconds
_ACCEPTED = "a PostgreSQL address, such as postgresql://user@127.0.0.1:5432/name"


class DatabaseUnavailableError(Exception):
    """The database cannot be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database with the shop's tables in it.

    Attributes:
        description: Where it is, without a password.
        open_session: Opens a session.
    """

    description: str
    open_session: Callable[[], Session]


@contextmanager
def open_database(address: str | None) -> Iterator[Database]:
    """Open the database, make and fill the tables; remove all of it at the end.

    Args:
        address: The address of a PostgreSQL database (SQLAlchemy's URL); SQLite without one.

    Raises:
        DatabaseUnavailableError: The address is none, or the database cannot be reached.
    """
    if address is None:
        with tempfile.TemporaryDirectory(prefix="tightlip-demo-") as directory:
            file = Path(directory) / "shop.sqlite3"
            with _filled(create_engine(URL.create("sqlite", database=str(file)))) as engine:
                yield Database(f"SQLite, {file}", sessionmaker(engine))
    else:
        with _schema(_read(address)) as (engine, description), _filled(engine):
            yield Database(description, sessionmaker(engine))


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
def _schema(url: URL) -> Iterator[tuple[Engine, str]]:
    """Make a schema that no one else uses; remove it at the end."""
    schema = f"tightlip_demo_{secrets.token_hex(4)}"
    shown = url.set(drivername="postgresql").render_as_string(hide_password=True)
    engine = create_engine(url, connect_args={"connect_timeout": _CONNECT_TIMEOUT})

    @event.listens_for(engine, "connect")
    def use_schema(connection: Any, _record: Any) -> None:
        connection.execute(f'SET search_path TO "{schema}"')
        connection.commit()

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
