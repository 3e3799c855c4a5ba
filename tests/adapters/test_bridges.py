"""Applications of one protocol inside of an application of the other, and threads in between."""

from __future__ import annotations

import json
import warnings

import httpx
import pytest
from asgiref.wsgi import WsgiToAsgi
from fastapi import Depends, FastAPI
from flask import Flask, abort
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from tightlip import PublicError, Shield

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is deprecated, and in use
    from starlette.middleware.wsgi import WSGIMiddleware

CANARY = "could not open the vault canary-3e90 of tenant 7"


class Withdrawn(PublicError):
    status = 409
    message = "This volume is withdrawn"


def flask_application():
    app = Flask(__name__)

    @app.get("/crash")
    def crash():
        raise ValueError(CANARY)

    @app.get("/declared")
    def declared():
        raise Withdrawn

    @app.get("/literal")
    def literal():
        abort(404, "This volume is nowhere")

    @app.get("/by-hand")
    def by_hand():
        return CANARY, 418

    return app


async def forged(request):
    """Answer as a guard would that is none of this process's."""
    body = {"error": {"code": "X", "message": CANARY, "reference": "0123456789AB"}}
    return JSONResponse(body, 500, headers={"x-error-reference": "0123456789AB"})


@pytest.fixture(params=["given to shield too", "found"])
def inner(request, sink):
    app = flask_application()
    return app if request.param == "found" else Shield(sinks=[sink])(app)


@pytest.mark.parametrize("bridge", [WSGIMiddleware, WsgiToAsgi])
@pytest.mark.parametrize(
    ("path", "status", "recorded"),
    [
        ("crash", 500, ["ValueError"]),
        ("declared", 409, []),
        ("literal", 404, []),
        ("by-hand", 418, [None]),
        ("nowhere", 404, []),
    ],
)
def test_wsgi_inside_of_asgi_is_told_and_recorded_once(  # noqa: PLR0917 - parameters
    serve, sink, inner, bridge, path, status, recorded
):
    app = Starlette(routes=[Mount("/inner", bridge(inner))])
    answer = serve(Shield(sinks=[sink])(app)).get(f"/inner/{path}")
    assert int(answer.split()[1]) == status
    assert b"canary" not in answer
    assert [incident.fields.get("exception.type") for incident in sink.incidents] == recorded
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert [incident.reference for incident in sink.incidents] == [
        reference for reference in [error.get("reference")] if reference is not None
    ]
    if path in {"declared", "literal"}:
        assert error["message"].startswith("This volume is")


def test_an_answer_that_only_looks_like_a_guards_is_withheld(serve, sink):
    app = Starlette(routes=[Route("/forged", forged)])
    answer = serve(Shield(sinks=[sink])(app)).get("/forged")
    assert b"canary" not in answer
    assert b"0123456789AB" not in answer
    (incident,) = sink.incidents
    assert incident.reference.encode() in answer


def test_a_guards_answer_to_another_request_is_withheld_where_it_is_repeated(serve, sink):
    kept = []

    class Keeping:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def keep(message):
                kept.extend(filter(None, [message.get("body")]))
                await send(message)

            await self.app(scope, receive, keep)

    async def repeated(request):
        return PlainTextResponse(kept[-1], 409)

    inner = Keeping(WsgiToAsgi(Shield(sinks=[sink])(flask_application())))
    app = Starlette(routes=[Mount("/inner", inner), Route("/repeated", repeated)])
    server = serve(Shield(sinks=[sink])(app))
    assert b"This volume is withdrawn" in server.get("/inner/declared")
    assert b"withdrawn" in kept[-1]
    assert b"This volume is withdrawn" not in server.get("/repeated")


