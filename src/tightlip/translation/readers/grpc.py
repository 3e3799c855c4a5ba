"""Reader of gRPC's `RpcError`, which a client of gRPC raises, by its status code.

The codes are those of gRPC's manual, "Status codes". What another service answers to us is that
service's failure, whatever it says of its client.
"""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import attribute, meaning, text

_KINDS = {
    "UNAVAILABLE": NetworkKind.UNREACHABLE,
    "DEADLINE_EXCEEDED": NetworkKind.TIMEOUT,
}
_CANCELLED = "CANCELLED"


def read(exception: BaseException) -> NetworkFailure | None:
    """Return what gRPC tells of `exception`; None for others, and for a call that was cancelled."""
    if meaning(exception, "grpc", {"RpcError": True}) is None:
        return None
    ask = attribute(exception, "code")  # a method, in clients of threads and of asyncio
    name = text(ask(), "name") if callable(ask) else None
    if name is None or name == _CANCELLED:
        return None
    return NetworkFailure(_KINDS.get(name, NetworkKind.BAD_ANSWER))
