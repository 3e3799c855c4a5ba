"""The reader of Django's exceptions, through its own connections to real databases."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.db import models
from django.db.utils import ConnectionHandler, DatabaseError, IntegrityError, InterfaceError

import contract.django_settings  # noqa: F401 - the settings come first
from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation.readers import django as reader


def connected(engine, **settings):
    """Return a connection of Django's own."""
    handler = ConnectionHandler({"default": {"ENGINE": f"django.db.backends.{engine}", **settings}})
    return closing(handler["default"])


def at(place):
    return {
        "HOST": place.host,
        "PORT": place.port or "",
        "USER": place.user,
        "PASSWORD": place.password or "",
        "NAME": place.database,
    }


def run(connection, case, first=()):
    with connection.cursor() as cursor:
        for statement in first:
            cursor.execute(statement)
        case.run(cursor.execute)


def test_each_failure_of_postgresql_is_read_through_django(facts, postgresql, postgresql_case):
    first = [f"SET search_path = {postgresql.schema}"]
    with (
        connected("postgresql", **at(postgresql)) as connection,
        pytest.raises(DatabaseError) as raised,
    ):
        run(connection, postgresql_case, first)
    assert facts(raised.value) == postgresql_case.facts


def test_each_failure_of_sqlite_is_read_through_django(facts, sqlite_schema, sqlite_case, tmp_path):
    # One in memory stays open, since Django takes no close for it.
    with connected("sqlite3", NAME=tmp_path / "database") as connection:
        connection.ensure_connection()
        connection.connection.executescript(sqlite_schema)
        with pytest.raises(DatabaseError) as raised:
            run(connection, sqlite_case)
    assert facts(raised.value) == sqlite_case.facts


def test_a_row_that_others_refer_to_is_a_violated_foreign_key(facts):
    for cls in (models.ProtectedError, models.RestrictedError):
        assert facts(cls("it is in use", set())) == DatabaseFailure(DatabaseKind.FOREIGN_KEY)


def test_what_django_raises_without_a_driver_says_nothing(facts):
    assert facts(InterfaceError("connection already closed")) is None
    assert facts(IntegrityError("no driver stands behind it")) is None


def test_an_exception_of_the_application_has_nothing_inside():
    raised = ValueError("a")
    raised.__cause__ = KeyError("b")
    assert reader.inside(raised) is None
