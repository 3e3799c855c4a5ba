"""The demo's failures, as a handler that catches all sends them on by hand, on a real server."""

from __future__ import annotations

import gzip
import json
import socket
import sys
from contextlib import closing

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tightlip.demo.database import open_database
from tightlip.demo.failures import FAILURES
from tightlip.demo.shop.application import create_application, create_shield

WORDS = "Something went wrong"
REST = {"items": ["All is well with this order, and with the next one"] * 60}

# What the bare twin gives away, in the answer itself or in the exception that breaks it off.
CANARIES = {
    "duplicate-email": ["Traceback", "UNIQUE constraint", "accounts.email", "INSERT INTO"],
    "missing-field": ["correct horse battery"],
    "type-error": ["Traceback", "services.py", "NoneType"],
    "upstream-down": ["/v2/charges", "Errno", "127.0.0.1"],
    "orm-validation": ["shop.models", "varchar(254)", "first.buyer@"],
    "forged-token": ["shop-signing-2024-02", "HS256"],
    "expired-token": ["Your session has ended"],
    "broken-stream": ["NoneType", "subscriptable"],
    "handmade-answer": ["refund_ledger", "no such table", "Traceback"],
}

# Their words have no pattern: that they were raised proves them, where the interpreter tells it.
RAISED = {"orm-validation", "forged-token", "expired-token"}
# The framework's own answer about what was sent: no internals, where it is no error.
SENT = {"missing-field"}

HEARS = sys.version_info >= (3, 12)


def status_200(told):
    return JSONResponse({"note": told, **REST})


def status_500(told):
    return JSONResponse({"note": told, **REST}, 500)


def text(told):
    return PlainTextResponse(f"{told}\n" + "\n".join(REST["items"]) * 9)


def header(told):
    return JSONResponse(REST, headers={"X-Why": told.replace("\n", " ")})


def packed(told):
    body = gzip.compress(json.dumps({"note": told, **REST}).encode())
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    return Response(body, headers=headers)


def pieces(told):
    body = json.dumps({"note": told, **REST}).encode()

    async def parts():
        for at in range(0, len(body), 100):
            yield body[at : at + 100]

    headers = {"content-length": str(len(body))}
    return StreamingResponse(parts(), media_type="application/json", headers=headers)


def events(told):
    async def parts():
        yield 'data: {"n": 1}\n\n'
        yield f"data: {json.dumps({'note': told})}\n\n"
        yield 'data: {"n": 2}\n\n'

    return StreamingResponse(parts(), media_type="text/event-stream")


def lines(told):
    async def parts():
        for row in ({"n": 1}, {"note": told}, {"n": 2}):
            yield json.dumps(row) + "\n"

    return StreamingResponse(parts(), media_type="application/x-ndjson")


CHANNELS = {
    channel.__name__: channel
    for channel in (status_200, status_500, text, header, packed, pieces, events, lines)
}


@pytest.fixture(scope="module")
def bare():
    """The shop without a shield, to be called from within."""
    with closing(socket.socket()) as gateway, open_database(None) as database:
        gateway.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{gateway.getsockname()[1]}"
        yield create_application(database.open_session, address)


async def told_by(bare, failure):
    """Bring a failure about, and return what a handler that catches all would say of it."""
    transport = httpx.ASGITransport(bare, raise_app_exceptions=failure.key == "broken-stream")
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        try:
            answer = await client.request(
                failure.method, failure.path, json=failure.body, headers=failure.headers
            )
        except Exception as raised:
            error = raised
            while isinstance(error, ExceptionGroup):
                (error,) = error.exceptions
            return f"{type(error).__name__}: {error}"
    # As a handler would: the words, not the framework's envelope around them.
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError):
        return answer.text
    return detail if isinstance(detail, str) else answer.text


@pytest.fixture
def ask(bare, serve, sink):
    """Serve the handler on uvicorn, and ask it for a failure through a channel."""

    async def handler(request):
        told = await told_by(bare, FAILURES[request.path_params["key"]])
        return CHANNELS[request.path_params["channel"]](told)

    app = Starlette(routes=[Route("/{channel}/{key}", handler)])
    server = serve(create_shield([sink])(app))

    def ask(channel, key):
        sink.clear()
        return httpx.get(f"http://127.0.0.1:{server.port}/{channel}/{key}", timeout=20)

    return ask


def leaves_at_200(channel, key):
    if (channel, key) == ("header", "orm-validation"):
        return False  # in a header, words count that alone say too little in a body
    return key in SENT or (key in RAISED and not HEARS)


def test_every_failure_of_the_demo_is_sent():
    assert set(CANARIES) == set(FAILURES)


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_failure_gets_through(ask, sink, channel):
    for key, canaries in CANARIES.items():
        answer = ask(channel, key)
        assert answer.status_code == (500 if channel == "status_500" else 200), key
        everything = f"{answer.headers}{answer.text}"
        if channel == "status_500" or not leaves_at_200(channel, key):
            assert [canary for canary in canaries if canary in everything] == [], key
            assert len(sink.incidents) == 1, key
            withheld = sink.incidents[0]["withheld"]
            assert withheld, key
            if HEARS and key in RAISED and channel != "status_500":
                # The record names the exception, and the line that raised it.
                assert any("raised in" in one["reason"] and one["source"] for one in withheld), key
        else:
            assert not sink.incidents, (key, [i["withheld"] for i in sink.incidents])
            assert canaries[0] in everything, key


@pytest.mark.parametrize("channel", ["status_200", "packed", "pieces"])
def test_a_good_answer_keeps_all_but_the_words(ask, channel):
    answer = ask(channel, "type-error")
    assert (answer.status_code, answer.json()) == (200, {"note": WORDS, **REST})


def test_a_text_keeps_its_other_lines(ask):
    answer = ask("text", "upstream-down")
    assert answer.text.splitlines() == [WORDS, *("\n".join(REST["items"]) * 9).splitlines()]


def test_a_header_goes_alone(ask):
    answer = ask("header", "upstream-down")
    assert answer.json() == REST
    assert "x-why" not in answer.headers


def test_a_stream_ends_with_a_declared_part(ask, sink):
    for channel, before in (("events", 'data: {"n": 1}\n\n'), ("lines", '{"n": 1}\n')):
        answer = ask(channel, "handmade-answer")
        assert answer.text.startswith(before)
        last = answer.text.removeprefix(before).removeprefix("event: error\ndata: ")
        assert json.loads(last)["error"]["reference"] == sink.incidents[0].reference
