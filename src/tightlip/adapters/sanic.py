"""Sanic: the guard before the function by which its own server writes an answer."""

from __future__ import annotations

import asyncio
import sys
from asyncio import CancelledError
from contextlib import suppress
from functools import partial, wraps
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Unpack, cast
from weakref import WeakKeyDictionary

from sanic import Sanic, headers
from sanic.exceptions import PayloadTooLarge, RequestCancelled, SanicException
from sanic.handlers import ErrorHandler
from sanic.middleware import Middleware
from sanic.response import BaseHTTPResponse, HTTPResponse
from websockets.exceptions import ConnectionClosed

from tightlip.exchange import reason_phrase
from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.asgi import Guard
from tightlip.protocols.asgi_exchange import (
    StreamAbortedError,
    Surroundings,
    must_pass,
    state_of,
)
from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.protocols.instance import call_of, put_on
from tightlip.protocols.native import (
    Fields,
    NativeExchange,
    NativeWebSocket,
    completed,
    lasting,
    native_scope,
)
from tightlip.protocols.origin import is_raised_in
from tightlip.responder.policy import ConfigurationError, Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder
from tightlip.slots import is_a, traceback_of
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sanic import Request

    from tightlip.protocols.asgi_exchange import Framework, Scope

    Handler = Callable[..., Any]

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""

_KEY = "sanic"
_MARK = "tightlip"
_FIRST_ERROR = 400
_SERVER_ERROR = 500
_WORDS = "the application asked for its own end"
_WITHOUT_BODY = frozenset({204, 304})

_HANDLERS: WeakKeyDictionary[Any, Handler] = WeakKeyDictionary()
"""For each handler the one that does not end the worker."""


def wrap(application: Any, responder: Responder) -> Any:
    """Guard `application`, which is returned as itself: it is heard by its own signals.

    Sanic compiles its methods anew when it starts, so none of them is replaced.

    Raises:
        ConfigurationError: It is no `Sanic`, or has been started already.
    """
    if not isinstance(application, Sanic):
        kind = type(application).__qualname__
        raise ConfigurationError(f"shield() takes the Sanic application; {kind} is none")
    if hasattr(application.ctx, _MARK):
        return application
    if application.router.finalized:
        raise ConfigurationError("call shield() before the application is started")
    surroundings = Surroundings(responder, _FRAMEWORK)
    setattr(application.ctx, _MARK, surroundings)
    _register_phrases()
    application.signal("http.lifecycle.handle")(_begin)
    application.signal("http.lifecycle.exception")(_hear)
    if type(application.error_handler) is ErrorHandler:
        # The incident is the record of it.
        application.error_handler.log = lambda *_: None  # type: ignore[method-assign]
    if type(application.error_handler).default is ErrorHandler.default:
        tell = application.error_handler.log
        application.error_handler.default = partial(_answer_in_place, tell)  # type: ignore[method-assign]
    find = application.router.get

    def find_guarded(*arguments: Any) -> tuple[Any, Any, Any]:
        route, handler, values = find(*arguments)
        return route, _guarded_handler(handler), values

    application.router.__dict__["get"] = find_guarded
    look_up = application.error_handler._lookup  # noqa: SLF001 - what `response` calls

    def look_up_guarded(*arguments: Any) -> Handler | None:
        handler = look_up(*arguments)
        return None if handler is None else _guarded_handler(handler)

    application.error_handler.__dict__["_lookup"] = look_up_guarded
    with suppress(UnknownFunctionError):  # another release calls them in another way
        substitute(Middleware, "__call__", "self args kwargs", _staying)
    guard = Guard(call_of(application), responder, _FRAMEWORK)

    class Guarded(type(application)):  # type: ignore[misc]
        __slots__ = ()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await guard(scope, receive, send)

    put_on(application, Guarded)
    return application


def setup(application: Sanic[Any, Any], **settings: Unpack[Settings]) -> None:
    """Guard `application`; the settings, and what is raised for them, are `Shield`'s."""
    wrap(application, open_responder(settings))


def read(exception: BaseException) -> Failure | None:
    """Return what a framework's own exception says; None for any other."""
    if not isinstance(exception, SanicException):
        return None
    status, words = exception.status_code, exception.message
    if traceback_of(exception) is None or is_raised_in(exception, {"sanic", "sanic_routing"}):
        return HttpFailure(status, headers=dict(exception.headers))
    own = words in {"", reason_phrase(status), type(exception).message}
    return HttpFailure(status, None if own else words, dict(exception.headers))


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone.

    A WebSocket that closes while the handler waits for a message raises `CancelledError` there
    (Sanic, `WebsocketImplProtocol.recv`), though nobody has cancelled the task.
    """
    if isinstance(exception, RequestCancelled | ConnectionClosed):
        return True
    return isinstance(exception, CancelledError) and is_raised_in(exception, {"sanic"})


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the template of the route that matched, and the name of its handler."""
    found = scope[_KEY].route
    if found is None:
        return None, ""
    return f"/{found.path}", getattr(found.handler, "__name__", "")


def is_own_answer(body: bytes) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell nothing: which answers are Sanic's own is known by who was asked for them."""
    return False


