"""The service of the contract of gRPC, in the three ways in which it can be written.

What its methods do, a word of the client's says: the name of a function in here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc.error_details_pb2 import DebugInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from grpc_status import rpc_status

from contract.material import CANARY, LEAK, SoldOut, violate_unique

SERVICE = "shop.Seats"
KINDS = ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
_METADATA = (("x-note", CANARY), ("grpc-status-details-bin", CANARY.encode()))


def good(context: Any) -> str:
    return "good"


def unexpected(context: Any) -> NoReturn:
    raise ValueError(CANARY)


def declared(context: Any) -> NoReturn:
    raise SoldOut


def database(context: Any) -> None:
    violate_unique()


def leaves(context: Any) -> NoReturn:
    raise SystemExit(CANARY)


def cancelled(context: Any) -> NoReturn:
    raise asyncio.CancelledError(CANARY)


def set_details(context: Any) -> None:
    context.set_code(StatusCode.NOT_FOUND)
    context.set_details("There is no such seat")


def set_formatted_details(context: Any) -> None:
    context.set_code(StatusCode.NOT_FOUND)
    context.set_details(f"{CANARY} of {context}")


def trailing_metadata(context: Any) -> NoReturn:
    context.set_trailing_metadata(_METADATA)
    raise SoldOut


def details_of_a_good_call(context: Any) -> str:
    context.set_details(CANARY)
    return "good"


def unwritable(context: Any) -> int:
    return 7


def leak(context: Any) -> str:
    return LEAK


def exception_text(context: Any) -> str:
    try:
        violate_unique()
    except Exception as error:
        return f"refused: {error}"
    return "good"


LEFT = threading.Event()
"""Set once the client has gone that a waiting method works for."""


def waiting(context: Any) -> str:
    LEFT.wait(20)
    return "late"


async def async_waiting(context: Any) -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it: the server cancels the task")


def literal_abort(context: Any) -> None:
    context.abort(StatusCode.FAILED_PRECONDITION, "The show has begun")


async def async_literal_abort(context: Any) -> None:
    await context.abort(StatusCode.FAILED_PRECONDITION, "The show has begun")


def formatted_abort(context: Any) -> None:
    context.abort(StatusCode.NOT_FOUND, f"{CANARY} of {context}")


async def async_formatted_abort(context: Any) -> None:
    await context.abort(StatusCode.NOT_FOUND, f"{CANARY} of {context}", _METADATA)


def _rich() -> Any:
    packed = Packed()
    packed.Pack(DebugInfo(detail=CANARY))
    status = Status(code=9, message=f"{CANARY} of {packed}", details=[packed])
    return rpc_status.to_status(status)


def rich_status(context: Any) -> None:
    context.abort_with_status(_rich())


async def async_rich_status(context: Any) -> None:
    await context.abort_with_status(_rich())


def _do(word: str, context: Any) -> Any:
    return globals()[word](context)


async def _do_async(word: str, context: Any) -> Any:
    asynchronous = globals().get(f"async_{word}")
    return _do(word, context) if asynchronous is None else await asynchronous(context)


def _given(message: Any) -> list[Any]:
    return [] if message is None else [message]


def unary(word: str, context: Any) -> Any:
    return _do(word, context)


def stream_unary(words: Iterator[str], context: Any) -> Any:
    (word,) = words
    return _do(word, context)


def unary_stream(word: str, context: Any) -> Iterator[Any]:
    yield "first"
    yield from _given(_do(word, context))


def stream_stream(words: Iterator[str], context: Any) -> Iterator[Any]:
    for word in words:
        yield "first"
        yield from _given(_do(word, context))


async def async_unary(word: str, context: Any) -> Any:
    return await _do_async(word, context)


async def async_stream_unary(words: AsyncIterator[str], context: Any) -> Any:
    async for word in words:
        return await _do_async(word, context)
    return None


async def async_unary_stream(word: str, context: Any) -> AsyncIterator[Any]:
    yield "first"
    for message in _given(await _do_async(word, context)):
        yield message


async def async_stream_stream(words: AsyncIterator[str], context: Any) -> AsyncIterator[Any]:
    async for word in words:
        yield "first"
        for message in _given(await _do_async(word, context)):
            yield message


def _read(data: bytes) -> str:
    word = StringValue.FromString(data).value
    if word == "unreadable":
        raise ValueError(CANARY)
    return word


def _write(text: str) -> bytes:
    return StringValue(value=text).SerializeToString()


def service(*, is_async: bool) -> grpc.GenericRpcHandler:
    """Return the service, written in functions or in coroutines."""
    behaviours = (
        (async_unary, async_unary_stream, async_stream_unary, async_stream_stream)
        if is_async
        else (unary, unary_stream, stream_unary, stream_stream)
    )
    makers = (
        grpc.unary_unary_rpc_method_handler,
        grpc.unary_stream_rpc_method_handler,
        grpc.stream_unary_rpc_method_handler,
        grpc.stream_stream_rpc_method_handler,
    )
    handlers = {
        kind: make(behaviour, _read, _write)
        for kind, make, behaviour in zip(KINDS, makers, behaviours, strict=True)
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)
