from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from tightlip.exchange import Request
from tightlip.incidents.capture import capture
from tightlip.incidents.incident import Incident, Occurrence
from tightlip.incidents.reference import new_reference

Record = Callable[..., Incident]


@pytest.fixture
def raised() -> Callable[[Callable[[], object]], BaseException]:
    """Give what a function raises, with its traceback."""

    def catch(function: Callable[[], object]) -> BaseException:
        try:
            function()
        except BaseException as error:
            return error
        raise AssertionError("nothing was raised")

    return catch


@pytest.fixture
def record() -> Record:
    def make(
        exception: BaseException | None = None,
        *,
        request: Request | None = None,
        status: int = 500,
        code: str = "INTERNAL_SERVER_ERROR",
        answer: bytes = b"{}",
        own: str = __file__.rpartition("/")[0],
        **more: object,
    ) -> Incident:
        occurrence = Occurrence(new_reference(), request, exception, status, code, answer, **more)
        return capture(occurrence, lambda path: path.startswith(own), {"host.name": "test"})

    return make


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The logger `tightlip` without handlers, under a root of its own; put back afterwards."""
    ours = logging.getLogger("tightlip")
    before = ours.parent, ours.handlers, ours.level, ours.disabled
    ours.parent, ours.handlers = logging.RootLogger(logging.WARNING), []
    ours.setLevel(logging.NOTSET)
    try:
        yield ours
    finally:
        ours.parent, ours.handlers, _, ours.disabled = before
        ours.setLevel(before[2])