def _register_phrases() -> None:
    """Have Sanic write the registered reason phrases, which it takes from a table."""
    lines = headers._HTTP1_STATUSLINES  # noqa: SLF001 - there is no other place for them
    for status in range(len(lines)):
        lines[status] = f"HTTP/1.1 {status} {reason_phrase(status)}\r\n".encode()


async def _begin(request: Request, **_: Any) -> None:
    """Stand before the writer of a request that is about to be handled."""
    _writer_of(request)


async def _hear(request: Request, exception: BaseException, **_: Any) -> None:
    """Note an exception before a handler turns it into an answer; end what it has broken."""
    if is_a(exception, EndedEarlyError) and exception.__cause__ is not None:
        exception = exception.__cause__
    if is_a(exception, StreamAbortedError):
        return
    writer = _writer_of(request)
    if writer is not None:
        handled = request.app.error_handler.lookup(exception, request.name)
        await writer.hear(exception, is_handled=handled is not None)
    elif request.app.asgi:
        state_of(request.transport.scope).note(exception)


def _answer_in_place(
    tell: Callable[[Request, Exception], None], request: Request, exception: Exception
) -> HTTPResponse:
    """Answer with the status of the exception; the guard puts the words in.

    Sanic would make a page of its text, and run the exception's own code for it.
    """
    tell(request, exception)
    if isinstance(exception, SanicException):
        return HTTPResponse(status=exception.status_code, headers=dict(exception.headers))
    return HTTPResponse(status=_SERVER_ERROR)


def _writer_of(request: Request) -> GuardedWriter | None:
    """Return the guarded writer of a request; None where it is none of the server's own."""
    writer: GuardedWriter | None = getattr(request.ctx, _MARK, None)
    stream: Any = request.stream
    if writer is None and hasattr(stream, "response_func"):
        writer = GuardedWriter(request, stream, getattr(request.app.ctx, _MARK))
        setattr(request.ctx, _MARK, writer)
    return writer


def _guarded_handler(handler: Handler) -> Handler:
    """Return a handler that ends neither the process nor the task of its connection."""
    guarded = _HANDLERS.get(handler)
    if guarded is None:
        if isinstance(handler, partial) and hasattr(handler, "is_websocket"):
            inner, *others = handler.args
            guarded = partial(handler.func, _talking(inner), *others, **handler.keywords)
            guarded.__dict__.update(handler.__dict__)
        else:
            guarded = _staying(handler)
        _HANDLERS[handler] = guarded
    return guarded


def _staying(function: Handler) -> Handler:
    """Do the same for a function that may be a plain one: what is awaited stays so."""

    @wraps(function)
    def staying(*arguments: Any, **values: Any) -> Any:
        try:
            returned = function(*arguments, **values)
        except BaseException as exception:
            # A plain call is no generator that could be ended.
            if is_a(exception, GeneratorExit) or not _is_passing(exception):
                raise EndedEarlyError(_WORDS) from exception
            raise
        return _awaited(returned) if isawaitable(returned) else returned

    return staying


async def _awaited(returned: Awaitable[Any]) -> Any:
    try:
        return await lasting(returned)
    except BaseException as exception:
        if _is_passing(exception):
            raise
        raise EndedEarlyError(_WORDS) from exception


def _is_passing(exception: BaseException) -> bool:
    return is_a(exception, Exception) or must_pass(exception)


def _talking(handler: Handler) -> Handler:
    """Have a WebSocket close in words that were declared, and a failure end it as one."""

    @wraps(handler)
    async def talking(request: Request, socket: Any, *arguments: Any, **values: Any) -> None:
        writer = _writer_of(request)
        if writer is None:  # over ASGI the guard sees its messages, but nothing that Sanic logs
            try:
                await handler(request, socket, *arguments, **values)
            except Exception as exception:
                if not is_disconnect(exception):
                    state_of(request.transport.scope).note(exception)
                raise
            return
        guarded = await writer.take_socket(socket)
        try:
            await lasting(handler(request, socket, *arguments, **values))
        except BaseException as exception:
            if must_pass(exception) or is_disconnect(exception):
                raise
            await guarded.fail(exception)

    return talking


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
    """

    def __init__(self, request: Request, stream: Any, surroundings: Surroundings) -> None:
        self._request = request
        self._stream = stream
        self._surroundings = surroundings
        client = request.conn_info.peername if request.conn_info is not None else None
        self._scope = native_scope(
            _KEY,
            request,
            method=request.method,
            target=request.raw_url.decode("latin-1"),
            headers=[(name.encode(), _bytes(value)) for name, value in request.headers.items()],
            client=client,
            scheme="https" if request.conn_info is not None and request.conn_info.ssl else "http",
            http_version=request.version,
        )
        self._exchange = NativeExchange(surroundings, self._scope, self)
        self._write: Handler = self._stream.response_func
        self._stream.response_func = self.send
        self._response: BaseHTTPResponse | None = None
        self._head: _Head | None = None
        self._status: int | None = None
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
            self._status = 431 if 0 <= line < self._stream.HEADER_MAX_SIZE else 414
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
        has_body = response.status not in _WITHOUT_BODY
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
        await self._run(self._exchange.begin(self._status or response.status, fields))
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

        async def close(code: int = 1000, reason: str = "") -> None:
            await guarded.close(code, reason)

        socket.close = close
        return guarded

    def _forget(self, _task: asyncio.Task[Any]) -> None:
        self._exchange.close()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
