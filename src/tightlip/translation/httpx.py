"""What the exceptions of httpx say, and of its successor httpx2, which has the same classes."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import meaning

_KINDS = {
    "TimeoutException": NetworkKind.TIMEOUT,
    # The request waited for a free connection of our own and never left: the service that is
    # called took no time, and the same request may be sent again.
    "PoolTimeout": NetworkKind.UNREACHABLE,
    "NetworkError": NetworkKind.UNREACHABLE,
    "ProxyError": NetworkKind.UNREACHABLE,
    "RemoteProtocolError": NetworkKind.BAD_ANSWER,
    "DecodingError": NetworkKind.BAD_ANSWER,
    "TooManyRedirects": NetworkKind.BAD_ANSWER,
    "HTTPStatusError": NetworkKind.BAD_ANSWER,
}


def read_exception(exception: BaseException, package: str) -> NetworkFailure | None:
    """Return what `exception` tells; None for others, and for mistakes of the caller.

    Args:
        exception: Any exception.
        package: The package whose classes count.
    """
    kind = meaning(exception, package, _KINDS)
    return None if kind is None else NetworkFailure(kind)
