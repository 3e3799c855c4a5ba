"""Refusal: what an application says by `abort`, or by `set_code` and `set_details`."""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import Any

from grpc import StatusCode
from grpc.aio import AbortError

_OURS = __name__.rpartition(".")[0]


class RefusalError(AbortError):  # type: ignore[misc]
    """Ends a call with a code and words of the application's.

    It is an `AbortError`, so that code which lets those pass lets this one pass too.
    """

    def __init__(self, code: StatusCode, words: Any) -> None:
        super().__init__()
        self.code = code
        self.words = words


def refusal_here(words: Any) -> RefusalError:
    """Return a refusal that was not raised, with the traceback it would have had from here on.

    So words that are set are proved like words that are raised: by the expression that sets them.
    """
    refusal = RefusalError(StatusCode.UNKNOWN, words)
    traceback = None
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - where the words are set
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    while frame is not None and not _is_ours(frame):
        traceback = TracebackType(traceback, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    refusal.__context__ = sys.exception()
    refusal.__traceback__ = traceback
    return refusal


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name == _OURS or name.startswith(f"{_OURS}.")
