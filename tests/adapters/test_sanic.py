"""What is special to Sanic: its server is its own, and compiles its methods when it starts."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from itertools import count

import pytest
import websockets
from sanic import Sanic
from sanic.exceptions import NotFound, SanicException
from sanic.handlers import ErrorHandler
from sanic.response import ResponseStream, empty, file, text
from sanic.response import json as json_response

import tightlip
from contract.answers import body_of, spoken, written
from tightlip import ConfigurationError, PublicError, Shield
from tightlip.adapters.sanic import setup

CANARY = "CANARY-77 /srv/app/secret.py"
LEAK = 'duplicate key value violates unique constraint "users_email_key"'
NOT_FOUND = b'{"error":{"code":"NOT_FOUND","message":"What you are looking for does not exist"}}'

numbers = count()

# Outside of its test mode Sanic can compile its methods but once in a process.
Sanic.test_mode = True


class TunnelClosed(PublicError):
    status = 409
    message = "The tunnel is closed"


def application_with(handler=None, path="/", **options):
    application = Sanic(f"tested_{next(numbers)}")
    if handler is not None:
        application.add_route(handler, path, **options)
    return application


async def crash(request):
    raise ValueError(CANARY)


async def fine(request):
    return json_response({"fine": True})


async def serving(application, talk):
    """Serve the application; return what `talk(port)` returns."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = await application.create_server(
        sock=listening, return_asyncio_server=True, access_log=False
    )
    await server.startup()
    await server.start_serving()
    try:
        async with asyncio.timeout(10):
            return await talk(listening.getsockname()[1])
    finally:
        await server.before_stop()
        await server.close()
        await server.after_stop()
        listening.close()


def send(application, request):
    """Send a request as it is; return all that comes back."""
    return asyncio.run(serving(application, lambda port: spoken(port, request)))


def ask(application, path="/", *headers, **options):
    return send(application, written(path, *headers, **options))


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    application = application_with(crash, "/shelves/<name:str>")

    async def shelf(request, name):
        raise ValueError(CANARY)

    application.add_route(shelf, "/shelves/<name:str>/first")
    assert Shield(sinks=[sink])(application) is application
    assert tightlip.shield(application) is application
    assert type(application).__name__ == "Sanic"
    assert b'"code":"INTERNAL_SERVER_ERROR"' in ask(application, "/shelves/a/first")
    (incident,) = sink.incidents
    assert incident["http.route"] == "/shelves/<name:str>/first"
    assert CANARY in json.dumps(incident["exceptions"])


def test_setup_gives_the_same_bytes_as_shield(sink):
    by_setup, by_shield = application_with(crash), application_with(crash)
    setup(by_setup, sinks=[sink])
    Shield(sinks=[sink])(by_shield)
    unlike = rb"[0-9A-HJKMNP-TV-Z]{12}|date: [^\r]*"
    answers = [re.sub(unlike, b"", ask(application)) for application in (by_setup, by_shield)]
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


def test_what_is_no_application_is_refused():
    with pytest.raises(ConfigurationError, match="takes the Sanic application"):
        tightlip.shield(text("no application"))


def test_an_application_that_has_started_is_refused():
    application = application_with(fine)
    ask(application)
    with pytest.raises(ConfigurationError, match="before the application is started"):
        tightlip.shield(application)


def test_routes_and_handlers_may_be_added_later_and_run(sink):
    application = Shield(sinks=[sink])(application_with())
    application.add_route(crash, "/late")

    @application.exception(ValueError)
    async def sorry(request, exception):
        return json_response({"sorry": str(exception)}, 503, headers={"retry-after": "7"})

    @application.on_response
    async def dress(request, response):
        response.headers["referrer-policy"] = "no-referrer"

    answer = ask(application, "/late")
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nreferrer-policy: no-referrer\r\nretry-after: 7\r\n" in answer
    assert b"CANARY" not in answer
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"CANARY\r\n\r\n", 400),
        (b"GET / CANARY/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nCANARY\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: CANARY\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: a\r\nexpect: CANARY\r\ncontent-length: 1\r\n\r\n", 417),
        (b"GET /" + b"CANARY" * 2000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nx-long: " + b"CANARY" * 2000 + b"\r\n\r\n", 431),
    ],
)
def test_what_the_server_cannot_read_is_answered_in_our_form(sink, request_line, status):
    answer = send(Shield(sinks=[sink])(application_with(fine)), request_line)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nconnection: close\r\n" in answer
    assert body_of(answer).startswith(b'{"error":{"code":')
    assert b"CANARY" not in answer
    assert not sink.incidents


