"""Reader of asyncpg's exceptions (its manual, `asyncpg.exceptions`).

Where no connection can be made, asyncpg lets the operating system's own exceptions through.
"""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation import postgresql
from tightlip.translation.foreign import meaning, text

_KINDS = {
    "PostgresError": DatabaseKind.INTERNAL,
    "InterfaceError": DatabaseKind.INTERNAL,  # a closed connection is one with a wrong call
    "UnsupportedClientFeatureError": DatabaseKind.PROGRAMMING,
    "UnsupportedServerFeatureError": DatabaseKind.PROGRAMMING,
    "TargetServerAttributeNotMatched": DatabaseKind.CANNOT_CONNECT,
    "OutdatedSchemaCacheError": DatabaseKind.SERIALIZATION,
    "InternalClientError": DatabaseKind.INTERNAL,
}


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what asyncpg's attributes tell of `exception`; None if it is none of asyncpg's."""
    kind = meaning(exception, "asyncpg", _KINDS)
    if kind is None:
        return None
    sqlstate = text(exception, "sqlstate")
    return DatabaseFailure(kind) if sqlstate is None else postgresql.failure(sqlstate, exception)
