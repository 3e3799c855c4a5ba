"""Reader of psycopg2's exceptions (its manual, "psycopg2.extensions.Diagnostics")."""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation import postgresql
from tightlip.translation.foreign import attribute, meaning, text

# What a class means where the driver itself raised it. Of an attempt to connect, libpq tells no
# SQLSTATE: too many connections and a wrong password are one with a closed port.
_KINDS = {
    "OperationalError": DatabaseKind.CANNOT_CONNECT,
    "InterfaceError": DatabaseKind.CANNOT_CONNECT,  # as a rule: the connection is closed already
    "PoolError": DatabaseKind.POOL_EXHAUSTED,
    "DataError": DatabaseKind.INVALID_VALUE,
    "ProgrammingError": DatabaseKind.PROGRAMMING,
    "NotSupportedError": DatabaseKind.PROGRAMMING,
    "Error": DatabaseKind.INTERNAL,
}


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what psycopg2's diagnostics tell of `exception`; None if it is none of psycopg2's."""
    kind = meaning(exception, "psycopg2", _KINDS)
    if kind is None:
        return None
    sqlstate = text(exception, "pgcode")
    if sqlstate is None:
        return DatabaseFailure(kind)
    return postgresql.failure(sqlstate, attribute(exception, "diag"))