def test_what_sanic_says_by_itself_makes_no_incident(sink):
    application = Shield(sinks=[sink])(application_with(fine))
    assert body_of(ask(application, "/nowhere")) == NOT_FOUND
    refused = ask(Shield(sinks=[sink])(application_with(fine)), method="PUT")
    assert refused.startswith(b"HTTP/1.1 405 Method Not Allowed\r\nallow: GET\r\n")
    assert not sink.incidents


def test_a_phrase_is_the_registered_one(sink):
    async def refuse(request):
        raise SanicException(status_code=422)

    answer = ask(Shield(sinks=[sink])(application_with(refuse)))
    assert answer.startswith(b"HTTP/1.1 422 Unprocessable Content\r\n")


def test_a_status_that_is_not_registered_has_no_phrase(sink):
    async def odd(request):
        raise SanicException("odd", status_code=599)

    answer = ask(Shield(sinks=[sink])(application_with(odd)))
    assert answer.startswith(b"HTTP/1.1 599 \r\n")


class Late(BaseException):
    """As gevent's timeout: no `Exception`, and no end of anything."""


def place(application, where, ends):
    """Have the application call `ends` there."""

    async def waiting(request, *_):
        await asyncio.sleep(0)
        ends()

    def plain(request, *_):
        ends()

    if where == "middleware":
        application.on_request(waiting)
    elif where == "plain middleware":
        application.on_request(plain)
    elif where == "response middleware":
        application.on_response(waiting)
    elif where == "handler of an exception":
        application.exception(ValueError)(waiting)
    elif where == "plain handler of an exception":
        application.exception(ValueError)(plain)


@pytest.mark.parametrize("end", [SystemExit, GeneratorExit, asyncio.CancelledError, Late])
@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("handler", "/ends"),
        ("plain handler", "/plain"),
        ("middleware", "/fine"),
        ("plain middleware", "/fine"),
        ("response middleware", "/fine"),
        ("handler of an exception", "/crash"),
        ("plain handler of an exception", "/crash"),
    ],
)
def test_what_asks_for_the_end_of_the_process_ends_nothing(sink, where, path, end):
    def ends():
        raise end(CANARY)

    async def handler(request):
        ends()

    def plain_handler(request):
        ends()

    application = Shield(sinks=[sink])(application_with(fine, "/fine"))
    application.add_route(handler, "/ends")
    application.add_route(plain_handler, "/plain")
    application.add_route(crash, "/crash")
    place(application, where, ends)
    answer = ask(application, path)
    if where == "response middleware":  # Sanic sends what it has
        assert body_of(answer) == b'{"fine":true}'
    else:
        assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert sink.incidents
    assert b"CANARY" not in answer


@pytest.mark.parametrize("waits", [False, True])
def test_a_failure_of_a_middleware_for_answers_is_recorded_and_sanic_answers(sink, waits):
    application = Shield(sinks=[sink])(application_with(fine))
    if waits:

        @application.on_response
        async def waiting(request, response):
            raise ValueError(CANARY)
    else:

        @application.on_response
        def plain(request, response):
            raise ValueError(CANARY)

    assert body_of(ask(application)) == b'{"fine":true}'
    (incident,) = sink.incidents
    assert incident["exception.message"] == CANARY
    assert incident["url.path"] == "/"


def test_an_application_without_a_shield_keeps_its_middleware(sink):
    Shield(sinks=[sink])(application_with(fine))
    other = application_with(fine)

    @other.on_response
    def fail(request, response):
        raise ValueError(CANARY)

    assert body_of(ask(other)) == b'{"fine":true}'
    assert not sink.incidents


