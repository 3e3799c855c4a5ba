"""Fields that leave without a body under the guard: trailers, and those of an accepted WebSocket."""

from __future__ import annotations

import pytest

from tightlip import Exemption, Shield
from tightlip.detection.scanner import Scanner

DSN = b"postgresql://shop:canary-hunter2@db.example/shop"
LEAK = (b"x-checked-by", DSN)
OWN = (b"x-own", b"1")
BANNER = (b"x-powered-by", b"Express")
FIELDS = [OWN, LEAK, (b"X-Own", b"2"), BANNER]
WEBSOCKET = {"type": "websocket"}


@pytest.fixture
def fields(exchange, sink, monkeypatch):
    """Guard an application that sends `FIELDS`, and return those that arrive in their place."""

    def fields(kind, sent=FIELDS, *, status=200, is_stream=False, read=None, **settings):
        start = {"type": "http.response.start", "status": status, "headers": [], "trailers": True}
        body = {"type": "http.response.body", "body": b"ok", "more_body": False}
        part = {**body, "more_body": True}
        message = {"type": kind, "headers": sent}
        close = {"type": "websocket.close", "code": 1000}
        script = [start, *[part] * is_stream, body, message]
        if kind == "websocket.accept":
            script = [message, close]

        async def application(scope, receive, send):
            for each in script:
                await send(each)

        guarded = Shield(sinks=[sink], **settings)(application)
        if read is not None:
            monkeypatch.setattr(Scanner, "read", read)
        answer = exchange(guarded, **(WEBSOCKET if kind == "websocket.accept" else {}))
        assert answer.raised is None
        return [list(each["headers"]) for each in answer.sent if each["type"] == kind]

    return fields


on_each = pytest.mark.parametrize("kind", ["http.response.trailers", "websocket.accept"])


@on_each
def test_a_field_that_leaks_is_removed_and_recorded(fields, sink, kind):
    assert fields(kind) == [[OWN, (b"X-Own", b"2")]]
    (incident,) = sink.incidents
    assert incident["event_name"] == "http.server.response.contained"
    assert [withheld["where"] for withheld in incident["withheld"]] == ["header x-checked-by"]


def test_trailers_of_a_stream_are_read_too(fields, sink):
    assert fields("http.response.trailers", is_stream=True) == [[OWN, (b"X-Own", b"2")]]
    assert len(sink.incidents) == 1


@on_each
def test_clean_fields_leave_without_a_record(fields, sink, kind):
    assert fields(kind, [OWN, (b"etag", b'"7"')]) == [[OWN, (b"etag", b'"7"')]]
    assert not sink.incidents


@on_each
def test_a_report_lets_the_field_leave(fields, sink, kind):
    assert fields(kind, success_answers="report") == [[OWN, LEAK, (b"X-Own", b"2")]]
    assert sink.incidents[0]["event_name"] == "http.server.response.reported"


@on_each
def test_an_exempt_field_leaves(fields, sink, kind):
    mail = (b"x-checked-by", b"worker-1 at 10.0.0.5:8080")
    exempt = Exemption(fields=("x-checked-by",), categories=("infrastructure",))
    assert fields(kind, [mail]) == [[]]
    assert fields(kind, [mail], exemptions=[exempt]) == [[mail]]
    assert len(sink.incidents) == 1


@on_each
def test_what_cannot_be_read_does_not_leave(fields, kind):
    scan = Scanner.read

    def read(scanner, plain, *known):
        if b"x-checked-by" in plain:
            raise MemoryError
        return scan(scanner, plain, *known)

    assert fields(kind, [(b"x-checked-by", b"free text")], read=read) == [[]]


def test_trailers_of_an_error_do_not_leave(fields):
    assert fields("http.response.trailers", status=404) == []
