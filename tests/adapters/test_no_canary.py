"""No canary leaves: every kind of route, with exceptions that carry canaries wherever they can."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator
from starlette.exceptions import WebSocketException
from starlette.middleware.base import BaseHTTPMiddleware

from tightlip import PublicError, Shield, on_exception
from tightlip.incidents.sinks.memory import MemorySink

try:
    from fastapi.sse import EventSourceResponse
except ImportError:  # the oldest that is supported has no streams of typed events
    EventSourceResponse = None


class Refused(PublicError):
    status = 409
    message = "This cannot be done now"


@dataclass
class Plan:
    """What the next request raises, and which canaries it carries."""

    raising: Callable[[], None] = field(default=lambda: None)
    words: str = ""
    status: int = 400


PLAN = Plan()


def go_wrong():
    PLAN.raising()


class FailsByPlan(Exception):
    """What the application's own handlers are registered for; never raised with words."""


class Order(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def check(cls, value):
        try:
            go_wrong()
        except Exception as error:
            raise ValueError(str(error) or PLAN.words) from error


class InMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        if request.url.path == "/middleware":
            go_wrong()
        response = await call_next(request)
        if request.url.path == "/middleware-after":
            go_wrong()
        return response


def fails_before():
    go_wrong()


async def fails_after():
    yield 1
    go_wrong()


def routes_of(app):
    def raising():
        go_wrong()

    async def raising_async():
        go_wrong()

    def caught_detail():
        try:
            go_wrong()
        except Exception as error:
            raise HTTPException(PLAN.status, str(error))

    def caught_dict():
        try:
            go_wrong()
        except Exception as error:
            raise HTTPException(
                PLAN.status, {"code": "E1", "errors": [{PLAN.words: repr(error)}, *error.args]}
            ) from error

    def caught_headers():
        challenge = f'Bearer realm="api", error="{PLAN.words}"'
        headers = {"www-authenticate": challenge, "x-debug": PLAN.words, "retry-after": PLAN.words}
        raise HTTPException(401, type(PLAN).__name__, headers=headers)

    def by_hand():
        try:
            go_wrong()
        except Exception as error:
            headers = {"x-reason": PLAN.words, "set-cookie": PLAN.words, "allow": PLAN.words + " !"}
            return JSONResponse({PLAN.words: str(error)}, PLAN.status, headers=headers)

    def by_hand_text():
        try:
            go_wrong()
        except Exception as error:
            return PlainTextResponse(f"{PLAN.words} {error!r}", PLAN.status)

    def public():
        try:
            go_wrong()
        except Exception as error:
            raise Refused from error

    def handled():
        try:
            go_wrong()
        except Exception as error:
            raise FailsByPlan(str(error)) from error

    async def group():
        try:
            go_wrong()
        except Exception as error:
            raise ExceptionGroup(PLAN.words, [error, ValueError(PLAN.words)])

    def header():
        headers = {"x-own": f"a\r\nx-second: {PLAN.words}"}
        try:
            go_wrong()
        except Exception as error:
            headers["x-own"] += str(error)
        return PlainTextResponse("ok", headers=headers)

    def first():
        def chunks():
            go_wrong()
            yield b""

        return StreamingResponse(chunks())

    def second():
        def chunks():
            yield b"one"
            go_wrong()

        return StreamingResponse(chunks())

    def events():
        def chunks():
            yield "data: 1\n\n"
            go_wrong()

        return StreamingResponse(chunks(), media_type="text/event-stream")

    def lines():
        def chunks():
            yield "{}\n"
            go_wrong()

        return StreamingResponse(chunks(), media_type="application/x-ndjson")

    async def typed_events():
        yield {"n": 1}
        go_wrong()

    def background(tasks: BackgroundTasks):
        tasks.add_task(go_wrong)
        return 1

    def dependency(value=Depends(fails_before)):  # noqa: B008 - the framework's own form
        return 1

    def dependency_after(value=Depends(fails_after)):  # noqa: B008 - the framework's own form
        return 1

    def validated(order: Order):
        return 1

    def own_validation():
        Order(name=PLAN.words)

    def response_model() -> int:
        try:
            go_wrong()
        except Exception as error:
            return str(error) + PLAN.words

    found = [value for name, value in locals().items() if name != "app"]
    if EventSourceResponse is None:
        found.remove(typed_events)
    for handler in found:
        options: dict[str, Any] = {"response_model": None}
        if handler.__name__ == "typed_events":
            options = {"response_class": EventSourceResponse}
        if handler.__name__ == "response_model":
            options = {}
        app.add_api_route("/" + handler.__name__, handler, methods=["GET", "POST"], **options)
    return ["/" + handler.__name__ for handler in found]


def sockets_of(app):
    @app.websocket("/before")
    async def before(socket: WebSocket):
        go_wrong()

    @app.websocket("/refused")
    async def refused(socket: WebSocket):
        try:
            go_wrong()
        except Exception as error:
            raise WebSocketException(1008, str(error)[:60])

    @app.websocket("/denied")
    async def denied(socket: WebSocket):
        try:
            go_wrong()
        except Exception as error:
            await socket.send_denial_response(PlainTextResponse(f"{PLAN.words} {error}", 404))

    @app.websocket("/after")
    async def after(socket: WebSocket):
        await socket.accept()
        go_wrong()

    @app.websocket("/closing")
    async def closing(socket: WebSocket):
        await socket.accept()
        try:
            go_wrong()
        except Exception as error:
            await socket.close(4000, f"{PLAN.words} {error}"[:100])

    return ["/before", "/refused", "/denied", "/after", "/closing"]


def build(sink, debug):
    app = FastAPI(debug=debug)
    http = routes_of(app)

    @app.exception_handler(FailsByPlan)
    def handle(request: Request, exception: FailsByPlan):
        return JSONResponse({"error": str(exception)}, 418, headers={"x-reason": PLAN.words})

    sub = FastAPI(debug=True)
    http += ["/sub" + path for path in routes_of(sub)]
    app.mount("/sub", sub)
    app.add_middleware(InMiddleware)
    sockets = sockets_of(app)
    # Without a directory nothing is thinned out, however often it fails alike.
    shield = Shield(
        sinks=[sink], directory=None, translations=[on_exception(ArithmeticError, Refused)]
    )
    return shield(app), [*http, "/middleware", "/middleware-after"], sockets


SINK = MemorySink()
APPS = {debug: build(SINK, debug) for debug in (False, True)}
_, HTTP, SOCKETS = APPS[True]

BASES = [
    Exception,
    RuntimeError,
    ValueError,
    KeyError,
    ConnectionRefusedError,
    TimeoutError,
    ZeroDivisionError,
    UnicodeError,
    StopAsyncIteration,
]


@dataclass
class Carrier:
    """An exception that carries canaries in its message, arguments, cause, class and file."""

    canaries: dict[str, str]
    base: type[Exception]

    def raising(self):
        names: dict[str, Any] = {"base": self.base, **self.canaries}
        source = (
            f"class {self.canaries['name']}(base):\n"
            "    def __str__(self):\n"
            "        return 'it says ' + message\n"
            "def fail():\n"
            "    try:\n"
            "        raise LookupError('since ' + cause)\n"
            "    except LookupError as error:\n"
            f"        raise {self.canaries['name']}('given ' + argument) from error\n"
        )
        # The place of the file is that of an application, and its name carries a canary.
        exec(compile(source, f"/srv/shop/{self.canaries['file']}.py", "exec"), names)
        return names["fail"]


def words(prefix):
    return st.text("bcdfghjkmnpqrstvwxz", min_size=8, max_size=12).map(prefix.__add__)


CARRIERS = st.builds(
    Carrier,
    st.fixed_dictionaries(
        {
            "message": words("canarymessage"),
            "argument": words("canaryargument"),
            "cause": words("canarycause"),
            "name": words("CanaryName"),
            "file": words("canaryfile"),
        }
    ),
    st.sampled_from(BASES),
)


def sent_by(exchange, path, kind, *, debug, accept, method):
    app = APPS[debug][0]
    headers = [(b"host", b"api.example"), (b"accept", accept)]
    if kind == "http":
        return exchange(
            app,
            path,
            method=method,
            headers=[*headers, (b"content-type", b"application/json")],
            body=b'{"name": "given"}',
        )
    return exchange(
        app,
        path,
        type="websocket",
        headers=headers,
        subprotocols=[],
        extensions={"websocket.http.response": {}} if method == "POST" else {},
        incoming=[{"type": "websocket.connect"}],
    )


@pytest.mark.parametrize(
    ("kind", "path"), [("http", path) for path in HTTP] + [("websocket", path) for path in SOCKETS]
)
def test_no_canary_in_any_byte_and_all_in_the_record(exchange, kind, path):
    @settings(max_examples=30)
    @given(
        carrier=CARRIERS,
        debug=st.booleans(),
        accept=st.sampled_from([b"*/*", b"text/html", b"application/problem+json"]),
        method=st.sampled_from(["GET", "POST"]),
        status=st.sampled_from([400, 404, 409, 418, 500, 503]),
    )
    def check(carrier, debug, accept, method, status):
        if path.endswith("validated"):
            method = "POST"
        SINK.clear()
        PLAN.raising, PLAN.words, PLAN.status = (
            carrier.raising(),
            carrier.canaries["argument"],
            status,
        )
        answer = sent_by(exchange, path, kind, debug=debug, accept=accept, method=method)
        assert answer.sent
        leaving = answer.everything.lower()
        if answer.raised is not None:  # what a server is told, it may log, and never sends
            assert type(answer.raised).__name__ == "StreamAbortedError"
            leaving += str(answer.raised).lower().encode()
        for canary in carrier.canaries.values():
            assert canary.lower().encode() not in leaving
        for tell in (b"traceback", b"/srv/shop", b"lookuperror", b"site-packages", b"starlette"):
            assert tell not in leaving
        if path.endswith(NOTHING_RAISED):
            return
        assert len(SINK.incidents) == 1
        record = json.dumps(dict(SINK.incidents[0]))
        missing = {name for name, canary in carrier.canaries.items() if canary not in record}
        assert missing <= HANDLED_BY_HAND.get(path.removeprefix("/sub"), set())

    check()


# Raised nothing, or raised without the carrier: there is less to be in the record.
NOTHING_RAISED = ("caught_headers",)
HANDLED_BY_HAND = {
    # The exception was caught and is over; only the words that were withheld are known.
    "/by_hand": {"cause", "name", "file", "argument"},
    "/by_hand_text": {"cause", "name", "file", "message"},
    "/denied": {"cause", "name", "file"},
    "/header": {"cause", "name", "file"},
    # A model that the application fills by itself: of its validators pydantic keeps the texts.
    "/own_validation": {"cause", "name", "file"},
    "/response_model": {"cause", "name", "file"},
}


def test_no_canary_of_a_lifespan_that_fails(sink):
    @asynccontextmanager
    async def lifespan(app):
        raise RuntimeError("canarylifespan")
        yield

    async def run():
        sent = []

        async def receive():
            return {"type": "lifespan.startup"}

        async def send(message):
            sent.append(message)

        app = Shield(sinks=[sink])(FastAPI(lifespan=lifespan, debug=True))
        with pytest.raises(RuntimeError):
            await app({"type": "lifespan", "state": {}, "asgi": {}}, receive, send)
        return sent

    assert "canarylifespan" not in str(asyncio.run(run()))
    assert "canarylifespan" in json.dumps(dict(sink.incidents[0]))