def test_a_literal_leaves_and_a_made_text_does_not(sink):
    async def literal(request):
        raise NotFound("There is no such tunnel", context={"why": CANARY})

    async def made(request):
        raise NotFound(f"There is no {CANARY}")

    answer = ask(Shield(sinks=[sink])(application_with(literal)))
    assert b'"message":"There is no such tunnel"' in answer
    assert b"CANARY" not in answer
    assert not sink.incidents
    answer = ask(Shield(sinks=[sink])(application_with(made)))
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"CANARY" not in answer
    assert CANARY in sink.incidents[0]["withheld"][0]["text"]


def test_a_public_error_speaks_and_no_log_tells_of_it(sink, caplog):
    async def declared(request):
        raise TunnelClosed

    answer = ask(Shield(sinks=[sink])(application_with(declared)))
    assert body_of(answer) == b'{"error":{"code":"TUNNEL_CLOSED","message":"The tunnel is closed"}}'
    assert "Exception occurred" not in caplog.text


def test_a_good_answer_is_read_and_keeps_its_own(sink):
    async def own(request):
        return text("fine", headers={"X-Own": "kept", "server": "CANARY"})

    answer = ask(Shield(sinks=[sink])(application_with(own)))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n")
    assert b"\r\nx-own: kept\r\n" in answer
    assert b"CANARY" not in answer
    assert body_of(answer) == b"fine"


def test_a_file_is_read_before_it_leaves(sink, tmp_path):
    leaking = tmp_path / "leaking.txt"
    leaking.write_text(f"first\n{LEAK}\n")

    async def send_file(request):
        return await file(leaking)

    assert b"users_email_key" not in ask(Shield(sinks=[sink])(application_with(send_file)))
    assert len(sink.incidents) == 1


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("0-99999999999999999999999999", "0-9"),
        ("4-5", "4-5"),
        ("7-", "7-9"),
        ("-3", "7-9"),
        ("-99999999999999999999999999", "0-9"),
        ("9-99", "9-9"),
        ("10-", None),
        ("20-30", None),
        ("99999999999999999999999999-", None),
        ("-0", None),
        (f"{'9' * 5000}-", None),
    ],
)
def test_a_part_of_a_file_ends_where_the_file_does(sink, tmp_path, asked, told):
    (tmp_path / "ten.txt").write_bytes(b"0123456789")
    application = application_with()
    application.static("/ten", tmp_path / "ten.txt", use_content_range=True)
    answer = ask(Shield(sinks=[sink])(application), "/ten", f"range: bytes={asked}")
    if told is None:
        assert answer.startswith(b"HTTP/1.1 416 ")
        assert b'"code":"RANGE_NOT_SATISFIABLE"' in answer
    else:
        first, last = map(int, told.split("-"))
        assert answer.startswith(b"HTTP/1.1 206 ")
        assert f"content-range: bytes {told}/10\r\n".encode() in answer
        assert body_of(answer) == b"0123456789"[first : last + 1]
    assert not sink.incidents


@pytest.mark.parametrize("event", ["http.lifecycle.exception", "http.lifecycle.response"])
@pytest.mark.parametrize("path", ["/", "/crash"])
def test_a_signal_whose_listener_fails_leaves_nobody_without_an_answer(sink, event, path):
    application = application_with(fine)
    application.add_route(crash, "/crash")

    async def fail(**_):
        raise LookupError(CANARY)

    application.signal(event)(fail)
    answer = ask(Shield(sinks=[sink])(application), path)
    is_fine = path == "/" and event == "http.lifecycle.exception"
    assert answer.startswith(b"HTTP/1.1 200 " if is_fine else b"HTTP/1.1 500 ")
    assert b"CANARY" not in answer
    failed = [incident["exception.type"] for incident in sink.incidents]
    crashed = ["ValueError"] if path == "/crash" else []
    assert sorted(failed) == ([] if is_fine else ["LookupError", *crashed])


