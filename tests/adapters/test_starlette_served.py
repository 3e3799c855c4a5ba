"""FastAPI and Starlette applications under the guard, on a real server, byte by byte."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager, closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from sse_starlette.sse import EventSourceResponse as OtherEventSourceResponse
from starlette.middleware.gzip import GZipMiddleware

from tightlip import PublicError, Shield

CANARY = "canary-6d1f"
HAS_EVENTS = find_spec("fastapi.sse") is not None  # what a newer FastAPI has


class Overbooked(PublicError):
    status = 409
    message = "This flight is overbooked"


@pytest.fixture(params=["h11", "httptools"])
def server(request, serve, sink):
    return serve(build(sink), http=request.param)


def add_events(app):
    from fastapi.sse import EventSourceResponse

    @app.get("/typed-events", response_class=EventSourceResponse)
    async def typed_events():
        yield {"n": 1}
        await asyncio.sleep(0.05)  # FastAPI holds the first event back for a moment
        raise RuntimeError(CANARY)

    @app.get("/ending-events", response_class=EventSourceResponse)
    async def ending_events():
        yield {"n": 1}
        await asyncio.sleep(0.05)
        raise SystemExit(CANARY)

    @app.get("/plain-ending-events", response_class=EventSourceResponse)
    def plain_ending_events():
        yield {"n": 1}
        time.sleep(0.05)
        raise SystemExit(CANARY)


def build(sink):
    app = FastAPI(debug=True)

    @app.get("/ok")
    def ok():
        return {"ok": True}

    @app.get("/boom")
    def boom():
        raise RuntimeError(CANARY)

    @app.get("/exit")
    async def leaving():
        sys.exit(3)

    @app.get("/cancelled")
    async def cancelled():
        raise asyncio.CancelledError(CANARY)

    @app.get("/group")
    async def group():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    @app.get("/literal")
    def literal():
        raise HTTPException(404, "Item not found")

    @app.get("/header")
    def header():
        return PlainTextResponse("ok", headers={"x-own": f"a\r\nset-cookie: {CANARY}"})

    @app.get("/first")
    def first():
        def chunks():
            raise RuntimeError(CANARY)
            yield b""

        return StreamingResponse(chunks())

    @app.get("/second")
    async def second():
        async def chunks():
            yield b"first chunk"
            raise RuntimeError(CANARY)

        return StreamingResponse(chunks(), media_type="text/plain")

    @app.get("/short")
    def short():
        def chunks():
            yield b"abc"
            raise RuntimeError(CANARY)

        return StreamingResponse(chunks(), headers={"content-length": "10000000"})

    @app.get("/small")
    def small():
        return PlainTextResponse("abc", headers={"content-length": "99"})

    @app.get("/events")
    def events():
        def chunks():
            yield "data: 1\n\n"
            raise RuntimeError(CANARY)

        return StreamingResponse(chunks(), media_type="text/event-stream")

    @app.get("/lines")
    def lines():
        def chunks():
            yield '{"n":1}\n'
            raise Overbooked

        return StreamingResponse(chunks(), media_type="application/x-ndjson")

    if HAS_EVENTS:
        add_events(app)

    @app.get("/other-events")
    async def other_events():
        async def chunks():
            yield {"data": "1"}
            raise RuntimeError(CANARY)

        return OtherEventSourceResponse(chunks())

    @app.get("/background")
    def background():
        return Response("done", background=Failing())

    @app.get("/hang")
    async def hang():
        async def chunks():
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.01)

        return StreamingResponse(chunks())

    return Shield(sinks=[sink])(app)


class Failing:
    async def __call__(self):
        raise RuntimeError(CANARY)


async def fail():
    raise RuntimeError(CANARY)


def parts(received):
    head, _, body = received.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    return status, head, body


def chunks_of(body):
    """The content of a chunked body, and whether its last chunk says that it is whole."""
    content, whole = b"", False
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            whole = True
            break
        content, body = content + body[:length], body[length + 2 :]
    return content, whole


@pytest.mark.parametrize("path", ["/boom", "/exit", "/cancelled", "/group", "/header", "/first"])
def test_a_failure_is_one_calm_answer_and_one_record_and_the_worker_lives(server, sink, path):
    status, head, body = parts(server.get(path))
    assert status == 500
    (incident,) = sink.incidents
    assert json.loads(body)["error"] == {
        "code": "INTERNAL_SERVER_ERROR",
        "message": "Something went wrong",
        "reference": incident.reference,
    }
    assert b"set-cookie" not in head
    assert CANARY.encode() not in head + body
    assert parts(server.get("/ok"))[0] == 200
    assert "Traceback" not in server.log
    assert CANARY not in server.log


def test_the_status_line_has_the_plain_phrase(server):
    assert server.get("/literal").startswith(b"HTTP/1.1 404 Not Found\r\n")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_literal_leaves_in_every_version_of_the_protocol(server, sink, version):
    status, _, body = parts(server.get("/literal", version=version))
    assert (status, body) == (404, b'{"error":{"code":"NOT_FOUND","message":"Item not found"}}')
    assert not sink.incidents


def test_head_has_the_length_of_the_answer_and_no_body(serve, sink):
    app = FastAPI()

    @app.head("/")
    @app.get("/")
    def literal():
        raise HTTPException(404, "Item not found")

    server = serve(Shield(sinks=[sink])(app))
    _, head, body = parts(server.get("/", method="HEAD"))
    assert body == b""
    _, _, whole = parts(server.get("/"))
    assert f"content-length: {len(whole)}".encode() in head


def test_a_stream_that_breaks_is_never_ended_as_if_whole(server, sink):
    status, _, body = parts(server.get("/second"))
    content, whole = chunks_of(body)
    assert (status, content, whole) == (200, b"first chunk", False)
    (incident,) = sink.incidents
    assert incident["event_name"] == "http.server.response.broken"
    assert incident["exception.message"] == CANARY
    assert CANARY not in server.log


def test_a_stream_of_a_known_length_that_breaks_is_short(server, sink):
    _, head, body = parts(server.get("/short"))
    assert b"content-length: 10000000" in head
    assert body == b"abc"
    assert len(sink.incidents) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/events",
        "/other-events",
        *[
            pytest.param(path, marks=pytest.mark.skipif(not HAS_EVENTS, reason="FastAPI is older"))
            for path in ("/typed-events", "/ending-events", "/plain-ending-events")
        ],
    ],
)
def test_an_event_stream_that_breaks_ends_with_a_declared_event(server, sink, path):
    status, _, body = parts(server.get(path))
    content, whole = chunks_of(body)
    assert (status, whole) == (200, True)
    (incident,) = sink.incidents
    error = {
        "error": {
            "code": "INTERNAL_SERVER_ERROR",
            "message": "Something went wrong",
            "reference": incident.reference,
        }
    }
    last = re.split(rb"\r?\n\r?\n", content.strip())[-1]
    event, data = re.split(rb"\r?\n", last)
    assert event == b"event: error"
    assert json.loads(data.removeprefix(b"data: ")) == error
    assert CANARY.encode() not in content
    assert server.get("/ok").endswith(b'{"ok":true}')


def test_a_stream_of_json_lines_that_breaks_ends_with_a_declared_line(server, sink):
    content, whole = chunks_of(parts(server.get("/lines"))[2])
    assert whole
    first, last = content.splitlines()
    assert json.loads(first) == {"n": 1}
    assert json.loads(last)["error"]["code"] == "OVERBOOKED"


def test_a_compressed_event_stream_that_breaks_is_cut(serve, sink):
    app = FastAPI()

    @app.get("/")
    def lines():
        def chunks():
            yield '{"n":1}\n' * 1000
            raise RuntimeError(CANARY)

        return StreamingResponse(chunks(), media_type="application/x-ndjson")

    app.add_middleware(GZipMiddleware)
    server = serve(Shield(sinks=[sink])(app))
    _, head, body = parts(server.get("/", "accept-encoding: gzip"))
    assert b"content-encoding: gzip" in head
    assert not chunks_of(body)[1]
    assert len(sink.incidents) == 1


def test_a_failure_after_the_answer_leaves_the_connection_alone(server, sink):
    address = ("127.0.0.1", server.port)
    with closing(socket.create_connection(address, 10)) as connection:
        for _ in range(2):
            connection.sendall(b"GET /background HTTP/1.1\r\nhost: a\r\n\r\n")
            received = b""
            while not received.endswith(b"done"):
                received += connection.recv(65536)
    waited = time.monotonic() + 10
    while len(sink.incidents) < 2 and time.monotonic() < waited:
        time.sleep(0.01)
    assert [incident["event_name"] for incident in sink.incidents] == [
        "http.server.background.exception"
    ] * 2
    assert CANARY not in server.log


def test_a_client_that_leaves_is_no_incident(server, sink):
    with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as connection:
        connection.sendall(b"GET /hang HTTP/1.1\r\nhost: a\r\n\r\n")
        connection.recv(100)
    assert parts(server.get("/ok"))[0] == 200
    with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as connection:
        connection.sendall(b"POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc")
    assert parts(server.get("/ok"))[0] == 200
    assert not sink.incidents
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("accept", "media_type", "start"),
    [
        ("*/*", b"application/json", b'{"error":'),
        ("application/problem+json", b"application/problem+json", b'{"type":'),
        ("text/html,application/xhtml+xml,*/*;q=0.8", b"text/html; charset=utf-8", b"<!doctype"),
        ("image/png", b"application/json", b'{"error":'),
        ("\xff;q=;,,;", b"application/json", b'{"error":'),
    ],
)
def test_the_form_is_what_the_client_asks_for(server, accept, media_type, start):
    request = f"GET /literal HTTP/1.1\r\nhost: a\r\nconnection: close\r\naccept: {accept}\r\n\r\n"
    status, head, body = parts(server.raw(request.encode("latin-1")))
    assert status == 404
    assert b"content-type: " + media_type + b"\r\n" in head + b"\r\n"
    assert body.startswith(start)
    assert b"Item not found" in body


def fails_at(phase, sink):
    @asynccontextmanager
    async def lifespan(app):
        if phase == "start":
            raise RuntimeError(CANARY)
        yield
        raise RuntimeError(CANARY)

    app = FastAPI(lifespan=lifespan)
    app.get("/")(lambda: 1)
    return Shield(sinks=[sink])(app)


def test_a_start_that_fails_is_recorded_once_and_told_without_a_traceback(serve, sink):
    server = serve(fails_at("start", sink))
    (incident,) = sink.incidents
    assert incident["event_name"] == "lifespan.startup.failed"
    assert incident["exception.message"] == CANARY
    assert f"see the incident {incident.reference}" in server.log
    assert CANARY not in server.log
    assert "Application startup failed. Exiting." in server.log


def test_an_end_that_fails_is_recorded_once(sink):
    async def run():
        sent = []
        events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive():
            return events.pop(0)

        async def send(message):
            sent.append(message)

        scope = {"type": "lifespan", "state": {}, "asgi": {"version": "3.0"}}
        with pytest.raises(RuntimeError, match=CANARY):
            await fails_at("end", sink)(scope, receive, send)
        return sent

    *_, last = asyncio.run(run())
    assert last["type"] == "lifespan.shutdown.failed"
    assert CANARY not in last["message"]
    assert [incident["event_name"] for incident in sink.incidents] == ["lifespan.shutdown.failed"]


def test_a_server_that_stops_waiting_for_the_end_is_no_failure(sink):
    async def run():
        sent = []
        started = asyncio.Event()
        events = [{"type": "lifespan.startup"}]

        async def receive():
            return events.pop() if events else await asyncio.Event().wait()

        async def send(message):
            sent.append(message)
            started.set()

        scope = {"type": "lifespan", "state": {}, "asgi": {"version": "3.0"}}
        task = asyncio.create_task(Shield(sinks=[sink])(FastAPI())(scope, receive, send))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return sent

    *_, last = asyncio.run(run())
    assert last == {"type": "lifespan.shutdown.failed", "message": ""}
    assert not sink.incidents


MAIN = f"""
from fastapi import FastAPI, HTTPException
import tightlip

