"""Pyramid: the guard around the router, and ears where it turns exceptions into answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from pyramid.events import ApplicationCreated
from pyramid.exceptions import URLDecodeError
from pyramid.httpexceptions import HTTPException, HTTPNotFound
from pyramid.response import Response
from pyramid.router import Router

from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.asgi_exchange import Scope, state_of
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading
from tightlip.protocols.wsgi import Guard
from tightlip.responder.policy import ConfigurationError
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Framework
    from tightlip.protocols.wsgi_environ import Environ, StartResponse

_OWN_PACKAGES = frozenset({"pyramid", "webob"})
_REQUEST_READERS = {
    "pyramid.request": frozenset({"json_body"}),
    "webob.request": frozenset(
        {
            *("json_body", "_json_body__get", "text", "GET", "POST", "params"),
            *("encget", "_check_charset"),  # of the path, and of a form
        }
    ),
    "webob.multidict": frozenset({"__init__", "from_fieldstorage"}),
}
_REQUEST_LIBRARIES = frozenset({"json", "codecs", "cgi", "multipart", "urllib", *_OWN_PACKAGES})
_UNREADABLE = (ValueError, RecursionError, DeprecationWarning)
"""WebOb raises the last of them for a form whose charset is not UTF-8."""

_FIRST_ERROR = 400
_NOT_FOUND = 404
_METHOD_NOT_ALLOWED = 405

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""


def includeme(config: Any) -> None:
    """Put the guard around the application that `config` makes, with the default settings.

    Pyramid calls this for `config.include("tightlip.adapters.pyramid")`.
    """
    responder = open_responder({})

    def created(event: Any) -> None:
        wrap(event.app, responder)

    config.add_subscriber(created, ApplicationCreated)


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`, which `config.make_wsgi_app()` made, and return it.

    Raises:
        ConfigurationError: It is a part of Pyramid's that is no application.
    """
    if not isinstance(application, Router):
        raise ConfigurationError(
            "shield() takes what config.make_wsgi_app() returns, "
            f"not a {type(application).__qualname__} of Pyramid's"
        )
    if not has_put_on(application):
        guard = Guard(call_of(application), responder, _FRAMEWORK)
        application.handle_request = _listening(application, application.handle_request)
        put_on(application, _guarded_class(type(application), guard))
    return application


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of Pyramid's says; None for any other."""
    if isinstance(exception, HTTPException):
        status, headers = exception.status_int, dict(exception.headerlist)
        if is_raised_in(exception, _OWN_PACKAGES):
            return HttpFailure(status, headers=headers)
        return HttpFailure(status, exception.detail, headers)
    if isinstance(exception, URLDecodeError):
        return HttpFailure(_NOT_FOUND)
    if is_raised_while_reading(exception, _REQUEST_READERS, _REQUEST_LIBRARIES, _UNREADABLE):
        return HttpFailure(_FIRST_ERROR)
    return None


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return type(exception).__module__ == "webob.request" and isinstance(exception, OSError)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the pattern of the route that matched, and its name."""
    return state_of(scope).route


def is_own_answer(body: bytes) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell whether a plain answer was written by Pyramid itself: its page is not made."""
    return False


def _guarded_class(before: Any, guard: Guard) -> type:
    """Return the class of a router whose calls go through the guard."""

    class Guarded(before):  # type: ignore[misc]
        def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return guard(environ, start_response)

    return Guarded


def _listening(router: Any, handle: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what handles a request and tells of the exceptions that views make answers of."""

    def listening(request: Any) -> Any:
        state = state_of(request.environ)
        try:
            response = handle(request)
        finally:
            matched = request.matched_route
            if matched is not None:
                state.route = (matched.pattern, matched.name)
        raised = request.exception
        if raised is not None:
            state.note(raised)
        if isinstance(response, HTTPException) and response.status_int >= _FIRST_ERROR:
            return _without_page(response, raised, router, request)
        return response

    return listening


def _without_page(response: Any, raised: Any, router: Any, request: Any) -> Any:
    """Return an HTTP exception as an answer without the page that Pyramid would write."""
    status, headers = response.status_int, dict(response.headerlist)
    if isinstance(raised, HTTPNotFound) and is_raised_in(raised, _OWN_PACKAGES):
        allowed = _allowed_methods(router, request)
        if allowed and request.method not in allowed:
            status, headers = _METHOD_NOT_ALLOWED, {"Allow": ", ".join(allowed)}
    if response.has_body:
        return response
    # What was returned, not raised, is an answer made by hand, and so are its words.
    words = "" if response is raised else str(response.detail or "")
    headers = {name: value for name, value in headers.items() if not name.startswith("Content-")}
    return Response(words.encode(), status, list(headers.items()))


def _allowed_methods(router: Any, request: Any) -> list[str]:
    """Return the methods that the path is there for, where none but the method is wrong.

    Pyramid says of such a path that it is not found.
    """
    methods: set[str] = set()
    for routed in router.routes_mapper.get_routes() if router.routes_mapper else ():
        if routed.match(request.path_info) is None:
            continue
        for kind, name in (("routes", "name"), ("views", "route_name")):
            for entry in router.registry.introspector.get_category(kind, ()):
                described = entry["introspectable"]
                if described.get(name) == routed.name:
                    given = described.get("request_methods") or ()
                    methods.update([given] if isinstance(given, str) else given)
    return sorted(methods)
