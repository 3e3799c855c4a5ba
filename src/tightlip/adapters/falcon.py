"""Falcon: the guard around the application, and an ear where it handles exceptions."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack, cast

from falcon import App as WsgiApp
from falcon import HTTPError, HTTPMethodNotAllowed, HTTPNotFound, HTTPStatus
from falcon.app_helpers import default_serialize_error
from falcon.asgi import App
from falcon.asgi.ws import http_status_to_ws_code
from falcon.constants import COMBINED_METHODS
from falcon.errors import (
    HTTPInvalidParam,
    HTTPMissingHeader,
    HTTPMissingParam,
    MediaValidationError,
    WebSocketDisconnected,
)
from falcon.util import code_to_http_status

from tightlip.failure import Failure, FieldFailure, HttpFailure, ValidationFailure
from tightlip.protocols import asgi, wsgi
from tightlip.protocols.asgi_exchange import (
    IN_BACKGROUND,
    Scope,
    State,
    is_for_others,
    must_pass,
    state_of,
)
from tightlip.protocols.asgi_websocket import with_honest_code
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading
from tightlip.responder.policy import Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Framework

_OWN_PACKAGES = frozenset({"falcon"})
_BODY_READERS = {
    f"falcon.{module}": frozenset(
        {"deserialize", "deserialize_async", "_deserialize", "get_media", "media"}
    )
    for module in ("media.json", "media.urlencoded", "media.msgpack", "request", "asgi.request")
}
_BODY_LIBRARIES = frozenset({"falcon", "json", "codecs", "msgpack"})
_MALFORMED = 400
_NAME = re.compile(r'"([^"]{1,128})"')  # falcon names the parameter in its description alone
_WRONG_TYPES = (
    ("must be an integer", "int_parsing"),
    ("must be a float", "float_parsing"),
    ('must be "true" or "false"', "bool_parsing"),
    ("must be a UUID", "uuid_parsing"),
)

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`, of ASGI or of WSGI, and return it."""
    if not isinstance(application, WsgiApp):  # the base class of the one for ASGI
        return asgi.Guard(application, responder, _FRAMEWORK)
    if not has_put_on(application):
        before = _listening_class(type(application))
        make = _asgi_class if isinstance(application, App) else _wsgi_class
        put_on(application, make(before, call_of(application), responder))
    return application


def setup(app: App[Any, Any] | WsgiApp[Any, Any], **settings: Unpack[Settings]) -> None:
    """Put the guard around `app`.

    Args:
        app: The application, of ASGI or of WSGI.
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    wrap(app, open_responder(settings))


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of Falcon's says; None for any other.

    Words that Falcon chose by itself are no one's detail.
    """
    if isinstance(exception, HTTPError):
        return _read_validation(exception) or _read_error(exception)
    if isinstance(exception, HTTPStatus):
        return HttpFailure(exception.status_code, exception.text, _headers(exception.headers))
    if is_raised_while_reading(exception, _BODY_READERS, _BODY_LIBRARIES):
        return HttpFailure(_MALFORMED)
    return None


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, WebSocketDisconnected)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the template of the route that matched, and the name of its resource."""
    return state_of(scope).route


def is_own_answer(body: bytes) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell whether a plain answer was written by Falcon itself: it raises instead."""
    return False


def _read_validation(error: HTTPError) -> ValidationFailure | None:
    """Return which parameter Falcon refused, or that a schema refused the body."""
    if isinstance(error, MediaValidationError):
        return ValidationFailure()
    words = error.description or ""
    named = _NAME.search(words)
    name = named[1] if named is not None else ""
    if isinstance(error, HTTPMissingParam | HTTPMissingHeader):
        place = "query" if isinstance(error, HTTPMissingParam) else "header"
        return ValidationFailure((FieldFailure((place, name), "missing"),))
    if isinstance(error, HTTPInvalidParam):
        kind = next((kind for part, kind in _WRONG_TYPES if part in words), "")
        return ValidationFailure((FieldFailure(("query", name), kind),))
    return None


def _read_error(error: HTTPError) -> HttpFailure:
    detail = error.description
    if detail is None and error.title != code_to_http_status(error.status):
        detail = error.title
    if is_raised_in(error, _OWN_PACKAGES):
        detail = None
    return HttpFailure(error.status_code, detail, _headers(error.headers))


def _headers(headers: Any) -> dict[str, str]:
    return dict(headers or {})


