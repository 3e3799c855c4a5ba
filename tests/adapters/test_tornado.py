"""What is special to Tornado: its server is its own."""

from __future__ import annotations

import asyncio
import json
import logging
import re

import pytest
from tornado import version_info
from tornado.escape import json_decode
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.routing import Rule, RuleRouter
from tornado.web import Application, Finish, HTTPError, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler, websocket_connect

import tightlip
from contract.answers import body_of, spoken, written
from tightlip import ConfigurationError, PublicError, Shield
from tightlip.adapters.tornado import setup

CANARY = "CANARY-77 /srv/app/secret.py"
LEAK = 'duplicate key value violates unique constraint "users_email_key"'
NOT_FOUND = b'{"error":{"code":"NOT_FOUND","message":"What you are looking for does not exist"}}'


class HarbourClosed(PublicError):
    status = 409
    message = "The shop is closed"


class Crash(RequestHandler):
    def get(self):
        raise ValueError(CANARY)


class Fine(RequestHandler):
    def get(self):
        self.write({"fine": True})


async def serving(application, talk):
    """Serve the application; return what `talk(port)` returns."""
    (listening,) = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application)
    server.add_socket(listening)
    try:
        async with asyncio.timeout(10):
            return await talk(listening.getsockname()[1])
    finally:
        server.stop()
        await server.close_all_connections()


def send(application, request):
    """Send a request as it is; return all that comes back."""
    return asyncio.run(serving(application, lambda port: spoken(port, request)))


def ask(application, path="/", *headers, **options):
    return send(application, written(path, *headers, **options))


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    application = Application([("/", Crash)])
    assert Shield(sinks=[sink])(application) is application
    assert tightlip.shield(application) is application
    assert b'"code":"INTERNAL_SERVER_ERROR"' in ask(application)
    assert len(sink.incidents) == 1
    assert sink.incidents[0]["http.route"] == "/"
    assert CANARY in json.dumps(sink.incidents[0]["exceptions"])


def test_setup_gives_the_same_bytes_as_shield(sink):
    by_setup, by_shield = Application([("/", Crash)]), Application([("/", Crash)])
    setup(by_setup, sinks=[sink])
    Shield(sinks=[sink])(by_shield)
    unlike = rb"[0-9A-HJKMNP-TV-Z]{12}|date: [^\r]*"
    answers = [re.sub(unlike, b"", ask(application)) for application in (by_setup, by_shield)]
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


def test_what_is_no_application_is_refused():
    with pytest.raises(ConfigurationError, match=r"takes the tornado\.web\.Application"):
        tightlip.shield(Finish())


def test_handlers_may_be_added_later_and_keep_their_class(sink):
    seen = []

    class Named(RequestHandler):
        def get(self):
            seen.append((type(self).__name__, type(self).__module__, isinstance(self, Named)))
            raise HarbourClosed

    application = Shield(sinks=[sink])(Application())
    application.add_handlers(".*", [("/late", Named)])
    answer = ask(application, "/late")
    assert body_of(answer) == b'{"error":{"code":"HARBOUR_CLOSED","message":"The shop is closed"}}'
    assert seen == [("Named", Named.__module__, True)]


def test_another_router_is_guarded_by_its_bytes(sink):
    router = RuleRouter([])
    assert Shield(sinks=[sink])(router) is router
    assert body_of(ask(router)) == NOT_FOUND


def test_no_answer_names_the_server(sink):
    answer = ask(Shield(sinks=[sink])(Application([("/", Fine)])))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"server:" not in answer.lower()
    assert body_of(answer) == b'{"fine": true}'


@pytest.mark.parametrize(
    "request_line",
    [
        b"CANARY\r\n\r\n",
        b"GET / CANARY/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nCANARY\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: CANARY\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nCANARY\r\n",
    ],
)
def test_what_the_server_cannot_read_is_answered_in_our_form(sink, request_line):
    answer = send(Shield(sinks=[sink])(Application([("/", Fine)])), request_line)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\ncache-control: no-store\r\n")
    assert b"\r\nconnection: close\r\n" in answer
    assert body_of(answer).startswith(b'{"error":{"code":"INVALID_REQUEST"')
    assert b"CANARY" not in answer
    assert not sink.incidents


def test_the_interim_answer_has_the_phrase_of_its_status(sink):
    class Echo(RequestHandler):
        def post(self):
            self.write(self.request.body)

    application = Shield(sinks=[sink])(Application([("/", Echo)]))
    answer = ask(application, "/", "expect: 100-continue", method="POST", body=b"hello")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"hello")


