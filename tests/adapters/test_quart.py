"""Quart applications under the guard: what is special to Quart, beside the contract."""

from __future__ import annotations

import asyncio
import json

import pytest
from quart import Quart, Response, abort, request, websocket
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from werkzeug.exceptions import Conflict, NotFound

import tightlip
from contract.answers import error_in, without_reference
from tightlip import PublicError, Shield
from tightlip.adapters.quart import ShieldExtension

CANARY = "canary-9b3e"


class Booked(PublicError):
    status = 409
    message = "This table is booked"


class DishMissing(NotFound):
    description = "There is no such dish"


def application(**options):
    app = Quart(__name__)
    app.config.update(options)

    @app.get("/crash")
    async def crash():
        raise ValueError(CANARY)

    @app.get("/tables/<int:number>")
    async def table(number):
        raise Booked

    @app.post("/orders")
    async def order():
        return await request.get_json()

    return app


def ask(app, path, method="GET", **options):
    async def asked():
        response = await app.test_client().open(path, method=method, **options)
        return response.status_code, dict(response.headers), await response.get_data()

    status, headers, body = asyncio.run(asked())
    assert CANARY.encode() not in body
    assert CANARY not in str(headers)
    return status, headers, body


def error_of(app, path, **options):
    answer = ask(app, path, **options)
    return answer[0], error_in(answer)


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    app = application()
    kind = type(app)
    assert Shield(sinks=[sink])(app) is app
    assert isinstance(app, kind)
    assert type(app).__qualname__ == "Quart"
    guarded = type(app)
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    ask(app, "/crash")
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("path", ["/crash", "/tables/4", "/nowhere", "/orders"])
def test_the_extension_gives_the_same_bytes(sink, path):
    extended = application()
    extension = ShieldExtension(sinks=[sink])
    extension.init_app(extended)
    given = application()
    ShieldExtension(given, sinks=[sink])
    shielded = Shield(sinks=[sink])(application())
    answers = [without_reference(ask(app, path)) for app in (extended, given, shielded)]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    "options",
    [
        {"DEBUG": True},
        {"TESTING": True},
        {"PROPAGATE_EXCEPTIONS": True},
        {"DEBUG": True, "TRAP_HTTP_EXCEPTIONS": True},
        {"TRAP_BAD_REQUEST_ERRORS": True},
    ],
)
def test_no_setting_changes_a_byte(sink, options):
    plain = Shield(sinks=[sink])(application())
    other = Shield(sinks=[sink])(application(**options))
    for path, method, body in (
        ("/crash", "GET", b""),
        ("/nowhere", "GET", b""),
        ("/crash", "PUT", b""),
        ("/orders", "POST", b"{"),
        ("/orders", "POST", b'{"a": "\xff"}'),
    ):
        options = {"method": method, "data": body, "headers": {"content-type": "application/json"}}
        one, two = ask(plain, path, **options), ask(other, path, **options)
        assert without_reference(one) == without_reference(two)
        assert one[0] >= 400


def test_what_runs_after_a_request_runs_after_a_failure_too(sink):
    def headers_of(**options):
        app = application(**options)

        @app.after_request
        async def add(response):
            response.headers["access-control-allow-origin"] = "https://shop.example"
            return response

        return ask(Shield(sinks=[sink])(app), "/crash")[1]

    for options in ({}, {"DEBUG": True}):
        assert headers_of(**options)["access-control-allow-origin"] == "https://shop.example"


def test_the_record_names_the_rule_and_the_exception(sink):
    app = Shield(sinks=[sink])(application())

    @app.get("/shelves/<name>")
    async def shelf(name):
        raise LookupError(CANARY)

    assert error_of(app, "/shelves/top")[0] == 500
    (incident,) = sink.incidents
    assert incident["http.route"] == "/shelves/<name>"
    assert CANARY in json.dumps(incident["exceptions"])


