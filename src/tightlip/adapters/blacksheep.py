"""BlackSheep: the guard around the application, and an ear where it handles exceptions."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, Unpack, cast

from blacksheep import Application, Response, Router, WebSocket
from blacksheep.baseapp import BaseApplication
from blacksheep.exceptions import (
    BadRequest,
    HTTPException,
    InternalServerError,
    MessageAborted,
    NotFound,
)
from blacksheep.server.bindings import JSONBinder, MissingBodyError
from blacksheep.server.routing import RouteMethod
from blacksheep.server.websocket import WebSocketDisconnectError
from blacksheep.url import InvalidURL

from tightlip.failure import Failure, FieldFailure, HttpFailure, ValidationFailure
from tightlip.protocols.asgi import Guard
from tightlip.protocols.asgi_exchange import STATE, Scope, state_of
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading
from tightlip.protocols.pydantic_errors import read_errors
from tightlip.responder.policy import Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Framework

_PACKAGE = "blacksheep"
_OWN_PACKAGES = frozenset({_PACKAGE})
_BODY_READERS = {
    "blacksheep.messages": frozenset(
        {"json", "text", "read", "form", "files", "multipart", "form_data"}
    )
}
_BODY_LIBRARIES = frozenset({_PACKAGE, "json", "codecs", "urllib", "essentials"})
_MALFORMED = 400
_NOT_FOUND = 404
_NOT_ALLOWED = 405
_UNSUPPORTED_TYPE = 415
_SERVER_ERROR = 500
_DEFAULT_WORDS = frozenset(
    {
        "HTTP exception",
        "Bad request",
        "Not found",
        "Unauthorized",
        "Forbidden",
        "Conflict",
        "Unsupported media type",
        "Range not satisfiable",
        "Internal server error",
        "Not implemented by server",
    }
)
_FALLBACK = b"*"
_OTHER_TYPE = "Expected request content"  # said where there is a body of another type
_MISSING = re.compile(r"Missing (query|route|header|cookie) parameter `([^`]{1,128})`")
_INVALID = re.compile(r"Invalid value .* for parameter `([^`]{1,128})`; expected a valid (\w+)\.")
_ABSENT = re.compile(r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)")
_QUOTED = re.compile(r"'(\w{1,128})'")
_KINDS = {
    "int": "int_parsing",
    "float": "float_parsing",
    "bool": "bool_parsing",
    "UUID": "uuid_parsing",
    "date": "date_parsing",
    "datetime": "datetime_parsing",
}
_PLACES = {"route": "path"}

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`, and return it."""
    if not isinstance(application, Application):
        return Guard(application, responder, _FRAMEWORK)
    if not has_put_on(application):
        _put_guard_on(application, responder)
    return application


def use_shield(app: Application, **settings: Unpack[Settings]) -> None:
    """Put the guard around `app`.

    Args:
        app: The application.
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    wrap(app, open_responder(settings))


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of BlackSheep's says; None for any other.

    Words that BlackSheep chose by itself are no one's detail.
    """
    if isinstance(exception, _NoObjectError):
        return ValidationFailure((FieldFailure(("body",), "dict_type"),))
    if isinstance(exception, BadRequest) and is_raised_in(exception, _OWN_PACKAGES):
        return _read_refusal(exception)
    if isinstance(exception, HTTPException):
        detail = exception.args[0] if exception.args else None
        own = detail in _DEFAULT_WORDS or is_raised_in(exception, _OWN_PACKAGES)
        return HttpFailure(exception.status, None if own else detail)
    if isinstance(exception, InvalidURL) and is_raised_in(exception, _OWN_PACKAGES):
        return HttpFailure(_MALFORMED)
    if is_raised_while_reading(exception, _BODY_READERS, _BODY_LIBRARIES):
        return HttpFailure(_MALFORMED)
    return None


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, MessageAborted | WebSocketDisconnectError)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the pattern of the route that matched, and the handler's name."""
    return state_of(scope).route


