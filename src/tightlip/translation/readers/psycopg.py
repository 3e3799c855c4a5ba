"""Reader of psycopg 3's exceptions (its manual, "Error handling" and `psycopg.errors`)."""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation import postgresql
from tightlip.translation.foreign import attribute, meaning, text

# What a class means where the driver itself raised it. Of an attempt to connect, libpq tells no
# SQLSTATE: too many connections and a wrong password are one with a closed port.
_KINDS = {
    "OperationalError": DatabaseKind.CANNOT_CONNECT,
    "DataError": DatabaseKind.INVALID_VALUE,
    "ProgrammingError": DatabaseKind.PROGRAMMING,
    "NotSupportedError": DatabaseKind.PROGRAMMING,
    "PipelineAborted": DatabaseKind.PROGRAMMING,
    "Error": DatabaseKind.INTERNAL,
}


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what psycopg's diagnostics tell of `exception`; None if it is none of psycopg's."""
    kind = meaning(exception, "psycopg", _KINDS)
    if kind is None:
        return None
    sqlstate = text(exception, "sqlstate")
    if sqlstate is None:
        return DatabaseFailure(kind)
    return postgresql.failure(sqlstate, attribute(exception, "diag"))
