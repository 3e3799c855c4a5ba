"""Litestar applications under the guard: what is special to Litestar, beside the contract."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Annotated

import msgspec
import pytest
from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import (
    ClientException,
    HTTPException,
    NotFoundException,
    WebSocketDisconnect,
    WebSocketException,
)
from litestar.exceptions import ValidationException as LitestarValidation
from litestar.logging import LoggingConfig
from litestar.openapi import OpenAPIConfig
from litestar.params import Parameter
from litestar.response import Stream
from litestar.serialization import decode_json
from litestar.testing import TestClient
from pydantic import BaseModel, field_validator

import tightlip
from tightlip import PublicError, Shield
from tightlip.adapters.litestar import ShieldPlugin

# Styles of declaring parameters that older releases of Litestar know, and newer ones warn of.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CANARY = "canary-4d07"


class TableTaken(PublicError):
    status = 409
    message = "This table is booked"


class DishMissing(NotFoundException):
    detail = "There is no such dish"


class Size(msgspec.Struct, forbid_unknown_fields=True):
    width: Annotated[int, msgspec.Meta(ge=1, le=5)]
    labels: Annotated[list[str], msgspec.Meta(max_length=2)] = []
    prices: dict[str, int] = {}


@dataclass
class Order:
    dish: Annotated[str, msgspec.Meta(min_length=2)]
    count: int
    size: Size | None = None


class Guest(BaseModel):
    email: str
    seats: int

    @field_validator("email")
    @classmethod
    def has_an_at_sign(cls, value):
        if "@" not in value:
            raise ValueError("Email needs an at sign")
        if value.startswith("@"):
            raise ValueError(f"{CANARY} {value}")
        return value


@get("/crash")
async def crash() -> None:
    raise ValueError(CANARY)


@get("/tables/{number:int}")
async def table(number: int) -> None:
    raise TableTaken


@post("/orders")
async def order(data: Order) -> dict:
    return {"dish": data.dish}


@post("/guests")
async def guest(data: Guest) -> dict:
    return {"seats": data.seats}


@get("/dishes")
async def dishes(
    limit: Annotated[int, Parameter(ge=1)], key: Annotated[str, Parameter(header="x-key")]
) -> dict:
    return {}


HANDLERS = [crash, table, order, guest, dishes]


def application(*handlers, **options):
    return Litestar([*HANDLERS, *handlers], openapi_config=None, **options)


def client_of(app):
    return TestClient(app, raise_server_exceptions=False)


def error_of(response):
    assert CANARY not in response.text
    assert CANARY not in str(response.headers)
    error = response.json()["error"]
    assert error.get("reference") == response.headers.get("x-error-reference")
    return error


def picture(response):
    reference = response.headers.pop("x-error-reference", "-")
    return response.status_code, response.text.replace(reference, "REF"), dict(response.headers)


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    app = application()
    assert Shield(sinks=[sink])(app) is app
    guarded = type(app)
    assert isinstance(app, Litestar)
    assert guarded.__qualname__ == "Litestar"
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    assert error_of(client_of(app).get("/crash"))["code"] == "INTERNAL_SERVER_ERROR"
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("debug", [False, True])
def test_the_plugin_gives_the_same_bytes_with_debug_and_without(sink, debug):
    plugged = application(plugins=[ShieldPlugin(sinks=[sink])], debug=debug)
    shielded = Shield(sinks=[sink])(application())
    for path in ("/crash", "/tables/4", "/nowhere", "/orders", "/dishes"):
        assert picture(client_of(plugged).get(path)) == picture(client_of(shielded).get(path))
    assert tightlip.shield(plugged) is plugged
    before = len(sink.incidents)
    client_of(plugged).get("/crash")
    assert len(sink.incidents) == before + 1


@pytest.mark.parametrize("shielded", [True, False])
@pytest.mark.parametrize("where", ["around", "plugin"])
def test_the_document_shows_the_errors_that_are_on_the_wire(sink, shielded, where):
    config = OpenAPIConfig("kitchen", "1")
    plugins = [ShieldPlugin(sinks=[sink])] if shielded and where == "plugin" else []
    app = Litestar([table, order], openapi_config=config, plugins=plugins)
    if shielded and where == "around":
        Shield(sinks=[sink])(app)
    client = client_of(app)
    for _ in range(2):
        paths = client.get("/schema/openapi.json").json()["paths"]
        refused = paths["/orders"]["post"]["responses"]
        if shielded:
            assert "VALIDATION_ERROR" in refused["422"]["content"]["application/json"]["examples"]
            assert "INVALID_REQUEST" in refused["400"]["content"]["application/json"]["examples"]
            assert "status_code" not in str(refused)
        else:
            assert "422" not in refused
            assert "status_code" in str(refused["400"])


@pytest.mark.parametrize("where", ["around", "plugin"])
def test_the_incident_is_the_one_record_of_an_exception_in_debug_too(sink, caplog, where):
    told = []

    def tell(logger, scope, lines):
        told.append(lines)

    for config in (LoggingConfig(), LoggingConfig(exception_logging_handler=tell)):
        plugins = [ShieldPlugin(sinks=[sink])] if where == "plugin" else []
        app = Litestar([crash], debug=True, logging_config=config, plugins=plugins)
        if where == "around":
            Shield(sinks=[sink])(app)
        log = logging.getLogger("litestar")
        log.addHandler(caplog.handler)
        error_of(client_of(app).get("/crash"))
        log.removeHandler(caplog.handler)
    assert "Traceback" not in caplog.text
    assert len(told) == 1
    assert len(sink.incidents) == 2


def test_routes_that_are_registered_afterwards_are_guarded(sink):
    app = Shield(sinks=[sink])(application())

    @get("/later/{name:str}")
    async def later(name: str) -> None:
        raise LookupError(CANARY)

    app.register(later)
    assert error_of(client_of(app).get("/later/x"))["code"] == "INTERNAL_SERVER_ERROR"
    (incident,) = sink.incidents
    assert incident["http.route"] == "/later/{name}"
    assert CANARY in json.dumps(incident["exceptions"])


@pytest.mark.parametrize(
    ("body", "field", "code", "message"),
    [
        ({"count": 1}, "dish", "REQUIRED", "Dish is required"),
        ({"dish": 7, "count": 1}, "dish", "NOT_TEXT", "Dish must be text"),
        (
            {"dish": "x", "count": 1},
            "dish",
            "TOO_SHORT",
            "Dish must be at least 2 characters long",
        ),
        (
            {"dish": "rice", "count": CANARY},
            "count",
            "NOT_A_WHOLE_NUMBER",
            "Count must be a whole number",
        ),
        (
            {"dish": "rice", "count": 1, "size": {"width": 9}},
            "size.width",
            "TOO_LARGE",
            "Width must be at most 5",
        ),
        (
            {"dish": "rice", "count": 1, "size": {"width": 1, CANARY: 9}},
            "size",
            "UNKNOWN_FIELD",
            "Size must not contain unknown fields",
        ),
        (
            {"dish": "rice", "count": 1, "size": {"width": 1, "labels": ["a", "b", "c"]}},
            "size.labels",
            "TOO_MANY",
            "Labels must contain at most 2 items",
        ),
        (
            {"dish": "rice", "count": 1, "size": {"width": 1, "prices": {CANARY: "x"}}},
            "size.prices",
            "NOT_A_WHOLE_NUMBER",
            "A value in Prices must be a whole number",
        ),
        ([1], "body", "NOT_AN_OBJECT", "The body must be an object"),
    ],
)
def test_a_refused_body_is_told_field_by_field(sink, body, field, code, message):
    response = client_of(Shield(sinks=[sink])(application())).post("/orders", json=body)
    assert response.status_code == 422
    assert error_of(response) == {
        "code": "VALIDATION_ERROR",
        "message": message,
        "fields": [{"field": field, "code": code, "message": message}],
    }
    assert not sink.incidents


def test_what_pydantic_refuses_is_told_alike_and_only_literal_words_of_validators_leave(sink):
    client = client_of(Shield(sinks=[sink])(application()))
    both = error_of(client.post("/guests", json={"email": "a.example", "seats": "x"}))
    assert both["fields"] == [
        {"field": "email", "code": "NOT_VALID", "message": "Email needs an at sign"},
        {
            "field": "seats",
            "code": "NOT_A_WHOLE_NUMBER",
            "message": "Seats must be a whole number",
        },
    ]
    assert not sink.incidents
    formatted = client.post("/guests", json={"email": "@", "seats": 1})
    assert formatted.status_code == 422
    reference = error_of(formatted)["reference"]
    assert CANARY in json.dumps(sink.find(reference)["withheld"])


def test_refused_parameters_are_named_by_their_place(sink):
    client = client_of(Shield(sinks=[sink])(application()))
    key = {"x-key": "k"}
    missing = client.get("/dishes", headers=key)
    assert missing.status_code == 422
    assert error_of(missing)["message"] == "Limit is required"
    assert error_of(client.get("/dishes?limit=1"))["message"] == "The header x-key is required"
    assert error_of(client.get("/dishes?limit=0", headers=key))["message"] == (
        "Limit must be at least 1"
    )


@pytest.mark.parametrize("body", [b"", b"{", b'{"dish": "\xff"}', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_malformed(sink, body):
    client = client_of(Shield(sinks=[sink])(application()))
    response = client.post("/orders", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, error_of(response)["code"]) == (400, "INVALID_REQUEST")
    assert not sink.incidents


def test_the_same_exceptions_from_the_application_are_its_own(sink):
    @post("/notes")
    async def note(request: Request) -> dict:
        await request.json()
        return decode_json(b"{")

    client = client_of(Shield(sinks=[sink])(application(note)))
    assert client.post("/notes", content=b"{}").status_code == 500
    assert client.post("/notes", content=b"{").status_code == 400


def test_words_of_the_application_stay_and_those_of_the_framework_do_not(sink):
    @get("/words/{kind:str}")
    async def words(kind: str) -> Response:
        if kind == "literal":
            raise ClientException("Choose another table", status_code=409)
        if kind == "class":
            raise DishMissing
        if kind == "own":
            raise ClientException(status_code=409)
        if kind == "validation":
            raise LitestarValidation("Two guests need two seats")
        if kind == "response":
            return Response({"error": CANARY}, status_code=409)
        raise HTTPException(f"{CANARY} {kind}", status_code=409, extra={"is": CANARY})

    client = client_of(Shield(sinks=[sink])(application(words)))
    literal = client.get("/words/literal")
    assert literal.status_code == 409
    assert error_of(literal) == {"code": "CONFLICT", "message": "Choose another table"}
    assert error_of(client.get("/words/class"))["message"] == "There is no such dish"
    assert error_of(client.get("/words/validation"))["message"] == "Two guests need two seats"
    plain = error_of(client.get("/words/own"))
    assert "reference" not in plain
    assert not sink.incidents
    for kind in ("response", "text"):
        error = error_of(client.get(f"/words/{kind}"))
        assert error["message"] == plain["message"]
        assert CANARY in json.dumps(sink.find(error["reference"])["withheld"])


def test_handlers_of_the_application_run_and_their_status_counts(sink):
    seen = []

    def handle(request: Request, exception: Exception) -> Response:
        seen.append(exception)
        return Response({"error": str(exception)}, status_code=410)

    @get("/lost", exception_handlers={LookupError: handle})
    async def lost() -> None:
        raise LookupError(CANARY)

    client = client_of(Shield(sinks=[sink])(application(lost, exception_handlers={500: handle})))
    assert client.get("/lost").status_code == 410
    assert client.get("/crash").status_code == 410
    assert error_of(client.get("/nowhere"))["code"] == "NOT_FOUND"
    assert [type(exception) for exception in seen] == [LookupError, ValueError]


@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
def test_where_there_is_a_websocket_alone_http_finds_nothing(sink, exchange, method):
    @websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()

    @get("/both")
    async def both() -> None:
        raise ValueError(CANARY)

    @websocket("/both")
    async def both_socket(socket: WebSocket) -> None:
        await socket.accept()

    app = Shield(sinks=[sink])(Litestar([socket, both, both_socket]))
    answered = exchange(app, "/socket", method=method)
    assert answered.status == 404
    assert b"allow" not in answered.headers
    answered = exchange(app, "/both", method=method)
    assert (answered.status, answered.headers.get(b"allow")) == (
        (500, None) if method == "GET" else (405, b"GET")
    )


def test_errors_carry_the_headers_of_cors(sink):
    app = application(cors_config=CORSConfig(allow_origins=["https://shop.example"]))
    client = client_of(Shield(sinks=[sink])(app))
    for path in ("/crash", "/nowhere"):
        response = client.get(path, headers={"origin": "https://shop.example"})
        assert response.headers["access-control-allow-origin"] == "https://shop.example"


def test_a_stream_that_fails_at_once_is_answered_by_what_failed(sink):
    @get("/stream/{kind:str}")
    async def stream(kind: str) -> Stream:
        async def parts():
            raise TableTaken if kind == "declared" else ValueError(CANARY)
            yield b""

        return Stream(parts())

    client = client_of(Shield(sinks=[sink])(application(stream)))
    assert error_of(client.get("/stream/declared")) == {
        "code": "TABLE_TAKEN",
        "message": "This table is booked",
    }
    assert error_of(client.get("/stream/other"))["code"] == "INTERNAL_SERVER_ERROR"


def recorded(sink):
    """Return the one incident, which may come after the answer."""
    deadline = time.monotonic() + 10
    while not sink.incidents:
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.01)
    (incident,) = sink.incidents
    return incident


def fails():
    raise SystemExit(CANARY)


async def dependency() -> int:
    fails()


async def other_dependency() -> int:
    return 2


async def ended_dependency():
    yield 1
    fails()


async def ended_in_peace():
    yield 2


@get("/stream")
async def exiting_stream() -> Stream:
    async def parts():
        yield b"first;"
        fails()

    return Stream(parts())


@get("/background")
async def exiting_tasks() -> Response:
    tasks = [BackgroundTask(fails), BackgroundTask(other_dependency)]
    return Response("", background=BackgroundTasks(tasks, run_in_task_group=True))


@get(
    "/dependency",
    dependencies={"one": Provide(dependency), "two": Provide(other_dependency)},
)
async def exiting_dependency(one: int, two: int) -> None:
    raise AssertionError("a dependency failed")


@get(
    "/cleanup",
    dependencies={"one": Provide(ended_dependency), "two": Provide(ended_in_peace)},
)
async def exiting_cleanup(one: int, two: int) -> None:
    return None


@get("/alive")
async def alive() -> str:
    return "alive"


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (exiting_stream, 200),
        (exiting_tasks, 200),
        (exiting_dependency, 500),
        (exiting_cleanup, 500),
    ],
)
def test_the_end_of_the_process_from_a_task_of_litestar_s_ends_that_alone(
    serve, sink, handler, status
):
    server = serve(Shield(sinks=[sink])(application(handler, alive)))
    answer = server.get(next(iter(handler.paths)))
    assert int(answer.split()[1]) == status
    assert not (handler is exiting_stream and answer.endswith(b"0\r\n\r\n"))
    assert server.get("/alive").endswith(b"\r\n\r\nalive")
    assert "SystemExit" in json.dumps(recorded(sink)["exceptions"])


def test_a_stop_iteration_from_a_thread_is_answered(serve, sink):
    @get("/thread", sync_to_thread=True)
    def thread() -> None:
        raise StopIteration(CANARY)

    answer = serve(Shield(sinks=[sink])(application(thread))).get("/thread")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert CANARY.encode() not in answer


@pytest.mark.parametrize("failure", [ValueError, StopIteration, asyncio.CancelledError])
def test_a_stream_of_a_plain_generator_that_breaks_is_not_ended_as_whole(serve, sink, failure):
    @get("/stream")
    async def stream() -> Stream:
        def parts():
            yield b"first;"
            raise failure(CANARY)

        return Stream(parts())

    @get("/whole")
    async def whole() -> Stream:
        return Stream(iter([b"first;", b"last;"]))

    server = serve(Shield(sinks=[sink])(application(stream, whole)))
    broken = server.get("/stream")
    assert b"first;" in broken
    assert not broken.endswith(b"0\r\n\r\n")
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])
    assert server.get("/whole").endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("fails", [False, True])
def test_of_a_socket_whose_client_leaves_only_a_failure_is_recorded(sink, fails):
    @websocket("/socket")
    async def talk(socket: websocket) -> None:
        await socket.accept()
        try:
            await socket.receive_text()
        except Exception:
            if fails:
                raise ValueError(CANARY) from None
            raise

    client = client_of(Shield(sinks=[sink])(application(talk)))
    with client.websocket_connect("/socket") as socket:
        socket.close(1002)
    assert [incident["exception.message"] for incident in sink.incidents] == [CANARY] * fails


def test_sockets_close_with_codes_that_the_application_chose_or_with_1011(sink):
    @websocket("/socket/{kind:str}")
    async def talk(socket: websocket, kind: str) -> None:
        await socket.accept()
        if kind == "chosen":
            raise WebSocketException(detail="The kitchen is closed", code=4100)
        raise ValueError(CANARY)

    client = client_of(Shield(sinks=[sink])(application(talk)))
    closed = {}
    for kind in ("chosen", "crash"):
        with client.websocket_connect(f"/socket/{kind}") as socket:
            with pytest.raises(WebSocketDisconnect) as ended:
                socket.receive()
            closed[kind] = (ended.value.code, ended.value.detail)
    assert closed == {
        "chosen": (4100, "The kitchen is closed"),
        "crash": (1011, "INTERNAL_SERVER_ERROR"),
    }
