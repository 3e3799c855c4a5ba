"""Handlers: the application's classes, which tell the guard of their exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tornado import httputil
from tornado.web import HTTPError, OutputTransform, RequestHandler
from tornado.websocket import WebSocketHandler

from tightlip.adapters.tornado.connection import GuardedConnection
from tightlip.protocols.asgi_exchange import must_pass
from tightlip.protocols.native import drive, lasting
from tightlip.slots import is_a

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    _Handler = WebSocketHandler
else:
    _Handler = object

_CLASSES: WeakKeyDictionary[type, type] = WeakKeyDictionary()
"""For each class of handlers the one that tells the guard of its exceptions."""


def guarded_class(target: type) -> type:
    """Return the class that tells the guard of its exceptions, under the name of `target`."""
    guarded = _CLASSES.get(target)
    if guarded is None:
        first = _GuardedSocket if issubclass(target, WebSocketHandler) else _GuardedHandler
        names = {name: getattr(target, name) for name in ("__module__", "__qualname__", "__doc__")}
        guarded = _CLASSES[target] = type(target.__name__, (first, target), names)
    return guarded


class _GuardedHandler(_Handler):
    """What a class of handlers gets besides: its exceptions are told to the guard."""

    request: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._unmade: BaseException | None = None
        try:
            super().__init__(*arguments, **named)
        except BaseException as exception:  # Tornado would close the connection without an answer
            self._unmade = exception  # what may not be answered passes where the request is served

    async def _execute(self, *arguments: Any, **named: Any) -> None:
        unmade = self._unmade
        work = super()._execute(*arguments, **named) if unmade is None else _fail_with(unmade)
        await self.request.connection.serve(self, work)

    def send_error(self, status_code: int = 500, **named: Any) -> None:
        exception = named.get("exc_info", (None, None))[1]
        if exception is not None:
            self.request.connection.exchange.note(exception)
            if self._headers_written and not self._finished:
                self._end_with(exception)
                return
        super().send_error(status_code, **named)

    def _handle_request_exception(self, e: BaseException) -> None:
        try:
            super()._handle_request_exception(e)
        except Exception as failure:  # Tornado would log it, and leave the client waiting
            if self._finished or self.request.connection.socket is not None:
                raise
            self._end_with(e if isinstance(e, HTTPError) else failure)

    def _end_with(self, exception: BaseException) -> None:
        self._finished = True
        self.request.connection.run(self.request.connection.exchange.fail(exception))
        self._log()
        self.on_finish()

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        # The incident is the record; a method of the application's own is called all the same.
        own = super().log_exception
        if getattr(own, "__func__", None) not in _PLAIN_LOGS:
            own(typ, value, tb)
        connection = self.request.connection
        if value is None:
            return
        if connection.socket is not None:
            drive(connection.socket.fail(value))  # Tornado would cut the connection
        elif self._finished and connection.exchange.is_done:
            connection.run(connection.exchange.fail(value))  # Tornado would leave it at its log


class _GuardedSocket(_GuardedHandler):
    """The same for a WebSocket, which closes in words that were declared."""

    def open(self, *arguments: str, **named: str) -> Awaitable[None] | None:
        return self._contained(super().open, *arguments, **named)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        return self._contained(super().on_message, message)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        socket = self.request.connection.socket
        if socket is None or (code is None and reason is None):
            super().close(code, reason)
        else:
            drive(socket.close(code or 1000, reason or ""))

    def close_plainly(self, code: int, reason: str) -> None:
        super().close(code, reason)

    def on_ping(self, data: bytes) -> None:
        self._contained(super().on_ping, data)

    def on_pong(self, data: bytes) -> None:
        self._contained(super().on_pong, data)

    def on_close(self) -> None:
        try:
            self._contained(super().on_close)
        except Exception as exception:  # the event loop would log it, and go on
            self._fail(exception)

    def _contained(
        self, call: Callable[..., Awaitable[None] | None], *arguments: Any, **named: Any
    ) -> Awaitable[None] | None:
        """Call a method of the application's; one that would end the process closes this alone."""
        try:
            called = call(*arguments, **named)
        except BaseException as end:
            # A plain call is no generator that could be ended.
            if not is_a(end, GeneratorExit) and (is_a(end, Exception) or must_pass(end)):
                raise
            self._fail(end)
            return None
        return None if called is None else self._awaited(called)

    async def _awaited(self, called: Awaitable[None]) -> None:
        try:
            await lasting(called)
        except BaseException as end:
            if is_a(end, Exception) or must_pass(end):
                raise
            self._fail(end)

    def _fail(self, exception: BaseException) -> None:
        connection = self.request.connection  # the client may have gone before the handshake
        drive((connection.socket or connection.exchange).fail(exception))


async def _fail_with(exception: BaseException) -> None:
    raise exception


_PLAIN_LOGS = (RequestHandler.log_exception, WebSocketHandler.log_exception)


class Listening(OutputTransform):
    """Tells the guard what a handler has written where the request was HEAD."""

    def __init__(self, request: httputil.HTTPServerRequest) -> None:
        self._request = request

    def transform_first_chunk(
        self, status_code: int, headers: httputil.HTTPHeaders, chunk: bytes, _finishing: Any
    ) -> tuple[int, httputil.HTTPHeaders, bytes]:
        """Keep what would be the body of the answer to HEAD."""
        connection = self._request.connection
        if self._request.method == "HEAD" and isinstance(connection, GuardedConnection):
            connection.unsent = chunk
        return status_code, headers, chunk