def is_own_answer(body: bytes) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell whether a plain answer was written by BlackSheep itself: their words are taken out."""
    return False


def _read_refusal(refusal: BadRequest) -> Failure:
    """Read why the request did not fit what its handler takes."""
    words = str(refusal.args[0]) if refusal.args else ""
    cause = refusal.__cause__
    if (missing := _MISSING.match(words)) is not None:
        place = _PLACES.get(missing[1], missing[1])
        return ValidationFailure((FieldFailure((place, missing[2]), "missing"),))
    if (invalid := _INVALID.match(words)) is not None:
        return ValidationFailure((FieldFailure((invalid[1],), _KINDS.get(invalid[2], "")),))
    if words == _OTHER_TYPE:
        return HttpFailure(_UNSUPPORTED_TYPE)
    if not isinstance(cause, TypeError | ValueError) or is_raised_while_reading(
        cause, _BODY_READERS, _BODY_LIBRARIES
    ):
        return HttpFailure(_MALFORMED)
    if hasattr(cause, "errors"):  # pydantic's
        return read_errors([{**e, "loc": ("body", *e.get("loc", ()))} for e in cause.errors()])
    if isinstance(cause, TypeError):
        return ValidationFailure(_absent_fields(cause))
    return ValidationFailure((FieldFailure(("body",), "value_error", error=cause),))


def _absent_fields(error: TypeError) -> tuple[FieldFailure, ...]:
    """Return the fields that a class needed and did not get; Python tells them in words alone."""
    absent = _ABSENT.search(str(error.args[0]) if error.args else "")
    if absent is None:
        return (FieldFailure(("body",), ""),)
    return tuple(FieldFailure(("body", name), "missing") for name in _QUOTED.findall(absent[1]))


def _put_guard_on(application: Application, responder: Responder) -> None:
    with suppress(UnknownFunctionError):  # another release may look for its routes in another way
        substitute(Router, "get_match_by_method_and_path", "self method path", _telling)
    with suppress(UnknownFunctionError):
        substitute(JSONBinder, "get_value", "self request", _telling_of_emptiness)
    guard = Guard(call_of(application), responder, _FRAMEWORK)
    before = _listening_class(type(application))
    put_on(application, _guarded_class(before, guard, responder))
    for mount in application.mount_registry.mounted_apps:
        _guard_inside(mount.handler, responder)


def _guard_inside(mounted: Any, responder: Responder) -> None:
    """Have what is mounted in an application tell of its exceptions too."""
    if isinstance(mounted, Application):
        wrap(mounted, responder)
    else:
        responder.guard_inside(mounted, sys.modules[__name__])


class _NoObjectError(BadRequest):
    """A model is asked for, and the body is no object."""


def _is_model(kind: Any) -> bool:
    return is_dataclass(kind) or hasattr(kind, "model_fields")  # pydantic's


def _telling_of_emptiness(get_value: Callable[..., Any]) -> Callable[..., Any]:
    """Return what reads a body, and says of `{}` or `null` what is wrong with it.

    BlackSheep says of every empty value that there is no body.
    """

    async def told(binder: Any, request: Any) -> Any:
        try:
            return await get_value(binder, request)
        except MissingBodyError:
            if await request.read():
                content = await request.json()
                binder.parse_value(content)
                if not isinstance(content, dict) and _is_model(binder.expected_type):
                    raise _NoObjectError("the body is no object") from None
            raise

    return told


def _telling(find: Callable[..., Any]) -> Callable[..., Any]:
    """Have the handler of a WebSocket tell what it raised.

    BlackSheep keeps the exception to itself, and says of it what its text is, if it has one.
    """

    def found(router: Any, method: Any, path: Any) -> Any:
        match = find(router, method, path)
        if match is not None and method == RouteMethod.GET_WS:
            match.handler = _heard(match.handler)
        return match

    return found


def _heard(handler: Callable[..., Any]) -> Callable[..., Any]:
    async def heard(socket: WebSocket) -> None:
        try:
            await handler(socket)
        except Exception as exception:
            scope = cast("Scope", socket.scope)
            if STATE in scope:
                state_of(scope).note(exception)
            raise

    return heard


def _listening_class(before: Any) -> type:
    """Return the class of an application that tells of its exceptions, and shows none."""

    class Listening(before):  # type: ignore[misc]
        async def handle(self, request: Any) -> Any:
            match = self.router.get_match(request)
            if match is None:
                return Response(_NOT_FOUND)
            name = getattr(match.handler, "__name__", "")
            state_of(request.scope).route = (_template(match.pattern), name)
            return await super().handle(request)

        async def handle_request_handler_exception(self, request: Any, exc: Exception) -> Any:
            state_of(request.scope).note(exc)
            if _is_handled(exc, self.exceptions_handlers):
                return await super().handle_request_handler_exception(request, exc)
            if not isinstance(exc, HTTPException):
                await self.log_unhandled_exc(request, exc)
                return Response(_SERVER_ERROR)
            await self.log_handled_exc(request, exc)
            allowed = _other_methods(self.router, request) if isinstance(exc, NotFound) else ()
            if allowed:
                return Response(_NOT_ALLOWED, [(b"allow", b", ".join(allowed))])
            failure = read(exc)
            return Response(failure.status if isinstance(failure, HttpFailure) else exc.status)

        async def handle_internal_server_error(self, request: Any, exc: Exception) -> Any:
            error = InternalServerError(exc)  # type: ignore[arg-type]  # its stub is wrong
            handler = self.get_http_exception_handler(error)
            return await handler(self, request, error)  # also where details are to be shown

    return Listening


def _template(pattern: bytes) -> str | None:
    """Return the pattern of a route, as the application wrote it but for its star."""
    return None if pattern == _FALLBACK else pattern.decode("utf-8", "replace")


def _is_handled(exception: Exception, handlers: Mapping[Any, Any]) -> bool:
    """Tell whether a handler of the application's own waits for `exception`."""
    keys: list[Any] = list(type(exception).__mro__)
    if isinstance(exception, HTTPException):
        keys = [*keys[: keys.index(HTTPException)], exception.status]
    else:
        keys += [InternalServerError, _SERVER_ERROR]
    found = next((handlers[key] for key in keys if key in handlers), None)
    return found is not None and getattr(found, "__module__", "") != BaseApplication.__module__


def _other_methods(router: Any, request: Any) -> list[bytes]:
    """Return the methods that would have found a route where this one found none."""
    match = router.get_match(request)
    if match is None or router.fallback is None or match.handler is not router.fallback.handler:
        return []
    path = request.url.path
    return [
        method
        for method, routes in router.routes.items()
        if method.isalpha() and any(route.match_by_path(path) for route in routes)
    ]


def _guarded_class(before: Any, guard: Guard, responder: Responder) -> type:
    """Return the class of an application whose calls go through the guard."""

    class Guarded(before):  # type: ignore[misc]
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await guard(scope, receive, send)

        def mount(self, path: str, app: Any) -> None:
            super().mount(path, app)
            _guard_inside(app, responder)

        def extend(self, mixin: Any) -> None:
            super().extend(mixin)  # puts a class around this one: for mounts, for prefixes
            _put_guard_on(cast("Application", self), responder)

    return Guarded
