"""Reader of the exceptions of aiohttp's client (its manual, "Client exceptions"), by class."""

from __future__ import annotations

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import meaning

_KINDS = {
    "ServerTimeoutError": NetworkKind.TIMEOUT,
    "ClientConnectionError": NetworkKind.UNREACHABLE,
    "ServerDisconnectedError": NetworkKind.BAD_ANSWER,  # reached, and then no whole answer
    "ServerFingerprintMismatch": NetworkKind.UNREACHABLE,
    "ClientPayloadError": NetworkKind.BAD_ANSWER,
    "ClientResponseError": NetworkKind.BAD_ANSWER,
    "RedirectClientError": NetworkKind.BAD_ANSWER,
    "InvalidUrlRedirectClientError": NetworkKind.BAD_ANSWER,
    "NonHttpUrlRedirectClientError": NetworkKind.BAD_ANSWER,
}


def read(exception: BaseException) -> NetworkFailure | None:
    """Return what aiohttp's client tells of `exception`; None for others, and for wrong calls."""
    kind = meaning(exception, "aiohttp", _KINDS)
    return None if kind is None else NetworkFailure(kind)