def test_a_literal_reason_leaves_and_a_made_one_does_not(sink):
    class Literal(RequestHandler):
        def get(self):
            raise HTTPError(404, "for the log: %s", CANARY, reason="There is no such shop")

    class Made(RequestHandler):
        def get(self):
            raise HTTPError(404, reason=f"There is no {CANARY}")

    application = Application([("/literal", Literal), ("/made", Made)])
    Shield(sinks=[sink])(application)
    literal = ask(application, "/literal")
    assert literal.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b'"message":"There is no such shop"' in literal
    assert not sink.incidents
    made = ask(application, "/made")
    assert b"CANARY" not in made
    assert CANARY in sink.incidents[0]["withheld"][0]["text"]


def test_a_page_of_the_applications_own_is_withheld_and_its_headers_count(sink):
    class Own(RequestHandler):
        def get(self):
            raise ValueError(CANARY)

        def write_error(self, status_code, **named):
            self.set_status(503)
            self.set_header("retry-after", "7")
            self.finish({"sorry": str(named["exc_info"][1])})

    answer = ask(Shield(sinks=[sink])(Application([("/", Own)])))
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 7\r\n" in answer
    assert b"CANARY" not in answer
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


def test_what_tornado_says_by_itself_makes_no_incident(sink):
    class Asks(RequestHandler):
        def get(self):
            self.get_argument("name")

        def post(self):
            self.send_error(403)

    application = Shield(sinks=[sink])(Application([("/", Asks)], serve_traceback=True))
    assert body_of(ask(application, "/nowhere")) == NOT_FOUND
    assert b'"INVALID_REQUEST"' in ask(application)
    assert b'"ACCESS_DENIED"' in ask(application, method="POST")
    refused = ask(application, method="PUT")
    assert refused.startswith(b"HTTP/1.1 405 Method Not Allowed\r\nallow: GET, POST\r\n")
    assert not sink.incidents


def test_a_handler_that_ends_early_or_later_is_heard_to_its_end(sink):
    class Early(RequestHandler):
        def get(self):
            raise Finish({"early": True})

    class Later(RequestHandler):
        def get(self):
            self._auto_finish = False
            asyncio.get_running_loop().call_later(0.01, self.finish, {"later": True})

    application = Shield(sinks=[sink])(Application([("/early", Early), ("/later", Later)]))
    assert body_of(ask(application, "/early")) == b'{"early": true}'
    assert body_of(ask(application, "/later")) == b'{"later": true}'
    assert not sink.incidents


@pytest.mark.parametrize("headers", [{}, {"content-length": "10000000"}])
def test_a_stream_that_breaks_is_cut(sink, headers):
    class Breaks(RequestHandler):
        async def get(self):
            for name, value in headers.items():
                self.set_header(name, value)
            self.set_header("content-type", "text/plain")
            self.write("first\n")
            await self.flush()
            raise ValueError(CANARY)

    answer = ask(Shield(sinks=[sink])(Application([("/", Breaks)])))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"first\n" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert b"CANARY" not in answer
    assert len(sink.incidents) == 1


def test_the_end_of_a_generator_that_a_handler_raises_is_a_failure(sink):
    class Ends(RequestHandler):
        async def get(self):
            raise GeneratorExit(CANARY)

    answer = ask(Shield(sinks=[sink])(Application([("/", Ends)])))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b'"INTERNAL_SERVER_ERROR"' in body_of(answer)
    (incident,) = sink.incidents
    assert "GeneratorExit" in incident.as_json()


@pytest.mark.parametrize("where", ["handler", "on_finish"])
def test_what_is_raised_after_a_whole_answer_is_recorded(sink, where):
    class Late(RequestHandler):
        async def get(self):
            await self.finish("whole")
            if where == "handler":
                raise ValueError(CANARY)

        def on_finish(self):
            if where == "on_finish":
                raise ValueError(CANARY)

    answer = ask(Shield(sinks=[sink])(Application([("/", Late)])))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"whole")
    (incident,) = sink.incidents
    assert CANARY in incident.as_json()


def test_a_stream_that_ends_the_process_is_cut_alone(sink):
    class Leaves(RequestHandler):
        async def get(self):
            self.set_header("content-type", "text/plain")
            self.write("first\n")
            await self.flush()
            raise SystemExit(CANARY)

    answer = ask(Shield(sinks=[sink])(Application([("/", Leaves)])))
    assert b"first\n" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert len(sink.incidents) == 1


