"""The guard around a plain ASGI application, message by message."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
import types
from contextlib import suppress
from http import HTTPStatus

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from tightlip import PublicError, Shield

CANARY = "canary-6d1f"


class SeatTaken(PublicError):
    status = 409
    message = "This seat is taken"


def start(status=200, headers=(), **more):
    return {"type": "http.response.start", "status": status, "headers": list(headers), **more}


def body(content=b"", *, more_body=False):
    return {"type": "http.response.body", "body": content, "more_body": more_body}


def application(*script):
    """An application that sends the messages and raises the exceptions of `script` in order."""

    async def app(scope, receive, send):
        for step in script:
            if isinstance(step, BaseException):
                raise step
            if step is receive_next:
                await receive()
            else:
                await send(step)

    return app


receive_next = object()
WEBSOCKET = {
    "type": "websocket",
    "extensions": {"websocket.http.response": {}},
    "incoming": [{"type": "websocket.connect"}],
}
EVENTS = [(b"content-type", b"text/event-stream")]


@pytest.fixture
def ask(exchange, sink):
    """Guard a script and call it."""

    def ask(*script, **overrides):
        return exchange(Shield(sinks=[sink])(application(*script)), **overrides)

    return ask


def error_of(answer):
    return json.loads(answer.body)["error"]


def test_a_good_answer_passes_as_it_is(ask, sink):
    script = [
        start(200, [(b"x-own", b"1"), (b"etag", b'"a"')]),
        body(b"a\n", more_body=True),
        body(b"b"),
    ]
    answer = ask(*script)
    assert answer.sent == script
    assert not sink.incidents


def test_headers_that_name_the_machinery_leave_with_no_answer(ask):
    named = [(b"Server", b"x/1"), (b"X-Powered-By", b"y"), (b"x-debug-token", b"z"), (b"a", b"b")]
    assert ask(start(200, named), body(b"ok")).headers == {b"a": b"b"}


def test_an_exception_before_the_start_is_a_clean_500_with_a_reference(ask, sink):
    answer = ask(RuntimeError(CANARY))
    assert answer.raised is None
    assert answer.status == 500
    (incident,) = sink.incidents
    assert error_of(answer) == {
        "code": "INTERNAL_SERVER_ERROR",
        "message": "Something went wrong",
        "reference": incident.reference,
    }
    assert answer.headers[b"x-error-reference"] == incident.reference.encode()
    assert incident["exception.message"] == CANARY


def test_an_exception_between_start_and_body_is_a_clean_500(ask, sink):
    answer = ask(start(200, [(b"x", CANARY.encode())]), RuntimeError(CANARY))
    assert (answer.status, CANARY.encode() in answer.everything) == (500, False)
    assert len(sink.incidents) == 1


def test_a_public_error_speaks_for_itself_and_makes_no_incident(ask, sink):
    answer = ask(SeatTaken())
    assert answer.status == 409
    assert answer.body == b'{"error":{"code":"SEAT_TAKEN","message":"This seat is taken"}}'
    assert not sink.incidents


def test_an_error_answer_made_by_hand_is_replaced_and_kept_in_the_record(ask, sink):
    answer = ask(
        start(418, [(b"etag", b"1"), (b"set-cookie", b"a=b"), (b"Allow", b"PUT, GET")]),
        body(b"first ", more_body=True),
        body(CANARY.encode()),
    )
    assert (answer.status, answer.raised) == (418, None)
    assert set(answer.headers) == {
        b"allow",
        b"cache-control",
        b"content-length",
        b"content-type",
        b"x-content-type-options",
        b"x-error-reference",
    }
    assert CANARY.encode() not in answer.everything
    (incident,) = sink.incidents
    (withheld,) = incident["withheld"]
    assert withheld["text"] == "first " + CANARY
    assert "status = 418" in withheld["advice"]


@pytest.mark.parametrize("words", [b"", b"Not Found", b"Internal Server Error"])
def test_an_error_answer_that_says_nothing_is_dressed_without_an_incident_of_words(
    ask, sink, words
):
    answer = ask(start(404), body(words))
    assert error_of(answer)["code"] == "NOT_FOUND"
    assert not sink.incidents


def test_an_endless_error_answer_is_replaced_once_enough_is_read(exchange, sink):
    chunks = 0

    async def endless(scope, receive, send):
        nonlocal chunks
        await send(start(400))
        while True:
            chunks += 1
            await send(body(CANARY.encode() * 100, more_body=True))

    answer = exchange(Shield(sinks=[sink])(endless))
    assert (answer.status, answer.raised) == (400, None)
    assert CANARY.encode() not in answer.everything
    assert chunks < 200
    assert len(sink.incidents) == 1


@pytest.mark.parametrize(
    "script",
    [
        [start(500), body(b"words")],
        [start(200, EVENTS), body(b"data: 1\n\n", more_body=True), body()],
    ],
    ids=["server error", "events"],
)
def test_no_end_is_held_back_from_an_application_that_waits_for_more(sink, script):
    """A server says that the client has gone once the answer is complete; so must we."""

    async def waits(scope, receive, send):
        await receive()
        for message in script:
            await send(message)
        assert (await receive())["type"] == "http.disconnect"

    async def serve():
        complete = asyncio.Event()
        messages = [{"type": "http.request", "body": b"", "more_body": False}]
        sent = []

        async def receive():
            if messages:
                return messages.pop()
            await complete.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                complete.set()

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await asyncio.wait_for(Shield(sinks=[sink])(waits)(scope, receive, send), 5)
        return sent

    assert asyncio.run(serve())[0]["status"] == script[0]["status"]


def test_an_answer_followed_by_its_exception_is_sent_once_and_recorded_once(ask, sink):
    answer = ask(start(500), body(CANARY.encode()), RuntimeError(CANARY))
    assert [message["type"] for message in answer.sent] == [
        "http.response.start",
        "http.response.body",
    ]
    assert answer.raised is None
    (incident,) = sink.incidents
    assert incident["exception.message"] == CANARY


def test_an_exception_after_a_whole_answer_is_recorded_and_stays_inside(ask, sink):
    answer = ask(start(200), body(b"done"), RuntimeError(CANARY))
    assert (answer.body, answer.raised) == (b"done", None)
    (incident,) = sink.incidents
    assert incident["event_name"] == "http.server.background.exception"


def test_a_stream_that_breaks_is_cut_by_an_exception_of_ours_without_the_cause(ask, sink):
    answer = ask(start(200), body(b"abc", more_body=True), RuntimeError(CANARY))
    assert answer.body == b"abc"
    assert answer.sent[-1]["more_body"] is True
    assert type(answer.raised).__name__ == "StreamAbortedError"
    assert answer.raised.__suppress_context__
    assert answer.raised.__cause__ is None
    (incident,) = sink.incidents
    assert incident.reference in str(answer.raised)
    assert CANARY not in str(answer.raised)
    assert incident["event_name"] == "http.server.response.broken"


def test_a_stream_that_ends_in_the_middle_is_cut(ask, sink):
    answer = ask(start(200), body(b"abc", more_body=True))
    assert type(answer.raised).__name__ == "StreamAbortedError"
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("chunk", [b"data: 1\n\n", b"data: 1", memoryview(b"data: 1")])
def test_an_event_stream_ends_in_a_declared_event(ask, sink, chunk):
    headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
    answer = ask(start(200, headers), body(chunk, more_body=True), RuntimeError(CANARY))
    assert answer.raised is None
    assert answer.sent[-1]["more_body"] is False
    received = b"".join(bytes(m.get("body", b"")) for m in answer.sent)
    first, event, rest = received.split(b"\n\n")
    assert (first, rest) == (b"data: 1", b"")
    assert event.startswith(b'event: error\ndata: {"error":{"code":"INTERNAL_SERVER_ERROR"')
    assert sink.incidents[0].reference.encode() in event


def test_an_event_stream_that_ends_before_it_tells_what_broke_it_ends_in_a_declared_event(ask):
    answer = ask(
        start(200, EVENTS), body(b"data: 1\n\n", more_body=True), body(), RuntimeError(CANARY)
    )
    assert [m.get("more_body") for m in answer.sent[1:]] == [True, True, False]
    assert answer.body.startswith(b"data: 1\n\nevent: error\ndata: {")


def test_an_event_stream_that_ends_well_ends_once(ask, sink):
    answer = ask(start(200, EVENTS), body(b"data: 1\n\n", more_body=True), body(b"data: 2\n\n"))
    assert answer.body == b"data: 1\n\ndata: 2\n\n"
    assert [m.get("more_body") for m in answer.sent[1:]] == [True, True, False]
    assert not sink.incidents


@pytest.mark.parametrize("media_type", [b"application/x-ndjson", b"application/jsonl"])
def test_json_lines_end_in_a_declared_line(ask, media_type):
    answer = ask(
        start(200, [(b"Content-Type", media_type)]), body(b'{"a":1}', more_body=True), SeatTaken()
    )
    first, last, rest = answer.body.split(b"\n")
    assert (first, rest) == (b'{"a":1}', b"")
    assert json.loads(last)["error"]["code"] == "SEAT_TAKEN"


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ((b"content-encoding", b"gzip"), gzip.compress(b"abc")),
        ((b"content-length", b"99"), b"abc"),
    ],
)
def test_a_stream_of_events_that_cannot_take_one_more_is_cut(ask, header, sent):
    headers = [(b"content-type", b"text/event-stream"), header]
    answer = ask(start(200, headers), body(sent, more_body=True), RuntimeError(CANARY))
    assert type(answer.raised).__name__ == "StreamAbortedError"
    assert answer.body == sent


@pytest.mark.parametrize(
    "script",
    [
        [],
        [start(200)],
        [body(CANARY.encode())],
        [start("200"), body(b"ok")],
        [start(200, [("x", "str")]), body(b"ok")],
        [start(99), body(b"ok")],
        [{"type": "http.response.start"}, body(b"ok")],
    ],
    ids=["nothing", "start", "body", "status", "header", "odd status", "no status"],
)
def test_an_answer_that_is_none_is_a_clean_500(ask, sink, script):
    answer = ask(*script)
    assert (answer.status, answer.raised) == (500, None)
    assert error_of(answer)["code"] == "INTERNAL_SERVER_ERROR"
    assert len(sink.incidents) == 1


@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"a\r\nset-cookie: b=c"),
        (b"x", b"a\nb"),
        (b"x", b"a\0b"),
        (b"x", b"a\x7fb"),
        (b"x", b"a\x01b"),
        (b"x y", b"a"),
        (b"x:", b"a"),
        (b"", b"a"),
        (b"x\r\n", b"a"),
    ],
)
def test_a_header_that_no_server_can_send_is_a_clean_500(ask, sink, header):
    answer = ask(start(200, [header]), body(CANARY.encode()))
    assert (answer.status, answer.raised) == (500, None)
    assert CANARY.encode() not in answer.everything
    assert b"set-cookie" not in answer.everything
    assert len(sink.incidents) == 1


@pytest.mark.parametrize(
    ("length", "parts"), [(b"1", [b"fine"]), (b"9", [b"fine"]), (b"9", [b"fi", b"ne"])]
)
def test_an_answer_of_another_length_than_announced_is_a_clean_500(ask, sink, length, parts):
    more = [body(part, more_body=True) for part in parts[:-1]]
    answer = ask(start(200, [(b"content-length", length)]), *more, body(parts[-1]))
    assert (answer.status, answer.raised) == (500, None)
    assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
    assert error_of(answer)["reference"] == sink.incidents[0]["reference"]


def test_an_answer_to_head_may_announce_the_length_of_a_body(ask, sink):
    answer = ask(start(200, [(b"content-length", b"9")]), body(), method="HEAD")
    assert (answer.status, answer.headers[b"content-length"]) == (200, b"9")
    assert not sink.incidents


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize(
    "framing", [(b"content-length", b"4"), (b"Transfer-Encoding", b"chunked")], ids=str
)
@pytest.mark.parametrize("parts", [[b""], [b"null"], [b"nu", b"ll"]], ids=["none", "whole", "more"])
def test_where_no_body_may_be_none_is_announced(ask, sink, status, framing, parts):
    more = [body(part, more_body=True) for part in parts[:-1]]
    answer = ask(start(status, [(b"x-own", b"1"), framing]), *more, body(parts[-1]))
    assert (answer.status, answer.headers, answer.body) == (status, {b"x-own": b"1"}, b"")
    assert answer.raised is None
    assert not sink.incidents


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("parts", [[b"null"], [b"nu", b"ll"]], ids=["whole", "in parts"])
def test_a_body_where_none_may_be_is_left_out(ask, sink, status, parts):
    more = [body(part, more_body=True) for part in parts[:-1]]
    answer = ask(start(status), *more, body(parts[-1]))
    assert (answer.status, answer.body, answer.raised) == (status, b"", None)
    assert answer.sent[-1].get("more_body", False) is False
    assert not sink.incidents


def test_a_second_start_is_not_sent(ask):
    answer = ask(start(200), body(b"a", more_body=True), start(500), body(b"b"))
    assert [m["type"] for m in answer.sent].count("http.response.start") == 1
    assert answer.body == b"ab"


def test_a_path_that_the_server_sends_is_a_whole_answer(ask, sink):
    path = {"type": "http.response.pathsend", "path": "/x"}
    script = [start(200), path]
    answer = ask(*script)
    assert (answer.sent, answer.raised) == (script, None)
    assert not sink.incidents


def test_a_path_with_an_error_status_is_replaced(ask):
    answer = ask(start(404), {"type": "http.response.pathsend", "path": "/x"})
    assert error_of(answer)["code"] == "NOT_FOUND"
    assert not any("pathsend" in message["type"] for message in answer.sent)


def test_trailers_follow_a_good_answer_and_no_error(ask):
    trailers = {"type": "http.response.trailers", "headers": [(b"a", b"b")], "more_trailers": False}
    good = [start(200, trailers=True), body(b"ok"), trailers]
    assert ask(*good).sent == good
    answer = ask(start(400, trailers=True), body(b"ok"), trailers)
    assert [m["type"] for m in answer.sent] == ["http.response.start", "http.response.body"]
    assert "trailers" not in answer.sent[0]


def test_head_gets_the_length_and_no_body(ask):
    full, head = ask(SeatTaken()), ask(SeatTaken(), method="HEAD")
    assert head.body == b""
    assert head.headers == full.headers
    assert head.headers[b"content-length"] == str(len(full.body)).encode()


class Expired(BaseException):
    """As gevent's timeout: no `Exception`, and no end of anything."""


