"""The writer: what stands before the function by which Sanic writes an answer to one request."""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, cast

from sanic.exceptions import PayloadTooLarge
from sanic.response import BaseHTTPResponse, HTTPResponse

from tightlip.protocols.asgi_answer import WITHOUT_BODY
from tightlip.protocols.asgi_exchange import StreamAbortedError, Surroundings
from tightlip.protocols.native import (
    Fields,
    NativeExchange,
    NativeWebSocket,
    completed,
    native_scope,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sanic import Request

KEY = "sanic"
"""Sanic's own request stands under this key of the scope."""

_FIRST_ERROR = 400
_NOT_TEXT = 1007  # RFC 6455, section 7.4.1


class _Head(HTTPResponse):
    """The head of what leaves: names in lower case, sorted; the usual is not said."""

    __slots__ = ()

    @property
    def processed_headers(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields, with those that Sanic has added."""
        fields = sorted((name.lower(), str(value)) for name, value in self.headers.items())
        usual = {("connection", "keep-alive"), ("alt-svc", "")}
        return ((name.encode(), _bytes(text)) for name, text in fields if (name, text) not in usual)


class GuardedWriter:
    """Stands before the function by which Sanic writes an answer to one request.

    Args:
        request: The request.
        stream: What Sanic writes its answer to.
        surroundings: The decision point and this adapter.

    Attributes:
        scope: The request, in ASGI's form.
        status: The status of the answer, where it is not that which Sanic gives.
    """

    def __init__(self, request: Request, stream: Any, surroundings: Surroundings) -> None:
        self._request = request
        self._stream = stream
        self._surroundings = surroundings
        client = request.conn_info.peername if request.conn_info is not None else None
        self.scope = native_scope(
            KEY,
            request,
            method=request.method,
            target=request.raw_url.decode("latin-1"),
            headers=[(name.encode(), _bytes(value)) for name, value in request.headers.items()],
            client=client,
            scheme="https" if request.conn_info is not None and request.conn_info.ssl else "http",
            http_version=request.version,
        )
        self._exchange = NativeExchange(surroundings, self.scope, self)
        self._write: Callable[..., Any] = self._stream.response_func
        self._stream.response_func = self.send
        self._response: BaseHTTPResponse | None = None
        self._head: _Head | None = None
        self.status: int | None = None
        self._is_own = False
        self._is_cut = False
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._task.add_done_callback(self._forget)

    async def hear(self, exception: BaseException, *, is_handled: bool) -> None:
        """Note an exception; end an answer that it has broken."""
        self._exchange.note(exception)
        self._is_own = not is_handled
        if isinstance(exception, PayloadTooLarge) and self._request.head == b"":
            line = self._stream.recv_buffer.find(b"\r\n")
            self.status = 431 if 0 <= line < self._stream.HEADER_MAX_SIZE else 414
        if self._exchange.is_streaming or self._exchange.is_done:
            await self._run(self._exchange.fail(exception))

    async def send(self, data: bytes, end_stream: bool) -> None:  # noqa: FBT001 - Sanic's call
        """Take a part of an answer, as Sanic's own function would."""
        if self._is_cut:
            if end_stream and not data:
                return
            raise StreamAbortedError("the connection is cut")
        response = self._stream.response
        if response is not self._response:
            self._response = response
            data, end_stream = await self._start(response, data, ends=end_stream)
        await self._run(self._exchange.write(data, ends=end_stream))
        if end_stream and not self._exchange.is_done:
            await self._run(self._exchange.end())

    async def _start(
        self, response: BaseHTTPResponse, data: bytes, *, ends: bool
    ) -> tuple[bytes, bool]:
        """Take the head of an answer; return the first part of its body, and whether it ends."""
        if not data and getattr(response, "body", None):
            data, ends = response.body or b"", True
        has_body = response.status not in WITHOUT_BODY
        if not has_body:
            data, ends = b"", True
        # Sanic adds the content's type. It would take line breaks out, and send another value.
        values = zip(response.processed_headers, response.headers.values(), strict=True)
        fields = [(name.lower(), _bytes(f"{value}")) for (name, _), value in values]
        if self._is_own and response.status >= _FIRST_ERROR:
            data = b""
        if ends:  # as Sanic, which announces the length of what it was given
            fields = [field for field in fields if field[0] != b"content-length"]
            if has_body:
                fields.append((b"content-length", str(len(data)).encode()))
        self._exchange.received(getattr(self._request, "body", None) or b"")
        await self._run(self._exchange.begin(self.status or response.status, fields))
        return data, ends

    async def _run(self, step: Awaitable[None]) -> None:
        try:
            await step
        except StreamAbortedError:
            self._is_cut = True
            self._stream.keep_alive = False
            self._exchange.release()
        if self._head is not None and self._exchange.is_streaming:
            await self.put_body(b"", ends=False)
        if self._exchange.is_done:
            self._task.remove_done_callback(self._forget)
            self._exchange.close()

    async def put_head(self, status: int, fields: Fields) -> None:
        """Write the head of what may leave, together with what follows."""
        made = self._head = _Head(status=status)
        for name, value in completed(fields, keeps_alive=True):
            made.headers.add(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))

    async def put_body(self, data: bytes, *, ends: bool) -> None:
        """Write a part of what may leave."""
        stream, head, self._head = self._stream, self._head, None
        if head is not None:
            stream.response = head
        stream.response_func = self._write  # which is replaced as the answer goes on
        try:
            written = self._write(data, ends)
            if isawaitable(written):
                await written
        finally:
            stream.response = self._response or stream.response
            self._write = stream.response_func
            stream.response_func = None if ends else self.send

    async def take_socket(self, socket: Any) -> NativeWebSocket:
        """Stand between a WebSocket and its closing frame."""
        guarded = self._exchange.switch(self._surroundings, socket.close)
        await guarded.accept()
        fail = socket.ws_proto.fail

        def fail_plainly(code: int, _reason: str = "") -> None:
            fail(code)  # the words for a malformed frame are those of a library

        process = socket.process_events

        async def process_each(events: Any) -> None:
            try:
                await process(events)
            except UnicodeDecodeError:  # Sanic would leave the client waiting
                socket.fail_connection(_NOT_TEXT)

        async def close(code: int = 1000, reason: str = "") -> None:
            await guarded.close(code, reason)

        socket.ws_proto.fail = fail_plainly
        socket.process_events = process_each
        socket.close = close
        return guarded

    def _forget(self, _task: asyncio.Task[Any]) -> None:
        self._exchange.close()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
