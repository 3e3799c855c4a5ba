"""Reader of Django's database exceptions: the driver's inside, and those of the ORM's own.

What the ORM raises where a row is missing (`DoesNotExist`) has no answer here: whether that is the
client's mistake (404) or ours, only the application knows.
"""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation.foreign import meaning, text

_MODULE = "django.db.utils"
_KINDS = {
    # Raised by the ORM itself, which looks for rows that refer to the one that is to go.
    "ProtectedError": DatabaseKind.FOREIGN_KEY,
    "RestrictedError": DatabaseKind.FOREIGN_KEY,
}


def inside(exception: BaseException) -> BaseException | None:
    """Return the driver's exception that Django raised `exception` from, which tells more."""
    own = any(text(cls, "__module__") == _MODULE for cls in type(exception).__mro__)
    return exception.__cause__ if own else None


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what the ORM itself tells of `exception`, or None."""
    kind = meaning(exception, "django", _KINDS)
    return None if kind is None else DatabaseFailure(kind)
