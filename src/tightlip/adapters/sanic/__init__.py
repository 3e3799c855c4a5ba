"""Sanic: the guard before the function by which its own server writes an answer."""

from __future__ import annotations

import sys
from asyncio import CancelledError
from contextlib import suppress
from functools import partial, wraps
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Unpack, cast
from weakref import WeakKeyDictionary

from sanic import Sanic, headers
from sanic.exceptions import RangeNotSatisfiable, RequestCancelled, SanicException
from sanic.handlers import ContentRangeHandler, ErrorHandler
from sanic.middleware import Middleware, MiddlewareLocation
from sanic.response import HTTPResponse, ResponseStream
from websockets.exceptions import ConnectionClosed

from tightlip.adapters.sanic.signals import failure_behind, listen_on, raise_earlier
from tightlip.adapters.sanic.writer import KEY, GuardedWriter
from tightlip.exchange import reason_phrase
from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.asgi import Guard
from tightlip.protocols.asgi_containment import own_failure
from tightlip.protocols.asgi_exchange import (
    IN_BACKGROUND,
    StreamAbortedError,
    Surroundings,
    must_pass,
    request_of,
    state_of,
    tells_of_leaving,
)
from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.protocols.instance import call_of, put_on
from tightlip.protocols.native import lasting
from tightlip.protocols.origin import is_raised_in
from tightlip.responder.policy import ConfigurationError, Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder
from tightlip.slots import is_a, traceback_of
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sanic import Request

    from tightlip.protocols.asgi_exchange import Framework, Scope

    Handler = Callable[..., Any]

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""

_MARK = "tightlip"
_SERVER_ERROR = 500
_WORDS = "the application asked for its own end"

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
    listen_on(application, _hear, _has_failed, _keep)
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
        substitute(Middleware, "__call__", "self args kwargs", _watching)
    with suppress(UnknownFunctionError):
        substitute(ResponseStream, "stream", "self", _staying)
    with suppress(UnknownFunctionError):
        substitute(ContentRangeHandler, "__init__", "self request stats", _within_content)
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
    found = scope[KEY].route
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
    raise_earlier(request)


async def _hear(request: Request, exception: BaseException, **_: Any) -> None:
    """Note an exception before a handler turns it into an answer; end what it has broken."""
    exception = own_failure(exception)
    if is_a(exception, StreamAbortedError):
        return
    writer = _writer_of(request)
    if writer is not None:
        handled = request.app.error_handler.lookup(exception, request.name)
        failure = failure_behind(exception)
        await writer.hear(exception if failure is None else failure, is_handled=handled is not None)
        if failure is not None:
            writer.status = _SERVER_ERROR
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


def _within_content(read_range: Callable[..., None]) -> Callable[..., None]:
    """Return what reads which part of a file is asked for, and keeps to what there is of it.

    Sanic seeks and reads as far as it is told (RFC 9110, section 14.1.2, has it stop at the end).
    """

    def read_within(asked: Any, request: Request, stats: Any) -> None:
        read_range(asked, request, stats)
        asked.start, asked.end = max(asked.start, 0), min(asked.end, asked.total - 1)
        if asked.start > asked.end:
            raise RangeNotSatisfiable(reason_phrase(416), asked)
        asked.size = asked.end - asked.start + 1
        asked.headers = {"Content-Range": f"bytes {asked.start}-{asked.end}/{asked.total}"}

    return read_within


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


def _watching(function: Handler) -> Handler:
    """Do the same for what calls a middleware, and have its failures recorded."""
    stay = _staying(function)

    @wraps(function)
    def watching(middleware: Middleware, *arguments: Any, **values: Any) -> Any:
        if middleware.location is MiddlewareLocation.RESPONSE:
            return _recorded(stay, middleware, *arguments, **values)
        return stay(middleware, *arguments, **values)

    return watching


async def _recorded(call: Handler, middleware: Middleware, request: Request, *others: Any) -> Any:
    """Call a middleware for answers: Sanic leaves what it raises at its log, and answers."""
    try:
        returned = call(middleware, request, *others)
        return await returned if isawaitable(returned) else returned
    except Exception as exception:
        _keep(request, exception)
        raise


def _keep(request: Request, exception: Exception) -> None:
    """Record a failure that Sanic leaves at its log, or that comes on top of another."""
    surroundings = getattr(request.app.ctx, _MARK, None)
    if surroundings is not None:
        asked = request_of(_scope_of(request), _FRAMEWORK)
        surroundings.responder.keep(own_failure(exception), asked, {}, IN_BACKGROUND)


def _has_failed(request: Request) -> bool:
    """Tell whether a request is answered after a failure."""
    return state_of(_scope_of(request)).exception is not None


def _scope_of(request: Request) -> Scope:
    writer = _writer_of(request)
    return request.transport.scope if writer is None else writer.scope


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
                if not tells_of_leaving(_FRAMEWORK, exception):
                    state_of(request.transport.scope).note(exception)
                raise
            return
        guarded = await writer.take_socket(socket)
        try:
            await lasting(handler(request, socket, *arguments, **values))
        except BaseException as exception:
            if must_pass(exception) or tells_of_leaving(_FRAMEWORK, exception):
                raise
            await guarded.fail(exception)

    return talking