class Unaskable(Exception):
    @property
    def __class__(self):
        raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    "exception",
    [
        SystemExit(3),
        asyncio.CancelledError(CANARY),
        Expired(CANARY),
        BaseExceptionGroup(CANARY, [KeyboardInterrupt()]),
        MemoryError(),
        RecursionError(CANARY),
        StopIteration(CANARY),
        StopAsyncIteration(CANARY),
        GeneratorExit(CANARY),
    ],
    ids=lambda exception: type(exception).__name__,
)
def test_what_an_application_raises_by_itself_is_answered(ask, sink, exception):
    answer = ask(exception)
    assert (answer.status, answer.raised) == (500, None)
    assert len(sink.incidents) == 1


def test_an_exception_that_cannot_be_asked_for_its_class_is_answered(ask, sink):
    answer = ask(Unaskable(CANARY))
    assert (answer.status, answer.raised) == (500, None)
    (incident,) = sink.incidents
    assert incident["exception.type"].endswith("Unaskable")
    assert incident["reference"] == error_of(answer)["reference"]


def test_an_exception_that_cannot_be_asked_for_its_class_refuses_a_websocket(exchange, sink):
    class Failing:
        def __init__(self, app):
            pass

        async def __call__(self, scope, receive, send):
            raise Unaskable(CANARY)

    application = Starlette(middleware=[Middleware(Failing)])
    answer = exchange(Shield(sinks=[sink])(application), **WEBSOCKET)
    assert (answer.sent[0]["status"], answer.raised) == (500, None)
    assert len(sink.incidents) == 1


