"""Quart: the guard around the application, and ears where it turns exceptions into answers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Unpack, cast

from quart import (
    Quart,
    Response,
    has_request_context,
    has_websocket_context,
    request,
    websocket,
)
from quart.asgi import ASGIHTTPConnection
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
)
from werkzeug.routing import WebsocketMismatch

from tightlip.exchange import Request
from tightlip.failure import Failure
from tightlip.protocols.asgi import Guard
from tightlip.protocols.asgi_containment import contained, own_failure, raising
from tightlip.protocols.asgi_exchange import (
    IN_BACKGROUND,
    Scope,
    must_pass,
    request_of,
    state_of,
)
from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.werkzeug_exceptions import (
    BODY_READERS,
    is_page_of_its_own,
    read_exception,
)
from tightlip.responder.policy import Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder
from tightlip.slots import is_a

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Framework

_OWN_PACKAGES = frozenset({"quart", "flask", "werkzeug"})
_BODY_READERS = {"quart.wrappers.request": BODY_READERS}
_BODY_LIBRARIES = frozenset({"json", "quart", "flask", "werkzeug", "asyncio", "codecs"})

_begun_in: ContextVar[Request | None] = ContextVar("tightlip_begun_in", default=None)
"""The request in which a task was added: since 0.23, tasks run in a context without it."""

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`, and return it.

    Whatever else is put around `application.asgi_app`, before or afterwards, is inside.
    """
    if not isinstance(application, Quart):  # a part of Quart's that is served by itself
        return Guard(application, responder, _FRAMEWORK)
    if not has_put_on(application):
        guard = Guard(call_of(application), responder, _FRAMEWORK)
        application.asgi_http_class = _connection_class(application.asgi_http_class)
        put_on(application, _guarded_class(_listening_class(type(application)), guard, responder))
    return application


class ShieldExtension:
    """The guard as an extension: `ShieldExtension(app)`, or `init_app(app)` later.

    Args:
        app: The application, where it is there already.
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """

    def __init__(self, app: Quart | None = None, **settings: Unpack[Settings]) -> None:
        self._responder = open_responder(settings)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Put the guard around `app`."""
        wrap(app, self._responder)


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of Quart's or Werkzeug's says; None for any other."""
    return read_exception(exception, _OWN_PACKAGES, _BODY_READERS, _BODY_LIBRARIES)


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, ClientDisconnected)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the rule that matched, and the endpoint's name."""
    return state_of(scope).route


