"""Handlers: a method of a service with the guard around it, and its serialisers inside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from functools import partial
from inspect import isasyncgen, isasyncgenfunction, iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

from tightlip.adapters.grpc.call import Call, UnknownMethodError
from tightlip.adapters.grpc.context import AsyncContext, Context
from tightlip.protocols.asgi_exchange import must_pass

if TYPE_CHECKING:
    from tightlip.adapters.grpc.status import Status
    from tightlip.responder.responder import Responder

_KINDS = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}
_Guard: TypeAlias = Callable[[Any, Any, Any], Callable[..., Any]]
_POOL = "experimental_thread_pool"


def _abort(context: Any, status: Status) -> None:
    """End a call by raising, which gRPC hides from nobody."""
    context.set_trailing_metadata(status.metadata)
    context.abort(status.code, status.message)


def _end(context: Any, status: Status) -> None:
    """End a call by a code that is set: of a plain generator a server of asyncio loses an abort.

    The call would never end (`grpc/_cython/_cygrpc/aio/server.pyx.pxi`, `_SyncServicerContext`).
    """
    context.set_trailing_metadata(status.metadata)
    context.set_details(status.message)
    context.set_code(status.code)


class Guarding:
    """Puts the guard around handlers.

    Args:
        responder: The decision point.
        largest: How many bytes a message of the client's may have; None for any number.
    """

    def __init__(self, responder: Responder, largest: int | None) -> None:
        self._responder = responder
        self._largest = largest

    def around(self, handler: Any, details: Any) -> Any:
        """Return a handler that does as `handler`, and says only what is declared."""
        return self._around(handler, details, (self._unary, self._stream))

    def around_async(self, handler: Any, details: Any) -> Any:
        """Return the same for a server of asyncio, which runs plain functions in threads."""
        name, _ = _KINDS[bool(handler.request_streaming), bool(handler.response_streaming)]
        if _is_async(getattr(handler, name)):
            return self._around(handler, details, (self._async_unary, self._async_stream))
        guards = (partial(self._unary, on_asyncio=True), partial(self._stream, on_asyncio=True))
        return self._around(handler, details, guards)

    def failing(self, exception: BaseException | None, details: Any) -> Any:
        """Return a handler that answers `exception`, whichever kind of call it is.

        None stands for a method that is not there.
        """

        def fail(_requests: Any, _context: Any) -> Iterator[Any]:
            raise exception or UnknownMethodError

        return self.around(grpc.stream_stream_rpc_method_handler(fail), details)

    def failing_async(self, exception: BaseException | None, details: Any) -> Any:
        """Return the same for a server of asyncio."""

        async def fail(_requests: Any, _context: Any) -> None:
            raise exception or UnknownMethodError

        return self.around_async(grpc.stream_stream_rpc_method_handler(fail), details)

    def _around(self, handler: Any, details: Any, guards: tuple[_Guard, _Guard]) -> Any:
        """Put a guard around a method: the first of `guards`, or the second if it streams."""
        streams = bool(handler.response_streaming)
        name, made = _KINDS[bool(handler.request_streaming), streams]
        behaviour = getattr(handler, name)
        return made(_pooled(guards[streams](handler, behaviour, details), behaviour))

    def _call(self, details: Any, peer: Callable[[], str] | None) -> Call:
        return Call(self._responder, details, peer, self._largest)

    def _unary(
        self, handler: Any, behaviour: Any, details: Any, *, on_asyncio: bool = False
    ) -> Callable[[Any, Any], bytes]:
        def guarded(request: Any, context: Any) -> bytes:
            call = self._call(details, None if on_asyncio else context.peer)
            try:
                try:
                    response = behaviour(_given(call, handler, request), Context(call, context))
                    call.check()
                    data = call.serialise(response, handler.response_serializer)
                    trailers = call.filtered(call.trailers)
                except BaseException as exception:  # SystemExit too: nobody would answer
                    if call.may_pass(exception, context if on_asyncio else None):
                        raise
                    status = call.status_of(exception)
                else:
                    context.set_trailing_metadata(trailers)  # raises where the client has gone
                    return data
                _abort(context, status)
            finally:
                call.close()
            return b""

        return guarded

    def _stream(
        self, handler: Any, behaviour: Any, details: Any, *, on_asyncio: bool = False
    ) -> Callable[[Any, Any], Iterator[bytes]]:
        def guarded(request: Any, context: Any) -> Iterator[bytes]:
            call = self._call(details, None if on_asyncio else context.peer)
            try:
                try:
                    responses = behaviour(_given(call, handler, request), Context(call, context))
                    for response in responses:
                        yield call.serialise(response, handler.response_serializer)
                    call.check()
                    trailers = call.filtered(call.trailers)
                except BaseException as exception:  # as above
                    if call.may_pass(exception, context if on_asyncio else None):
                        raise
                    status = call.status_of(exception)
                else:
                    context.set_trailing_metadata(trailers)  # as above
                    return
                (_end if on_asyncio else _abort)(context, status)
            finally:
                call.close()

        return guarded

    def _async_unary(self, handler: Any, behaviour: Any, details: Any) -> Callable[..., Any]:
        async def guarded(request: Any, context: Any) -> bytes:
            async def work(call: Call, given: Any, inner: AsyncContext) -> bytes:
                response = await behaviour(given, inner)
                call.check()
                return call.serialise(response, handler.response_serializer)

            data: bytes = await self._served(work, handler, details, request, context)
            return data

        return guarded

    def _async_stream(self, handler: Any, behaviour: Any, details: Any) -> Callable[..., Any]:
        async def guarded(request: Any, context: Any) -> None:
            async def work(call: Call, given: Any, inner: AsyncContext) -> None:
                responses = behaviour(given, inner)
                if not isasyncgen(responses):
                    await responses  # it writes by itself
                else:
                    async with aclosing(responses):
                        async for response in responses:
                            await inner.write(response)
                call.check()

            await self._served(work, handler, details, request, context)

        return guarded

    async def _served(
        self, work: Callable[..., Any], handler: Any, details: Any, request: Any, context: Any
    ) -> Any:
        call = self._call(details, context.peer)
        read, write = handler.request_deserializer, handler.response_serializer
        try:
            try:
                if handler.request_streaming:
                    given: Any = _messages(call, request, read)
                else:
                    given = call.deserialise(request, read)
                result = await work(call, given, AsyncContext(call, context, read, write))
                trailers = call.filtered(call.trailers)
            except BaseException as exception:  # SystemExit too: it would end the server
                if must_pass(exception) or call.may_pass(exception):
                    raise
                status = call.status_of(exception)
            else:
                context.set_trailing_metadata(trailers)  # raises where the client has gone
                return result
            await context.abort(status.code, status.message, status.metadata)
        finally:
            call.close()


def _pooled(guarded: Any, behaviour: Any) -> Any:
    """Have a guarded method run in the pool that was chosen for it."""
    if hasattr(behaviour, _POOL):
        setattr(guarded, _POOL, getattr(behaviour, _POOL))
    return guarded


def _given(call: Call, handler: Any, request: Any) -> Any:
    if handler.request_streaming:
        return call.messages(request, handler.request_deserializer)
    return call.deserialise(request, handler.request_deserializer)


async def _messages(call: Call, requests: Any, deserialiser: Any) -> AsyncIterator[Any]:
    async for data in requests:
        yield call.deserialise(data, deserialiser)


def _is_async(behaviour: Any) -> bool:
    return any(
        iscoroutinefunction(called) or isasyncgenfunction(called)
        for called in (behaviour, getattr(behaviour, "__call__", None))  # noqa: B004 - what it runs
    )
