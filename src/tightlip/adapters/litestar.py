"""Litestar: the guard around the application, and an ear where it handles exceptions."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack, cast

from litestar import Litestar, Request, Response
from litestar.exceptions import (
    HTTPException,
    LitestarException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
    WebSocketDisconnect,
    WebSocketException,
)
from litestar.plugins import InitPluginProtocol
from litestar.utils.scope.state import ScopeState

from tightlip.failure import Failure, FieldFailure, HttpFailure, ValidationFailure
from tightlip.protocols.asgi import Guard
from tightlip.protocols.asgi_containment import contained, raising
from tightlip.protocols.asgi_exchange import Scope, state_of
from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.protocols.asgi_websocket import with_honest_code
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.msgspec_errors import read_message, read_path
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading
from tightlip.protocols.pydantic_errors import read_errors
from tightlip.responder.policy import Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from litestar.config.app import AppConfig

    from tightlip.protocols.asgi_exchange import Framework

_OWN_PACKAGES = frozenset({"litestar"})
_MISSING = re.compile(r"Missing required (query|path|header|cookie) parameter '([^']*)'")
_BODY_PARAMETER = "data"
_BODY_READERS = {
    "litestar.connection.request": frozenset(
        {"json", "msgpack", "body", "stream", "form", "_get_form", "_parse_form"}
    )
}
_BODY_LIBRARIES = frozenset({"litestar", "msgspec", "json", "multipart", "codecs", "asyncio"})
_UNREADABLE = (ValueError, RecursionError, SerializationException)
_RESOLVED = "dependency connection kwargs cleanup_group"
_OWN_WORDS = b'{"message":"invalid host header"}'
_VALIDATION = "Validation Exception"
_MALFORMED = 400
_REFUSED = 403
_SERVER_ERROR = 500
_LITESTARS_FAILURE = 4500  # its close code of every unforeseen exception

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`, and return it."""
    if not isinstance(application, Litestar):
        return Guard(application, responder, _FRAMEWORK)
    if not has_put_on(application):
        application.after_exception.insert(0, _listen)
        application.logging_config = _without_log(application.logging_config)
        _put_guard_on(application, responder)
    return application


class ShieldPlugin(InitPluginProtocol):
    """The guard as a plugin: `Litestar(plugins=[ShieldPlugin()])`.

    Args:
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """

    def __init__(self, **settings: Unpack[Settings]) -> None:
        self._responder = open_responder(settings)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Put the guard around the application that is being made."""
        application = next(
            app
            for plugin in app_config.plugins
            if isinstance(app := getattr(plugin, "app", None), Litestar)
        )
        if not has_put_on(application):
            app_config.after_exception.insert(0, _listen)
            app_config.logging_config = _without_log(app_config.logging_config)
            _put_guard_on(application, self._responder)
        return app_config


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of Litestar's says; None for any other.

    Words that Litestar chose by itself are no one's detail.
    """
    if isinstance(exception, ValidationException) and is_raised_in(exception, _OWN_PACKAGES):
        return _read_validation(exception)
    if isinstance(exception, HTTPException):
        detail = None if _has_own_words(exception) else exception.detail
        return HttpFailure(exception.status_code, detail, exception.headers or {})
    if isinstance(exception, WebSocketException):
        return HttpFailure(_REFUSED, exception.detail or None)
    if is_raised_while_reading(exception, _BODY_READERS, _BODY_LIBRARIES, _UNREADABLE):
        return HttpFailure(_MALFORMED)
    return None


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, WebSocketDisconnect)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the template of the route that matched, and the handler's name."""
    template = scope.get("path_template")
    name = getattr(scope.get("route_handler"), "handler_name", "")
    return (template if isinstance(template, str) else None), (
        name if isinstance(name, str) else ""
    )


def is_own_answer(body: bytes) -> bool:
    """Tell whether a plain answer was written by Litestar itself."""
    return body == _OWN_WORDS


