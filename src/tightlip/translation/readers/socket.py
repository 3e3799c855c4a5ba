"""Reader of the exceptions of name resolution: `socket.gaierror` and `socket.herror`."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import meaning

_KINDS = {"gaierror": NetworkKind.UNREACHABLE, "herror": NetworkKind.UNREACHABLE}


def read(exception: BaseException) -> NetworkFailure | None:
    """Return that a name could not be resolved, so its host cannot be reached; else None."""
    kind = meaning(exception, "socket", _KINDS)
    return None if kind is None else NetworkFailure(kind)
