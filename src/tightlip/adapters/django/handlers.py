"""Django's handlers with the guard around them, and with ears inside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from asgiref.sync import SyncToAsync, iscoroutinefunction, sync_to_async
from django.apps import apps
from django.conf import settings
from django.core.handlers import exception as conversion
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse

from tightlip.adapters.django import clients, listening, reading
from tightlip.protocols import asgi, wsgi
from tightlip.protocols.asgi_containment import raising
from tightlip.protocols.asgi_exchange import must_pass
from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.protocols.instance import put_on
from tightlip.responder.policy import ConfigurationError
from tightlip.slots import is_a
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Receive, Scope, Send
    from tightlip.protocols.wsgi_environ import Environ, StartResponse
    from tightlip.responder.responder import Responder

_FIRST_ERROR = 400
_NOT_ALLOWED = 405
_END = object()

_BY_DEFAULT = {
    # What SecurityMiddleware and XFrameOptionsMiddleware add where no one has said otherwise.
    "Cross-Origin-Opener-Policy": ("SECURE_CROSS_ORIGIN_OPENER_POLICY", "same-origin"),
    "Referrer-Policy": ("SECURE_REFERRER_POLICY", "same-origin"),
    "X-Frame-Options": ("X_FRAME_OPTIONS", "DENY"),
}
_VARIES_WITH = frozenset({"accept", "accept-encoding", "accept-language", "cookie"})
"""What the caches of good answers need to know; an error answer is not stored."""


class _Listening(BaseHandler):  # type: ignore[misc]
    """A handler that tells the guard of its exceptions, however Django answers them."""

    tightlip_responder: Responder

    def resolve_request(self, request: Any) -> Any:
        """Remember the route."""
        match = super().resolve_request(request)
        listening.listen_to_libraries()
        state = listening.state_of(request)
        if state is not None:
            state.route = reading.route_of(match)
        return match

    def process_exception_by_middleware(self, exception: Exception, request: Any) -> Any:
        """Remember what a view raised before a middleware of the application's answers it."""
        listening.note(request, exception)
        return super().process_exception_by_middleware(exception, request)

    def get_response(self, request: Any) -> Any:
        """Answer, also where Django lets an exception out."""
        try:
            return _without_own_headers(super().get_response(request))
        except asyncio.CancelledError as exception:  # there is no task that could be cancelled
            return _failed(request, exception)
        except BaseException as exception:
            if must_pass(exception):
                raise
            return _failed(request, exception)

    async def get_response_async(self, request: Any) -> Any:
        """Answer, also where Django lets an exception out."""
        try:
            return _without_own_headers(await super().get_response_async(request))
        except BaseException as exception:
            if must_pass(exception):
                raise
            return _failed(request, exception)


class _ListeningAsgi(_Listening, ASGIHandler):  # type: ignore[misc]
    tightlip_guard: asgi.Guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange inside the guard (ASGI 3.0)."""
        await self.tightlip_guard(scope, receive, send)

    async def serve_inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange as Django does."""
        if scope["type"] == "websocket":
            # Django has none: to refuse is what others do where there is no such route.
            await send({"type": "websocket.close"})
        else:
            await super().__call__(scope, receive, send)

    def adapt_method_mode(self, *arguments: Any, **named: Any) -> Any:
        """Do the same for what Django runs in a thread beside the views, as `process_view`."""
        return _raising_in_thread(super().adapt_method_mode(*arguments, **named))

    def make_view_atomic(self, view: Any) -> Any:
        """Have a plain view, which Django runs in a thread, raise what its caller gets to see."""
        made = super().make_view_atomic(view)
        return made if iscoroutinefunction(made) else raising(made)

    async def send_response(self, response: Any, send: Send) -> None:
        """Send an answer; a stream of a synchronous iterator leaves part by part too."""
        if response.streaming and not response.is_async:
            response.streaming_content = _one_by_one(iter(response.streaming_content))
        try:
            await super().send_response(response, send)
        except BaseException as exception:
            if must_pass(exception):
                raise
            # Django closes only what was sent whole: files and connections would stay open.
            await sync_to_async(response.close)()
            if is_a(exception, Exception):
                raise
            # Django sends in a task of its own, and a task that SystemExit leaves ends the loop.
            raise EndedEarlyError("a stream asked for its own end") from exception


