"""Connect: calls of each kind by each of its protocols, on ASGI and on WSGI."""

from __future__ import annotations

import json
import struct
import sys
import threading
from base64 import b64decode
from typing import Annotated
from wsgiref.simple_server import WSGIRequestHandler, make_server

import connectrpc.code
import httpx
import pytest
import uvicorn
from connectrpc.client import ConnectClientSync
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import (
    ConnectASGIApplication,
    ConnectWSGIApplication,
    Endpoint,
    EndpointSync,
)
from google.rpc.error_details_pb2 import ErrorInfo
from protobuf.wkt import StringValue

from tightlip import MaxLength, PublicError, Shield, shield
from tightlip.adapters import connectrpc as adapter
from tightlip.catalog.standard import standard_error
from tightlip.protocols import rpc_codes
from tightlip.responder.policy import ConfigurationError

KINDS = {
    "Unary": StreamType.UNARY,
    "Client": StreamType.CLIENT_STREAM,
    "Server": StreamType.SERVER_STREAM,
    "Bidi": StreamType.BIDI_STREAM,
}
needs_raises = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="the interpreter tells no raises"
)
CANARY = "canary at 10.0.0.5"


class PerchTaken(PublicError):
    status = 409
    message = "Perch {seat} is taken"
    seat: int


class PerchHeld(PublicError):
    status = 409
    message = "This perch is held: {reason}"
    reason: Annotated[str, MaxLength(80)]


def said_by_another():
    """Return what an exception said, which is over and forgotten."""
    try:
        raise RuntimeError("the register of perches is locked by the night run")
    except RuntimeError as error:
        return str(error)


def fail(words):
    """Do as a client's words say."""
    if words == "declared":
        raise PerchTaken(seat=12)
    if words == "repeated":
        raise PerchHeld(reason=said_by_another())
    if words.startswith("held: "):
        said_by_another()
        raise PerchHeld(reason=words.removeprefix("held: "))
    if words == "literal":
        raise ConnectError(Code.FAILED_PRECONDITION, "The doors are closed")
    if words == "formatted":
        raise ConnectError(Code.NOT_FOUND, f"no seat for {CANARY}")
    if words == "exit":
        raise SystemExit(CANARY)
    if words != "good":
        raise ValueError(CANARY)
    return StringValue(value="good")


async def unary(request, ctx):
    return fail(request.value)


async def client_stream(requests, ctx):
    words = [request.value async for request in requests]
    return fail(words[0])


async def server_stream(request, ctx):
    yield StringValue(value="first")
    yield fail(request.value)


async def bidi_stream(requests, ctx):
    yield StringValue(value="first")
    async for request in requests:
        yield fail(request.value)


def unary_sync(request, ctx):
    return fail(request.value)


def client_stream_sync(requests, ctx):
    words = [request.value for request in requests]
    return fail(words[0])


def server_stream_sync(request, ctx):
    yield StringValue(value="first")
    yield fail(request.value)


def bidi_stream_sync(requests, ctx):
    yield StringValue(value="first")
    for request in requests:
        yield fail(request.value)


def method(name):
    return MethodInfo(
        name=name,
        service_name="shop.Seats",
        input=StringValue,
        output=StringValue,
        idempotency_level=IdempotencyLevel.NO_SIDE_EFFECTS,
        stream_type=KINDS[name],
    )


class Seats(ConnectASGIApplication):
    path = "/shop.Seats"

    def __init__(self, **options):
        super().__init__(
            service=object(),
            endpoints=lambda _: {
                "/shop.Seats/Unary": Endpoint.unary(method("Unary"), unary),
                "/shop.Seats/Client": Endpoint.client_stream(method("Client"), client_stream),
                "/shop.Seats/Server": Endpoint.server_stream(method("Server"), server_stream),
                "/shop.Seats/Bidi": Endpoint.bidi_stream(method("Bidi"), bidi_stream),
            },
            **options,
        )


class SeatsSync(ConnectWSGIApplication):
    path = "/shop.Seats"

    def __init__(self, **options):
        unary, client = method("Unary"), method("Client")
        server, bidi = method("Server"), method("Bidi")
        super().__init__(
            endpoints={
                "/shop.Seats/Unary": EndpointSync.unary(method=unary, function=unary_sync),
                "/shop.Seats/Client": EndpointSync.client_stream(
                    method=client, function=client_stream_sync
                ),
                "/shop.Seats/Server": EndpointSync.server_stream(
                    method=server, function=server_stream_sync
                ),
                "/shop.Seats/Bidi": EndpointSync.bidi_stream(
                    method=bidi, function=bidi_stream_sync
                ),
            },
            **options,
        )


