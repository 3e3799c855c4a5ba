"""GraphQL: an error keeps its shape, and says only what was declared.

The specification (October 2021, section 7.1.2) gives an error its message, locations, path and
extensions. Message and extensions are ours; where in the query something failed, the client
knows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tightlip.exchange import Request
from tightlip.failure import Failure, HttpFailure, ValidationFailure
from tightlip.protocols.asgi_containment import own_failure
from tightlip.protocols.asgi_exchange import (
    NoFramework,
    Scope,
    open_state,
    state_of,
    state_under_way,
)
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading
from tightlip.responder.answer import read_nothing
from tightlip.responder.parts import overlook, settle
from tightlip.slots import traceback_of

if TYPE_CHECKING:
    from tightlip.responder.hearing import Hearing
    from tightlip.responder.responder import Responder

_LIBRARIES = frozenset({"graphql", "strawberry", "ariadne", "graphene"})
_BODY_LIBRARIES = frozenset({"strawberry", "ariadne", "cross_web", "starlette", "json", "codecs"})
_INPUT_READERS = {
    "graphql.execution.values": frozenset(
        {"get_variable_values", "coerce_variable_values", "get_argument_values"}
    )
}
_OPERATION_REFUSALS = "strawberry.schema.exceptions"
"""Where Strawberry has what it raises for an operation that is unknown, or of another type."""
_GUARDS = {"strawberry.permission": frozenset({"on_unauthorized", "_on_unauthorized"})}
_MOST_WRAPPINGS = 32
_BAD_REQUEST = 400
_FORBIDDEN = 403
_EVENT = "graphql.exception"


class Told(dict[str, Any]):
    """The extensions of an error that has been decided."""


class RefusedError(Exception):
    """A library of GraphQL did not take a request, by itself.

    Args:
        status: The status of HTTP that the library gave.
    """

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class Serving(NoFramework):
    """What a guard asks of a library's own application, of ASGI or WSGI.

    Args:
        refusal: The library's exception for a request that it does not take.
        readers: For each module of the library the names of its functions that read a request.
    """

    def __init__(
        self, refusal: type[BaseException], readers: Mapping[str, Collection[str]]
    ) -> None:
        self._refusal = refusal
        self._readers = readers

    def hear(self, scope: Scope, exception: BaseException) -> None:
        """Note what was raised before the library makes text of it.

        Raises:
            RefusedError: The library raised it by itself, and has nothing to say.
        """
        status = self.refuses(exception)
        if status is not None:
            raise RefusedError(status) from None
        state_of(scope).note(exception)

    def refuses(self, exception: BaseException) -> int | None:
        """Return the status by which the library itself refused a request; None if it did not."""
        if isinstance(exception, self._refusal) and is_raised_in(exception, _LIBRARIES):
            return _status_of(exception)
        if is_raised_while_reading(exception, self._readers, _BODY_LIBRARIES, (Exception,)):
            return _BAD_REQUEST
        return None

    def read(self, exception: BaseException) -> Failure | None:
        """Return what it means that a request was refused, or could not be read."""
        if isinstance(exception, RefusedError):
            return HttpFailure(exception.status)
        if isinstance(exception, self._refusal):
            words = getattr(exception, "reason", None) or getattr(exception, "message", None)
            return HttpFailure(_status_of(exception), words)
        status = self.refuses(exception)
        return None if status is None else HttpFailure(status)

    def is_disconnect(self, exception: BaseException) -> bool:
        """Tell whether `exception` says no more than that the client has gone."""
        requests = sys.modules.get("starlette.requests")
        return requests is not None and isinstance(exception, requests.ClientDisconnect)


def tell(error: Any, responder: Responder) -> Any:
    """Return the error that leaves in place of `error`, a `GraphQLError` of graphql-core.

    It is decided once: one that comes by again stays as it is.
    """
    if isinstance(error.extensions, Told):
        return error
    *around, origin = _wrappings_of(error)
    said = _text_of(origin) if around else None
    # What repeats the error that it was put around is that error.
    overlook(wrapping for wrapping in around if wrapping.message == said)

    def read(exception: BaseException) -> Failure | None:
        return _read(exception, error)

    hearing, request = _under_way()
    answer = responder.answer(
        own_failure(origin),
        request,
        read=read,
        hearing=None if hearing is None else hearing.read_by(read),
        event=_EVENT,
    )
    if answer.is_declared and _speaks_for_itself(origin, responder):
        overlook((origin, *around))
    content = json.loads(responder.last_words(answer))["error"]
    told = sys.modules["graphql"].GraphQLError(
        content.pop("message"),
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
    )
    told.extensions = Told(content)
    # Both would hold the frames of the failed operation, and be told by whoever logs this one.
    told.__traceback__ = told.__cause__ = None
    return told


@contextmanager
def heard(responder: Responder, sent: Callable[[], str]) -> Iterator[None]:
    """Hear what an operation raises, where no guard around it does.

    Args:
        responder: The decision point.
        sent: Returns what the client has sent; asked for only where it is needed.
    """
    if _under_way()[0] is not None:
        yield
        return
    scope: Scope = {"type": "graphql"}
    state = open_state(scope)
    state.hearing = hearing = responder.hearing(read_nothing)()
    state.request = _unknown
    hearing.received(sent().encode("utf-8", "surrogatepass"))
    try:
        yield
    finally:
        hearing.close()
        state.forget()


def _under_way() -> tuple[Hearing | None, Request | None]:
    """Return what is heard of the exchange under way, and its request."""
    state = state_under_way()
    if state is None or state.hearing is None or state.request is None:
        return None, None
    return state.hearing, state.request()


def _unknown() -> Request:
    return Request("POST")


def _text_of(exception: BaseException) -> str | None:
    try:
        return str(exception)
    except Exception:  # a foreign exception may fail at any question
        return None


def tell_all(result: Any, responder: Responder) -> None:
    """Put what leaves in place of the errors of `result`, and of the parts that it comes in."""
    for part in (result, getattr(result, "initial_result", None), *_parts_of(result)):
        errors = getattr(part, "errors", None)
        if errors:
            part.errors = [tell(error, responder) for error in errors]


def leave(scope: Scope, status: int, body: bytes) -> None:
    """Have a result that comes with an error's status leave as it is, if it is one of ours.

    Args:
        scope: Of the exchange; of WSGI its environ.
        status: The status that the server of GraphQL chose.
        body: The whole body.
    """
    if status >= _BAD_REQUEST and _is_told(body):
        state_of(scope).decide(settle(status, b"application/json", body))


def _is_told(body: bytes) -> bool:
    """Tell whether `body` is a result of nothing but errors, each in the form of `tell`."""
    try:
        result = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(result, dict) or not result.keys() <= {"data", "errors"}:
        return False
    errors = result.get("errors")
    return result.get("data") is None and isinstance(errors, list) and all(map(_has_code, errors))


def _has_code(error: Any) -> bool:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    return isinstance(extensions, dict) and isinstance(extensions.get("code"), str)


def _status_of(refusal: BaseException) -> int:
    status = getattr(refusal, "status_code", None)
    return status if isinstance(status, int) else _BAD_REQUEST


def _parts_of(result: Any) -> Iterable[Any]:
    """Yield what a streamed result brings later (`@defer` and `@stream`)."""
    for name in ("incremental", "completed"):
        yield from getattr(result, name, None) or ()


def _wrappings_of(error: Any) -> list[Any]:
    """Return an error and what stands behind it, the exception that was raised first last."""
    found = [error]
    while len(found) < _MOST_WRAPPINGS:
        behind = getattr(found[-1], "original_error", None)
        if not isinstance(behind, BaseException) or behind is found[-1]:
            break
        found.append(behind)
    return found


def _speaks_for_itself(exception: BaseException, responder: Responder) -> bool:
    """Tell whether the exception's own words are what is declared, and no translation's."""
    own = (sys.modules["graphql"].GraphQLError, responder.public_error)
    return isinstance(exception, own)


def _read(exception: BaseException, error: Any) -> Failure | None:
    """Return what an error of graphql-core, or raised by an application as one, says.

    What the library says of a query describes the schema, and quotes its values.
    """
    graphql = sys.modules["graphql"]
    if is_raised_while_reading(exception, _GUARDS, _LIBRARIES, (Exception,)):
        return HttpFailure(_FORBIDDEN)
    if not isinstance(exception, graphql.GraphQLError):
        is_refusal = type(exception).__module__ == _OPERATION_REFUSALS
        is_own = is_refusal and is_raised_in(exception, _LIBRARIES)
        return HttpFailure(_BAD_REQUEST) if is_own else None
    if _is_of_application(exception):
        return HttpFailure(_BAD_REQUEST, exception.message)
    if is_raised_while_reading(exception, _INPUT_READERS, _LIBRARIES, (Exception,)):
        return ValidationFailure()
    if error.path is not None:
        return None  # a value of the application's that its own schema refuses
    if isinstance(exception, graphql.GraphQLSyntaxError) or not error.nodes:
        return HttpFailure(_BAD_REQUEST)
    return ValidationFailure()


def _is_of_application(exception: BaseException) -> bool:
    """Tell whether code of the application raised the exception, and no library of GraphQL."""
    return traceback_of(exception) is not None and not is_raised_in(exception, _LIBRARIES)
