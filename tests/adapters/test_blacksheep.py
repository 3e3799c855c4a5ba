"""BlackSheep applications under the guard: what is special to BlackSheep, beside the contract."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import pytest
from blacksheep import Application, FromJSON, FromQuery, Request, Response, Router, WebSocket, text
from blacksheep.exceptions import Conflict, Forbidden, HTTPException, NotFound
from pydantic import BaseModel, field_validator
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteException
from starlette.routing import Route

import tightlip
from tightlip import PublicError, Shield
from tightlip.adapters.blacksheep import use_shield

CANARY = "canary-71be"


class PenTaken(PublicError):
    status = 409
    message = "This pen is taken"


class Fleece(BaseModel):
    colour: str
    weight: int

    @field_validator("colour")
    @classmethod
    def is_a_colour(cls, value):
        if value == "plaid":
            raise ValueError("Plaid is no colour")
        if value == "canary":
            raise ValueError(f"{CANARY} {value}")
        return value


@dataclass
class Sheep:
    name: str
    age: int


async def crash():
    raise ValueError(CANARY)


async def closed():
    raise NotFound("The barn is closed")


async def raise_closed(request):
    raise StarletteException(404, "The other barn is closed")


async def pen(number: int):
    raise PenTaken


async def shear(data: FromJSON[Fleece]):
    return text(data.value.colour)


async def admit(data: FromJSON[Sheep]):
    return text(data.value.name)


async def flock(limit: FromQuery[int]):
    return text(str(limit.value))


def application(**options):
    app = Application(router=Router(), **options)
    app.router.add_get("/crash", crash)
    app.router.add_get("/pens/{int:number}", pen)
    app.router.add_post("/fleeces", shear)
    app.router.add_post("/sheep", admit)
    app.router.add_get("/sheep", flock)
    return app


@pytest.fixture
def ask(exchange):
    def asked(app, path, method="GET", body=b"", content_type="application/json", **scope):
        headers = [(b"host", b"api.example")]
        if method == "POST":
            length = str(len(body)).encode()
            headers += [(b"content-type", content_type.encode()), (b"content-length", length)]
        path, _, query = path.partition("?")
        if not app.started:  # older releases wait for the lifespan
            asyncio.run(app.start())
        return exchange(
            app,
            path,
            method=method,
            body=body,
            headers=headers,
            query_string=query.encode(),
            **scope,
        )

    return asked


def error_of(answered):
    assert CANARY.encode() not in answered.everything
    error = json.loads(answered.body)["error"]
    reference = answered.headers.get(b"x-error-reference")
    assert error.get("reference") == (reference and reference.decode())
    return error


def picture(answered):
    headers = dict(answered.headers)
    reference = headers.pop(b"x-error-reference", b"-")
    return answered.status, headers, answered.body.replace(reference, b"REF")


def test_the_same_object_comes_back_and_twice_counts_once(sink, ask):
    app = application()
    assert Shield(sinks=[sink])(app) is app
    guarded = type(app)
    assert isinstance(app, Application)
    assert guarded.__qualname__ == "Application"
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    assert error_of(ask(app, "/crash"))["code"] == "INTERNAL_SERVER_ERROR"
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("details", [False, True])
def test_use_shield_gives_the_same_bytes_with_details_and_without(sink, ask, details):
    used = application(show_error_details=details)
    use_shield(used, sinks=[sink])
    shielded = Shield(sinks=[sink])(application())
    for path, method in (
        ("/crash", "GET"),
        ("/pens/4", "GET"),
        ("/nowhere", "GET"),
        ("/sheep", "GET"),
        ("/sheep", "PUT"),
    ):
        assert picture(ask(used, path, method)) == picture(ask(shielded, path, method))


def test_routes_that_are_added_afterwards_are_guarded_and_named_in_the_record(sink, ask):
    app = Shield(sinks=[sink])(application())

    async def later(name: str):
        raise LookupError(CANARY)

    app.router.add_get("/later/{name}", later)
    assert error_of(ask(app, "/later/x"))["code"] == "INTERNAL_SERVER_ERROR"
    (incident,) = sink.incidents
    assert incident["http.route"] == "/later/{name}"
    assert CANARY in json.dumps(incident["exceptions"])


@pytest.mark.parametrize("when", ["before", "afterwards"])
def test_what_is_mounted_tells_of_its_exceptions(sink, ask, when):
    app = application()
    if when == "afterwards":
        Shield(sinks=[sink])(app)
    mounted = Application(router=Router())
    mounted.router.add_get("/crash", crash)
    mounted.router.add_get("/closed", closed)
    app.mount("/barn", mounted)
    if when == "before":
        Shield(sinks=[sink])(app)
    for path in ("/barn/crash", "/crash"):
        assert error_of(ask(app, path))["code"] == "INTERNAL_SERVER_ERROR"
    assert [CANARY in str(incident["exceptions"]) for incident in sink.incidents] == [True, True]
    assert error_of(ask(app, "/barn/closed"))["message"] == "The barn is closed"


def test_an_application_of_another_kind_that_is_mounted_is_guarded_too(sink, ask):
    app = application()
    inside = Starlette(routes=[Route("/closed", raise_closed)])
    app.mount("/other", inside)
    Shield(sinks=[sink])(app)
    assert error_of(ask(app, "/other/closed"))["message"] == "The other barn is closed"


def test_words_of_the_application_stay_and_those_of_the_framework_do_not(sink, ask):
    app = Shield(sinks=[sink])(application())

    async def words(kind: str):
        if kind == "literal":
            raise Conflict("Choose another pen")
        if kind == "plain":
            raise HTTPException(409, "Choose another pen")
        if kind == "own":
            raise Conflict
        if kind == "made":
            return text(CANARY, 409)
        raise Conflict(f"{CANARY} {kind}")

    app.router.add_get("/words/{kind}", words)
    for kind in ("literal", "plain"):
        answered = ask(app, f"/words/{kind}")
        assert answered.status == 409
        assert error_of(answered) == {"code": "CONFLICT", "message": "Choose another pen"}
    plain = error_of(ask(app, "/words/own"))
    assert "reference" not in plain
    assert not sink.incidents
    for kind in ("made", "text"):
        error = error_of(ask(app, f"/words/{kind}"))
        assert error["message"] == plain["message"]
        assert CANARY in json.dumps(sink.find(error["reference"])["withheld"])


def test_what_pydantic_refuses_is_told_field_by_field(sink, ask):
    app = Shield(sinks=[sink])(application())
    both = ask(app, "/fleeces", "POST", b'{"colour": "plaid", "weight": "x"}')
    assert both.status == 422
    assert error_of(both)["fields"] == [
        {"field": "colour", "code": "NOT_VALID", "message": "Plaid is no colour"},
        {
            "field": "weight",
            "code": "NOT_A_WHOLE_NUMBER",
            "message": "Weight must be a whole number",
        },
    ]
    assert not sink.incidents
    hidden = error_of(ask(app, "/fleeces", "POST", b'{"colour": "canary", "weight": 1}'))
    assert hidden["fields"][0]["message"] == "Colour is not valid"


@pytest.mark.parametrize(
    ("asked", "messages"),
    [
        (("/sheep", "POST", b'{"weight": 7}'), ["Name is required", "Age is required"]),
        (("/sheep", "POST", b'{"age": 7}'), ["Name is required"]),
        (("/sheep", "POST", b"{}"), ["Name is required", "Age is required"]),
        (("/sheep", "POST", b"null"), ["The body must be an object"]),
        (("/sheep", "POST", b"[]"), ["The body must be an object"]),
        (("/fleeces", "POST", b"{}"), ["Colour is required", "Weight is required"]),
        (("/fleeces", "POST", b"null"), ["The body must be an object"]),
        (("/fleeces", "POST", b"false"), ["The body must be an object"]),
        (("/sheep", "GET", b""), ["Limit is required"]),
        (("/sheep?limit=canary-71be", "GET", b""), ["Limit must be a whole number"]),
    ],
)
def test_what_does_not_fit_is_wrong_content(sink, ask, asked, messages):
    answered = ask(Shield(sinks=[sink])(application()), *asked)
    assert answered.status == 422
    assert [field["message"] for field in error_of(answered)["fields"]] == messages
    assert not sink.incidents


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"9" * 10_000, "application/json", 400),
        (b'{"name": "Dolly"}', "application/json; charset=none", 400),
        (b"name", "text/plain", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_malformed(sink, ask, body, content_type, status):
    app = Shield(sinks=[sink])(application())
    answered = ask(app, "/sheep", "POST", body, content_type)
    assert answered.status == status
    assert "reference" not in error_of(answered)


def test_the_same_exceptions_from_the_application_are_its_own(sink, ask):
    async def note(request: Request):
        await request.json()
        if request.query.get("by") == ["pydantic"]:
            Fleece(colour="red", weight=CANARY)
        json.loads("{")

    app = Shield(sinks=[sink])(application())
    app.router.add_post("/notes", note)
    for path in ("/notes", "/notes?by=pydantic"):
        answered = ask(app, path, "POST", b"{}")
        assert (answered.status, error_of(answered)["code"]) == (500, "INTERNAL_SERVER_ERROR")


@pytest.mark.parametrize("details", [False, True])
def test_handlers_of_the_application_run_and_their_status_counts(sink, ask, details):
    app = Shield(sinks=[sink])(application(show_error_details=details))
    seen = []

    async def handle(self, request, exception):
        seen.append(type(exception).__name__)
        return Response(410)

    async def lost():
        raise LookupError(CANARY)

    app.exceptions_handlers[ValueError] = handle
    app.exceptions_handlers[500] = handle
    app.exceptions_handlers[NotFound] = handle
    app.router.add_get("/lost", lost)
    for path in ("/crash", "/lost", "/nowhere"):
        assert error_of(ask(app, path))["code"] == "GONE"
    assert seen == ["ValueError", "InternalServerError", "NotFound"]


def test_another_method_is_not_allowed_where_there_is_a_route(sink, ask):
    app = Shield(sinks=[sink])(application())
    answered = ask(app, "/sheep", "BREW")
    assert answered.status == 405
    assert answered.headers[b"allow"] == b"GET, POST"
    assert ask(app, "/nowhere", "BREW").status == 404


class Untellable(Exception):
    """What BlackSheep takes for a connection that is closed already, since its text cannot be had."""

    def __str__(self):
        raise RuntimeError(CANARY)


def test_a_socket_that_fails_without_words_is_closed_and_recorded(sink, ask):
    app = Shield(sinks=[sink])(application())

    async def talk(socket: WebSocket):
        await socket.accept()
        raise Untellable

    app.router.add_ws("/socket", talk)
    incoming = [{"type": "websocket.connect"}]
    answered = ask(app, "/socket", type="websocket", incoming=incoming)
    assert answered.sent[-1]["code"] == 1011
    assert answered.sent[-1]["reason"] == "INTERNAL_SERVER_ERROR"
    assert [Untellable.__name__ in str(incident["exceptions"]) for incident in sink.incidents] == [
        True
    ]


def test_a_client_that_leaves_a_socket_makes_no_incident(sink, ask):
    app = Shield(sinks=[sink])(application())

    async def talk(socket: WebSocket):
        await socket.accept()
        await socket.receive_text()

    app.router.add_ws("/socket", talk)
    incoming = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    answered = ask(app, "/socket", type="websocket", incoming=incoming)
    assert [message["type"] for message in answered.sent] == ["websocket.accept"]
    assert not sink.incidents


@pytest.mark.parametrize("kind", ["refused", "crash", "chosen"])
def test_sockets_say_no_words_of_exceptions(sink, ask, kind):
    app = Shield(sinks=[sink])(application())

    async def talk(socket: WebSocket):
        if kind == "refused":
            raise Forbidden(f"{CANARY} {kind}")
        await socket.accept()
        try:
            raise ValueError(CANARY)
        except ValueError:
            if kind == "chosen":
                await socket.close(4100, "The pen is closed")
                return
            raise

    app.router.add_ws("/socket", talk)
    answered = ask(
        app,
        "/socket",
        type="websocket",
        incoming=[{"type": "websocket.connect"}],
        extensions={"websocket.http.response": {}},
    )
    assert CANARY.encode() not in answered.everything
    if kind == "refused":
        assert answered.status == 403
        assert json.loads(answered.body)["error"]["code"] == "ACCESS_DENIED"
    else:
        closed = answered.sent[-1]
        assert (closed["code"], closed["reason"]) == {
            "crash": (1011, "INTERNAL_SERVER_ERROR"),
            "chosen": (4100, "The pen is closed"),
        }[kind]
    assert len(sink.incidents) == (kind != "chosen")