class _ListeningWsgi(_Listening, WSGIHandler):  # type: ignore[misc]
    tightlip_guard: wsgi.Guard

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request inside the guard (PEP 3333)."""
        return self.tightlip_guard(environ, start_response)

    def get_response(self, request: Any) -> Any:
        """Answer with a body of one part whose length is known, so that it is judged as a whole."""
        response = super().get_response(request)
        if not response.streaming and response.content:
            response.content = response.content
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    def serve_inside(self, environ: Environ, start_response: StartResponse) -> Any:
        """Serve one request as Django does."""
        return super().__call__(environ, start_response)


class _ListeningClient(_Listening):
    def get_response(self, request: Any) -> Any:
        """Answer what a client of a server would get."""
        clients.open_ears(request)
        return clients.guarded(super().get_response(request), request, self.tightlip_responder)

    async def get_response_async(self, request: Any) -> Any:
        """Answer what a client of a server would get."""
        clients.open_ears(request)
        response = await super().get_response_async(request)
        return await clients.guarded_async(response, request, self.tightlip_responder)


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around a handler, `ASGIHandler` or `WSGIHandler`; return the same object.

    Raises:
        ConfigurationError: It is something else of Django's.
    """
    if isinstance(application, _Listening):
        return application
    if isinstance(application, ASGIHandler):
        put_on(application, type("Listening", (_ListeningAsgi, type(application)), {}))
        for methods in (application._view_middleware, application._template_response_middleware):  # noqa: SLF001 - loaded before
            for method in methods or ():  # what serves static files has none
                _raising_in_thread(method)
        guard: Any = asgi.Guard(application.serve_inside, responder, listening.FRAMEWORK)
    elif isinstance(application, WSGIHandler):
        put_on(application, type("Listening", (_ListeningWsgi, type(application)), {}))
        guard = wsgi.Guard(application.serve_inside, responder, listening.FRAMEWORK)
    else:
        raise ConfigurationError(
            "shield() takes what get_asgi_application() and get_wsgi_application() return, "
            f"not {type(application).__module__}.{type(application).__qualname__}"
        )
    listening.listen(responder)
    application.tightlip_guard = guard
    application.tightlip_responder = responder
    _listen_around_files()
    return application


def _listen_around_files() -> None:
    """Guard the handler of static files, too, which `runserver` puts around an application.

    It answers by itself what is no file, and with the debug page.
    """
    if not apps.is_installed("django.contrib.staticfiles"):
        return
    handlers = import_module("django.contrib.staticfiles.handlers")
    vars(handlers)["response_for_exception"] = conversion.response_for_exception
    for name in ("StaticFilesHandler", "ASGIStaticFilesHandler"):
        with suppress(AttributeError, UnknownFunctionError):  # another release makes it otherwise
            substitute(getattr(handlers, name), "__init__", "self application", _guarding)


def _guarding(make: Callable[..., None]) -> Callable[..., None]:
    def made(handler: Any, application: Any) -> None:
        make(handler, application)
        if isinstance(application, _Listening):
            wrap(handler, application.tightlip_responder)

    return made


def wrap_client(handler: Any, responder: Responder) -> None:
    """Put the guard around what a handler of Django's test clients answers."""
    if not isinstance(handler, _Listening):
        put_on(handler, type("Listening", (_ListeningClient, type(handler)), {}))
        handler.tightlip_responder = responder
        listening.listen(responder)


def _raising_in_thread(method: Any) -> Any:
    if isinstance(method, SyncToAsync):
        method.func = raising(method.func)
    return method


def _failed(request: Any, exception: BaseException) -> Any:
    """Remember what Django let out, and answer with its status; the guard puts the words in."""
    listening.note(request, exception)
    response = HttpResponse(status=500)
    response._resource_closers.append(request.close)  # noqa: SLF001 - as the base handler does
    return response


def _without_own_headers(response: Any) -> Any:
    """Take off an error what Django and Django REST framework add to every answer."""
    if response.status_code < _FIRST_ERROR:
        return response
    for name, (setting, value) in _BY_DEFAULT.items():
        if response.headers.get(name) == value and not settings.is_overridden(setting):
            del response.headers[name]
    if response.status_code != _NOT_ALLOWED:
        del response.headers["Allow"]
    varies = [name.strip() for name in response.headers.get("Vary", "").split(",")]
    kept = [name for name in varies if name and name.lower() not in _VARIES_WITH]
    del response.headers["Vary"]
    if kept:
        response.headers["Vary"] = ", ".join(kept)
    return response


async def _one_by_one(parts: Iterator[Any]) -> AsyncIterator[Any]:
    following = sync_to_async(next, thread_sensitive=True)
    while (part := await following(parts, _END)) is not _END:
        yield part
