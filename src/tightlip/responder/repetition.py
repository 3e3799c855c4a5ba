"""Repetition: what an error is to say that an exception of its request has said already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tightlip.catalog.error import PublicError
from tightlip.catalog.standard import standard_error
from tightlip.failure import HttpFailure, ValidationFailure, Withheld
from tightlip.responder.hearing import Hearing, told
from tightlip.slots import is_a
from tightlip.translation.statement import statement_of

if TYPE_CHECKING:
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

    def withheld(
        self, where: str, text: str, besides: BaseException | None = None
    ) -> Withheld | None:
        """Return what the record says of a text that one of the others said; None if none did.

        Args:
            where: Where the text was to stand.
            text: The text.
            besides: The exception that says it with good reason, where it is not the one answered.
        """
        besides = self.exception if besides is None else besides  # it may have a `__bool__`
        echo = self.hearing.repeated(text, self.request, besides=besides)
        return None if echo is None else told(echo, text, where)


def without_echo(decision: Decision, heard: Heard | None) -> Decision:
    """Put the standard error in place of one in which declared parameters repeat an exception.

    The chain of exceptions was asked before. A text that was taken from an exception, and raised
    when that was over, is known by what was heard alone.
    """
    if heard is None:
        return decision
    for where, text, error in _filled_in(decision):
        withheld = heard.withheld(where, text, error)
        if withheld is not None:
            return decision._replace(
                error=standard_error(decision.error.status),
                declared=False,
                withheld=(*decision.withheld, withheld),
            )
    return decision


def _filled_in(decision: Decision) -> Iterator[tuple[str, str, BaseException | None]]:
    """Yield the texts that were put into declared words: where, and by which exception.

    It is None for the one that is answered. The words of literals were proved before.
    """
    failure = decision.failure
    if decision.declared and not isinstance(failure, HttpFailure):
        for where, text in _parameters(decision.error):
            yield where, text, None
        for field in decision.error.fields:
            yield f"field {field.field}", field.message, None
    elif isinstance(failure, ValidationFailure):
        for refused in failure.fields:
            error = refused.error
            if error is not None and is_a(error, PublicError):
                for where, text in _parameters(statement_of(error)):
                    yield where, text, error


def _parameters(error: PublicError) -> Iterator[tuple[str, str]]:
    for name, value in error.details.items():
        if isinstance(value, str):
            yield f"parameter {name}", value
