"""waitress: its error pages, its banner, and its spelling of header names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from waitress import task

from tightlip.protocols.http1 import plain_head, refusal_bytes
from tightlip.substitution import UnknownFunctionError, substitute

STILL_SAYS = ""

_BANNER = b"waitress"


def install() -> Iterator[str]:
    """Replace what waitress writes by itself; yield what could not be replaced."""
    try:
        substitute(task.ErrorTask, "execute", "self", lambda _: _refuse)
        substitute(task.Task, "build_response_header", "self", _plain)
    except (UnknownFunctionError, AttributeError) as fault:
        yield str(fault)


def _refuse(self: Any) -> None:
    """Write the standard error; waitress has its status from the fault that it found."""
    self.channel.write_soon(refusal_bytes(self.request.error.code))
    self.wrote_header = True
    self.close_on_finish = True


def _plain(build: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    return lambda self: plain_head(build(self), _BANNER)