class Quiet(WSGIRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(params=["asgi", "wsgi"])
def serve(request):
    """Serve an application of Connect by its protocol; return its address."""
    ends = []

    def run(make):
        if request.param == "wsgi":
            server = make_server("127.0.0.1", 0, make(SeatsSync), handler_class=Quiet)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            ends.append(lambda: (server.shutdown(), server.server_close()))
            port = server.server_address[1]
        else:
            config = uvicorn.Config(make(Seats), port=0, log_level="critical", lifespan="off")
            server = uvicorn.Server(config)
            sockets = [config.bind_socket()]
            thread = threading.Thread(target=server.run, args=(sockets,))
            ends.append(lambda: setattr(server, "should_exit", True))
            port = sockets[0].getsockname()[1]
        thread.start()
        ends.append(thread.join)
        return f"http://127.0.0.1:{port}"

    yield run
    for end in ends:
        end()


@pytest.fixture
def ask(serve, sink):
    """Call a method of a shielded application; return the answer of the server."""
    address = serve(lambda kind: Shield(directory=None, sinks=[sink])(kind()))

    def call(name, words, content_type="application/json"):
        message = json.dumps(words).encode()
        if "grpc" in content_type:
            message = b"\x0a" + bytes((len(words),)) + words.encode()
        if content_type != "application/json":
            message = b"\0" + struct.pack(">I", len(message)) + message
        headers = {"content-type": content_type, "connect-protocol-version": "1"}
        with httpx.Client(base_url=address, timeout=30) as client:
            return client.post(f"/shop.Seats/{name}", content=message, headers=headers)

    return call


def information(detail):
    value = detail["value"]
    return ErrorInfo.FromString(b64decode(value + "=" * (-len(value) % 4)))


def ending(answer):
    """Return the error in the last message of a stream of Connect."""
    body, messages = answer.content, []
    while body:
        flags, length = struct.unpack(">BI", body[:5])
        messages.append((flags, json.loads(body[5 : 5 + length])))
        body = body[5 + length :]
    assert [flags for flags, _ in messages[:-1]] == [0] * (len(messages) - 1)
    flags, end = messages[-1]
    assert flags == 2
    return end.get("error")


def test_a_good_answer_stays(ask, sink):
    assert ask("Unary", "good").json() == "good"
    assert ending(ask("Server", "good", "application/connect+json")) is None
    assert sink.incidents == ()


def test_what_was_not_declared_does_not_leave(ask, sink):
    answer = ask("Unary", "broken")
    assert answer.status_code == 500
    error = answer.json()
    assert (error["code"], error["message"]) == ("internal", "Something went wrong")
    (incident,) = sink.incidents
    assert answer.headers["x-error-reference"] == incident["reference"]
    told = information(error["details"][0])
    assert (told.reason, told.domain) == ("INTERNAL_SERVER_ERROR", "shop.Seats")
    assert dict(told.metadata) == {"reference": incident["reference"]}
    assert incident["exception.message"] == CANARY
    assert incident["http.route"] == "/shop.Seats/Unary"
    assert "canary" not in answer.text
    assert answer.headers["content-type"] == "application/json"


def test_a_declared_error_is_told_with_its_parameters(ask, sink):
    answer = ask("Unary", "declared")
    assert answer.status_code == 409
    error = answer.json()
    assert (error["code"], error["message"]) == ("already_exists", "Perch 12 is taken")
    told = information(error["details"][0])
    assert (told.reason, dict(told.metadata)) == ("PERCH_TAKEN", {"seat": "12"})
    assert sink.incidents == ()


@needs_raises
@pytest.mark.parametrize("content_type", ["application/json", "application/connect+json"])
def test_a_parameter_that_repeats_an_exception_of_the_call_does_not_leave(ask, sink, content_type):
    is_stream = "connect" in content_type
    answer = ask("Server" if is_stream else "Unary", "repeated", content_type)
    error = ending(answer) if is_stream else answer.json()
    assert error["code"] == "already_exists"
    assert information(error["details"][0]).reason == "CONFLICT"
    assert b"night run" not in answer.content
    (incident,) = sink.incidents
    assert incident["withheld"][0]["where"] == "parameter reason"


def test_a_parameter_that_the_client_sent_leaves(ask, sink):
    words = "held: the register of perches is locked by the night run"
    error = ask("Unary", words).json()
    assert error["message"] == f"This perch is {words}"
    assert sink.incidents == ()


def test_a_literal_of_an_error_of_connect_stays_with_its_code(ask, sink):
    answer = ask("Unary", "literal")
    error = answer.json()
    assert (error["code"], error["message"]) == ("failed_precondition", "The doors are closed")
    assert answer.status_code == 400
    assert sink.incidents == ()


def test_another_text_of_an_error_of_connect_does_not(ask, sink):
    error = ask("Unary", "formatted").json()
    assert error["code"] == "not_found"
    assert "canary" not in error["message"]
    (incident,) = sink.incidents
    assert CANARY in incident["withheld"][0]["text"]


@pytest.mark.parametrize("name", ["Client", "Server", "Bidi"])
def test_a_stream_ends_with_declared_words(ask, sink, name):
    answer = ask(name, "broken", "application/connect+json")
    assert answer.status_code == 200
    error = ending(answer)
    assert (error["code"], error["message"]) == ("internal", "Something went wrong")
    assert b"canary" not in answer.content
    assert len(sink.incidents) == 1
    assert ending(ask(name, "declared", "application/connect+json"))["message"] == (
        "Perch 12 is taken"
    )


@pytest.mark.parametrize("name", ["Client", "Server", "Bidi"])
def test_a_stream_ends_with_standard_words_where_its_own_do_not_leave(ask, sink, name):
    error = ending(ask(name, "formatted", "application/connect+json"))
    assert (error["code"], error["message"]) == ("not_found", standard_error(404).message)
    (incident,) = sink.incidents
    assert CANARY in incident["withheld"][0]["text"]


@pytest.mark.parametrize("name", KINDS)
def test_grpc_web_is_told_the_same(ask, sink, name):
    answer = ask(name, "broken", "application/grpc-web+proto")
    assert answer.status_code == 200
    assert b"canary" not in answer.content
    told = answer.content + repr(answer.headers).encode()
    assert b"grpc-status: 13" in told or b"'grpc-status', '13'" in told
    assert b"Something%20went%20wrong" in told
    assert len(sink.incidents) == 1


def test_what_connect_refuses_has_our_words(ask, sink):
    missing = ask("Nothing", "good")
    assert missing.status_code == 404
    assert missing.json() == {
        "error": {"code": "NOT_FOUND", "message": "What you are looking for does not exist"}
    }
    unknown = ask("Unary", "good", "application/xml")
    assert unknown.status_code == 415
    assert unknown.json()["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert sink.incidents == ()


def test_a_message_that_cannot_be_read_is_the_clients_fault(serve, sink):
    address = serve(lambda kind: Shield(directory=None, sinks=[sink])(kind()))
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{address}/shop.Seats/Unary", content=b"{[", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_argument"
    assert "line" not in answer.json()["message"]
    assert sink.incidents == ()


def test_the_clients_of_connect_understand_it(serve, sink):
    address = serve(lambda kind: Shield(directory=None, sinks=[sink])(kind()))
    with ConnectClientSync(address) as client:
        good = client.execute_unary(request=StringValue(value="good"), method=method("Unary"))
        assert good.value == "good"
        with pytest.raises(ConnectError) as raised:
            client.execute_unary(request=StringValue(value="declared"), method=method("Unary"))
    assert raised.value.code is Code.ALREADY_EXISTS
    assert raised.value.message == "Perch 12 is taken"
    assert raised.value.details[0].type_name == "google.rpc.ErrorInfo"


def test_what_would_end_a_server_does_not(ask, sink):
    answer = ask("Unary", "exit")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert ask("Unary", "good").json() == "good"
    assert len(sink.incidents) == 1


def test_grpc_gets_its_status_in_trailers(exchange, sink):
    shielded = Shield(directory=None, sinks=[sink])(Seats())
    message = b"\0" + struct.pack(">I", 8) + b"\x0a\x06broken"
    done = exchange(
        shielded,
        "/shop.Seats/Unary",
        method="POST",
        body=message,
        headers=[(b"content-type", b"application/grpc"), (b"te", b"trailers")],
        extensions={"http.response.trailers": {}},
    )
    assert b"canary" not in done.everything
    trailers = [each for each in done.sent if each["type"] == "http.response.trailers"]
    assert (b"grpc-message", b"Something%20went%20wrong") in trailers[0]["headers"]
    assert len(sink.incidents) == 1


def test_the_interceptor_alone_serves_both(serve, sink):
    address = serve(
        lambda kind: kind(interceptors=[adapter.interceptor(directory=None, sinks=[sink])])
    )
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{address}/shop.Seats/Unary", content=b'"broken"', headers=headers)
    assert answer.json()["message"] == "Something went wrong"
    assert len(sink.incidents) == 1


def test_applied_twice_it_counts_once():
    seats = Seats()
    assert shield(shield(seats)) is seats
    assert len(seats._metadata_interceptors) == 1


def test_only_an_application_is_taken():
    with pytest.raises(ConfigurationError, match="an application of Connect"):
        shield(ConnectError(Code.INTERNAL, "x"))


def test_a_release_that_keeps_its_interceptors_elsewhere_says_what_to_do(monkeypatch):
    seats = Seats()
    del seats._metadata_interceptors
    with pytest.raises(ConfigurationError, match=r"interceptors=\[interceptor\(\)\]"):
        shield(seats)


def test_where_its_bytes_are_not_known_the_guard_gives_its_own(exchange, sink, monkeypatch):
    monkeypatch.setattr(adapter, "_as_sent", lambda *arguments: None)
    shielded = Shield(directory=None, sinks=[sink])(Seats())
    headers = [(b"content-type", b"application/json")]
    done = exchange(shielded, "/shop.Seats/Unary", method="POST", body=b'"x"', headers=headers)
    assert done.status == 500
    assert json.loads(done.body)["error"]["code"] == "INTERNAL_SERVER_ERROR"


def test_every_code_has_its_status_and_every_status_its_code():
    for code in connectrpc.code.Code:
        assert 400 <= rpc_codes.http_status(adapter._name_of(code)) < 600
    for status in range(400, 600):
        assert Code[adapter._own_name(rpc_codes.code_for(status))]
