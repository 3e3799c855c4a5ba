"""Reader of SQLAlchemy's exceptions: the driver's inside, and those of its own.

`NoResultFound` and `MultipleResultsFound` have no answer here: whether a row that is missing is
the client's mistake (404) or ours, only the application knows.
"""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation.foreign import attribute, meaning, text

_KINDS = {
    "TimeoutError": DatabaseKind.POOL_EXHAUSTED,
    "DisconnectionError": DatabaseKind.CANNOT_CONNECT,
    # The row was changed or deleted by others after it was read. The same request, sent again,
    # reads what is there now: that is what a serialization failure asks for too.
    "StaleDataError": DatabaseKind.SERIALIZATION,
}


def inside(exception: BaseException) -> BaseException | None:
    """Return the driver's exception that SQLAlchemy wrapped, which tells more, or None.

    A dialect for asyncio may wrap twice: its own stand-in for an exception of DB-API, which is
    raised from the driver's, stands in between.
    """
    original = attribute(exception, "orig")
    if isinstance(original, BaseException):
        return original
    if (text(type(exception), "__module__") or "").startswith("sqlalchemy.dialects."):
        return exception.__cause__
    return None


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what SQLAlchemy itself tells of `exception`, or None."""
    kind = meaning(exception, "sqlalchemy", _KINDS)
    return None if kind is None else DatabaseFailure(kind)
