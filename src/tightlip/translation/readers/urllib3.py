"""Reader of urllib3's exceptions (its manual, "Exceptions and Warnings"), by class."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import attribute, meaning

_KINDS = {
    "TimeoutError": NetworkKind.TIMEOUT,
    "NewConnectionError": NetworkKind.UNREACHABLE,  # a kind of timeout in the class tree alone
    "NameResolutionError": NetworkKind.UNREACHABLE,
    "MaxRetryError": NetworkKind.UNREACHABLE,
    "ProxyError": NetworkKind.UNREACHABLE,
    "SSLError": NetworkKind.UNREACHABLE,
    "EmptyPoolError": NetworkKind.UNREACHABLE,  # the request never left, as with httpx
    "FullPoolError": NetworkKind.UNREACHABLE,
    "ClosedPoolError": NetworkKind.UNREACHABLE,
    "ProtocolError": NetworkKind.BAD_ANSWER,
    "DecodeError": NetworkKind.BAD_ANSWER,
    "ResponseError": NetworkKind.BAD_ANSWER,
    "IncompleteRead": NetworkKind.BAD_ANSWER,
    "InvalidChunkLength": NetworkKind.BAD_ANSWER,
    "HeaderParsingError": NetworkKind.BAD_ANSWER,
}


def read(exception: BaseException) -> NetworkFailure | None:
    """Return what urllib3 tells of `exception`; None for others, and for mistakes of the caller."""
    kind = meaning(exception, "urllib3", _KINDS)
    if kind is None:
        return None
    # After its last attempt, urllib3 keeps what went wrong in it as the reason.
    reason = attribute(exception, "reason")
    if isinstance(reason, BaseException):
        kind = meaning(reason, "urllib3", _KINDS) or kind
    return NetworkFailure(kind)