def test_words_of_the_application_stay_and_those_of_the_framework_do_not(sink):
    app = Shield(sinks=[sink])(application())

    @app.get("/words/<kind>")
    async def words(kind):
        if kind == "abort":
            abort(409, "The table is taken")
        if kind == "raised":
            raise Conflict("The table is taken")
        if kind == "class":
            raise DishMissing
        if kind == "own":
            abort(409)
        if kind == "response":
            abort(Response(CANARY, 409))
        abort(409, f"{CANARY} {kind}")

    assert error_of(app, "/words/abort") == (
        409,
        {"code": "CONFLICT", "message": "The table is taken"},
    )
    assert error_of(app, "/words/raised")[1]["message"] == "The table is taken"
    assert error_of(app, "/words/class") == (
        404,
        {"code": "NOT_FOUND", "message": "There is no such dish"},
    )
    assert not sink.incidents
    plain = error_of(app, "/words/own")[1]
    assert "reference" not in plain
    for kind in ("response", "text"):
        status, error = error_of(app, f"/words/{kind}")
        assert (status, error["message"]) == (409, plain["message"])
        assert CANARY in json.dumps(sink.find(error["reference"])["withheld"])


def test_a_value_error_of_the_application_is_no_bad_request(sink):
    app = Shield(sinks=[sink])(application())

    @app.post("/notes")
    async def note():
        await request.get_json()
        return json.loads("{")

    headers = {"content-type": "application/json"}
    assert error_of(app, "/notes", method="POST", data=b"{}", headers=headers)[0] == 500
    status, error = error_of(app, "/notes", method="POST", data=b"{", headers=headers)
    assert (status, error["code"]) == (400, "INVALID_REQUEST")


def test_handlers_of_the_application_run_and_their_status_counts(sink):
    app = Shield(sinks=[sink])(application())
    seen = []

    @app.errorhandler(ValueError)
    async def handle(error):
        seen.append(error)
        return {"error": str(error)}, 410

    @app.errorhandler(500)
    async def unforeseen(error):
        seen.append(error)
        return {"error": str(error.original_exception)}, 503

    @app.get("/lost")
    async def lost():
        raise LookupError(CANARY)

    assert error_of(app, "/crash")[0] == 410
    assert error_of(app, "/lost")[0] == 503
    app.debug = True
    assert error_of(app, "/lost")[0] == 503
    assert len(seen) == 3


def test_a_stream_that_asks_for_the_end_of_the_server_is_cut(sink, serve):
    app = Shield(sinks=[sink])(application())

    @app.get("/stream/<kind>")
    async def stream(kind):
        async def parts():
            yield b"first"
            raise {"exit": SystemExit, "timeout": TimeoutError, "cancel": asyncio.CancelledError}[
                kind
            ](CANARY)

        return parts()

    server = serve(app)
    for kind in ("exit", "timeout", "cancel"):
        answer = server.get(f"/stream/{kind}")
        assert b"first" in answer
        assert not answer.endswith(b"0\r\n\r\n")
    assert server.get("/nowhere").startswith(b"HTTP/1.1 404")
    assert [CANARY in json.dumps(incident["exceptions"]) for incident in sink.incidents] == [
        True,
        True,
        True,
    ]


def test_no_client_waits_for_an_application_that_waits_for_it_to_leave(sink, serve):
    app = Shield(sinks=[sink])(application())

    @app.get("/by-hand")
    async def by_hand():
        await asyncio.sleep(0.05)  # until Quart listens for what else the client says
        return {"error": CANARY}, 500

    @app.get("/events/<kind>")
    async def events(kind):
        async def parts():
            await asyncio.sleep(0.05)
            yield b"data: first\n\n"
            if kind == "broken":
                raise ValueError(CANARY)

        return parts(), 200, {"content-type": "text/event-stream"}

    server = serve(app)
    assert b"INTERNAL_SERVER_ERROR" in server.get("/by-hand")
    assert server.get("/events/whole").endswith(b"data: first\n\n\r\n0\r\n\r\n")
    assert b"INTERNAL_SERVER_ERROR" in server.get("/events/broken")
    assert [incident.get("exception.type") for incident in sink.incidents] == [None, "ValueError"]


@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
def test_where_there_is_a_websocket_alone_http_finds_nothing(sink, method):
    app = Shield(sinks=[sink])(application())

    @app.websocket("/crash")
    @app.websocket("/orders")
    @app.websocket("/socket")
    async def socket():
        await websocket.accept()

    status, headers, body = ask(app, "/socket", method)
    assert (status, headers.get("allow")) == (404, None)
    assert json.loads(body)["error"]["code"] == "NOT_FOUND"
    status, headers, _ = ask(app, "/crash", method)
    allowed = None if method == "GET" else "GET"
    assert (status, headers.get("allow")) == (500 if method == "GET" else 405, allowed)
    if method != "POST":
        status, headers, _ = ask(app, "/orders", method)
        assert (status, headers.get("allow")) == (405, "POST")


