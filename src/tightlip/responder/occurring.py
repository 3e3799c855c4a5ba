"""Occurring: what was decided, as the record takes it."""

from __future__ import annotations

from tightlip.catalog.standard import standard_error
from tightlip.exchange import Request
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.reference import new_reference
from tightlip.responder.decision import Decision
from tightlip.responder.success import Leak
from tightlip.wire import last_resort


def occurrence_of(  # noqa: PLR0913, PLR0917 - each is a part of it
    decision: Decision,
    request: Request | None,
    reference: str,
    status: int,
    answer: bytes,
    event: str,
) -> Occurrence:
    """Return the occurrence behind a decision.

    Args:
        decision: What was decided.
        request: The request under way, where there is one.
        reference: The name under which it is recorded.
        status: The status that the client is sent; 0 where nobody is answered.
        answer: The body that the client is sent.
        event: The name of the event.
    """
    return Occurrence(
        reference=reference,
        request=request,
        exception=decision.exception,
        status=status,
        code=decision.error.code,
        answer=answer,
        withheld=decision.withheld,
        facts=decision.facts,
        notes=decision.notes,
        event=event,
        fingerprint=decision.error.fingerprint,
    )


def occurrence_of_leak(leak: Leak, request: Request, reference: str, answer: bytes) -> Occurrence:
    """Return the occurrence of a leak in what was no error."""
    return Occurrence(
        reference=reference,
        request=request,
        exception=None,
        status=leak.status,
        code=leak.code,
        answer=answer,
        withheld=leak.withheld,
        facts={"rules": leak.rules, "categories": leak.categories},
        notes=leak.notes,
        event=leak.event,
    )


def occurrence_of_fault(exception: BaseException, request: Request | None, note: str) -> Occurrence:
    """Return the occurrence of an answer by the last resort; `note` tells of our own fault."""
    return Occurrence(
        reference=new_reference(),
        request=request,
        exception=exception,
        status=500,
        code=standard_error(500).code,
        answer=last_resort.BODY,
        notes=(note,),
    )