@pytest.mark.parametrize("event", ["begin", "read_head", "request", "read_body", "handle"])
def test_a_signal_whose_listener_fails_before_a_handler_runs_is_a_failure(sink, event):
    application = application_with(fine, methods=["POST"])

    async def fail(**_):
        raise LookupError(CANARY)

    application.signal(f"http.lifecycle.{event}")(fail)
    request = written("/", method="POST", body=b'{"a":1}')
    answer = send(Shield(sinks=[sink])(application), request)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"CANARY" not in answer
    assert [incident["exception.type"] for incident in sink.incidents] == ["LookupError"]


def test_a_listener_that_fails_when_a_connection_begins_lets_no_request_of_it_through(sink):
    application = application_with(fine)

    async def fail(**_):
        raise LookupError(CANARY)

    application.signal("http.lifecycle.begin")(fail)
    twice = written("/").replace(b"connection: close", b"x: y") + written("/")
    answer = send(Shield(sinks=[sink])(application), twice)
    assert answer.count(b"HTTP/1.1 500 ") == 2
    assert [len(incident["exceptions"][0]["frames"]) for incident in sink.incidents] == [
        len(sink.incidents[0]["exceptions"][0]["frames"])
    ] * 2


@pytest.mark.parametrize("path", ["/", "/crash", "/parts"])
def test_a_listener_that_fails_as_an_answer_is_written_does_not_hold_it_back(sink, path):
    async def parts(request):
        response = await request.respond(content_type="text/plain")
        await response.send("one ")
        await response.send("two")
        await response.eof()

    application = application_with(fine)
    application.add_route(crash, "/crash")
    application.add_route(parts, "/parts")

    async def fail(**_):
        raise LookupError(CANARY)

    application.signal("http.lifecycle.send")(fail)
    answer = ask(Shield(sinks=[sink])(application), path)
    expected = {"/": b'{"fine":true}', "/parts": b"one two\r\n0\r\n\r\n"}
    assert answer.startswith(b"HTTP/1.1 500 " if path == "/crash" else b"HTTP/1.1 200 ")
    assert answer.endswith(expected.get(path, b"}"))
    assert b"CANARY" not in answer
    failed = sorted(incident["exception.type"] for incident in sink.incidents)
    assert failed == ["LookupError", *["ValueError"] * (path == "/crash")]


def test_a_stream_of_either_kind_leaves_whole(sink):
    async def responded(request):
        response = await request.respond(content_type="text/plain")
        await response.send("first\n")
        await response.send("second\n")
        await response.eof()

    async def returned(request):
        async def write(response):
            await response.write("first\n")
            await response.write("second\n")

        return ResponseStream(write, content_type="text/plain")

    for handler in (responded, returned):
        answer = ask(Shield(sinks=[sink])(application_with(handler)))
        assert b"transfer-encoding: chunked\r\n" in answer
        assert b"first\n" in answer
        assert b"second\n" in answer
        assert answer.endswith(b"0\r\n\r\n")
    assert not sink.incidents


@pytest.mark.parametrize("headers", [{}, {"content-length": "10000000"}])
@pytest.mark.parametrize("fault", [ValueError, SystemExit])
@pytest.mark.parametrize("is_returned", [False, True])
def test_a_stream_that_breaks_is_cut(sink, headers, fault, is_returned):
    async def breaks(request):
        response = await request.respond(content_type="text/plain", headers=headers)
        await response.send("first\n")
        raise fault(CANARY)

    async def returned(request):
        async def write(response):
            await response.write("first\n")
            raise fault(CANARY)

        return ResponseStream(write, content_type="text/plain", headers=headers)

    answer = ask(Shield(sinks=[sink])(application_with(returned if is_returned else breaks)))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"first\n" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert b"CANARY" not in answer
    assert len(sink.incidents) == 1


def test_a_stream_in_which_something_leaks_is_cut_there(sink):
    async def leaks(request):
        response = await request.respond(content_type="text/plain")
        for line in ("first\n", f"{LEAK}\n", "last\n"):
            await response.send(line)

    answer = ask(Shield(sinks=[sink])(application_with(leaks)))
    assert b"first\n" in answer
    assert b"users_email_key" not in answer
    assert b"last" not in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert len(sink.incidents) == 1