def _listening_class(before: Any) -> type:
    """Return the class of an application that tells of its exceptions."""

    class Listening(before):  # type: ignore[misc]
        __slots__ = ()

        def _get_responder(self, req: Any) -> Any:
            found = super()._get_responder(req)
            responder, _, resource, template = found
            if resource is None:
                return found
            _state_of(req).route = (template, type(resource).__name__)
            is_unknown = req.method not in COMBINED_METHODS  # Falcon takes it for a bad request
            if is_unknown or _is_refusal(responder):
                methods = self._methods_at(req)
                if methods == {"WEBSOCKET"}:  # for HTTP there is nothing
                    raise HTTPNotFound
                if is_unknown:
                    raise HTTPMethodNotAllowed(sorted(methods))
            return found

        def _methods_at(self, req: Any) -> set[str]:
            """Return the methods that the resource at the path of a request has code for."""
            methods = self._router_search(req.path, req=req)[1]
            return {name for name, found in methods.items() if not _is_of_falcon(found)}

        def _compose_error_response(self, req: Any, resp: Any, error: HTTPError) -> None:
            if self._serialize_error is not default_serialize_error:
                super()._compose_error_response(req, resp, error)
                return
            resp.status = error.status  # the form that Falcon would give it is not sent
            resp.set_headers(error.headers or {})

    return Listening


def _is_of_falcon(responder: Any) -> bool:
    return getattr(responder, "__module__", "") == "falcon.responders"


def _is_refusal(responder: Any) -> bool:
    """Tell whether it is Falcon's answer to a method that a resource has no code for."""
    return _is_of_falcon(responder) and "method_not_allowed" in responder.__qualname__


def _asgi_class(before: Any, call: Any, responder: Responder) -> type:
    """Return the class of an application on ASGI whose calls go through the guard."""

    async def served(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            send = with_honest_code(scope, send, _is_own_code)
        await call(scope, receive, send)

    guard = asgi.Guard(served, responder, _FRAMEWORK)

    class Guarded(before):  # type: ignore[misc]
        __slots__ = ()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await guard(scope, receive, send)

        async def _handle_exception(
            self, req: Any, resp: Any, ex: Exception, params: Any, ws: Any = None
        ) -> Any:
            _state_of(req).note(ex)
            return await super()._handle_exception(req, resp, ex, params, ws=ws)

        def _schedule_callbacks(self, resp: Any) -> None:
            resp._registered_callbacks = [  # noqa: SLF001 - what Falcon starts next
                (_recorded(callback, responder, is_async=is_async), is_async)
                for callback, is_async in resp._registered_callbacks or ()  # noqa: SLF001
            ]
            super()._schedule_callbacks(resp)

    return Guarded


def _is_own_code(code: object, exception: BaseException) -> bool:
    """Tell whether Falcon made a close code of the status of its own exception."""
    return isinstance(exception, HTTPError | HTTPStatus) and code == http_status_to_ws_code(
        exception.status_code
    )


def _recorded(
    callback: Callable[[], Any], responder: Responder, *, is_async: bool
) -> Callable[[], Any]:
    """Return a callback that runs after the answer, and whose failure is recorded.

    Falcon starts it in a task of its own, where `SystemExit` would end the event loop.
    """

    def record(exception: BaseException) -> None:
        responder.answer(exception, None, read=read, event=IN_BACKGROUND, leaves=False)

    async def run() -> None:
        try:
            await callback()
        except BaseException as exception:
            if must_pass(exception):
                raise
            record(exception)

    def run_in_thread() -> None:
        try:
            callback()
        except BaseException as exception:
            if is_for_others(exception):
                raise
            record(exception)

    return run if is_async else run_in_thread


def _wsgi_class(before: Any, call: Any, responder: Responder) -> type:
    """Return the class of an application on WSGI whose calls go through the guard."""
    guard = wsgi.Guard(call, responder, _FRAMEWORK)

    class Guarded(before):  # type: ignore[misc]
        __slots__ = ()

        def __call__(self, env: Any, start_response: Any) -> Any:
            return guard(env, start_response)

        def _handle_exception(self, req: Any, resp: Any, ex: Exception, params: Any) -> Any:
            _state_of(req).note(ex)
            return super()._handle_exception(req, resp, ex, params)

    return Guarded


def _state_of(request: Any) -> State:
    return state_of(request.scope if hasattr(request, "scope") else request.env)