app = tightlip.shield(FastAPI(debug=True))

@app.get("/literal")
def literal():
    raise HTTPException(404, "Item not found")

@app.get("/boom")
def boom():
    raise RuntimeError("{CANARY}")
"""


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return listening.getsockname()[1]


@pytest.mark.parametrize(
    "command",
    [
        ["fastapi", "dev", "main.py", "--port"],
        ["fastapi", "run", "main.py", "--host", "127.0.0.1", "--port"],
        ["uvicorn", "main:app", "--reload", "--port"],
        ["uvicorn", "main:app", "--workers", "2", "--port"],
    ],
    ids=["fastapi dev", "fastapi run", "uvicorn --reload", "uvicorn --workers"],
)
def test_the_usual_commands_serve_a_shielded_application(command, tmp_path):
    (tmp_path / "main.py").write_text(MAIN)
    port = free_port()
    program = Path(sys.executable).parent / command[0]
    process = subprocess.Popen(
        [program, *command[1:], str(port)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb"},
    )
    output = bytearray()
    reader = threading.Thread(target=lambda: output.extend(process.stdout.read()))
    reader.start()
    try:
        literal = asked(port, "/literal", process)
        boom = asked(port, "/boom", process)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        reader.join(20)
        process.stdout.close()
    assert b'{"error":{"code":"NOT_FOUND","message":"Item not found"}}' in literal
    assert b'"code":"INTERNAL_SERVER_ERROR"' in boom
    assert CANARY.encode() not in literal + boom
    reference = re.search(rb'"reference":"([0-9A-Z]{12})"', boom)
    assert reference[1] in output
    assert CANARY.encode() in output
    assert b"Exception in ASGI application" not in output


def asked(port, path, process):
    deadline = time.monotonic() + 60
    while True:
        try:
            with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
                request = f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
                connection.sendall(request.encode())
                received = b"".join(iter(lambda: connection.recv(65536), b""))
            if received:
                return received
        except OSError:
            pass
        assert process.poll() is None, "the server has ended"
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.1)


def test_an_answer_shorter_than_announced_is_a_clean_500(server, sink):
    answer = server.get("/small")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert sink.incidents[0].reference.encode() in answer
    assert server.get("/ok").startswith(b"HTTP/1.1 200")
