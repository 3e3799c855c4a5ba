"""Reader of the exceptions of `http.client`, by class."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import meaning

_KINDS = {
    "BadStatusLine": NetworkKind.BAD_ANSWER,
    "IncompleteRead": NetworkKind.BAD_ANSWER,
    "LineTooLong": NetworkKind.BAD_ANSWER,
    "UnknownProtocol": NetworkKind.BAD_ANSWER,
    "UnknownTransferEncoding": NetworkKind.BAD_ANSWER,
}


def read(exception: BaseException) -> NetworkFailure | None:
    """Return that an answer is no HTTP; None for others, and for mistakes of the caller."""
    kind = meaning(exception, "http", _KINDS)
    return None if kind is None else NetworkFailure(kind)
