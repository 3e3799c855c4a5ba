"""Reader of the exceptions of psycopg's pool (its manual, `psycopg_pool`)."""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation.foreign import meaning

_KINDS = {
    "PoolTimeout": DatabaseKind.POOL_EXHAUSTED,
    "TooManyRequests": DatabaseKind.POOL_EXHAUSTED,
    "PoolClosed": DatabaseKind.CANNOT_CONNECT,
}


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what `exception` tells of the pool; None if it is none of the pool's."""
    kind = meaning(exception, "psycopg_pool", _KINDS)
    return None if kind is None else DatabaseFailure(kind)
