"""Starlette and FastAPI: the guard around the whole stack, and ears at the handlers inside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial, wraps
from http import HTTPStatus
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary, WeakSet

from anyio import to_thread
from starlette._utils import is_async_callable
from starlette.applications import Starlette
from starlette.exceptions import HTTPException, WebSocketException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.websockets import WebSocket, WebSocketDisconnect

from tightlip.adapters.starlette.routes import route as route
from tightlip.adapters.starlette.routes import route_of
from tightlip.failure import Failure, HttpFailure, ValidationFailure
from tightlip.json_schema import property_names
from tightlip.protocols.asgi import Guard
from tightlip.protocols.asgi_containment import Containment, contained, solving, telling
from tightlip.protocols.asgi_exchange import Scope, state_of
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading
from tightlip.protocols.pydantic_errors import read_errors
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Send

    from tightlip.protocols.asgi_exchange import Dress, Framework
    from tightlip.responder.responder import Responder

_SOLVED = (
    "request dependant body background_tasks response dependency_overrides_provider"
    " dependency_cache async_exit_stack embed_body_fields _uses_scopes_cache"
)
_RUN = "func args abandon_on_cancel cancellable limiter"
_OWN_PACKAGES = ("starlette", "fastapi")
_REFUSED = 403
_NOT_FOUND = 404
_UNSUPPORTED_TYPE = 415
_FIRST_ERROR = 400
_MOST_PARTS = 100_000  # an object may invent a new `app` each time that it is asked
_BODY_READERS = {
    "starlette.requests": frozenset({"json", "form", "body", "stream", "_get_form"}),
}
_BODY_LIBRARIES = frozenset({"json", "python_multipart", "starlette", "codecs"})
_PATH_READERS = {
    "starlette.convertors": frozenset({"convert"}),
    "starlette.staticfiles": frozenset({"lookup_path"}),
}
_PATH_LIBRARIES = frozenset({"posixpath", "ntpath", "genericpath"})
_OWN_WORDS = (
    b"Disallowed CORS ",
    b"Invalid host header",
    b"Only support bytes range",
    b"Range header: ",
    b"Malformed range header",
)

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""

_DECLARED: WeakKeyDictionary[BaseException, frozenset[str]] = WeakKeyDictionary()
"""The names that the API declares at the place where a request was refused."""

_NAMES: dict[int, tuple[Any, frozenset[str] | None]] = {}
"""The names that a route declares, by the identity of the route, which lives as long."""

_SHIELDED: WeakSet[Starlette] = WeakSet()
"""The applications that have the guard around them."""

_LISTENING: WeakSet[Starlette] = WeakSet()
"""The applications that tell a guard around them of their exceptions."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`.

    A Starlette or FastAPI object is returned as itself: the guard stands around the stack of
    middleware that it builds. Any other ASGI callable of these libraries gets a wrapper.
    """
    with suppress(UnknownFunctionError):  # another release runs its streams in another way
        substitute(StreamingResponse, "stream_response", "self send", contained)
    with suppress(UnknownFunctionError):
        substitute(to_thread, "run_sync", _RUN, _telling_in_threads)
    with suppress(UnknownFunctionError):
        if "fastapi.sse" in sys.modules:
            substitute(sys.modules["fastapi.routing"], "solve_dependencies", _SOLVED, solving)
    if not isinstance(application, Starlette):
        _listen_in([application], responder)
        return Guard(application, responder, _FRAMEWORK)
    if application not in _SHIELDED:
        _SHIELDED.add(application)
        _guard_stack(application, responder)
        _describe(application, responder)
    return application


def _telling_in_threads(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return anyio's `run_sync`, which waits for ever for a thread that ended without a word."""

    @wraps(run)
    async def ran(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return await run(telling(function), *arguments, **named)

    return ran


class ShieldMiddleware:
    """The same guard as middleware: `app.add_middleware(ShieldMiddleware)`.

    It is a guard for what stands inside it from the first request on, and puts the guard around
    the whole application at the first event that it sees (the start of the lifespan, or the
    first request).

    Args:
        app: The ASGI application inside.
        responder: The decision point; one with the default settings if it is not given.
    """

    def __init__(self, app: ASGIApp, responder: Responder | None = None) -> None:
        if responder is None:
            from tightlip.serving import open_responder

            responder = open_responder({})
        self._responder = responder
        self._guard = Guard(app, responder, _FRAMEWORK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one exchange."""
        application = scope.get("app")
        if isinstance(application, Starlette) and application not in _SHIELDED:
            wrap(application, self._responder)
        await self._guard(scope, receive, send)


def read(exception: BaseException) -> Failure | None:
    """Return what a framework's own exception says; None for any other.

    Words that the framework raised by itself are no one's detail.
    """
    if isinstance(exception, HTTPException):
        detail = None if _has_own_words(exception) else exception.detail
        return HttpFailure(exception.status_code, detail, exception.headers or {})
    if isinstance(exception, WebSocketException):
        return HttpFailure(_REFUSED, exception.reason or None)
    validation = _fastapi_exceptions()
    if validation is not None and isinstance(
        exception, validation.RequestValidationError | validation.WebSocketRequestValidationError
    ):
        return _read_validation(exception)
    if is_raised_while_reading(exception, _BODY_READERS, _BODY_LIBRARIES):
        return HttpFailure(_FIRST_ERROR)
    if is_raised_while_reading(exception, _PATH_READERS, _PATH_LIBRARIES):
        return HttpFailure(_NOT_FOUND)
    return None


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, ClientDisconnect | WebSocketDisconnect)


def is_own_answer(body: bytes) -> bool:
    """Tell whether a plain answer was written by the framework itself."""
    return body.startswith(_OWN_WORDS)


def _fastapi_exceptions() -> Any:
    """FastAPI's exceptions, where FastAPI is in use."""
    return sys.modules.get("fastapi.exceptions")


def _has_own_words(exception: HTTPException) -> bool:
    try:
        phrase = HTTPStatus(exception.status_code).phrase
    except ValueError:
        phrase = None
    if type(exception.detail) is str and exception.detail == phrase:
        return True
    return is_raised_in(exception, _OWN_PACKAGES)


def _read_validation(exception: Any) -> ValidationFailure | HttpFailure:
    """Return what FastAPI refused; a body that is not there, or of another type, is no content."""
    failure = read_errors(exception.errors(), _DECLARED.get(exception))
    body = getattr(exception, "body", None)
    for field in failure.fields:
        if field.location == ("body",) and isinstance(body, bytes):
            return HttpFailure(_UNSUPPORTED_TYPE)
        if field.location == ("body",) and field.type == "missing" and body is None:
            return failure._replace(malformed=True)
    return failure


def _guard_stack(application: Starlette, responder: Responder) -> None:
    """Have the application build its stack with our ears in it and the guard around it."""
    _listen_in(application.routes, responder)
    build = application.build_middleware_stack

    @wraps(build)
    def guarded() -> Guard:
        with _listening(application, responder):
            stack = build()
        _listen_in([stack], responder)
        return Guard(stack, responder, _FRAMEWORK, _cors_of(application))

    application.build_middleware_stack = guarded  # type: ignore[method-assign]
    if application.middleware_stack is not None:
        application.middleware_stack = guarded()


def _listen_in(parts: Iterable[Any], responder: Responder) -> None:
    """Have the applications that stand in `parts` tell of their exceptions too."""
    for mounted in _parts_in(parts):
        if not isinstance(mounted, Starlette):
            responder.guard_inside(mounted, sys.modules[__name__])
        elif mounted not in _SHIELDED and mounted not in _LISTENING:
            _LISTENING.add(mounted)
            _listen_inside(mounted, responder)


def _parts_in(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield what is mounted at `routes` and is no part of Starlette's, also inside of that."""
    open_parts = list(routes)
    seen: set[int] = set()
    while open_parts and len(seen) < _MOST_PARTS:
        part = open_parts.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Starlette):
            yield part
        elif isinstance(part, Guard):
            continue
        else:
            if isinstance(part, BaseHTTPMiddleware) and not isinstance(part.app, Containment):
                part.app = Containment(part.app)  # it runs what is inside in a task of its own
            if type(part).__module__.partition(".")[0] not in _OWN_PACKAGES:
                yield part
            open_parts.extend(part.routes if isinstance(part, Router) else _inside(part))


def _inside(part: Any) -> Iterator[Any]:
    """Yield what a mount, a middleware or a bridge holds, and FastAPI for an included router."""
    for name in ("app", "original_router", "wsgi_application"):
        try:
            found = getattr(part, name, None)
        except Exception:  # a foreign object may fail: there is nothing to listen to
            found = None
        if found is not None:
            yield found
    if isinstance(part, Route) and isinstance(part.endpoint, FunctionType):
        # An older FastAPI copies the routes of a router, whose functions may still speak of it.
        for cell in part.endpoint.__closure__ or ():
            with suppress(ValueError):  # an empty cell
                if issubclass(type(cell.cell_contents), Router):
                    yield cell.cell_contents


def _listen_inside(application: Starlette, responder: Responder) -> None:
    build = application.build_middleware_stack

    @wraps(build)
    def listening() -> ASGIApp:
        with _listening(application, responder):
            stack = build()
        _listen_in([stack], responder)
        return stack

    application.build_middleware_stack = listening  # type: ignore[method-assign]
    if application.middleware_stack is not None:
        application.middleware_stack = listening()


@contextmanager
def _listening(application: Starlette, responder: Responder) -> Iterator[None]:
    """While the stack is built, stand before every handler; the debug page is not built in."""
    handlers, debug = application.exception_handlers, application.debug
    own: dict[Any, Any] = {
        HTTPException: _answer_in_place,
        WebSocketException: _answer_in_place,
        responder.public_error: _answer_declared,
        Exception: _answer_in_place,
    }
    for key, handler in handlers.items():
        given_by = getattr(handler, "__module__", "") or ""
        if given_by.partition(".")[0] in _OWN_PACKAGES:
            own[key] = _answer_in_place
        else:
            own[Exception if key == HTTPStatus.INTERNAL_SERVER_ERROR else key] = _noting(handler)
    application.exception_handlers = own
    application.debug = False
    try:
        yield
    finally:
        application.exception_handlers, application.debug = handlers, debug


def _noting(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Remember the exception, then let the application's own handler do its work."""
    if is_async_callable(handler):

        @wraps(handler)
        async def noted_async(connection: Request | WebSocket, exception: Exception) -> Any:
            _note(connection, exception)
            return await handler(connection, exception)

        return noted_async

    @wraps(handler)
    def noted(connection: Request | WebSocket, exception: Exception) -> Any:
        _note(connection, exception)
        return handler(connection, exception)

    return noted


def _note(connection: Request | WebSocket, exception: Exception) -> None:
    """Remember the exception, and what its route declares."""
    state_of(connection.scope).note(exception)
    failure = read(exception)
    if isinstance(failure, ValidationFailure):
        raised = [field.error for field in failure.fields if field.error is not None]
        if raised and exception.__cause__ is None:
            # The validators' own exceptions stand in a list of dicts, where no record finds them.
            exception.__cause__ = raised[0] if len(raised) == 1 else _group(raised)
        names = _declared_names(route_of(connection.scope))
        if names is not None:
            _DECLARED[exception] = names


def _group(exceptions: list[BaseException]) -> BaseException:
    return BaseExceptionGroup("raised by validators", exceptions)


def _declared_names(route: Any) -> frozenset[str] | None:
    """Return what `_read_declared_names` reads, once for each route; routes have no hash."""
    held = _NAMES.get(id(route))
    if held is None or held[0] is not route:
        held = _NAMES[id(route)] = (route, _read_declared_names(route))
    return held[1]


def _read_declared_names(route: Any) -> frozenset[str] | None:
    """Return the names of all parameters and fields that a FastAPI route declares.

    They are read from the JSON Schema of each parameter, so they are the API's own names, by
    alias. None where the route is not FastAPI's, or a type has no schema.
    """
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return None
    try:
        from pydantic import TypeAdapter

        names: set[str] = set()
        for parameter in _parameters(dependant):
            names.update((parameter.alias, parameter.alias.replace("_", "-")))
            schema = TypeAdapter(parameter.field_info.annotation).json_schema()
            names.update(property_names(schema))
    except Exception:  # a type without a schema, or another version's internals: names by form
        return None
    return frozenset(names)


def _parameters(dependant: Any) -> Iterator[Any]:
    """Yield the parameters of a FastAPI dependency and of those that it depends on."""
    for kind in ("path", "query", "header", "cookie", "body"):
        yield from getattr(dependant, f"{kind}_params")
    for inner in dependant.dependencies:
        yield from _parameters(inner)


async def _answer_in_place(
    connection: Request | WebSocket, exception: Exception
) -> Response | None:
    """Remember the exception and answer with its status; the guard puts the words in."""
    _note(connection, exception)
    if isinstance(connection, WebSocket):
        await connection.close(_close_code(exception))
        return None
    failure = read(exception)
    if isinstance(failure, HttpFailure):
        return Response(status_code=failure.status, headers=_sendable(failure.headers))
    if isinstance(failure, ValidationFailure):
        return Response(status_code=400 if failure.malformed else 422)
    return Response(status_code=500)


async def _answer_declared(connection: Request | WebSocket, exception: Any) -> Response | None:
    """Do the same for a public error, which has a status of its own."""
    response = await _answer_in_place(connection, exception)
    if response is not None:
        response.status_code = exception.status
    return response


def _sendable(headers: Mapping[Any, Any]) -> dict[str, str]:
    """Return the headers that a response of Starlette's can hold, numbers among them."""
    texts = {str(name): str(value) for name, value in headers.items()}
    return {name: text for name, text in texts.items() if (name + text).isascii()}


def _close_code(exception: Exception) -> int:
    """Choose the close code (RFC 6455, section 7.4.1)."""
    if isinstance(exception, WebSocketException):
        return exception.code
    return 1008 if isinstance(read(exception), ValidationFailure) else 1011


def _cors_of(application: Starlette) -> Dress | None:
    """Return what adds the application's CORS headers to an answer made outside of its stack."""
    for middleware in application.user_middleware:
        cls: Any = middleware.cls
        if isinstance(cls, type) and issubclass(cls, CORSMiddleware):
            return partial(_dressed, cls, middleware.args, middleware.kwargs)
    return None


def _dressed(
    cls: type[CORSMiddleware], arguments: Any, options: Mapping[str, Any], application: Any
) -> Any:
    return cls(application, *arguments, **options)


def _describe(application: Starlette, responder: Responder) -> None:
    """Have the OpenAPI document show the errors that are on the wire."""
    original = getattr(application, "openapi", None)
    if original is None:
        return

    @wraps(original)
    def openapi() -> dict[str, Any]:
        document: dict[str, Any] = original()
        return responder.describe(document)

    application.openapi = openapi  # type: ignore[attr-defined]