def test_the_end_of_the_process_passes(ask, sink):
    exception = KeyboardInterrupt()
    answer = ask(exception)
    assert answer.raised is exception
    assert answer.sent == []
    assert not sink.incidents


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_coroutine_that_is_closed_ends_without_an_incident(sink, kind):
    ended = []

    @types.coroutine
    def wait():
        yield

    async def waits(scope, receive, send):
        try:
            with suppress(ValueError):
                await wait()
        except GeneratorExit as end:
            ended.append(end)
            raise
        finally:
            ended.append("finally")

    async def send(message):
        raise AssertionError("nothing may be sent any more")

    work = Shield(sinks=[sink])(waits)({"type": kind, "headers": []}, wait, send)
    work.send(None)
    work.close()
    assert len(ended) == 2
    assert not sink.incidents


def test_a_cancelled_task_is_cancelled_and_makes_no_incident(sink):
    async def hangs(scope, receive, send):
        await asyncio.sleep(3600)

    async def cancel():
        sent = []
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}

        async def send(message):
            sent.append(message)

        task = asyncio.create_task(Shield(sinks=[sink])(hangs)(scope, None, send))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return sent

    assert asyncio.run(cancel()) == []
    assert not sink.incidents


def test_a_failure_that_follows_the_client_s_leaving_is_no_broken_stream(ask, sink):
    answer = ask(
        start(200),
        body(b"a", more_body=True),
        receive_next,
        incoming=[{"type": "http.disconnect"}],
    )
    assert answer.raised is None
    assert not sink.incidents