def test_a_socket_never_ends_well_after_a_failure(sink):
    app = Shield(sinks=[sink])(application())

    @app.websocket("/socket/<kind>")
    async def socket(kind):
        if kind == "refuse":
            abort(403, f"{CANARY} {kind}")
        await websocket.accept()
        await websocket.send("ready")
        raise (SystemExit if kind == "exit" else ValueError)(CANARY)

    async def talk(kind):
        sent = []
        coming = asyncio.Queue()
        coming.put_nowait({"type": "websocket.connect"})

        async def send(message):
            sent.append(message)
            if message["type"] in {"websocket.close", "websocket.http.response.body"}:
                coming.put_nowait({"type": "websocket.disconnect", "code": 1011})

        scope = {
            "type": "websocket",
            "asgi": {"spec_version": "2.3"},
            "path": f"/socket/{kind}",
            "headers": [(b"host", b"api.example")],
            "query_string": b"",
            "scheme": "ws",
            "extensions": {"websocket.http.response": {}},
        }
        await app(scope, coming.get, send)
        return sent

    for kind in ("crash", "exit"):
        sent = asyncio.run(talk(kind))
        assert sent[-1] == {
            "type": "websocket.close",
            "code": 1011,
            "reason": "INTERNAL_SERVER_ERROR",
        }
    start, body = asyncio.run(talk("refuse"))
    assert start["status"] == 403
    assert json.loads(body["body"])["error"]["code"] == "ACCESS_DENIED"
    assert CANARY.encode() not in body["body"]
    assert [incident["http.route"] for incident in sink.incidents] == ["/socket/<kind>"] * 3


def test_inside_of_another_application_its_words_stay(sink):
    inner = application()

    @inner.get("/taken")
    async def taken():
        abort(409, "The table is taken")

    outer = Shield(sinks=[sink])(Starlette(routes=[Mount("/inner", inner)]))
    client = TestClient(outer, raise_server_exceptions=False)
    error = {"code": "CONFLICT", "message": "The table is taken"}
    assert client.get("/inner/taken").json() == {"error": error}
    assert not sink.incidents
    assert client.get("/inner/crash").status_code == 500
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("failure", [ValueError, SystemExit])
@pytest.mark.parametrize("waits", [False, True])
def test_a_task_in_the_background_that_fails_is_recorded_and_ends_nothing(
    sink, serve, failure, waits
):
    app = Quart(__name__)

    async def waiting(number):
        await asyncio.sleep(0)
        raise failure(f"{CANARY} {number}")

    def plain(number):
        raise failure(f"{CANARY} {number}")

    @app.get("/begin")
    async def begin():
        app.add_background_task(waiting if waits else plain, number=7)
        return {"begun": True}

    server = serve(Shield(sinks=[sink])(app))
    assert b'{"begun":true}' in server.get("/begin")
    for _ in range(200):
        if sink.incidents:
            break
        assert b"200" in server.get("/begin")
    incident = sink.incidents[0]
    assert incident["exception.message"] == f"{CANARY} 7"
    assert incident["url.path"] == "/begin"


def test_a_task_that_no_request_has_begun_is_recorded_too(sink):
    app = Shield(sinks=[sink])(Quart(__name__))

    async def fail():
        raise ValueError(CANARY)

    async def run():
        app.add_background_task(fail)
        await asyncio.gather(*app.background_tasks)

    asyncio.run(run())
    (incident,) = sink.incidents
    assert incident["exception.message"] == CANARY


def test_a_task_of_a_websocket_names_its_path(sink):
    app = Quart(__name__)

    async def fail():
        raise ValueError(CANARY)

    @app.websocket("/talk")
    async def talk():
        await websocket.accept()
        app.add_background_task(fail)
        await asyncio.gather(*app.background_tasks)

    with TestClient(Shield(sinks=[sink])(app)).websocket_connect("/talk"):
        pass
    assert sink.incidents[0]["url.path"] == "/talk"


def test_a_plain_function_that_raises_stop_iteration_is_answered(sink, serve):
    app = Shield(sinks=[sink])(application())

    @app.get("/next")
    def following():
        return next(iter([]))

    assert b'"code":"INTERNAL_SERVER_ERROR"' in serve(app).get("/next")
    (incident,) = sink.incidents
    assert "StopIteration" in json.dumps(incident["exceptions"])
