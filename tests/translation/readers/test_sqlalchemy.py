from __future__ import annotations

import asyncio
from itertools import chain
from typing import Any

import pytest
import sqlalchemy
import sqlalchemy.exc
import sqlalchemy.orm
from sqlalchemy import URL, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, QueuePool

from tightlip.failure import DatabaseFailure, DatabaseKind, NetworkFailure, NetworkKind
from tightlip.translation.readers import sqlalchemy as reader


def url(driver: str, place: Any, **overrides: Any) -> URL:
    return URL.create(
        driver,
        **{
            "username": place.user,
            "password": place.password or None,
            "host": place.host,
            "port": place.port or None,
            "database": place.database,
            **overrides,
        },
    )


def run(address: URL | str, first: list[str], make: Any) -> None:
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in first:
            connection.exec_driver_sql(statement)
        make(connection.exec_driver_sql)


async def run_async(address: URL | str, first: list[str], case: Any) -> None:
    engine = create_async_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in chain(first, case.statements()):
            await connection.exec_driver_sql(statement)


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+psycopg2"])
def test_each_failure_of_postgresql_is_read_through_sqlalchemy(
    facts, postgresql, postgresql_case, driver
):
    first = [f"SET search_path = {postgresql.schema}"]
    with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
        run(url(driver, postgresql), first, postgresql_case.run)
    assert facts(raised.value) == postgresql_case.facts


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+asyncpg"])
def test_each_failure_of_postgresql_is_read_through_asynchronous_sqlalchemy(
    facts, postgresql, postgresql_case, driver
):
    first = [f"SET search_path = {postgresql.schema}"]
    with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
        asyncio.run(run_async(url(driver, postgresql), first, postgresql_case))
    assert facts(raised.value) == postgresql_case.facts


def test_each_failure_of_mariadb_is_read_through_sqlalchemy(facts, mariadb, mariadb_case):
    with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
        run(url("mysql+pymysql", mariadb), [], mariadb_case.run)
    assert facts(raised.value) == mariadb_case.facts


def test_each_failure_of_mariadb_is_read_through_sqlalchemy_and_mysqlclient(
    facts, mariadb, mariadb_case
):
    pytest.importorskip("MySQLdb", reason="mysqlclient is not installed")
    with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
        run(url("mysql+mysqldb", mariadb), [], mariadb_case.run)
    failure = facts(raised.value)
    assert (failure.kind, failure.constraint) == (
        mariadb_case.facts.kind,
        mariadb_case.facts.constraint,
    )