def test_a_failure_after_a_whole_answer_is_recorded_though_the_client_has_gone(ask, sink):
    answer = ask(
        start(200),
        body(b"done"),
        receive_next,
        RuntimeError(CANARY),
        incoming=[{"type": "http.disconnect"}],
    )
    assert (answer.body, answer.raised) == (b"done", None)
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("framework", [False, True])
def test_who_has_gone_without_an_answer_is_answered_all_the_same(exchange, sink, framework):
    async def reading(scope, receive, send):
        await receive()

    async def view(request):
        return JSONResponse(await request.json())

    application = Starlette(routes=[Route("/", view)]) if framework else reading
    answer = exchange(Shield(sinks=[sink])(application), incoming=[{"type": "http.disconnect"}])
    assert (answer.status, error_of(answer)["code"]) == (400, "INVALID_REQUEST")
    assert answer.headers[b"connection"] == b"close"
    assert not sink.incidents


def test_a_stream_whose_client_has_gone_ends_without_an_incident(ask, sink):
    answer = ask(
        start(200),
        body(b"a", more_body=True),
        receive_next,
        RuntimeError(CANARY),
        incoming=[{"type": "http.disconnect"}],
    )
    assert answer.raised is None
    assert not sink.incidents


def test_a_packed_body_that_cannot_be_unpacked_is_recorded_as_it_is(ask, sink):
    ask(start(400, [(b"content-encoding", b"gzip")]), body(CANARY.encode()))
    assert sink.incidents[0]["withheld"][0]["text"] == CANARY


