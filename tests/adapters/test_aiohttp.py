"""What is special to aiohttp: its server is its own."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import zlib

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

import tightlip
from contract.answers import body_of, written
from tightlip import ConfigurationError, PublicError, Shield
from tightlip.adapters.aiohttp import setup

CANARY = "CANARY-77 /srv/app/secret.py"
LEAK = 'duplicate key value violates unique constraint "users_email_key"'
NOT_FOUND = b'{"error":{"code":"NOT_FOUND","message":"What you are looking for does not exist"}}'


class GateLocked(PublicError):
    status = 409
    message = "The shop is closed"


async def crash(request):
    raise ValueError(CANARY)


async def fine(request):
    return web.json_response({"fine": True})


def application_with(handler, **options):
    application = web.Application(**options)
    application.router.add_get("/", handler)
    return application


async def served(application, *requests):
    """Serve the application, send the requests as they are; return all that comes back."""
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        received = b""
        for request in requests:
            writer.write(request)
        async with asyncio.timeout(10):
            received += await reader.read()
        writer.close()
        return received
    finally:
        await runner.cleanup()


def ask(application, path="/", *headers, **options):
    return asyncio.run(served(application, written(path, *headers, **options)))


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    application = application_with(crash)
    assert Shield(sinks=[sink])(application) is application
    assert tightlip.shield(application) is application
    assert b'"code":"INTERNAL_SERVER_ERROR"' in ask(application)
    assert len(sink.incidents) == 1


def test_setup_gives_the_same_bytes_as_shield(sink):
    by_setup, by_shield = application_with(crash), application_with(crash)
    setup(by_setup, sinks=[sink])
    Shield(sinks=[sink])(by_shield)
    unlike = rb"[0-9A-HJKMNP-TV-Z]{12}|date: [^\r]*"
    answers = [re.sub(unlike, b"", ask(application)) for application in (by_setup, by_shield)]
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


def test_routes_and_middlewares_may_be_added_later(sink):
    application = Shield(sinks=[sink])(web.Application())

    @web.middleware
    async def rescue(request, handler):
        try:
            return await handler(request)
        except ValueError:
            return web.json_response({"sorry": CANARY}, status=503)

    application.router.add_get("/late", crash)
    application.middlewares.append(rescue)
    answer = ask(application, "/late")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"CANARY" not in answer
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


def test_what_is_no_application_is_refused():
    with pytest.raises(ConfigurationError, match=r"takes the aiohttp\.web\.Application"):
        tightlip.shield(web.Response())


def test_an_application_that_has_started_is_refused():
    application = web.Application()
    application.freeze()
    with pytest.raises(ConfigurationError, match="before the application is started"):
        tightlip.shield(application)


def test_the_test_client_of_aiohttp_sees_what_a_client_gets(sink):
    application = Shield(sinks=[sink])(application_with(crash))
    application.router.add_get("/fine", fine)

    async def ask_twice():
        async with TestClient(TestServer(application)) as client:
            good, broken = await client.get("/fine"), await client.get("/")
            return await good.json(), broken.status, await broken.json()

    good, status, broken = asyncio.run(ask_twice())
    assert good == {"fine": True}
    assert status == 500
    assert broken["error"]["reference"] == sink.incidents[0]["reference"]


def test_no_answer_names_the_server(sink):
    answer = ask(Shield(sinks=[sink])(application_with(fine)))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"server:" not in answer.lower()
    assert body_of(answer) == b'{"fine": true}'


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"CANARY\x01 / HTTP/1.1\r\n\r\n", 400),
        (b"GET / CANARY/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nCANARY\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: CANARY\r\n\r\n", 400),
        (b"GET /" + b"CANARY" * 2000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nx-long: " + b"CANARY" * 2000 + b"\r\n\r\n", 431),
        (b"BREW / HTTP/1.1\r\nhost: a\r\n\r\n", 405),
        (b"BREW /nowhere HTTP/1.1\r\nhost: a\r\n\r\n", 404),
        (b"BREW //[ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ],
)
def test_what_the_server_cannot_read_is_answered_in_our_form(sink, request_line, status):
    application = Shield(sinks=[sink])(application_with(fine))
    answer = asyncio.run(served(application, request_line))
    head = answer.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in head
    assert (b"allow: GET\r\n" in head) == (status == 405)
    assert body_of(answer).startswith(b'{"error":{"code":')
    assert b"CANARY" not in answer
    assert not sink.incidents


def test_a_method_that_only_the_parser_does_not_know_is_refused_without_others(sink):
    application = web.Application()
    application.router.add_route("*", "/", fine)
    answer = asyncio.run(served(Shield(sinks=[sink])(application), b"BREW / HTTP/1.1\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 405 Method Not Allowed\r\ncache-control: no-store\r\n")


def test_a_body_whose_chunks_cannot_be_read_is_the_clients_mistake(sink):
    async def reads(request):
        return web.Response(body=await request.read())

    application = web.Application()
    application.router.add_post("/", reads)
    head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = asyncio.run(served(Shield(sinks=[sink])(application), head + b"2\r\nab\r\nCANARY\r\n"))
    assert b'"INVALID_REQUEST"' in answer
    assert b"CANARY" not in answer
    assert not sink.incidents


def test_a_body_that_breaks_off_while_it_is_waited_for_is_the_clients_mistake(sink):
    waits = asyncio.Event()

    async def reads(request):
        waits.set()
        return web.Response(body=await request.read())

    application = web.Application()
    application.router.add_post("/", reads)

    async def break_off():
        runner = web.AppRunner(Shield(sinks=[sink])(application), shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            reader, writer = await asyncio.open_connection(*runner.addresses[0])
            writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
            async with asyncio.timeout(10):
                await waits.wait()
                writer.write(b"2\r\nab\r\nCANARY\r\n")
                received = await reader.read()
            writer.close()
            return received
        finally:
            await runner.cleanup()

    answer = asyncio.run(break_off())
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close\r\n" in answer
    assert b"CANARY" not in answer
    assert not sink.incidents


def test_the_end_of_the_connection_after_a_body_that_cannot_be_unpacked_is_announced(sink):
    async def reads(request):
        return web.Response(body=await request.read())

    application = web.Application()
    application.router.add_post("/", reads)
    head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n"
    answer = asyncio.run(served(Shield(sinks=[sink])(application), head + b"what"))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"connection: close\r\n" in answer


def test_the_end_of_a_generator_that_a_handler_raises_is_a_failure(sink):
    async def ends(request):
        raise GeneratorExit(CANARY)

    answer = ask(Shield(sinks=[sink])(application_with(ends)))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b'"INTERNAL_SERVER_ERROR"' in body_of(answer)
    (incident,) = sink.incidents
    assert "GeneratorExit" in incident.as_json()


def test_a_text_that_an_exception_is_given_later_is_withheld(sink):
    async def late(request):
        exception = web.HTTPNotFound()
        exception.text = f"There is no {CANARY}"
        raise exception

    answer = ask(Shield(sinks=[sink])(application_with(late)))
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"CANARY" not in answer
    assert CANARY in sink.incidents[0].as_json()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_head_of_a_stream_leaves_before_its_first_line_is_whole(sink, version):
    async def begins(request):
        response = web.StreamResponse(headers={"content-type": "text/plain"})
        await response.prepare(request)
        await response.write(b"beg")
        await asyncio.Event().wait()

    application = Shield(sinks=[sink])(application_with(begins))

    async def talk():
        runner = web.AppRunner(application, shutdown_timeout=0.01)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(f"GET / HTTP/{version}\r\nhost: a\r\n\r\n".encode())
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await runner.cleanup()
        return head

    head = asyncio.run(talk())
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (b"transfer-encoding: chunked" in head) == (version == "1.1")
    assert (b"connection: close" in head) == (version == "1.0")


@pytest.mark.parametrize("words", ["text", "reason"])
def test_a_literal_of_an_http_exception_leaves_and_a_made_text_does_not(sink, words):
    async def literal(request):
        if words == "text":
            raise web.HTTPNotFound(text="There is no such shop")
        raise web.HTTPNotFound(reason="There is no such shop")

    async def made(request):
        raise web.HTTPNotFound(**{words: f"There is no {CANARY}"})

    assert b'"message":"There is no such shop"' in ask(
        Shield(sinks=[sink])(application_with(literal))
    )
    assert not sink.incidents
    answer = ask(Shield(sinks=[sink])(application_with(made)))
    assert b"CANARY" not in answer
    assert b"HTTP/1.1 404 Not Found\r\n" in answer
    assert CANARY in sink.incidents[0]["withheld"][0]["text"]


def test_a_public_error_in_a_mounted_application_speaks(sink):
    async def closed(request):
        raise GateLocked

    application = web.Application()
    application.add_subapp("/shop", application_with(closed))
    answer = ask(Shield(sinks=[sink])(application), "/shop/")
    assert body_of(answer) == b'{"error":{"code":"GATE_LOCKED","message":"The shop is closed"}}'


def test_what_aiohttp_says_by_itself_makes_no_incident(sink):
    application = Shield(sinks=[sink])(application_with(fine))
    assert body_of(ask(application, "/nowhere")) == NOT_FOUND
    assert b'"EXPECTATION_FAILED"' in ask(
        Shield(sinks=[sink])(application_with(fine)), "/", "expect: CANARY"
    )
    assert not sink.incidents


def test_a_file_is_read_before_it_leaves(sink, tmp_path):
    leaking, calm = tmp_path / "leaking.txt", tmp_path / "calm.txt"
    leaking.write_text(f"first\n{LEAK}\n")
    calm.write_text("calm\n" * 40_000)

    def application(path):
        async def send(request):
            return web.FileResponse(path)

        return Shield(sinks=[sink])(application_with(send))

    assert body_of(ask(application(calm))) == calm.read_bytes()
    assert not sink.incidents
    assert b"users_email_key" not in ask(application(leaking))
    assert len(sink.incidents) == 1
    gone = ask(application(tmp_path / "none"))
    assert body_of(gone) == NOT_FOUND


@pytest.mark.parametrize("streams", [False, True])
def test_a_packed_answer_is_read_and_leaves_packed(sink, streams):
    async def packed(request):
        text = request.query["text"] * 20
        if not streams:
            response = web.Response(text=text)
            response.enable_compression()
            return response
        response = web.StreamResponse(headers={"content-type": "text/plain"})
        response.enable_compression()
        await response.prepare(request)
        await response.write(text.encode())
        return response

    def ask_for(text):
        accepts = "accept-encoding: deflate"
        return ask(Shield(sinks=[sink])(application_with(packed)), f"/?text={text}", accepts)

    calm = ask_for("calm")
    assert b"\r\ncontent-encoding: deflate\r\n" in calm
    content = body_of(calm)
    if streams:
        assert content.endswith(b"0\r\n\r\n")
        content = b"".join(re.split(rb"\r\n[0-9a-f]+\r\n|^[0-9a-f]+\r\n", content)[:-1])
    assert zlib.decompressobj().decompress(content) == b"calm" * 20
    leaking = ask_for(LEAK.replace(" ", "%20").replace('"', "%22"))
    assert len(sink.incidents) == 1
    assert b"users_email_key" not in leaking


@pytest.mark.parametrize("headers", [{}, {"content-length": "10000000"}])
def test_a_stream_that_breaks_is_cut(sink, headers):
    async def breaks(request):
        response = web.StreamResponse(headers={"content-type": "text/plain", **headers})
        await response.prepare(request)
        await response.write(b"first\n")
        raise ValueError(CANARY)

    answer = ask(Shield(sinks=[sink])(application_with(breaks)))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"first\n" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert b"CANARY" not in answer
    assert len(sink.incidents) == 1


def test_a_handler_that_returns_nothing_is_a_failure(sink):
    async def nothing(request):
        return None

    assert b'"INTERNAL_SERVER_ERROR"' in ask(Shield(sinks=[sink])(application_with(nothing)))
    assert "a handler returns a response, not NoneType" in sink.incidents[0].as_json()


def test_a_body_that_cannot_be_read_is_the_clients_mistake_and_other_json_is_not(sink):
    async def reads(request):
        return web.json_response(await request.json())

    async def parses(request):
        await request.read()
        return web.json_response(json.loads("{"))

    unknown = "content-type: application/json; charset=none"
    for handler, status, headers, body in (
        (reads, 400, [], b"{"),
        (reads, 400, [unknown], b"{}"),
        (parses, 500, [], b"{"),
    ):
        application = Shield(sinks=[sink])(web.Application())
        application.router.add_post("/", handler)
        answer = ask(application, "/", *headers, method="POST", body=body)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert len(sink.incidents) == 1


def test_a_websocket_works_and_a_failure_in_it_is_recorded(sink, heard):
    async def echo(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(await socket.receive_str())
        raise ValueError(CANARY)

    application = Shield(sinks=[sink])(application_with(echo))

    async def talk():
        async with TestClient(TestServer(application)) as client, client.ws_connect("/") as socket:
            await socket.send_str("hello")
            said = await socket.receive_str()
            end = await socket.receive()
            return said, socket.close_code, end.extra

    assert asyncio.run(talk()) == ("hello", 1011, "INTERNAL_SERVER_ERROR")
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])
    assert heard == []


@pytest.mark.parametrize("receive", ["receive_str", "receive_bytes", "receive_json"])
def test_a_client_that_closes_a_websocket_makes_no_incident(sink, receive):
    ended = []

    async def wait(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            await getattr(socket, receive)()
        finally:
            ended.append(True)
        return socket

    async def leave():
        application = Shield(sinks=[sink])(application_with(wait))
        async with TestClient(TestServer(application)) as client, client.ws_connect("/") as socket:
            await socket.close()

    asyncio.run(leave())
    assert ended
    assert not sink.incidents


def test_another_kind_of_message_than_was_asked_for_is_recorded(sink):
    async def wait(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive_bytes()

    async def talk():
        application = Shield(sinks=[sink])(application_with(wait))
        async with TestClient(TestServer(application)) as client, client.ws_connect("/") as socket:
            await socket.send_str(CANARY)
            return await socket.receive()

    assert asyncio.run(talk()).data == 1011
    assert len(sink.incidents) == 1


def test_a_lost_connection_to_another_service_closes_a_websocket_as_any_failure(sink):
    async def loses(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        raise ConnectionResetError(CANARY)

    application = Shield(sinks=[sink])(application_with(loses))

    async def talk():
        async with TestClient(TestServer(application)) as client, client.ws_connect("/") as socket:
            end = await socket.receive(5)
            return socket.close_code, end.extra

    assert asyncio.run(talk()) == (1011, "SERVICE_UNAVAILABLE")
    assert CANARY in sink.incidents[0].as_json()


def test_a_websocket_closes_as_the_application_says(sink):
    async def closes(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert await socket.close(code=4001, message=f"{CANARY}".encode())
        assert not await socket.close()
        return socket

    application = Shield(sinks=[sink])(application_with(closes))

    async def talk():
        async with TestClient(TestServer(application)) as client, client.ws_connect("/") as socket:
            end = await socket.receive()
            return socket.close_code, end.extra

    assert asyncio.run(talk()) == (4001, "")
    assert CANARY in sink.incidents[0].as_json()


def test_the_access_log_tells_the_status_that_left(sink, caplog):
    async def by_hand(request):
        raise GateLocked

    with caplog.at_level(logging.INFO, "aiohttp.access"):
        ask(Shield(sinks=[sink])(application_with(by_hand)))
    assert '"GET / HTTP/1.1" 409 ' in caplog.text


def test_a_client_that_has_gone_makes_no_incident(sink):
    ended = asyncio.Event()

    async def long(request):
        response = web.StreamResponse(headers={"content-type": "text/plain"})
        await response.prepare(request)
        try:
            for _ in range(1000):
                await response.write(b"much\n" * 1000)
                await asyncio.sleep(0)
        finally:
            ended.set()

    application = Shield(sinks=[sink])(application_with(long))

    async def leave():
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await reader.readline()
        writer.transport.abort()
        async with asyncio.timeout(10):
            await ended.wait()
        await runner.cleanup()

    asyncio.run(leave())
    assert not sink.incidents
