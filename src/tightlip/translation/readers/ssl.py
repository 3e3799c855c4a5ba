"""Reader of the exceptions of `ssl`: no connection that can be trusted could be made or kept."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import meaning

_KINDS = {"SSLError": NetworkKind.UNREACHABLE}


def read(exception: BaseException) -> NetworkFailure | None:
    """Return that the other side cannot be reached by TLS; None if this is no `ssl.SSLError`."""
    kind = meaning(exception, "ssl", _KINDS)
    return None if kind is None else NetworkFailure(kind)