def test_the_head_of_a_stream_leaves_before_its_first_line_is_whole(sink):
    class Begins(RequestHandler):
        async def get(self):
            self.set_header("content-type", "text/plain")
            self.write("beg")
            await self.flush()
            await asyncio.Event().wait()

    application = Shield(sinks=[sink])(Application([("/", Begins)]))

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        received = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return received

    assert asyncio.run(serving(application, talk)).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_stream_in_which_something_leaks_is_cut_there(sink):
    class Leaks(RequestHandler):
        async def get(self):
            self.set_header("content-type", "text/plain")
            for line in ("first\n", f"{LEAK}\n", "last\n"):
                self.write(line)
                await self.flush()

    answer = ask(Shield(sinks=[sink])(Application([("/", Leaks)])))
    assert b"first\n" in answer
    assert b"users_email_key" not in answer
    assert b"last" not in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_events_leave_as_they_are_written(sink):
    class Events(RequestHandler):
        async def get(self):
            self.set_header("content-type", "text/event-stream")
            self.write("data: first\n\n")
            await self.flush()
            await asyncio.Event().wait()

    application = Shield(sinks=[sink])(Application([("/", Events)]))

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        received = await reader.readuntil(b"data: first\n\n")
        writer.close()
        return received

    assert asyncio.run(serving(application, talk)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert not sink.incidents


def test_a_body_that_cannot_be_read_is_the_clients_mistake_and_other_json_is_not(sink):
    class Reads(RequestHandler):
        def post(self):
            self.write({"read": json_decode(self.request.body)})

    class Parses(RequestHandler):
        def post(self):
            self.write({"read": json_decode("[")})

    application = Shield(sinks=[sink])(Application([("/reads", Reads), ("/parses", Parses)]))
    for path, status in (("/reads", 400), ("/parses", 500)):
        answer = ask(application, path, method="POST", body=b"{")
        assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert len(sink.incidents) == 1


def test_a_body_may_be_read_in_parts(sink):
    @stream_request_body
    class Parts(RequestHandler):
        def prepare(self):
            self.size = 0

        def data_received(self, chunk):
            self.size += len(chunk)

        def post(self):
            self.write({"size": self.size})

    application = Shield(sinks=[sink])(Application([("/", Parts)]))
    answer = ask(application, method="POST", body=b"x" * 300_000)
    assert body_of(answer) == b'{"size": 300000}'


def test_the_log_of_requests_tells_the_status_that_left_and_no_other_log_the_failure(sink, caplog):
    class Declared(RequestHandler):
        def get(self):
            raise HarbourClosed

    with caplog.at_level(logging.INFO):
        ask(Shield(sinks=[sink])(Application([("/", Declared), ("/crash", Crash)])))
        assert "409 GET / (127.0.0.1)" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_log_of_the_applications_own_is_told_still(sink):
    told = []

    class Tells(RequestHandler):
        def get(self):
            raise ValueError(CANARY)

        def log_exception(self, typ, value, tb):
            told.append(value)

    assert b"CANARY" not in ask(Shield(sinks=[sink])(Application([("/", Tells)])))
    assert [str(exception) for exception in told] == [CANARY]


class Unmade(RequestHandler):
    def initialize(self):
        raise ValueError(CANARY)


class Unheaded(RequestHandler):
    def set_default_headers(self):
        raise ValueError(CANARY)


@pytest.mark.parametrize("handler", [Unmade, Unheaded])
def test_a_handler_that_cannot_be_made_is_answered(sink, handler):
    application = Shield(sinks=[sink])(Application([("/", handler), ("/fine", Fine)]))
    answer = send(application, b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert CANARY.encode() not in answer
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


class UnfitReason(RequestHandler):
    def get(self):
        raise HTTPError(404, reason={"for": CANARY})


class UnfitStatus(RequestHandler):
    def get(self):
        raise HTTPError(99, reason="This is no status")


class FailingFlush(RequestHandler):
    def get(self):
        self.write("fine")

    def flush(self, include_footers=False):
        raise ValueError(CANARY)


class UnfitEnd(RequestHandler):
    def get(self):
        raise Finish(5)


@pytest.mark.parametrize(
    ("handler", "status"),
    [(UnfitReason, 404), (UnfitStatus, 500), (FailingFlush, 500), (UnfitEnd, 500)],
)
def test_an_error_that_tornado_cannot_write_is_answered(sink, handler, status):
    application = Shield(sinks=[sink])(Application([("/", handler)]))
    answer = ask(application)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body_of(answer))["error"]["reference"] == sink.incidents[0]["reference"]
    assert len(sink.incidents) == 1
    assert b"CANARY" not in answer


ENDS = [SystemExit(CANARY), asyncio.CancelledError(CANARY), GeneratorExit(CANARY)]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
def test_a_handler_that_would_end_all_while_it_is_made_is_answered(sink, end):
    class Ending(RequestHandler):
        def initialize(self):
            raise end

    answer = ask(Shield(sinks=[sink])(Application([("/", Ending)])))
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert CANARY.encode() not in answer
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


def in_websocket(application, *messages):
    """Return what comes back over a WebSocket, the code and the reason of its end."""

    async def talk(port):
        connection = await websocket_connect(f"ws://127.0.0.1:{port}/")
        for message in messages:
            await connection.write_message(message)
        received = []
        while (message := await connection.read_message()) is not None:
            received.append(message)
        connection.close()
        return received, connection.close_code, connection.close_reason

    return asyncio.run(serving(application, talk))


SILENT = pytest.mark.skipif(
    version_info < (6, 6),
    reason="before 6.6 a message's coroutine that fails is told to a log alone",
)


@pytest.mark.parametrize("waits", [False, pytest.param(True, marks=SILENT)])
def test_a_websocket_works_and_a_failure_in_it_is_recorded(sink, waits, heard):
    class Echo(WebSocketHandler):
        async def answer(self, message):
            await asyncio.sleep(0)
            raise ValueError(CANARY)

        def on_message(self, message):
            self.write_message(message)
            if waits:
                return self.answer(message)
            raise ValueError(CANARY)

    application = Shield(sinks=[sink])(Application([("/", Echo)]))
    assert in_websocket(application, "hello") == (["hello"], 1011, "INTERNAL_SERVER_ERROR")
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])
    assert heard == []


