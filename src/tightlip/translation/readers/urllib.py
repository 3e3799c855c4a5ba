"""Reader of the exceptions of `urllib.request`, by class."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import attribute, meaning

_KINDS = {
    "URLError": NetworkKind.UNREACHABLE,
    "HTTPError": NetworkKind.BAD_ANSWER,
    "ContentTooShortError": NetworkKind.BAD_ANSWER,
}


def read(exception: BaseException) -> NetworkFailure | None:
    """Return what `urllib` tells of `exception`; None if it is none of its own."""
    kind = meaning(exception, "urllib", _KINDS)
    if kind is NetworkKind.UNREACHABLE:
        reason = attribute(exception, "reason")
        if not isinstance(reason, OSError):
            return None  # a URL that cannot be opened at all: a mistake of the caller
        kind = NetworkKind.TIMEOUT if isinstance(reason, TimeoutError) else kind
    return None if kind is None else NetworkFailure(kind)
