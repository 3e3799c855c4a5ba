"""Reader of httpx2's exceptions (its manual, "Exceptions"), by class."""

from __future__ import annotations

from tightlip.failure import NetworkFailure
from tightlip.translation.httpx import read_exception


def read(exception: BaseException) -> NetworkFailure | None:
    """Return what httpx2 tells of `exception`; None for others, and for mistakes of the caller."""
    return read_exception(exception, "httpx2")