def test_the_end_of_the_process_passes_through_a_websocket(ask, sink):
    exception = KeyboardInterrupt()
    answer = ask(exception, **WEBSOCKET)
    assert answer.raised is exception
    assert answer.sent == []


def test_a_public_error_closes_a_websocket_with_its_code(ask, sink):
    answer = ask({"type": "websocket.accept"}, SeatTaken(), **WEBSOCKET)
    assert answer.sent[1:] == [{"type": "websocket.close", "code": 1011, "reason": "SEAT_TAKEN"}]


@pytest.mark.parametrize("code", [99, 1005, 1006, 1015, 2999, 5000, 99999, "4000"])
def test_to_close_with_a_code_that_no_frame_can_hold_is_a_failure(ask, sink, code):
    close = {"type": "websocket.close", "code": code, "reason": ""}
    answer = ask({"type": "websocket.accept"}, close, **WEBSOCKET)
    (last,) = answer.sent[1:]
    assert last == {"type": "websocket.close", "code": 1011, "reason": "INTERNAL_SERVER_ERROR"}
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("closes_again", [True, False])
def test_an_application_that_catches_that_has_the_last_word_or_fails(exchange, sink, closes_again):
    async def app(scope, receive, send):
        await send({"type": "websocket.accept"})
        with suppress(Exception):
            await send({"type": "websocket.close", "code": 99999, "reason": ""})
        if closes_again:
            await send({"type": "websocket.close", "code": 4000, "reason": ""})

    answer = exchange(Shield(sinks=[sink])(app), **WEBSOCKET)
    code, reason = (4000, "") if closes_again else (1011, "INTERNAL_SERVER_ERROR")
    assert answer.sent[1:] == [{"type": "websocket.close", "code": code, "reason": reason}]
    assert len(sink.incidents) == (not closes_again)


def test_a_websocket_closes_once_and_with_a_text_only(ask, sink):
    close = {"type": "websocket.close", "code": 4000, "reason": 7}
    answer = ask({"type": "websocket.accept"}, close, close, RuntimeError(CANARY), **WEBSOCKET)
    assert answer.sent[1:] == [{"type": "websocket.close", "code": 4000, "reason": ""}]
    assert len(sink.incidents) == 1


def test_a_websocket_that_nobody_has_closed_closes_once_the_application_has_returned(ask, sink):
    said = {"type": "websocket.send", "text": "good evening"}
    answer = ask({"type": "websocket.accept"}, said, **WEBSOCKET)
    assert answer.sent[1:] == [said, {"type": "websocket.close", "code": 1000, "reason": ""}]
    assert not sink.incidents


