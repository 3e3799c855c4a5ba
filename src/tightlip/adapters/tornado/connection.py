"""Connection: stands before the connection of one request, and looks at all that is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from tornado import httputil
from tornado.escape import utf8
from tornado.web import RequestHandler

from tightlip.exchange import reason_phrase
from tightlip.protocols.asgi_exchange import StreamAbortedError, Surroundings
from tightlip.protocols.http1 import refusal_bytes
from tightlip.protocols.native import (
    Fields,
    NativeExchange,
    NativeWebSocket,
    completed,
    drive,
    lasting,
    native_scope,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from tightlip.protocols.asgi_exchange import Scope

KEY = "tornado"
"""The key of the scope under which the connection stands."""

_SWITCHING, _NO_METHOD = 101, 405
_LITERALS = {
    # What the connection writes by itself, past the application.
    b"HTTP/1.1 400 Bad Request\r\n\r\n": refusal_bytes(400),
    b"HTTP/1.1 100 (Continue)\r\n\r\n": b"HTTP/1.1 100 Continue\r\n\r\n",
}
_LONGEST_LITERAL = max(map(len, _LITERALS))


class Delegate(httputil.HTTPMessageDelegate):
    """Hears of the request before the application does."""

    def __init__(self, inner: httputil.HTTPMessageDelegate, connection: GuardedConnection) -> None:
        self._inner = inner
        self._connection = connection

    def headers_received(self, start_line: Any, headers: Any) -> Awaitable[None] | None:
        """Begin the exchange."""
        self._connection.open(start_line, headers)
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Count a part of the request's body."""
        self._connection.exchange.received(chunk)
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        """Hand on that the request is whole."""
        self._inner.finish()

    def on_connection_close(self) -> None:
        """Let go of a request whose client has gone."""
        self._connection.forget()
        self._inner.on_connection_close()


class _LowerHeaders(httputil.HTTPHeaders):
    """Header fields as they leave: names in lower case, sorted."""

    def get_all(self) -> Any:
        return sorted((name.lower(), value) for name, value in super().get_all())


