"""Repetition: what an error is to say that an exception of its request has said already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tightlip.catalog.standard import standard_error
from tightlip.failure import HttpFailure, Withheld
from tightlip.responder.hearing import Hearing, told

if TYPE_CHECKING:
    from tightlip.catalog.error import PublicError
    from tightlip.exchange import Request
    from tightlip.responder.decision import Decision


class Heard(NamedTuple):
    """What a request has raised beside the exception that is answered.

    Attributes:
        hearing: All that it has raised.
        request: The request.
        exception: The exception that is answered.
    """

    hearing: Hearing
    request: Request
    exception: BaseException

    def withheld(self, where: str, text: str) -> Withheld | None:
        """Return what the record says of a text that one of the others said; None if none did."""
        echo = self.hearing.repeated(text, self.request, besides=self.exception)
        return None if echo is None else told(echo, text, where)


def without_echo(decision: Decision, heard: Heard | None) -> Decision:
    """Put the standard error in place of a declared one whose parameters repeat an exception.

    The chain of exceptions was asked before. A text that was taken from an exception, and raised
    when that was over, is known by what was heard alone.
    """
    if heard is None or not decision.declared or isinstance(decision.failure, HttpFailure):
        return decision
    for where, text in _filled_in(decision.error):
        withheld = heard.withheld(where, text)
        if withheld is not None:
            return decision._replace(
                error=standard_error(decision.error.status),
                declared=False,
                withheld=(*decision.withheld, withheld),
            )
    return decision


def _filled_in(error: PublicError) -> Iterator[tuple[str, str]]:
    for name, value in error.details.items():
        if isinstance(value, str):
            yield f"parameter {name}", value
    for field in error.fields:
        yield f"field {field.field}", field.message