@pytest.mark.parametrize("accepted", [True, False])
def test_a_websocket_whose_client_has_gone_is_not_closed_again(ask, sink, accepted):
    script = [{"type": "websocket.accept"}] * accepted
    gone = [{"type": "websocket.disconnect", "code": 1001}]
    answer = ask(*script, receive_next, **{**WEBSOCKET, "incoming": gone})
    assert len(answer.sent) == len(script)
    assert not sink.incidents


def test_a_failure_after_the_client_has_left_a_websocket_is_recorded_and_told_nobody(ask, sink):
    gone = [{"type": "websocket.disconnect", "code": 1001}]
    script = [{"type": "websocket.accept"}, receive_next, RuntimeError(CANARY)]
    answer = ask(*script, **{**WEBSOCKET, "incoming": gone})
    assert [message["type"] for message in answer.sent] == ["websocket.accept"]
    assert len(sink.incidents) == 1


def test_a_denial_in_parts_is_read_to_its_end(ask, sink):
    denial = {"type": "websocket.http.response.body", "more_body": True, "body": CANARY.encode()}
    answer = ask(
        {"type": "websocket.http.response.start", "status": 404, "headers": []},
        denial,
        {**denial, "more_body": False},
        **WEBSOCKET,
    )
    assert [message["type"] for message in answer.sent] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert error_of(answer)["code"] == "NOT_FOUND"
    assert sink.incidents[0]["withheld"][0]["text"] == CANARY * 2


def test_guards_inside_guards_decide_once(exchange, sink):
    shield = Shield(sinks=[sink])
    inner = shield(application(RuntimeError(CANARY)))

    async def around(scope, receive, send):
        async def adding(message):
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"x-odd", CANARY.encode()),
                    (b"x-frame-options", b"DENY"),
                ]
            await send(message)

        await inner(scope, receive, adding)

    answer = exchange(shield(around))
    (incident,) = sink.incidents
    assert error_of(answer)["reference"] == incident.reference
    assert answer.headers[b"x-frame-options"] == b"DENY"
    assert answer.headers[b"content-type"] == b"application/json"
    assert CANARY.encode() not in answer.everything


def test_guards_inside_guards_cut_a_stream_once(exchange, sink):
    shield = Shield(sinks=[sink])
    inner = shield(application(start(200), body(b"abc", more_body=True), RuntimeError(CANARY)))

    async def around(scope, receive, send):
        await inner(scope, receive, send)

    answer = exchange(shield(around))
    assert type(answer.raised).__name__ == "StreamAbortedError"
    assert answer.sent[-1]["more_body"] is True
    assert len(sink.incidents) == 1


def test_a_scope_that_middleware_has_spoilt_is_answered_all_the_same(exchange, sink):
    async def spoils(scope, receive, send):
        scope["client"] = ("one",)
        scope["headers"] = ["odd"]
        raise RuntimeError(CANARY)

    answer = exchange(Shield(sinks=[sink])(spoils))
    assert (answer.status, answer.raised) == (500, None)


def test_a_compressed_body_is_readable_in_the_record(ask, sink):
    compressed = gzip.compress(CANARY.encode())
    ask(start(400, [(b"content-encoding", b"gzip")]), body(compressed))
    (withheld,) = sink.incidents[0]["withheld"]
    assert CANARY in withheld["text"]


def lifespan(application, *events, ending=None):
    async def call():
        sent = []
        waiting = [{"type": event} for event in events]

        async def receive():
            return waiting.pop(0)

        async def send(message):
            sent.append(message)
            if ending is not None and message["type"].endswith("failed"):
                raise ending

        try:
            await application({"type": "lifespan", "state": {}}, receive, send)
        except BaseException as raised:
            return sent, raised
        return sent, None

    return asyncio.run(call())


def test_an_application_without_lifespan_makes_no_incident(sink):
    async def only_http(scope, receive, send):
        assert scope["type"] == "http"

    sent, raised = lifespan(Shield(sinks=[sink])(only_http), "lifespan.startup")
    assert (sent, type(raised)) == ([], AssertionError)
    assert not sink.incidents