class GuardedConnection(httputil.HTTPConnection):
    """Stands before the connection for one request: all that is written is looked at.

    Args:
        connection: The server's own.
        surroundings: The decision point and this adapter.
    """

    exchange: NativeExchange

    def __init__(self, connection: Any, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._scope: Scope = {}
        self._head: tuple[Any, Any] | None = None
        self._first: bytes | None = None
        self._written: Any = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.handler: Any = None
        self.socket: NativeWebSocket | None = None
        self.unsent = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def open(self, start_line: Any, headers: httputil.HTTPHeaders) -> None:
        """Begin the exchange of a request."""
        context = self._connection.context
        self._scope = native_scope(
            KEY,
            self,
            method=start_line.method,
            target=getattr(start_line, "uri", start_line.path),
            headers=[(name.encode("latin-1"), value.encode()) for name, value in headers.get_all()],
            client=context.address,
            scheme=context.protocol,
            http_version=start_line.version.removeprefix("HTTP/"),
        )
        self.exchange = NativeExchange(self._surroundings, self._scope, self)

    async def serve(self, handler: Any, work: Coroutine[Any, Any, None]) -> None:
        """Await the handler's work on the request; see that it ends with an answer."""
        self.handler = handler
        if not await self.exchange.serve(self._serve(handler, work)):
            self._abort()

    async def _serve(self, handler: Any, work: Coroutine[Any, Any, None]) -> None:
        try:
            await lasting(work)
        except BaseException:
            handler._finished = True  # noqa: SLF001 - the guard answers in its place
            raise
        if not handler._finished and not self.exchange.is_done:  # noqa: SLF001 - one that ends later, as it may
            await self._ended

    def forget(self) -> None:
        """Let go of a request whose client has gone."""
        self.exchange.lost()
        self.exchange.close()
        self._end()

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have `callback` called when the client goes before the answer's end."""

        def closed() -> None:
            self.forget()
            cast("Callable[[], None]", callback)()

        self._connection.set_close_callback(None if callback is None else closed)

    def write_headers(
        self, start_line: Any, headers: httputil.HTTPHeaders, chunk: bytes | None = None
    ) -> Any:
        """Take the head of an answer, and the first part of its body."""
        status = start_line.code
        fields = [(name.lower().encode("latin-1"), utf8(text)) for name, text in headers.get_all()]
        if status == _SWITCHING:
            return self._switch(fields)
        if status == _NO_METHOD and "Allow" not in headers and self.handler is not None:
            fields.append((b"allow", ", ".join(_methods(self.handler)).encode()))
        written = self.run(self.exchange.begin(status, fields))
        if chunk and headers.get("Content-Length") == str(len(chunk)):
            self._first = chunk  # it is whole: its end comes next
            return written
        return self.run(self.exchange.write(chunk, ends=False)) if chunk else written

    def write(self, chunk: bytes) -> Any:
        """Take a part of the body."""
        return self.run(self.exchange.write(self._taken() + chunk, ends=False))

    def finish(self) -> None:
        """Take the end of the answer."""
        if self.socket is not None:
            self._connection.finish()
            return
        self.run(self.exchange.write(self._taken(), ends=True))
        if self.handler is None:  # another router's: nobody says when its work is done
            self.run(self.exchange.end())
            self.exchange.close()

    def _taken(self) -> bytes:
        first, self._first = self._first, None
        unsent, self.unsent = self.unsent, b""
        return first or unsent

    def run(self, step: Coroutine[Any, Any, None]) -> Any:
        """Take a step of the exchange; return the future of what it has written."""
        try:
            drive(step)
        except StreamAbortedError:
            self.exchange.release()
            self._abort()
        if self._head is not None and self.exchange.is_streaming:
            drive(self.put_body(b"", ends=False))
        written, self._written = self._written, None
        if written is None:
            written = asyncio.get_running_loop().create_future()
            written.set_result(None)
        return written

    async def put_head(self, status: int, fields: Fields) -> None:
        """Write the head of what may leave, together with what follows."""
        if self.handler is not None:
            self.handler.set_status(status)  # for the log of requests
        self._head = _head(status, completed(fields, keeps_alive=True))

    async def put_body(self, data: bytes, *, ends: bool) -> None:
        """Write a part of what may leave."""
        head, self._head = self._head, None
        if head is not None:
            self._written = self._connection.write_headers(*head, data or None)
        elif data:
            self._written = self._connection.write(data)
        if ends:
            self._connection.finish()
            self._end()

    def _switch(self, fields: list[tuple[bytes, bytes]]) -> Any:
        """Let a handshake pass; stand between the WebSocket and its closing frame."""

        async def close(code: int, reason: str) -> None:
            self.handler.close_plainly(code, reason)

        self.socket = self.exchange.switch(self._surroundings, close)
        drive(self.socket.accept())
        kept = self._surroundings.responder.read_head(fields).fields
        return self._connection.write_headers(*_head(_SWITCHING, kept))

    def _abort(self) -> None:
        """Cut the connection: the answer cannot be ended honestly."""
        self._connection.close()
        self._end()

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def _head(status: int, fields: Fields) -> tuple[httputil.ResponseStartLine, _LowerHeaders]:
    headers = _LowerHeaders()
    for name, value in fields:
        headers.add(name.decode("latin-1"), value.decode("latin-1"))
    return httputil.ResponseStartLine("", status, reason_phrase(status)), headers


def _methods(handler: RequestHandler) -> list[str]:
    """Return the methods that a handler answers to (RFC 9110, section 10.2.1)."""
    plain = RequestHandler._unimplemented_method  # noqa: SLF001 - what every other method is
    methods = {
        method: getattr(handler, method.lower(), None) for method in handler.SUPPORTED_METHODS
    }
    return [
        name for name, method in methods.items() if getattr(method, "__func__", plain) is not plain
    ]


def speak_for(stream: Any) -> None:
    """Have a stream write our words where the connection would write its own."""
    if "write" in vars(stream):
        return
    write = stream.write

    stream.write = lambda data: write(
        _LITERALS.get(bytes(data), data) if len(data) <= _LONGEST_LITERAL else data
    )
