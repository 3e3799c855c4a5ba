"""Writer: stands before the writer of one request, and looks at all that is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from tightlip.adapters.aiohttp.reading import KEY
from tightlip.exchange import reason_phrase
from tightlip.protocols.asgi_exchange import Surroundings, must_pass
from tightlip.protocols.native import (
    Fields,
    NativeExchange,
    NativeWebSocket,
    completed,
    lasting,
    native_scope,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tightlip.protocols.asgi_exchange import Scope

    Handler = Callable[[Any], Awaitable[web.StreamResponse]]

_FIRST_ERROR = 400
_SWITCHING = 101
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Sent(web.StreamResponse):
    """An answer that has left: what remains is its line in the access log."""

    def __init__(self, status: int, size: int, *, keep_alive: bool) -> None:
        super().__init__(status=status)
        self._body_length = size
        self._keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002
        """Do nothing."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing."""


class GuardedWriter(AbstractStreamWriter):
    """Stands before the writer of one request: all that is written is looked at.

    Args:
        writer: The server's own.
        surroundings: The decision point and this adapter.
    """

    request: web.BaseRequest
    _scope: Scope
    exchange: NativeExchange

    def __init__(self, writer: Any, surroundings: Surroundings) -> None:
        self._writer = writer
        self._surroundings = surroundings
        self._compression: tuple[Any, ...] | None = None
        self._chunked = False
        self._socket: NativeWebSocket | None = None
        self._unsent = b""
        self._status = 500
        self._keeps_alive = True
        self._is_handled = False

    @property
    def output_size(self) -> int:
        """How many bytes have left."""
        return int(self._writer.output_size)

    @output_size.setter
    def output_size(self, value: int) -> None:
        self._writer.output_size = value

    @property
    def transport(self) -> asyncio.WriteTransport | None:
        """The transport of the connection."""
        return cast("asyncio.WriteTransport | None", self._writer.transport)

    async def serve(self, handler: Handler) -> web.StreamResponse:
        """Have the request handled and its answer sent; return what is left of it."""
        self._open()
        self._is_handled = True
        if not await self.exchange.serve(self._handle(handler)):
            self.request.protocol.force_close()
        keeps_alive = self._keeps_alive and self._is_alive
        return _Sent(self._status, self._writer.output_size, keep_alive=keeps_alive)

    async def _handle(self, handler: Handler) -> None:
        try:
            await self._answer(handler)
        except BaseException as exception:
            if self.transport is None:
                self.exchange.lost()
            if self._socket is None or must_pass(exception):
                raise
            await self._socket.fail(exception)

    async def _answer(self, handler: Handler) -> None:
        try:
            response = await lasting(handler(self.request))
        except web.HTTPException as exception:
            if exception.status >= _FIRST_ERROR:
                raise
            response = exception
        if not isinstance(response, web.StreamResponse):
            raise TypeError(f"a handler returns a response, not {type(response).__name__}")
        body = getattr(response, "body", None)
        if self.request.method == "HEAD" and isinstance(body, bytes):
            # aiohttp leaves the body out; what it says is looked at all the same.
            self._unsent = body
        await response.prepare(self.request)
        await response.write_eof()
        if response.keep_alive is False:
            self._keeps_alive = False

    @property
    def _is_alive(self) -> bool:
        is_readable = self.request.content.exception() is None
        return self.request.keep_alive and is_readable and self.transport is not None

    def _open(self) -> None:
        request = self.request
        self._scope = native_scope(
            KEY,
            request,
            method=request.method,
            target=request.raw_path,
            headers=request.raw_headers,
            client=request.transport.get_extra_info("peername") if request.transport else None,
            scheme=request.scheme,
            http_version=f"{request.version.major}.{request.version.minor}",
        )
        self.exchange = NativeExchange(self._surroundings, self._scope, self)

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Take the start of an answer."""
        status = int(status_line.split(" ", 2)[1])
        if status == _SWITCHING:
            self._status = status
            kept = self._surroundings.responder.read_head(_fields(headers)).fields
            await self._write_head(status, kept)
            return
        if not self._is_handled:  # a request that cannot be read never came to a handler
            self._open()
        self.exchange.received(getattr(self.request, "_read_bytes", None) or b"")
        fields = _fields(headers)
        if self._compression is not None:  # it is packed once it has been read
            fields = [field for field in fields if field[0] != b"content-encoding"]
        await self.exchange.begin(status, fields)

    async def write(self, chunk: Any, **_options: Any) -> None:
        """Take a part of the body."""
        if chunk == _CONTINUE:
            await self._writer.write(chunk)
        else:
            await self.exchange.write(bytes(chunk), ends=False)
            self.send_headers()

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Take the last part of the body."""
        await self.exchange.write(bytes(chunk) or self._unsent, ends=True)
        if not self._is_handled:
            await self.exchange.end()
            self.exchange.close()

    async def drain(self) -> None:
        """Wait until the client has taken what was sent."""
        await self._writer.drain()

    def send_headers(self) -> None:
        """Send at once what may leave by now."""
        getattr(self._writer, "send_headers", int)()  # aiohttp before 3.13 sends them anyway

    def enable_compression(self, encoding: str = "deflate", *options: Any, **named: Any) -> None:
        """Have the body packed on its way out, once it has been read."""
        self._compression = (encoding, options, named)

    def enable_chunking(self) -> None:
        """Have the body sent in chunks."""
        self._chunked = True

    async def put_head(self, status: int, fields: Fields) -> None:
        """Write the head of what may leave."""
        self._status = status
        fields = list(fields)
        lengths = [value for name, value in fields if name == b"content-length"]
        if lengths:
            self._writer.length = int(lengths[0])
        else:
            self._writer.length = None
            if self._compression is not None:
                encoding, options, named = self._compression
                self._writer.enable_compression(encoding, *options, **named)
                fields.append((b"content-encoding", encoding.encode()))
            if self._chunked:
                self._writer.enable_chunking()
                fields.append((b"transfer-encoding", b"chunked"))
        version = self.request.version
        fields = completed(
            fields,
            keeps_alive=self._is_alive,
            http_version=f"{version.major}.{version.minor}",
        )
        await self._write_head(status, fields)

    async def put_body(self, data: bytes, *, ends: bool) -> None:
        """Write a part of what may leave."""
        await (self._writer.write_eof(data) if ends else self._writer.write(data))

    async def _write_head(self, status: int, fields: Fields) -> None:
        texts = [
            (name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in fields
        ]
        line = f"HTTP/1.1 {status} {reason_phrase(status)}"
        await self._writer.write_headers(line, CIMultiDict(texts))

    async def take_socket(self, socket: web.WebSocketResponse) -> None:
        """Stand between a WebSocket and its closing frame."""
        close = socket.close
        options: dict[str, Any] = {}

        async def close_now(code: int, reason: str) -> None:
            await close(code=code, message=reason.encode(), **options)

        guarded = self._socket = self.exchange.switch(self._surroundings, close_now)
        await guarded.accept()

        async def close_declared(*, code: int = 1000, message: bytes = b"", **more: Any) -> bool:
            options.update(more)
            was_open = not socket.closed
            await guarded.close(code, bytes(message).decode("utf-8", "replace"))
            return was_open

        socket.close = close_declared  # type: ignore[method-assign]


def _fields(headers: CIMultiDict[str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
