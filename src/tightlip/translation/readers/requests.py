"""Reader of requests' exceptions (its manual, "Exceptions"), by class."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import argument, meaning

_KINDS = {
    "Timeout": NetworkKind.TIMEOUT,
    "ConnectTimeout": NetworkKind.TIMEOUT,
    "ConnectionError": NetworkKind.UNREACHABLE,
    "RetryError": NetworkKind.BAD_ANSWER,
    "ChunkedEncodingError": NetworkKind.BAD_ANSWER,
    "ContentDecodingError": NetworkKind.BAD_ANSWER,
    "TooManyRedirects": NetworkKind.BAD_ANSWER,
    "HTTPError": NetworkKind.BAD_ANSWER,
    "JSONDecodeError": NetworkKind.BAD_ANSWER,
}
# requests raises one ConnectionError around several failures of urllib3.
_INNER = {
    "ReadTimeoutError": NetworkKind.TIMEOUT,
    "ProtocolError": NetworkKind.BAD_ANSWER,
}


def read(exception: BaseException) -> NetworkFailure | None:
    """Return what requests tells of `exception`; None for others, and mistakes of the caller."""
    kind = meaning(exception, "requests", _KINDS)
    if kind is None:
        return None
    inner = argument(exception, 0)
    if kind is NetworkKind.UNREACHABLE and isinstance(inner, BaseException):
        kind = meaning(inner, "urllib3", _INNER) or kind
    return NetworkFailure(kind)
