"""gRPC: real servers, threaded and of asyncio, and what a client gets from them."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Annotated

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc import StatusCode
from grpc_status import rpc_status

import tightlip
from tightlip import PublicError
from tightlip.adapters.grpc import aio_interceptor, interceptor
from tightlip.incidents.sinks.memory import MemorySink

CANARY = "canary-9b1f"
RICH = (("grpc-status-details-bin", CANARY.encode()), ("x-note", CANARY))


class PlaceTaken(PublicError):
    status = 409
    message = "Only {left} seats are left"
    left: int


class PlaceRefused(PublicError):
    status = 409
    message = "This seat was refused: {reason}"
    reason: Annotated[str, tightlip.MaxLength(100)]


class Closed(PublicError):
    status = 503
    message = "The box office is closed"
    retry_after = 60


class CodeError(Exception):
    def __str__(self):
        raise ValueError(CANARY)


def crash(context):
    raise ValueError(CANARY)


def declared(context):
    raise PlaceTaken(left=2)


def closed(context):
    raise Closed


def repeating(context):
    try:
        raise ValueError(f"the hall of {CANARY} has no such row")
    except ValueError as error:
        said = str(error)
    raise PlaceRefused(reason=said)


def exits(context):
    raise SystemExit(CANARY)


def ends_generator(context):
    raise GeneratorExit(CANARY)


def calls_back(context):
    def fail():
        raise LookupError(CANARY)

    context.add_callback(fail)
    return b"good"


def unprintable(context):
    raise CodeError


def cancelled(context):
    raise asyncio.CancelledError(CANARY)


def set_literal(context):
    context.set_code(StatusCode.NOT_FOUND)
    context.set_details("There is no such seat")


def set_formatted(context):
    context.set_details(f"{CANARY} {context}")
    context.set_code(StatusCode.NOT_FOUND)


def set_and_crash(context):
    context.set_code(StatusCode.NOT_FOUND)
    context.set_details(f"{CANARY} {context}")
    raise ValueError(CANARY)


def odd_code(context):
    context.set_code(CANARY)


def details_alone(context):
    context.set_details(CANARY)


def trailers_of_error(context):
    context.set_trailing_metadata(RICH)
    raise ValueError(CANARY)


def trailers(context):
    context.set_trailing_metadata(
        (("x-trace", 'File "/srv/shop/app.py", line 3, in pay'), ("x-kept", "kept"))
    )


def not_bytes(context):
    return CANARY


def good(context):
    return b"good"


PLAIN = [
    crash,
    declared,
    closed,
    repeating,
    exits,
    ends_generator,
    calls_back,
    unprintable,
    cancelled,
    set_literal,
    set_formatted,
    set_and_crash,
    odd_code,
    details_alone,
    trailers_of_error,
    trailers,
    not_bytes,
    good,
]


class Aborts:
    @staticmethod
    def literal(context):
        context.abort(StatusCode.FAILED_PRECONDITION, "The show has begun")

    @staticmethod
    def formatted(context):
        context.abort(StatusCode.NOT_FOUND, f"{CANARY} {context}")

    @staticmethod
    def of_exception(context):
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            context.abort(StatusCode.INVALID_ARGUMENT, str(error))

    @staticmethod
    def swallowed(context):
        try:
            context.abort(StatusCode.NOT_FOUND, "There is no such seat")
        except Exception:
            return b"good"

    @staticmethod
    def followed(context):
        try:
            context.abort(StatusCode.NOT_FOUND, "There is no such seat")
        except Exception:
            raise ValueError(CANARY) from None

    @staticmethod
    def ok(context):
        context.abort(StatusCode.OK, f"{CANARY} {context}")

    @staticmethod
    def initial(context):
        context.send_initial_metadata(
            (("x-trace", 'File "/srv/shop/app.py", line 3, in pay'), ("x-kept", "kept"))
        )
        return b"good"


class AsyncAborts:
    @staticmethod
    async def literal(context):
        await context.abort(StatusCode.FAILED_PRECONDITION, "The show has begun")

    @staticmethod
    async def formatted(context):
        await context.abort(StatusCode.NOT_FOUND, f"{CANARY} {context}", RICH)

    @staticmethod
    async def of_exception(context):
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            await context.abort(StatusCode.INVALID_ARGUMENT, str(error))

    @staticmethod
    async def swallowed(context):
        try:
            await context.abort(StatusCode.NOT_FOUND, "There is no such seat")
        except grpc.aio.AbortError:
            return b"good"

    @staticmethod
    async def followed(context):
        try:
            await context.abort(StatusCode.NOT_FOUND, "There is no such seat")
        except Exception:
            raise ValueError(CANARY) from None

    @staticmethod
    async def ok(context):
        await context.abort(StatusCode.OK, f"{CANARY} {context}")

    @staticmethod
    async def initial(context):
        await context.send_initial_metadata(
            (("x-trace", 'File "/srv/shop/app.py", line 3, in pay'), ("x-kept", "kept"))
        )
        return b"good"


ABORTS = [name for name in vars(Aborts) if not name.startswith("_")]


def read_word(data):
    if data == b"unreadable":
        raise ValueError(CANARY)
    return None if data == b"none" else data.decode()


def write_word(message):
    if message == b"unwritable":
        raise ValueError(CANARY)
    return message


def kinds(behave, is_async):
    """The four kinds of method, each of which does what the last word of its client says."""

    def unary(word, context):
        result = behave(word, context)
        return b"good" if result is None else result

    def streamed(words, context):
        (word,) = words
        return unary(word, context)

    def stream(word, context):
        yield b"first"
        yield unary(word, context)

    def both(words, context):
        for word in words:
            yield b"first"
            yield unary(word, context)

    async def async_unary(word, context):
        result = await behave(word, context)
        return b"good" if result is None else result

    async def async_streamed(words, context):
        async for word in words:
            return await async_unary(word, context)
        return None

    async def async_stream(word, context):
        yield b"first"
        yield await async_unary(word, context)

    async def async_both(words, context):
        while (word := await context.read()) is not grpc.aio.EOF:
            await context.write(b"first")
            await context.write(await async_unary(word, context))

    behaviours = (
        (async_unary, async_stream, async_streamed, async_both)
        if is_async
        else (unary, stream, streamed, both)
    )
    makers = (
        grpc.unary_unary_rpc_method_handler,
        grpc.unary_stream_rpc_method_handler,
        grpc.stream_unary_rpc_method_handler,
        grpc.stream_stream_rpc_method_handler,
    )
    names = ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
    return {
        name: maker(behaviour, read_word, write_word)
        for name, maker, behaviour in zip(names, makers, behaviours, strict=True)
    }


class BrokenService(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/shop.Broken/Call":
            raise ValueError(CANARY)


WORDS = {behave.__name__: behave for behave in PLAIN}


def behave(word, context):
    if word == "unwritable":
        return b"unwritable"
    return (WORDS.get(word) or getattr(Aborts, word))(context)


async def async_behave(word, context):
    if word in ABORTS:
        return await getattr(AsyncAborts, word)(context)
    return behave(word, context)


@pytest.fixture(scope="module", params=["threads", "asyncio"])
def served(request):
    """A server, as its channel and its sink."""
    with serving(request.param, is_async=request.param == "asyncio") as served:
        yield served


@contextmanager
def serving(server_of, *, is_async):
    """Serve the methods of `kinds`; a server of asyncio runs plain functions too."""
    sink = MemorySink()
    settings = {"sinks": [sink], "directory": None, "largest_request": 1000}
    handlers = kinds(async_behave if is_async else behave, is_async)
    generic = (
        grpc.method_handlers_generic_handler("shop.Seats", handlers),
        BrokenService(),
    )
    if server_of == "threads":
        with ThreadPoolExecutor(2) as pool:
            server = grpc.server(pool, interceptors=[interceptor(**settings)])
            server.add_generic_rpc_handlers(generic)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield channel, sink
            server.stop(None).wait()
        return
    started: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def serve():
        server = grpc.aio.server(interceptors=[aio_interceptor(**settings)])
        server.add_generic_rpc_handlers(generic)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        ended = asyncio.Event()
        started.append((port, asyncio.get_running_loop(), ended))
        ready.set()
        await ended.wait()
        await server.stop(None)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait(30)
    port, loop, ended = started[0]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel, sink
    loop.call_soon_threadsafe(ended.set)
    thread.join(30)


def ask(channel, word, kind="UnaryUnary"):
    """Return the messages and the call that ended."""
    data = word if isinstance(word, bytes) else word.encode()
    path = f"/shop.Seats/{kind}"
    request = data if kind.startswith("Unary") else iter([data])
    if kind == "UnaryUnary":
        call = channel.unary_unary(path).future(request, timeout=5)
    elif kind == "StreamUnary":
        call = channel.stream_unary(path).future(request, timeout=5)
    elif kind == "UnaryStream":
        call = channel.unary_stream(path)(request, timeout=5)
    else:
        call = channel.stream_stream(path)(request, timeout=5)
    messages = []
    with suppress(grpc.RpcError):
        for message in call if kind.endswith("Stream") else [call.result()]:
            messages.append(message)  # noqa: PERF402 - those before the end count
    return messages, call


def told(call):
    """Return all that a client is told at the end of a call."""
    return f"{call.details()} {call.initial_metadata()} {call.trailing_metadata()}"


def info_of(call):
    status = rpc_status.from_call(call)
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


ENDINGS = {
    "crash": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "declared": (StatusCode.ALREADY_EXISTS, "Only 2 seats are left", "PLACE_TAKEN"),
    "closed": (StatusCode.UNAVAILABLE, "The box office is closed", "CLOSED"),
    "exits": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "ends_generator": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "unprintable": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "cancelled": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "set_literal": (StatusCode.NOT_FOUND, "There is no such seat", "NOT_FOUND"),
    "set_formatted": (StatusCode.NOT_FOUND, None, "NOT_FOUND"),
    "set_and_crash": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "odd_code": (StatusCode.UNKNOWN, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "trailers_of_error": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "not_bytes": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "unwritable": (StatusCode.INTERNAL, "Something went wrong", "INTERNAL_SERVER_ERROR"),
    "literal": (StatusCode.FAILED_PRECONDITION, "The show has begun", "INVALID_REQUEST"),
    "formatted": (StatusCode.NOT_FOUND, None, "NOT_FOUND"),
    "of_exception": (StatusCode.INVALID_ARGUMENT, None, "INVALID_REQUEST"),
    "swallowed": (StatusCode.NOT_FOUND, "There is no such seat", "NOT_FOUND"),
    "followed": (StatusCode.NOT_FOUND, "There is no such seat", "NOT_FOUND"),
    "ok": (StatusCode.UNKNOWN, "Something went wrong", "INTERNAL_SERVER_ERROR"),
}
if sys.version_info >= (3, 12):  # the interpreter tells of what was raised before
    ENDINGS["repeating"] = (StatusCode.ALREADY_EXISTS, None, "CONFLICT")
MALFORMED = ["unreadable", "none"]


@pytest.mark.parametrize("kind", ["UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream"])
@pytest.mark.parametrize("word", ENDINGS)
def test_a_failed_call_ends_in_declared_words(served, word, kind):
    channel, _ = served
    code, message, reason = ENDINGS[word]
    messages, call = ask(channel, word, kind)
    assert call.code() is code
    assert CANARY not in told(call)
    assert info_of(call).reason == reason
    assert info_of(call).domain == "shop.Seats"
    if message is not None:
        assert call.details() == message
    assert messages[:1] == ([b"first"] if kind.endswith("Stream") else [])


def test_plain_functions_on_a_server_of_asyncio_say_the_same():
    with serving("asyncio", is_async=False) as (channel, _):
        for word, (code, message, reason) in ENDINGS.items():
            _, call = ask(channel, word)
            assert (call.code(), info_of(call).reason) == (code, reason), word
            assert message in {None, call.details()}
            assert CANARY not in told(call)
        assert ask(channel, "good")[0] == [b"good"]


@pytest.mark.parametrize("server_of", ["threads", "asyncio"])
def test_a_callback_that_fails_is_recorded_and_the_client_not_told(server_of):
    with serving(server_of, is_async=False) as (channel, sink):
        messages, call = ask(channel, "calls_back")
        assert (messages, call.code()) == ([b"good"], StatusCode.OK)
        assert CANARY not in told(call)
    (incident,) = sink.incidents
    assert incident["exception.type"] == "LookupError"
    assert incident["http.route"] == "/shop.Seats/UnaryUnary"


@pytest.mark.parametrize("kind", ["UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream"])
@pytest.mark.parametrize("word", MALFORMED)
def test_a_message_that_cannot_be_read_is_the_clients_mistake(served, word, kind):
    channel, sink = served
    before = len(sink)
    messages, call = ask(channel, word, kind)
    assert call.code() is StatusCode.INVALID_ARGUMENT
    assert CANARY not in told(call)
    assert info_of(call).reason == "INVALID_REQUEST"
    assert len(sink) == before
    assert messages == []


@pytest.mark.parametrize("kind", ["UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream"])
def test_a_good_call_is_as_it_was(served, kind):
    channel, sink = served
    before = len(sink)
    messages, call = ask(channel, "good", kind)
    assert call.code() is StatusCode.OK
    assert messages == ([b"first", b"good"] if kind.endswith("Stream") else [b"good"])
    assert len(sink) == before


def test_words_of_a_good_call_do_not_leave(served):
    channel, _ = served
    messages, call = ask(channel, "details_alone")
    assert messages == [b"good"]
    assert CANARY not in told(call)


@pytest.mark.parametrize("word", ["trailers", "initial"])
def test_metadata_that_leaks_is_taken_out_and_the_rest_stays(served, word):
    channel, sink = served
    before = len(sink)
    messages, call = ask(channel, word)
    assert messages == [b"good"]
    assert "/srv/shop" not in told(call)
    assert ("x-kept", "kept") in [*call.initial_metadata(), *call.trailing_metadata()]
    assert len(sink) == before + 1


def test_the_reference_leads_to_the_record(served):
    channel, sink = served
    _, call = ask(channel, "crash")
    incident = sink.find(info_of(call).metadata["reference"])
    assert CANARY in incident.as_json()
    assert "/shop.Seats/UnaryUnary" in incident.as_json()


def test_parameters_stand_in_the_details_and_a_wait_in_its_own(served):
    channel, _ = served
    _, call = ask(channel, "declared")
    assert info_of(call).metadata["left"] == "2"
    _, call = ask(channel, "closed")
    retry = RetryInfo()
    assert rpc_status.from_call(call).details[1].Unpack(retry)
    assert retry.retry_delay.seconds == 60


def test_what_follows_an_abort_is_recorded_too(served):
    channel, sink = served
    before = len(sink)
    ask(channel, "followed")
    assert CANARY in sink.incidents[before].as_json()


def test_withheld_words_are_in_the_record_with_their_line(served):
    channel, sink = served
    for word in ("formatted", "set_formatted"):
        _, call = ask(channel, word)
        incident = sink.find(info_of(call).metadata["reference"])
        assert CANARY in incident.as_json()
        assert "test_grpc.py:" in incident.as_json()


def test_a_message_over_the_limit_is_refused_in_declared_words(served):
    channel, _ = served
    _, call = ask(channel, b"x" * 1001)
    assert call.code() is StatusCode.RESOURCE_EXHAUSTED
    assert info_of(call).reason == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize("kind", ["unary_unary", "stream_stream"])
def test_a_method_that_is_not_there_is_told_without_an_incident(served, kind):
    channel, sink = served
    before = len(sink)
    multi = getattr(channel, kind)("/shop.Seats/Missing")
    call = multi.future(b"") if kind == "unary_unary" else multi(iter([b""]))
    assert call.code() is StatusCode.UNIMPLEMENTED
    assert info_of(call).reason == "NOT_FOUND"
    assert "Method not found" not in call.details()
    assert len(sink) == before


def test_a_service_that_fails_to_find_its_method_says_nothing_of_it(served):
    channel, sink = served
    before = len(sink)
    call = channel.unary_unary("/shop.Broken/Call").future(b"")
    assert call.code() is StatusCode.INTERNAL
    assert call.details() == "Something went wrong"
    assert CANARY in sink.incidents[before].as_json()


@pytest.mark.parametrize("server", [grpc.server, grpc.aio.server])
def test_a_server_that_is_made_already_says_what_to_do(server):
    async def make():
        made = server(ThreadPoolExecutor(1))
        with pytest.raises(tightlip.ConfigurationError, match=r"interceptors=\[interceptor\(\)\]"):
            tightlip.shield(made)

    asyncio.run(make())


def test_a_plain_function_whose_client_leaves_in_the_middle_is_no_failure():
    """On asyncio, where the messages of a client that leaves end as if they were all."""
    sink = MemorySink()
    has_begun, has_ended = asyncio.Event(), threading.Event()

    def sum_up(words, context):
        loop.call_soon_threadsafe(has_begun.set)
        try:
            if next(words) == b"metadata":
                list(words)
                context.send_initial_metadata((("x-part", "1"),))
            elif list(words)[-1] != b"end":
                raise AssertionError("a client that stays ends with its end")
            raise ValueError(CANARY)
        finally:
            has_ended.set()

    async def leave(channel, *words):
        has_begun.clear()
        has_ended.clear()
        call = channel.stream_unary("/shop.Seats/Sum")()
        for word in words:
            await call.write(word)
        await has_begun.wait()
        call.cancel()
        await asyncio.to_thread(has_ended.wait, 20)

    async def stay(channel):
        with suppress(grpc.aio.AioRpcError):
            await channel.stream_unary("/shop.Seats/Sum")(iter([b"start", b"end"]))

    async def talk():
        pool = ThreadPoolExecutor(4)
        server = grpc.aio.server(
            interceptors=[aio_interceptor(sinks=[sink], directory=None)],
            migration_thread_pool=pool,
        )
        handlers = {"Sum": grpc.stream_unary_rpc_method_handler(sum_up)}
        generic = grpc.method_handlers_generic_handler("shop.Seats", handlers)
        server.add_generic_rpc_handlers((generic,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await leave(channel)
            await leave(channel, b"start")
            await leave(channel, b"metadata")
            await stay(channel)
        await server.stop(None)
        await asyncio.to_thread(pool.shutdown)

    loop = asyncio.new_event_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(talk())
    (incident,) = sink.incidents
    assert CANARY in incident.as_json()