def test_the_head_of_a_stream_leaves_before_its_first_line_is_whole(sink):
    async def begins(request):
        response = await request.respond(content_type="text/plain")
        await response.send("beg")
        await asyncio.sleep(5)

    application = Shield(sinks=[sink])(application_with(begins))

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        received = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return received

    assert asyncio.run(serving(application, talk)).startswith(b"HTTP/1.1 200 OK\r\n")


def test_answers_without_a_body_have_none(sink):
    async def nothing(request):
        return empty()

    async def streams(request):
        response = await request.respond(content_type="text/plain")
        await response.send("first\n")
        await response.send("second\n")

    answer = ask(Shield(sinks=[sink])(application_with(nothing)))
    assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert b"content-length" not in answer
    application = Shield(sinks=[sink])(application_with(streams, methods=["HEAD"]))
    answer = ask(application, method="HEAD")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body_of(answer) == b""


def test_an_error_handler_of_the_applications_own_logs_still(sink):
    told = []

    class Own(ErrorHandler):
        @staticmethod
        def log(request, exception):
            told.append(str(exception))

    application = Sanic(f"tested_{next(numbers)}", error_handler=Own())
    application.add_route(crash, "/")
    assert b"CANARY" not in ask(Shield(sinks=[sink])(application))
    assert told == [CANARY]


def test_events_leave_as_they_are_written(sink):
    async def events(request):
        response = await request.respond(content_type="text/event-stream")
        await response.send("data: first\n\n")
        await asyncio.sleep(5)

    application = Shield(sinks=[sink])(application_with(events))

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        received = await reader.readuntil(b"data: first\n\n")
        writer.close()
        return received

    assert asyncio.run(serving(application, talk)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert not sink.incidents


def test_a_body_that_cannot_be_read_is_the_clients_mistake_and_other_json_is_not(sink):
    async def reads(request):
        return json_response(request.json)

    async def parses(request):
        return json_response(json.loads("{"))

    for handler, status in ((reads, 400), (parses, 500)):
        application = Shield(sinks=[sink])(application_with(handler, methods=["POST"]))
        answer = ask(application, method="POST", body=b"{")
        assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert len(sink.incidents) == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"\x83\x80\0\0\0\0", 1002), (b"\x81\x82\0\0\0\0\xff\xfe", 1007)],
    ids=["unknown kind", "text of no UTF-8"],
)
def test_a_malformed_frame_closes_with_its_code_and_no_words(sink, frame, code):
    async def listens(request, socket):
        await socket.recv()

    application = Shield(sinks=[sink])(Sanic(f"tested_{next(numbers)}"))
    application.add_websocket_route(listens, "/")
    fields = (
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET / HTTP/1.1\r\nhost: a\r\n{fields}\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame)
        async with asyncio.timeout(10):
            answer = await reader.readexactly(4)
        writer.close()
        return answer

    assert asyncio.run(serving(application, talk)) == b"\x88\x02" + code.to_bytes(2, "big")
    assert not sink.incidents


def in_websocket(handler, sink, message):
    """Return what comes back over a WebSocket, the code and the reason of its end."""
    application = application_with()
    application.add_websocket_route(handler, "/")
    Shield(sinks=[sink])(application)

    async def talk(port):
        async with websockets.connect(f"ws://127.0.0.1:{port}/") as connection:
            await connection.send(message)
            received = [received async for received in connection]
            return received, connection.close_code, connection.close_reason

    return asyncio.run(serving(application, talk))


@pytest.mark.parametrize("fault", [ValueError, SystemExit])
def test_a_websocket_works_and_a_failure_in_it_is_recorded(sink, fault, heard):
    async def echo(request, connection):
        await connection.send(await connection.recv())
        raise fault(CANARY)

    try:
        ended = in_websocket(echo, sink, "hello")
    except websockets.ConnectionClosedError as closed:
        ended = [], closed.rcvd.code, closed.rcvd.reason
    assert ended[1:] == (1011, "INTERNAL_SERVER_ERROR")
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])
    assert heard == []


