"""Good answers that come in pieces under the guard: nothing whole leaks, and nothing clean waits."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tightlip import Exemption, Shield
from tightlip.detection.scanner import Scanner

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/shop/canary.py", line 3, in total\n'
    "TypeError: unsupported operand type(s) for +: 'int' and 'str'\n"
)
CANARY = b"canary.py"
EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
LINES = (b"content-type", b"application/x-ndjson")
TEXT = (b"content-type", b"text/plain")
JSON = (b"content-type", b"application/json")


@pytest.fixture
def ask(exchange, sink, monkeypatch):
    """Guard an application that gives an answer in pieces, and call it."""

    def ask(pieces, *headers, shield=(), read=None, raises=None, **overrides):
        async def application(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
            for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if raises is not None:
                raise raises
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        guarded = Shield(**{"sinks": [sink], **dict(shield)})(application)
        with monkeypatch.context() as patched:
            if read is not None:
                patched.setattr(Scanner, "read", read)
            return exchange(guarded, **overrides)

    return ask


def is_cut(answer):
    has_end = any(not message.get("more_body", False) for message in answer.sent[1:])
    return type(answer.raised).__name__ == "StreamAbortedError" and not has_end


def is_whole(answer):
    return answer.raised is None and not answer.sent[-1].get("more_body", False)


def trains(data):
    """The same bytes in several cuts."""
    return [
        [data],
        [bytes((byte,)) for byte in data],
        *([data[at : at + step] for at in range(0, len(data), step)] for step in (3, 17, 64, 100)),
    ]


@pytest.mark.parametrize("headers", [[EVENTS], [LINES], [TEXT], []])
def test_a_clean_stream_leaves_byte_for_byte(ask, sink, headers):
    data = b'data: {"n": 1}\n\n{"n": "\\u00e9"}\nand no end of the line'
    for pieces in trains(data):
        answer = ask(pieces, *headers)
        assert answer.body == data
        assert is_whole(answer)
    assert not sink.incidents


@pytest.mark.parametrize("gap", [b"\n\n", b"\r\n\r\n"])
def test_events_end_in_a_declared_event(ask, sink, gap):
    before = b"event: state" + gap[: len(gap) // 2] + b"data: 1" + gap
    leaking = b"data: " + json.dumps({"trace": TRACE}).encode() + gap
    for pieces in trains(before + before + leaking + before):
        sink.clear()
        answer = ask(pieces, EVENTS)
        assert is_whole(answer)
        (incident,) = sink.incidents
        words = b'{"error":{"code":"INTERNAL_SERVER_ERROR","message":"Something went wrong",'
        words += b'"reference":"%b"}}' % incident.reference.encode()
        assert answer.body == before + before + b"event: error\ndata: " + words + b"\n\n"
        assert incident["event_name"] == "http.server.response.contained"
        assert "python-traceback" in incident["facts"]["rules"]


def test_lines_of_json_end_in_a_declared_line(ask, sink):
    before = b'{"n":1}\n'
    leaking = json.dumps({"trace": TRACE}).encode() + b"\n"
    for pieces in trains(before + leaking + before):
        sink.clear()
        answer = ask(pieces, LINES)
        assert is_whole(answer)
        first, last = answer.body.splitlines()
        assert first + b"\n" == before
        assert json.loads(last)["error"]["reference"] == sink.incidents[0].reference


@pytest.mark.parametrize("headers", [[TEXT], [], [EVENTS, (b"content-length", b"999")]])
def test_other_streams_are_cut(ask, sink, headers):
    for pieces in trains(b"a line\n" + TRACE.encode() + b"another line\n"):
        sink.clear()
        answer = ask(pieces, *headers)
        assert is_cut(answer)
        assert CANARY not in answer.everything
        assert answer.raised.__cause__ is None
        assert len(sink.incidents) == 1
        assert sink.incidents[0].reference in str(answer.raised)


def test_a_cut_stream_that_goes_on_sends_nothing_more(exchange, sink):
    async def stubborn(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [EVENTS]})
        for piece in (b"data: 1\n\n", b"data: " + CANARY + TRACE[:34].encode() + b"\n\n", CANARY):
            with suppress(Exception):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": CANARY, "more_body": False})

    answer = exchange(Shield(sinks=[sink])(stubborn))
    assert CANARY not in answer.everything
    assert answer.body.count(b"event: error") == 1
    assert len(sink.incidents) == 1


def test_a_whole_event_does_not_wait_for_the_next(exchange, sink):
    seen = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [EVENTS]})
        for number in range(3):
            for piece in (b"data: ", b"%d" % number, b"\n", b"\n"):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            seen.append(b"".join(message.get("body", b"") for message in sent))
        await send({"type": "http.response.body", "body": b""})

    sent = []

    async def around(scope, receive, send):
        async def noting(message):
            sent.append(message)
            await send(message)

        await Shield(sinks=[sink])(application)(scope, receive, noting)

    assert exchange(around).raised is None
    assert seen == [b"".join(b"data: %d\n\n" % n for n in range(last + 1)) for last in range(3)]


def flushed(*texts):
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    packed = [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in texts]
    return [*packed, packer.flush()]


@pytest.mark.parametrize("headers", [[EVENTS], [LINES], [TEXT]])
def test_a_packed_stream_is_cut_before_the_leak_is_whole(ask, sink, headers):
    packed = b"".join(flushed(b"data: 1\n\n", b"data: " + TRACE.encode(), b"\n\n", b"data: 2\n\n"))
    for pieces in trains(packed):
        sink.clear()
        answer = ask(pieces, *headers, (b"content-encoding", b"gzip"))
        assert is_cut(answer)
        plain = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(answer.body)
        assert CANARY not in plain
        assert len(sink.incidents) == 1


def test_a_packed_clean_stream_leaves_piece_by_piece(ask, sink):
    pieces = flushed(b"data: 1\n\n", b"data: 2\n\n")
    answer = ask(pieces, EVENTS, (b"content-encoding", b"gzip"))
    assert [message.get("body") for message in answer.sent[1:]] == [*pieces, b""]
    assert not sink.incidents


@pytest.mark.parametrize(
    ("coding", "pieces"),
    [
        (b"gzip", [b"no gzip ", CANARY]),
        (b"unknown", [CANARY]),
        (b"gzip", trains(gzip.compress(bytes(4 << 20)))[-1]),
    ],
    ids=["damaged", "unknown", "bomb"],
)
def test_a_packed_stream_that_cannot_be_read_is_cut(ask, sink, coding, pieces):
    answer = ask(pieces, TEXT, (b"content-encoding", coding))
    assert is_cut(answer)
    assert CANARY not in answer.everything
    assert len(answer.body) < len(b"".join(pieces))
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("headers", [[EVENTS], [LINES], [TEXT]])
def test_a_stream_that_breaks_gives_what_is_clean_before(ask, headers):
    answer = ask([b"data: 1\n", b"\ndata: 2"], *headers, raises=RuntimeError(CANARY.decode()))
    assert answer.body.startswith(b"data: 1\n\ndata: 2")
    assert CANARY not in answer.everything


@pytest.mark.parametrize("headers", [[EVENTS], [LINES], [TEXT]])
def test_a_stream_that_breaks_behind_a_leak_that_is_held_keeps_it(ask, headers):
    leak = TRACE[:-1].encode().replace(b"\n", b" ")
    answer = ask([b"data: 1\n\n", leak], *headers, raises=RuntimeError("broken"))
    assert answer.body.startswith(b"data: 1\n\n")
    assert CANARY not in answer.everything


@pytest.mark.parametrize("content_type", [b"image/png", b"application/octet-stream", b"video/mp4"])
def test_what_is_no_text_leaves_at_once_and_unread(ask, content_type):
    calls = []
    pieces = [b"\x00\x01", b"\xff" * 10, TRACE.encode()]
    answer = ask(pieces, (b"content-type", content_type), read=lambda *a: calls.append(a) or ())
    assert [message.get("body") for message in answer.sent[1:]] == [*pieces, b""]
    assert calls == []


def test_a_header_of_a_stream_that_leaks_is_removed_before_it_starts(ask):
    answer = ask([b"a\n"], TEXT, (b"x-why", TRACE.replace("\n", " ").encode()), (b"x-own", b"1"))
    assert answer.headers == {b"content-type": b"text/plain", b"x-own": b"1"}
    assert answer.body == b"a\n"


@pytest.mark.parametrize("headers", [[EVENTS], [LINES], [TEXT]])
def test_a_report_lets_the_stream_go_on_and_records_it(ask, sink, headers):
    data = b"data: 1\n\n" + TRACE.encode() + b"\n\ndata: 2\n\n"
    for pieces in trains(data):
        sink.clear()
        answer = ask(pieces, *headers, shield={"success_answers": "report"})
        assert (answer.body, is_whole(answer)) == (data, True)
        assert sink.incidents
        assert all(
            incident["event_name"] == "http.server.response.reported"
            and "report only: the answer left as it was" in incident["notes"]
            for incident in sink.incidents
        )


def test_an_exempt_stream_goes_on(ask, sink):
    exemption = Exemption(categories=("stack_trace", "source_path"))
    data = b"data: 1\n\n" + TRACE.encode() + b"\n\ndata: 2\n\n"
    answer = ask([data], EVENTS, shield={"exemptions": [exemption]})
    assert (answer.body, is_whole(answer)) == (data, True)
    assert not sink.incidents


@pytest.mark.parametrize("headers", [[EVENTS], [LINES], [TEXT]])
def test_a_fault_of_our_own_leaks_nothing(ask, sink, headers, capfd):
    def fails(*_):
        raise RuntimeError("the engine has gone")

    answer = ask([b"data: 1\n\n", TRACE.encode(), b"\n\n"], *headers, read=fails)
    assert CANARY not in answer.everything
    assert "the engine has gone" not in repr(answer.raised)
    assert len(sink.incidents) >= 1
    assert "the engine has gone" not in capfd.readouterr().err


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(st.integers(0, 600), max_size=10),
    headers=st.sampled_from([[EVENTS], [LINES], [TEXT]]),
    is_dressed=st.booleans(),
)
def test_no_cut_lets_a_leak_through(ask, places, headers, is_dressed):
    leak = json.dumps(TRACE).replace("/", "\\/") if is_dressed else TRACE
    data = b"data: 1\n\n" * 5 + leak.encode() + b"\n\n" + b"data: 2\n\n" * 5
    at = [0, *sorted({place % len(data) for place in places}), len(data)]
    answer = ask([data[a:b] for a, b in pairwise(at)], *headers)
    assert CANARY not in answer.body
    assert is_cut(answer) or b'"code":"INTERNAL_SERVER_ERROR"' in answer.body


def test_a_whole_answer_that_comes_in_pieces_is_contained_in_place(ask, sink):
    content = {"note": TRACE, "ok": "All is well with this order, and the next"}
    body = json.dumps(content).encode()
    length = (b"Content-Length", str(len(body)).encode())
    for pieces in trains(body):
        sink.clear()
        answer = ask(pieces, JSON, length, (b"etag", b'"a"'))
        assert is_whole(answer)
        assert json.loads(answer.body) == content | {"note": "Something went wrong"}
        assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
        assert b"etag" not in answer.headers
        assert len(sink.incidents) == 1


def test_a_clean_one_leaves_as_one_part_with_its_last_byte(ask):
    body = json.dumps({"ok": "All is well"}).encode()
    headers = [JSON, (b"content-length", str(len(body)).encode()), (b"etag", b'"a"')]
    for pieces in trains(body):
        answer = ask([*pieces, b"", b""], *headers)
        start, part = answer.sent
        assert (start["headers"], part["body"], part["more_body"]) == (headers, body, False)
        assert answer.raised is None


def test_its_end_is_not_waited_for(exchange):
    order = []

    async def application(scope, receive, send):
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        order.append("half")
        await send({"type": "http.response.body", "body": b"cd", "more_body": True})
        order.append("background")
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    guarded = Shield(sinks=[])(application)

    async def observed(scope, receive, send):
        async def noted(message):
            order.append(message.get("body", b"start"))
            await send(message)

        await guarded(scope, receive, noted)

    assert exchange(observed).raised is None
    assert order == ["half", b"start", b"abcd", "background"]


def test_one_that_breaks_is_answered_as_if_nothing_had_been_begun(ask, sink):
    answer = ask([b'{"a": '], JSON, (b"content-length", b"999"), raises=RuntimeError("canary"))
    assert (answer.status, answer.raised) == (500, None)
    assert json.loads(answer.body)["error"]["reference"] == sink.incidents[0].reference


def test_one_that_ends_too_soon_is_a_failure(ask, sink):
    answer = ask([b"ab"], (b"content-length", b"9"))
    assert (answer.status, is_whole(answer)) == (500, True)
    assert json.loads(answer.body)["error"]["reference"] == sink.incidents[0].reference


@pytest.mark.parametrize("parts", [[b"abcdef", b"gh"], [b"ab", b"cdef"]])
def test_more_than_was_declared_is_a_failure(ask, sink, parts):
    answer = ask(parts, (b"content-length", b"4"))
    assert (answer.status, is_whole(answer)) == (500, True)
    assert json.loads(answer.body)["error"]["reference"] == sink.incidents[0].reference


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [TEXT],
        [EVENTS],
        [EVENTS, (b"content-length", b"999")],
        [LINES, (b"content-length", b"999")],
        [(b"content-length", b"262145")],
        [(b"content-length", b"99999999999999999999999")],
    ],
)
def test_a_stream_leaves_part_by_part(exchange, headers):
    left = []
    gone = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number in range(3):
            part = b"data: part %d\n\n" % number
            await send({"type": "http.response.body", "body": part, "more_body": True})
            gone.append(len(left))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    guarded = Shield(sinks=[])(application)

    async def observed(scope, receive, send):
        async def noted(message):
            left.append(message)
            await send(message)

        await guarded(scope, receive, noted)

    exchange(observed)
    assert gone == [2, 3, 4]
