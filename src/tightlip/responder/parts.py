"""Errors that stand inside an answer of another form, and are decided one by one, as GraphQL's."""

from __future__ import annotations

from collections.abc import Iterable

from tightlip.catalog.standard import standard_error
from tightlip.detection.raises import strike
from tightlip.responder.responder import Answer
from tightlip.wire.negotiation import whole


def settle(status: int, content_type: bytes, body: bytes) -> Answer:
    """Return the answer that consists of errors that are decided, in its own form."""
    response = whole(status, content_type, body)
    return Answer(response, standard_error(status), None, is_declared=True, is_server_error=False)


def overlook(exceptions: Iterable[BaseException]) -> None:
    """Have what these exceptions say leave in the answer under way: their words are declared."""
    for exception in exceptions:
        strike(exception)
