"""Decision: what goes out, what was withheld, and whether it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tightlip.catalog.error import PublicError
from tightlip.catalog.standard import standard_error
from tightlip.failure import (
    DatabaseFailure,
    Failure,
    HttpFailure,
    NetworkFailure,
    ValidationFailure,
)
from tightlip.responder.withholding import withheld_body
from tightlip.slots import cause_of, context_of, is_a, suppresses_context

if TYPE_CHECKING:
    from tightlip.exchange import Headers, Response
    from tightlip.failure import Withheld

Read: TypeAlias = Callable[[BaseException], Failure | None]

_SERVER_ERROR = 500


class Decision(NamedTuple):
    """What a client is told, and what is known beside it.

    Attributes:
        error: The public error that goes out.
        declared: Whether an author declared it for this very failure.
        exception: The exception behind it.
        failure: The facts that were read from the exception.
        withheld: Words that were to leave and did not.
        notes: Contradictions between rules, and faults of rules, readers and our own code.
    """

    error: PublicError
    declared: bool = False
    exception: BaseException | None = None
    failure: Failure | None = None
    withheld: tuple[Withheld, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_server_error(self) -> bool:
        """Whether the failure is the application's, and no author foresaw it."""
        return self.error.status >= _SERVER_ERROR and not self.declared

    def is_recorded(self, read: Read) -> bool:
        """Tell whether this makes an incident.

        Words that did not leave, server errors, faults, and every internal exception do, also
        one that stands behind a declared error. A declared error alone, a framework's own
        refusal and a client's mistake do not.
        """
        if self.withheld or self.notes or self.error.status >= _SERVER_ERROR:
            return True
        exception = self.exception
        if exception is None:
            return False
        if isinstance(self.failure, ValidationFailure):
            return False
        if isinstance(self.failure, HttpFailure) and self.failure.detail is None:
            return False
        return _is_internal(exception, read) or any(
            _is_internal(other, read) for other in _unsuppressed(exception)
        )

    @property
    def headers(self) -> Headers:
        """The headers that a framework's HTTP exception carries, as they may be."""
        given = getattr(self.failure, "headers", None) or {}
        return tuple(
            (str(name).encode("latin-1", "replace"), str(value).encode("latin-1", "replace"))
            for name, value in given.items()
        )

    @property
    def facts(self) -> dict[str, str | int | tuple[str, ...]]:
        """The facts of the failure under the names of OpenTelemetry's semantic conventions."""
        failure = self.failure
        facts: dict[str, str | int | tuple[str, ...] | None] = {}
        if isinstance(failure, DatabaseFailure):
            facts = {
                "db.failure.kind": failure.kind.value,
                "db.response.status_code": failure.sqlstate or failure.number,
                "db.collection.name": failure.table,
                "db.constraint.name": failure.constraint,
                "db.columns": failure.columns or None,
            }
        elif isinstance(failure, NetworkFailure):
            facts = {"network.failure.kind": failure.kind.value}
        return {name: fact for name, fact in facts.items() if fact is not None}


def with_response(decision: Decision, response: Response) -> Decision:
    """Let the status stand that the application's own handler chose.

    Not where an author declared the answer to this failure, not for a refused request, which is
    told alike everywhere, and not a plain 500, which is what frameworks choose where nobody did.
    """
    if isinstance(decision.failure, ValidationFailure):
        return decision
    if response.body and not decision.declared:
        decision = decision._replace(withheld=(*decision.withheld, withheld_body(response)))
    settled = decision.declared and not isinstance(decision.failure, HttpFailure)
    if settled or response.status in {decision.error.status, _SERVER_ERROR}:
        return decision
    error = standard_error(response.status)
    if decision.declared:
        error.public_message = decision.error.public_message
        error.details = decision.error.details
    return decision._replace(error=error)


def _is_internal(exception: BaseException, read: Read) -> bool:
    if is_a(exception, PublicError):
        return False
    try:
        return not isinstance(read(exception), HttpFailure | ValidationFailure)
    except BaseException:  # a foreign exception may fail at any question
        return True


def _unsuppressed(exception: BaseException) -> list[BaseException]:
    """Return the causes and contexts that the author did not cut off by `from None`."""
    found: list[BaseException] = []
    current: BaseException | None = exception
    while current is not None and len(found) < 32:  # noqa: PLR2004 - enough links to see one
        following = cause_of(current)
        if following is None and not suppresses_context(current):
            following = context_of(current)
        if following is None or any(following is each for each in found):
            break
        found.append(following)
        current = following
    return found