def test_a_start_that_fails_is_recorded_and_raised_on(sink):
    async def fails(scope, receive, send):
        await receive()
        raise RuntimeError(CANARY)

    _, raised = lifespan(Shield(sinks=[sink])(fails), "lifespan.startup")
    assert type(raised) is RuntimeError
    (incident,) = sink.incidents
    assert incident["exception.message"] == CANARY


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
def test_a_lifespan_that_tells_of_its_failure_is_recorded_once_without_a_traceback(sink, phase):
    async def fails(scope, receive, send):
        await receive()
        if phase == "shutdown":
            await send({"type": "lifespan.startup.complete"})
            await receive()
        try:
            raise RuntimeError(CANARY)
        except RuntimeError:
            await send({"type": f"lifespan.{phase}.failed", "message": f"Traceback {CANARY}"})
            raise

    sent, _ = lifespan(Shield(sinks=[sink])(fails), "lifespan.startup", "lifespan.shutdown")
    (incident,) = sink.incidents
    assert sent[-1]["message"] == f"see the incident {incident.reference}"
    assert incident["exception.message"] == CANARY


@pytest.mark.parametrize("failure", [RuntimeError, SystemExit])
def test_a_server_that_ends_a_failed_start_by_an_exception_is_no_failure_of_its_own(sink, failure):
    async def fails(scope, receive, send):
        await receive()
        try:
            raise failure(CANARY)
        except BaseException:
            await send({"type": "lifespan.startup.failed", "message": CANARY})
            raise

    ending = ConnectionError("the start has failed")
    application = Shield(sinks=[sink])(fails)
    sent, raised = lifespan(application, "lifespan.startup", ending=ending)
    assert raised is ending
    assert CANARY not in "".join(traceback.format_exception(raised))
    assert CANARY not in sent[0]["message"]
    assert len(sink.incidents) == 1


def test_an_unknown_protocol_passes_through(sink):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Shield(sinks=[sink])(app)({"type": "odd"}, None, None))
    assert seen == ["odd"]


@pytest.mark.parametrize("kind", ["good", "error", "events"])
def test_an_application_that_listens_on_for_its_client_keeps_nobody_waiting(sink, kind):
    """Each waits for the other: the client for the end, and the application for the client."""

    async def application(scope, receive, send):
        has_left = asyncio.Event()

        async def listen():
            while (await receive())["type"] != "http.disconnect":
                pass
            has_left.set()

        listener = asyncio.create_task(listen())
        await asyncio.sleep(0)
        status, form = {"good": (200, b"text/plain"), "error": (500, b"text/plain")}.get(
            kind, (200, b"text/event-stream")
        )
        headers = [(b"content-type", form)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if kind == "events":
            event = {"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True}
            await send(event)
        await send({"type": "http.response.body", "body": b"" if kind == "events" else b"words"})
        await has_left.wait()
        await listener

    sent, ended = [], asyncio.Event()

    async def talk():
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive():
            for message in asked:
                return message
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                ended.set()

        shielded = Shield(directory=None, sinks=[sink])(application)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [],
        }
        await asyncio.wait_for(shielded(scope, receive, send), 30)

    asyncio.run(talk())
    assert sent[0]["status"] == (500 if kind == "error" else 200)
    body = b"".join(message.get("body", b"") for message in sent)
    assert body.startswith({"good": b"words", "events": b"data: 1", "error": b'{"error"'}[kind])
    assert [incident["http.response.status_code"] for incident in sink.incidents] == (
        [500] if kind == "error" else []
    )


class Whole:
    """A whole number of a library's own, as NumPy has them."""

    def __init__(self, number):
        self._number = number

    def __index__(self):
        return self._number


@pytest.mark.parametrize(
    "status",
    [404.5, 200.0, float("nan"), "404", "200", None, 0, 99, 101, 600, 1000, -1, True],
    ids=repr,
)
def test_a_status_that_http_does_not_have_is_a_failure(exchange, sink, status):
    answer = exchange(Shield(sinks=[sink])(application(start(status), body(b"whole"))))
    assert answer.status == 500
    assert json.loads(answer.body)["error"]["code"] == "INTERNAL_SERVER_ERROR"
    assert len(sink) == 1


@pytest.mark.parametrize("status", [HTTPStatus.NOT_FOUND, Whole(404)], ids=["enum", "library's"])
def test_a_status_that_is_a_whole_number_of_another_kind_counts(exchange, sink, status):
    answer = exchange(Shield(sinks=[sink])(application(start(status), body(b"by hand"))))
    assert (answer.status, type(answer.status)) == (404, int)
    assert json.loads(answer.body)["error"]["code"] == "NOT_FOUND"