def is_own_answer(body: bytes) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell whether a plain answer was written by Quart itself: it raises instead."""
    return False


def _listening_class(before: Any) -> type:
    """Return the class of an application that tells of its exceptions, and shows none."""

    class Listening(before):  # type: ignore[misc]
        __slots__ = ()

        # Since 0.23, Quart passes the context first.
        async def handle_user_exception(self, *arguments: Any) -> Any:
            _note(arguments[-1])
            return await super().handle_user_exception(*arguments)

        async def handle_exception(self, *arguments: Any) -> Any:
            *context, error = arguments
            _note(error)
            try:
                return await super().handle_exception(*arguments)
            except Exception as raised:
                if raised is not error:
                    raise
                # For a debugger or a test it would be raised on: it is answered all the same.
                plain = InternalServerError(original_exception=error)
                answer = await self.handle_http_exception(*context, plain)
                return await self.finalize_request(*context, answer, from_error_handler=True)

        def raise_routing_exception(self, request: Any) -> Any:
            if isinstance(request.routing_exception, (MethodNotAllowed, WebsocketMismatch)):
                raise _refusal_of(request, self.create_url_adapter(request))
            super().raise_routing_exception(request)

        def sync_to_async(self, func: Any) -> Any:
            return super().sync_to_async(raising(func))

        async def make_response(self, result: Any) -> Any:
            response = await super().make_response(result)
            if is_page_of_its_own(result, response):
                response.set_data(b"")  # the page that Werkzeug writes is no one's words
            return response

    return Listening


def _guarded_class(before: Any, guard: Guard, responder: Responder) -> type:
    """Return the class of an application whose calls go through the guard."""

    class Guarded(before):  # type: ignore[misc]
        __slots__ = ()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await guard(scope, receive, send)

        async def handle_request(self, request: Any) -> Any:
            try:
                return await super().handle_request(request)
            except BaseException as exception:  # some of them would end the server
                return _answer_in_place(request.scope, exception)
            finally:
                _keep_route(request)

        async def handle_websocket(self, websocket: Any) -> Any:
            try:
                return await super().handle_websocket(websocket)
            except BaseException as exception:  # as above
                return _answer_in_place(websocket.scope, exception)
            finally:
                _keep_route(websocket)

        def add_background_task(self, func: Any, *arguments: Any, **named: Any) -> None:
            token = _begun_in.set(_request_under_way())
            try:
                super().add_background_task(contained(self.ensure_async(func)), *arguments, **named)
            finally:
                _begun_in.reset(token)

        async def handle_background_exception(self, *arguments: Any) -> None:
            failure = own_failure(arguments[-1])  # since 0.23, the context comes first
            responder.keep(failure, _request_under_way(), {}, IN_BACKGROUND)
            await super().handle_background_exception(*arguments)

    return Guarded


def _refusal_of(connection: Any, places: Any) -> HTTPException:
    """Return what a route for the other protocol comes to, or one for other methods.

    Werkzeug counts the methods of both protocols.
    """
    methods = [name for name in sorted(places.allowed_methods()) if places.test(method=name)]
    if connection.scope["type"] == "websocket" or not methods:
        return NotFound()
    return MethodNotAllowed(methods)


def _note(error: BaseException) -> None:
    connection: Any = request if has_request_context() else websocket
    state_of(connection.scope).note(error)


def _request_under_way() -> Request:
    """Return the request in which a task was added, where it was one."""
    begun_in = _begun_in.get()
    if begun_in is not None:
        return begun_in
    if not (has_request_context() or has_websocket_context()):
        return Request("TASK", scheme="quart", http_version="")
    connection: Any = request if has_request_context() else websocket
    return request_of(connection.scope, _FRAMEWORK)


def _answer_in_place(scope: Any, exception: BaseException) -> Response:
    if must_pass(exception):
        raise exception
    state_of(scope).note(exception)
    return Response(status=500)


def _keep_route(connection: Any) -> None:
    rule = connection.url_rule
    if rule is not None:
        state_of(connection.scope).route = (rule.rule, str(rule.endpoint))


def _connection_class(before: type[Any]) -> type[Any]:
    """Return the class of HTTP connections, with a stream that cannot end the server."""
    if not issubclass(before, ASGIHTTPConnection):
        return before

    class Connection(_ending_class(before)):  # type: ignore[misc]
        async def _send_response(self, send: Any, response: Any) -> None:
            try:
                await super()._send_response(send, response)
            except BaseException as exception:
                # A TimeoutError of the stream's own would be taken for Quart's.
                if is_a(exception, Exception) and not is_a(exception, TimeoutError):
                    raise
                if must_pass(exception):
                    raise
                raise EndedEarlyError("a stream asked for its own end") from exception

    return Connection


def _ending_class(before: Any) -> type[Any]:
    """Return the class of HTTP connections that end with their answer.

    Since 0.23 they listen on for the client to leave. The client waits for what the guard holds,
    and the guard for the end of the connection.
    """

    class Ending(before):  # type: ignore[misc]
        _is_answered = False
        _listener: asyncio.Task[Any] | None = None

        async def __call__(self, receive: Any, send: Any) -> None:
            await _opened(super().__call__(receive, send))

        async def handle_messages(self, *arguments: Any) -> None:
            if not self._is_answered:
                self._listener = asyncio.current_task()
                await super().handle_messages(*arguments)

        async def handle_request(self, request: Any, send: Any) -> None:
            try:
                await super().handle_request(request, send)
            finally:
                self._is_answered = True
                if self._listener is not None:
                    self._listener.cancel()

    return Ending


async def _opened(connection: Awaitable[None]) -> None:
    """Await `connection`, and raise what one of its tasks raised without the group around it."""
    try:
        await connection
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        alone = group.exceptions[0]
    else:
        return
    raise alone