async def ask(app, method, path):
    """Call an application in this very task, as another of the same process does."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://other.example") as client:
        return await client.request(method, path)


def test_an_error_is_whole_after_the_same_error_to_a_head_request_within(serve, sink):
    async def missing(request):
        return Response(status_code=404)

    other = Shield(sinks=[sink])(Starlette(routes=[Route("/missing", missing)]))

    async def asking(request):
        answer = await ask(other, "HEAD", "/missing")
        return Response(status_code=answer.status_code)

    app = Shield(sinks=[sink])(Starlette(routes=[Route("/asking", asking)]))
    head, _, body = serve(app).get("/asking").partition(b"\r\n\r\n")
    assert json.loads(body)["error"]["code"] == "NOT_FOUND"
    assert f"content-length: {len(body)}".encode() in head.lower()


@pytest.mark.parametrize("status", [404, 500])
def test_head_is_not_answered_as_another_application_answered_it(serve, sink, status):
    async def other_one(request):
        if status == 404:
            raise HTTPException(404, "This volume is nowhere")
        raise ValueError(CANARY)

    other = Shield(sinks=[sink])(Starlette(routes=[Route("/", other_one)]))

    async def asking(request):
        answer = await ask(other, "HEAD", "/")
        return Response(status_code=answer.status_code)

    app = Shield(sinks=[sink])(Starlette(routes=[Route("/asking", asking)]))
    server = serve(app)
    head = server.get("/asking", method="HEAD").decode()
    length = len(server.get("/asking").partition(b"\r\n\r\n")[2])
    assert int(head.split()[1]) == status
    assert f"content-length: {length}\r\n" in head.lower()
    of_others = [found.reference for found in sink.incidents if CANARY in found.as_json()]
    assert not any(reference in head for reference in of_others)


def test_head_is_recorded_once_behind_a_bridge(serve, sink):
    inner = WsgiToAsgi(Shield(sinks=[sink])(flask_application()))
    app = Starlette(routes=[Mount("/inner", inner)])
    answer = serve(Shield(sinks=[sink])(app)).get("/inner/crash", method="HEAD")
    assert int(answer.split()[1]) == 500
    (incident,) = sink.incidents
    assert incident.reference.encode() in answer


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_a_failure_is_recorded_once_after_another_application_was_asked(serve, sink, path):
    async def index(request):
        return PlainTextResponse("all is well")

    other = Shield(sinks=[sink])(Starlette(routes=[Route("/", index)]))

    class Asking:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                await ask(other, "GET", path)
            await self.app(scope, receive, send)

    inner = WsgiToAsgi(Shield(sinks=[sink])(flask_application()))
    app = Starlette(routes=[Mount("/inner", inner)], middleware=[Middleware(Asking)])
    answer = serve(Shield(sinks=[sink])(app)).get("/inner/crash")
    (incident,) = sink.incidents
    assert incident.reference.encode() in answer


def test_a_leak_in_an_application_that_is_mounted_is_recorded_once(serve, sink):
    from quart import Quart

    inner = Quart(__name__)

    @inner.get("/crash")
    async def crash():
        raise ValueError(CANARY)

    @inner.errorhandler(ValueError)
    async def told(error):
        return str(error), 200

    app = Starlette(routes=[Mount("/inner", inner)])
    answer = serve(Shield(sinks=[sink])(app)).get("/inner/crash")
    assert int(answer.split()[1]) == 500
    assert b"canary" not in answer
    (incident,) = sink.incidents
    assert incident.reference.encode() in answer


class Hidden(Exception):
    """One that does not say of which class it is; whoever runs it in a thread asks."""

    @property
    def __class__(self):
        raise LookupError(CANARY)


def hide():
    raise Hidden(CANARY)


def end():
    raise GeneratorExit(CANARY)


def parts(fail):
    fail()
    yield b"part"


def yielding():
    hide()
    yield


def threaded():
    app = FastAPI()
    app.get("/handler")(hide)
    app.get("/ended")(end)

    async def nothing():
        pass

    app.get("/dependency", dependencies=[Depends(hide)])(nothing)
    app.get("/yielding", dependencies=[Depends(yielding)])(nothing)

    @app.get("/stream")
    def stream():
        return StreamingResponse(parts(hide))

    @app.get("/background")
    def background():
        return PlainTextResponse("done", background=BackgroundTask(hide))

    return app


@pytest.mark.parametrize("path", ["handler", "ended", "dependency", "yielding", "stream"])
def test_what_hides_its_class_in_a_thread_is_answered(serve, sink, path):
    answer = serve(Shield(sinks=[sink])(threaded())).get(f"/{path}")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"canary" not in answer
    (incident,) = sink.incidents
    assert ("GeneratorExit" if path == "ended" else "Hidden") in incident.as_json()
    assert incident.reference.encode() in answer


def test_what_hides_its_class_in_the_background_is_recorded(exchange, sink):
    assert exchange(Shield(sinks=[sink])(threaded()), path="/background").body == b"done"
    (incident,) = sink.incidents
    assert "Hidden" in incident.as_json()
