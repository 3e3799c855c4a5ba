"""Reader of Python's own exceptions of time and network."""

from __future__ import annotations

import errno
import re

from tightlip.failure import NetworkFailure, NetworkKind
from tightlip.translation.foreign import argument, number, text

_UNREACHABLE = {
    errno.EADDRNOTAVAIL,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETRESET,
    errno.ENETUNREACH,
    errno.ENOTCONN,
    errno.EPIPE,
}
# asyncio joins the failures of several addresses of one host in a text, without a number.
_SEVERAL = "Multiple exceptions: "
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def read(exception: BaseException) -> NetworkFailure | None:
    """Return what a `TimeoutError`, `ConnectionError` or `OSError` tells of the network, or None.

    Most errors of the operating system concern files, and say nothing of a network.
    """
    if isinstance(exception, TimeoutError):
        return NetworkFailure(NetworkKind.TIMEOUT)
    if isinstance(exception, ConnectionError):
        return NetworkFailure(NetworkKind.UNREACHABLE)
    if not isinstance(exception, OSError):
        return None
    error = number(exception, "errno")
    if error is None and type(exception) is OSError:
        return _read_several(text(argument(exception, 0)) or "")
    return NetworkFailure(NetworkKind.UNREACHABLE) if error in _UNREACHABLE else None


def _read_several(message: str) -> NetworkFailure | None:
    numbers = {int(found) for found in _NUMBER.findall(message)}
    if not message.startswith(_SEVERAL) or not numbers:
        return None
    if numbers == {errno.ETIMEDOUT}:
        return NetworkFailure(NetworkKind.TIMEOUT)
    if numbers <= _UNREACHABLE | {errno.ETIMEDOUT}:
        return NetworkFailure(NetworkKind.UNREACHABLE)
    return None