@pytest.mark.parametrize("end", [SystemExit, GeneratorExit, asyncio.CancelledError])
@pytest.mark.parametrize("where", ["open", "message", "task"])
def test_the_end_of_the_process_from_a_websocket_ends_that_alone(sink, where, end):
    class Ends(WebSocketHandler):
        def open(self):
            if where == "open":
                raise end(CANARY)

        def on_message(self, message):
            if where == "task":
                return self.later()
            raise end(CANARY)

        async def later(self):
            await asyncio.sleep(0)
            raise end(CANARY)

    application = Shield(sinks=[sink])(Application([("/", Ends)]))
    messages = [] if where == "open" else ["hello"]
    assert in_websocket(application, *messages) == ([], 1011, "INTERNAL_SERVER_ERROR")
    (incident,) = sink.incidents
    assert end.__name__ in incident.as_json()


@pytest.mark.parametrize("end", [ValueError, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_what_is_raised_once_a_websocket_has_closed_is_recorded(sink, end):
    class Ends(WebSocketHandler):
        def on_message(self, message):
            self.close(4001)

        def on_close(self):
            raise end(CANARY)

    application = Shield(sinks=[sink])(Application([("/", Ends)]))
    assert in_websocket(application, "hello") == ([], 4001, None)
    (incident,) = sink.incidents
    assert end.__name__ in incident["exception.type"]


def test_a_websocket_closes_in_declared_words_only(sink):
    class Says(WebSocketHandler):
        def on_message(self, message):
            if message == "literal":
                self.close(4001, "The shop is closed")
            elif message == "plain":
                self.close()
            else:
                self.close(4001, f"{message}: {CANARY}")

    def closed(message):
        return in_websocket(Shield(sinks=[sink])(Application([("/", Says)])), message)

    assert closed("literal") == ([], 4001, "The shop is closed")
    assert closed("plain") == ([], None, None)
    assert not sink.incidents
    assert closed("made") == ([], 4001, None)
    assert CANARY in sink.incidents[0].as_json()


def test_a_client_that_has_gone_makes_no_incident(sink):
    ended = asyncio.Event()

    class Long(RequestHandler):
        async def get(self):
            self.set_header("content-type", "text/plain")
            try:
                while True:
                    self.write("much\n" * 1000)
                    await self.flush()
            finally:
                ended.set()

    application = Shield(sinks=[sink])(Application([("/", Long)]))

    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await reader.readline()
        writer.transport.abort()
        await ended.wait()

    asyncio.run(serving(application, talk))
    assert not sink.incidents


def test_a_rule_may_lead_to_a_router_that_is_guarded(sink):
    inner = Shield(sinks=[sink])(Application([("/", Crash)]))

    class Everything:
        def match(self, request):
            return {}

        def reverse(self, *args):
            return None

    answer = ask(RuleRouter([Rule(Everything(), inner)]))
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"CANARY" not in answer