def test_a_websocket_closes_in_declared_words_only(sink):
    async def says(request, connection):
        message = await connection.recv()
        if message == "literal":
            await connection.close(1000, "The tunnel is closed")
        elif message != "plain":
            await connection.close(1000, f"{message}: {CANARY}")

    assert in_websocket(says, sink, "literal") == ([], 1000, "The tunnel is closed")
    assert in_websocket(says, sink, "plain") == ([], 1000, "")
    assert not sink.incidents
    assert in_websocket(says, sink, "made") == ([], 1000, "")
    assert CANARY in sink.incidents[0].as_json()


def test_a_websocket_whose_client_has_gone_makes_no_incident(sink):
    ended = []
    has_ended = asyncio.Event()

    async def listens(request, connection):
        try:
            while True:
                await connection.recv()
        except BaseException as exception:
            ended.append(type(exception).__name__)
            raise
        finally:
            has_ended.set()

    application = application_with()
    application.add_websocket_route(listens, "/")
    Shield(sinks=[sink])(application)

    async def talk(port):
        async with websockets.connect(f"ws://127.0.0.1:{port}/") as connection:
            await connection.send("hello")
        # Sanic cancels what waits for a message, and not the task of the handler.
        await has_ended.wait()

    asyncio.run(serving(application, talk))
    assert len(ended) == 1
    assert not sink.incidents


def test_a_websocket_over_asgi_is_the_guards(sink, serve):
    async def fails(request, connection):
        await connection.send(await connection.recv())
        raise ValueError(CANARY)

    application = application_with()
    application.add_websocket_route(fails, "/")
    server = serve(Shield(sinks=[sink])(application), lifespan="on")

    async def talk():
        async with websockets.connect(f"ws://127.0.0.1:{server.port}/") as connection:
            await connection.send("hello")
            assert await connection.recv() == "hello"
            with pytest.raises(websockets.ConnectionClosed):
                await connection.recv()
            return connection.close_code, connection.close_reason

    assert asyncio.run(talk()) == (1011, "INTERNAL_SERVER_ERROR")
    assert [CANARY in str(incident["exceptions"]) for incident in sink.incidents] == [True]


def test_a_client_that_has_gone_makes_no_incident(sink):
    ended = asyncio.Event()

    async def long(request):
        response = await request.respond(content_type="text/plain")
        try:
            while True:
                await response.send("much\n" * 1000)
                await asyncio.sleep(0)
        finally:
            ended.set()

    application = Shield(sinks=[sink])(application_with(long))

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await reader.readline()
        writer.transport.abort()
        await ended.wait()

    asyncio.run(serving(application, talk))
    assert not sink.incidents


def test_over_asgi_the_guard_stands_around_the_application(sink, serve):
    application = application_with(crash)
    application.add_route(fine, "/fine")
    assert Shield(sinks=[sink])(application) is application
    server = serve(application, lifespan="on")
    assert b'{"fine":true}' in server.get("/fine")
    answer = server.get("/")
    assert b'"code":"INTERNAL_SERVER_ERROR"' in answer
    assert b"CANARY" not in answer
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


def test_over_asgi_a_failure_of_a_middleware_for_answers_is_recorded(sink, serve):
    application = Shield(sinks=[sink])(application_with(fine, "/fine"))

    @application.on_response
    def fail(request, response):
        raise ValueError(CANARY)

    assert b'{"fine":true}' in serve(application, lifespan="on").get("/fine")
    (incident,) = sink.incidents
    assert (incident["exception.message"], incident["url.path"]) == (CANARY, "/fine")


class Ending(Exception):
    def __str__(self):
        raise SystemExit(CANARY)


@pytest.mark.parametrize("debug", [False, True])
def test_no_code_of_an_exception_runs_for_a_page_that_is_not_sent(sink, debug):
    async def fails(request):
        raise Ending

    application = Shield(sinks=[sink])(application_with(fails))
    application.error_handler.debug = debug
    answer = ask(application)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"INTERNAL_SERVER_ERROR" in answer
    assert len(sink.incidents) == 1
