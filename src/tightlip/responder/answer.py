"""Answer: what leaves for a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tightlip.wire import envelope, last_resort

if TYPE_CHECKING:
    from tightlip.catalog.error import PublicError
    from tightlip.exchange import Response
    from tightlip.failure import Failure


class Answer(NamedTuple):
    """What leaves for a failure.

    Attributes:
        response: The whole answer.
        error: The public error in it.
        reference: The reference of the incident, where one was recorded.
        is_declared: Whether an author declared these words for this very failure.
        is_server_error: Whether the failure is the application's, and no author foresaw it.
    """

    response: Response
    error: PublicError
    reference: str | None
    is_declared: bool
    is_server_error: bool


def read_nothing(exception: BaseException) -> Failure | None:  # noqa: ARG001 - a reader takes one
    """Know no exception: the reader of an application without a framework."""
    return None


def last_words(answer: Answer) -> bytes:
    """Return the envelope that ends a stream, without a line break in it."""
    try:
        return envelope.render(answer.error, answer.reference)
    except BaseException:  # whatever it is, the client gets the precomputed answer
        return last_resort.BODY