def _has_own_words(exception: HTTPException) -> bool:
    try:
        phrase = HTTPStatus(exception.status_code).phrase
    except ValueError:
        phrase = None
    return exception.detail == phrase or is_raised_in(exception, _OWN_PACKAGES)


def _read_validation(exception: ValidationException) -> Failure:
    """Read a refusal that Litestar itself raised, from what stands behind it."""
    missing = _MISSING.match(exception.detail)
    if missing is not None:
        return ValidationFailure((FieldFailure((missing[1], missing[2]), "missing"),))
    if not isinstance(exception.extra, list):
        return HttpFailure(exception.status_code)
    errors = getattr(exception.__cause__, "errors", None)
    if isinstance(errors, list):  # pydantic's
        located = [{**error, "loc": ("body", *error.get("loc", ()))} for error in errors]
        return read_errors(located)
    absent = {"key": _BODY_PARAMETER, "source": "body", "message": repr(_BODY_PARAMETER)}
    malformed = absent in exception.extra  # the parameter that holds the body was given nothing
    return ValidationFailure(tuple(map(_field_of, exception.extra)), malformed)


def _field_of(entry: Mapping[str, Any]) -> FieldFailure:
    place = str(getattr(entry.get("source"), "value", entry.get("source", "")))
    key = str(entry.get("key", ""))
    inside: tuple[str | int, ...] = (key,)
    if place == "body":
        inside = () if key == _BODY_PARAMETER else read_path(key)
    return read_message(str(entry.get("message", "")), (place, *inside))


