"""Failures of gRPC's clients, caused for real: of threads and of asyncio, whole and in a stream."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tightlip.failure import NetworkFailure, NetworkKind

grpc = pytest.importorskip("grpc", reason="grpcio is not installed")

BAD_ANSWER = NetworkFailure(NetworkKind.BAD_ANSWER)
TIMEOUT = NetworkFailure(NetworkKind.TIMEOUT)
UNREACHABLE = NetworkFailure(NetworkKind.UNREACHABLE)


@contextmanager
def service():
    """Serve methods that wait, and that refuse; give the address."""
    ended = threading.Event()

    def wait(_request, _context):
        ended.wait(20)
        return b""

    def refuse(_request, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "There is no such seat")

    def fail_later(_request, _context):
        yield b"first"
        raise ValueError("second")

    handlers = {
        "Wait": grpc.unary_unary_rpc_method_handler(wait),
        "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
        "FailLater": grpc.unary_stream_rpc_method_handler(fail_later),
    }
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        handler = grpc.method_handlers_generic_handler("shop.Seats", handlers)
        server.add_generic_rpc_handlers((handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        ended.set()
        server.stop(None).wait()


@pytest.fixture(scope="module")
def address():
    with service() as address:
        yield address


def on_threads(address, method, **options):
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(f"/shop.Seats/{method}")(b"", **options)


def on_asyncio(address, method, **options):
    async def call():
        async with grpc.aio.insecure_channel(address) as channel:
            await channel.unary_unary(f"/shop.Seats/{method}")(b"", **options)

    asyncio.run(call())


@pytest.mark.parametrize("client", [on_threads, on_asyncio])
def test_a_closed_port_is_unreachable(facts, client, nobody):
    with pytest.raises(grpc.RpcError) as raised:
        client(nobody.removeprefix("http://").rstrip("/"), "Wait", timeout=20)
    assert facts(raised.value) == UNREACHABLE


@pytest.mark.parametrize("client", [on_threads, on_asyncio])
def test_a_service_that_does_not_answer_is_a_timeout(facts, client, address):
    with pytest.raises(grpc.RpcError) as raised:
        client(address, "Wait", timeout=0.2)
    assert facts(raised.value) == TIMEOUT


@pytest.mark.parametrize("client", [on_threads, on_asyncio])
@pytest.mark.parametrize("method", ["Refuse", "Missing"])
def test_a_refusal_is_a_bad_answer_whomever_it_blames(facts, client, address, method):
    with pytest.raises(grpc.RpcError) as raised:
        client(address, method, timeout=20)
    assert facts(raised.value) == BAD_ANSWER


def test_a_stream_that_breaks_is_a_bad_answer(facts, address):
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as raised:
        list(channel.unary_stream("/shop.Seats/FailLater")(b"", timeout=20))
    assert facts(raised.value) == BAD_ANSWER


def test_an_error_of_the_applications_own_says_nothing(facts):
    class OwnError(grpc.RpcError):
        pass

    assert facts(OwnError()) is None