def test_each_failure_of_sqlite_is_read_through_sqlalchemy(facts, sqlite_schema, sqlite_case):
    def make(execute: Any) -> None:
        sqlite_case.run(execute)

    engine = create_engine("sqlite://", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.connection.driver_connection.executescript(sqlite_schema)
        with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
            make(connection.exec_driver_sql)
    engine.dispose()
    assert facts(raised.value) == sqlite_case.facts


def test_each_failure_of_sqlite_is_read_through_asynchronous_sqlalchemy(
    facts, sqlite_schema, sqlite_case
):
    async def execute() -> None:
        engine = create_async_engine("sqlite+aiosqlite://", isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                raw = await connection.get_raw_connection()
                await raw.driver_connection.executescript(sqlite_schema)
                for statement in sqlite_case.statements():
                    await connection.exec_driver_sql(statement)
        finally:
            await engine.dispose()

    with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
        asyncio.run(execute())
    assert facts(raised.value) == sqlite_case.facts


class Base(sqlalchemy.orm.DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: sqlalchemy.orm.Mapped[int] = sqlalchemy.orm.mapped_column(primary_key=True)
    email: sqlalchemy.orm.Mapped[str] = sqlalchemy.orm.mapped_column(unique=True)
    version: sqlalchemy.orm.Mapped[int] = sqlalchemy.orm.mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it once


@pytest.fixture
def session():
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with sqlalchemy.orm.Session(engine) as session:
        session.add(Account(id=1, email="a@b.example"))
        session.commit()
        yield session
    engine.dispose()


def test_a_violation_at_the_flush_of_a_session_is_read(facts, session):
    session.add(Account(id=2, email="a@b.example"))
    with pytest.raises(sqlalchemy.exc.IntegrityError) as raised:
        session.flush()
    assert facts(raised.value) == DatabaseFailure(
        DatabaseKind.UNIQUE, number=2067, table="accounts", columns=("email",)
    )


def test_a_row_that_others_changed_is_a_serialization_failure(facts, session):
    account = session.get(Account, 1)
    session.connection().exec_driver_sql("UPDATE accounts SET version = 7")
    account.email = "c@d.example"
    with pytest.raises(StaleDataError) as raised:
        session.flush()
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.SERIALIZATION)


def test_a_row_that_is_not_there_is_for_the_application_to_judge(facts, session):
    with pytest.raises(sqlalchemy.exc.NoResultFound) as raised:
        session.scalars(sqlalchemy.select(Account).where(Account.id == 9)).one()
    assert facts(raised.value) is None


def test_several_rows_where_one_is_wanted_are_for_the_application_to_judge(facts, session):
    session.add(Account(id=2, email="c@d.example"))
    session.flush()
    with pytest.raises(sqlalchemy.exc.MultipleResultsFound) as raised:
        session.scalars(sqlalchemy.select(Account)).one()
    assert facts(raised.value) is None


def test_an_exhausted_pool_is_read(facts, postgresql):
    engine = create_engine(
        url("postgresql+psycopg", postgresql),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=0.02,
    )
    with engine.connect(), pytest.raises(sqlalchemy.exc.TimeoutError) as raised:
        engine.connect()
    engine.dispose()
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.POOL_EXHAUSTED)


def test_an_exhausted_pool_of_asynchronous_connections_is_read(facts, postgresql):
    async def exhaust() -> None:
        engine = create_async_engine(
            url("postgresql+asyncpg", postgresql),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=0.02,
        )
        try:
            async with engine.connect(), engine.connect():
                pass
        finally:
            await engine.dispose()

    with pytest.raises(sqlalchemy.exc.TimeoutError) as raised:
        asyncio.run(exhaust())
    assert facts(raised.value) == DatabaseFailure(DatabaseKind.POOL_EXHAUSTED)


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+psycopg2", "mysql+pymysql"])
@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_what_cannot_be_reached_cannot_be_connected_to(
    facts, postgresql, closed_port, driver, host
):
    engine = create_engine(url(driver, postgresql, host=host, port=closed_port))
    with pytest.raises(sqlalchemy.exc.OperationalError) as raised:
        engine.connect()
    assert facts(raised.value).kind is DatabaseKind.CANNOT_CONNECT


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_asyncpg_lets_the_failure_of_the_network_through(facts, postgresql, closed_port, host):
    async def connect() -> None:
        engine = create_async_engine(
            url("postgresql+asyncpg", postgresql, host=host, port=closed_port)
        )
        async with engine.connect():
            pass

    with pytest.raises(OSError) as raised:
        asyncio.run(connect())
    assert facts(raised.value) == NetworkFailure(NetworkKind.UNREACHABLE)


def test_a_value_that_a_type_of_the_application_refuses_is_no_failure_of_the_database(facts):
    class Odd(sqlalchemy.TypeDecorator[str]):
        impl = sqlalchemy.String
        cache_ok = True

        def process_bind_param(self, value: Any, dialect: Any) -> str:
            raise ValueError("not of this type")

    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.StatementError) as raised:
        connection.execute(sqlalchemy.select(sqlalchemy.literal("x", Odd())))
    engine.dispose()
    assert isinstance(raised.value.orig, ValueError)
    assert facts(raised.value) is None


def test_an_exception_of_a_dialect_without_an_original_leads_to_its_cause():
    class Emulated(Exception):
        __module__ = "sqlalchemy.dialects.postgresql.asyncpg"

    exception = Emulated()
    exception.__cause__ = ConnectionResetError()
    assert reader.inside(exception) is exception.__cause__
    assert reader.inside(ValueError()) is None