def _put_guard_on(application: Litestar, responder: Responder) -> None:
    _adjust()
    before: Any = type(application)
    call = call_of(application)

    async def served(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            send = with_honest_code(scope, send, _is_own_code)
        try:
            await call(scope, receive, send)
        except LitestarException as exception:
            failed = _what_failed(exception)
        else:
            return
        raise failed

    guard = Guard(served, responder, _FRAMEWORK)

    class Guarded(before):  # type: ignore[misc]
        __slots__ = ()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await guard(scope, receive, send)

    put_on(application, Guarded)


def _adjust() -> None:
    """See that Litestar's document tells of our errors, and that what it runs aside fails alike.

    `SystemExit` would end the event loop, whoever awaits a thread's `StopIteration` would wait for
    ever, and a stream that raises `ValueError` would end as if it were whole.
    """
    for module, owner, name, parameters, make in (
        ("response.streaming", "ASGIStreamingResponse", "_stream", "self send", contained),
        ("background_tasks", "BackgroundTask", "__call__", "self", contained),
        ("_kwargs.kwargs_model", "", "resolve_dependency", _RESOLVED, _contained_dependency),
        ("_kwargs.cleanup", "DependencyCleanupGroup", "_wrap_next", "generator", _contained_next),
        ("utils.sync", "AsyncIteratorWrapper", "_call_next", "self", _told_from_the_end),
        ("concurrency", "", "_run_sync_asyncio", "fn args kwargs", _raising_in_threads),
        ("_openapi.plugin", "OpenAPIPlugin", "provide_openapi_schema", "self", _described),
        ("_asgi.routing_trie.traversal", "", "parse_node_handlers", "node method", _found_by_http),
    ):
        # Another release may do it in another way.
        with suppress(ImportError, AttributeError, UnknownFunctionError):
            place: Any = import_module(f"litestar.{module}")
            substitute(getattr(place, owner) if owner else place, name, parameters, make)


def _found_by_http(find: Callable[..., Any]) -> Callable[..., Any]:
    """Return what finds the handler at a path: where a WebSocket alone is, HTTP finds none."""

    def found(node: Any, method: str | None) -> Any:
        try:
            return find(node, method)
        except MethodNotAllowedException:
            if node.asgi_handlers.keys() <= {"websocket"}:
                raise NotFoundException from None
            raise

    return found


def _contained_dependency(resolve: Callable[..., Any]) -> Callable[..., Any]:
    run = contained(resolve)

    async def resolved(*arguments: Any) -> None:
        try:
            await run(*arguments)
        except EndedEarlyError as ended:  # in a group, since Litestar gives it another cause
            raise ExceptionGroup("a dependency failed", [ended]) from None

    return resolved


def _contained_next(wrap_next: Callable[[Any], Any]) -> Any:
    return staticmethod(lambda generator: contained(wrap_next(generator)))


def _told_from_the_end(call_next: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what asks an iterator for more: a `ValueError` says in Litestar that there is none."""

    def called(iterator: Any) -> Any:
        try:
            return call_next(iterator)
        except ValueError as error:
            if isinstance(error.__cause__, StopIteration):
                raise
            raise EndedEarlyError("an iterator of the application failed") from error

    return called


def _raising_in_threads(run: Callable[..., Any]) -> Callable[..., Any]:
    async def ran(function: Any, *arguments: Any, **named: Any) -> Any:
        return await run(raising(function), *arguments, **named)

    return ran


def _described(provide: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """Return what gives the OpenAPI document, with the errors in it that are on the wire."""

    def provided(plugin: Any) -> dict[str, Any]:
        document = provide(plugin)
        if not has_put_on(plugin.app):
            return document
        for item in document.get("paths", {}).values():
            for operation in item.values():
                responses = operation.get("responses", {})
                if _refuses_content(responses.get("400", {})):
                    responses.setdefault("422", {})
        return Responder.describe(document)

    return provided


def _refuses_content(response: Mapping[str, Any]) -> bool:
    """Tell whether it is Litestar's answer to what a handler does not take."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("description") == _VALIDATION)


def _without_log(config: Any) -> Any:
    """Return the settings of the log, in which Litestar tells of no exception when it debugs.

    The incident tells of it. A way of the application's own stays.
    """
    told = getattr(config, "exception_logging_handler", None)
    package = getattr(told, "__module__", "").partition(".")[0]
    if getattr(config, "log_exceptions", "") != "debug" or package not in _OWN_PACKAGES:
        return config
    quiet = copy(config)
    quiet.log_exceptions = "never"
    return quiet


def _what_failed(exception: BaseException) -> BaseException:
    """Return what stands behind the exceptions in which Litestar wraps one that came late.

    It counts an answer as begun that the guard still holds back, and streams in a task group.
    """
    while (
        type(exception) is LitestarException
        and exception.__cause__ is not None
        and is_raised_in(exception, _OWN_PACKAGES)
    ):
        exception = exception.__cause__
    while isinstance(exception, BaseExceptionGroup) and len(exception.exceptions) == 1:
        exception = exception.exceptions[0]
    return exception


def _is_own_code(code: object, exception: BaseException) -> bool:
    return code == _LITESTARS_FAILURE and not isinstance(exception, WebSocketException)


async def _listen(exception: Exception, scope: Any) -> None:
    """Remember the exception; where no handler of the application waits, answer in its place."""
    state_of(scope).note(exception)
    if scope["type"] != "http":
        return
    state = ScopeState.from_scope(scope)
    handlers = state.exception_handlers
    if isinstance(handlers, Mapping) and not _is_handled(exception, handlers):
        state.exception_handlers = {**handlers, type(exception): _answer_in_place}


def _is_handled(exception: Exception, handlers: Mapping[Any, Any]) -> bool:
    """Tell whether a handler of the application waits for `exception`."""
    status = exception.status_code if isinstance(exception, HTTPException) else _SERVER_ERROR
    return status in handlers or any(cls in handlers for cls in type(exception).__mro__)


def _answer_in_place(
    request: Request[Any, Any, Any],  # noqa: ARG001 - what Litestar calls
    exception: Exception,
) -> Response[bytes]:
    """Answer with the status of the exception; the guard puts the words in."""
    if not isinstance(exception, HTTPException):
        return Response(b"", status_code=_SERVER_ERROR)
    return Response(b"", status_code=exception.status_code, headers=exception.headers)
