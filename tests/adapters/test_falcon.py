"""Falcon applications under the guard: what is special to Falcon, beside the contract."""

from __future__ import annotations

import asyncio
import json
import time

import falcon
import pytest
from falcon import testing
from falcon.asgi import App

import tightlip
from tightlip import PublicError, Shield
from tightlip.adapters.falcon import setup

CANARY = "canary-2c8a"


class ShelfTaken(PublicError):
    status = 409
    message = "This shelf is taken"


class Crash:
    async def on_get(self, request, response):
        raise ValueError(CANARY)


class Shelf:
    async def on_get(self, request, response, number):
        raise ShelfTaken

    async def on_put(self, request, response, number):
        response.media = await request.get_media()


def application(resource=None, **options):
    app = App(**options)
    app.add_route("/crash", Crash())
    app.add_route("/shelves/{number:int}", Shelf())
    if resource is not None:
        app.add_route("/there/{kind}", resource())
    return app


def ask(app, path, method="GET", **options):
    return testing.simulate_request(app, method=method, path=path, **options)


def error_of(response):
    assert CANARY not in response.text
    assert CANARY not in str(response.headers)
    error = response.json["error"]
    assert error.get("reference") == response.headers.get("x-error-reference")
    return error


def picture(response):
    headers = dict(response.headers)
    reference = headers.pop("x-error-reference", "-")
    return response.status_code, response.text.replace(reference, "REF"), headers


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    app = application()
    assert Shield(sinks=[sink])(app) is app
    guarded = type(app)
    assert isinstance(app, App)
    assert guarded.__qualname__ == "App"
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    assert error_of(ask(app, "/crash"))["code"] == "INTERNAL_SERVER_ERROR"
    assert len(sink.incidents) == 1


def test_setup_gives_the_same_bytes(sink):
    set_up = application()
    setup(set_up, sinks=[sink])
    shielded = Shield(sinks=[sink])(application())
    for path in ("/crash", "/shelves/4", "/nowhere"):
        assert picture(ask(set_up, path)) == picture(ask(shielded, path))


def test_routes_that_are_added_afterwards_are_guarded_and_named_in_the_record(sink):
    app = Shield(sinks=[sink])(application())

    class Later:
        async def on_get(self, request, response, name):
            raise LookupError(CANARY)

    app.add_route("/later/{name}", Later())
    assert error_of(ask(app, "/later/x"))["code"] == "INTERNAL_SERVER_ERROR"
    (incident,) = sink.incidents
    assert incident["http.route"] == "/later/{name}"
    assert CANARY in json.dumps(incident["exceptions"])


def test_words_of_the_application_stay_and_those_of_the_framework_do_not(sink):
    class There:
        async def on_get(self, request, response, kind):
            if kind == "description":
                raise falcon.HTTPConflict(title="Taken", description="Choose another shelf")
            if kind == "title":
                raise falcon.HTTPConflict(title="Choose another shelf")
            if kind == "status":
                raise falcon.HTTPStatus(409, text="Choose another shelf")
            if kind == "own":
                raise falcon.HTTPConflict
            if kind == "made":
                response.status = 409
                response.text = CANARY
                return
            raise falcon.HTTPConflict(description=f"{CANARY} {kind}")

    app = Shield(sinks=[sink])(application(There))
    for kind in ("description", "title", "status"):
        response = ask(app, f"/there/{kind}")
        assert response.status_code == 409
        assert error_of(response) == {"code": "CONFLICT", "message": "Choose another shelf"}
    plain = error_of(ask(app, "/there/own"))
    assert "reference" not in plain
    assert not sink.incidents
    for kind in ("made", "text"):
        error = error_of(ask(app, f"/there/{kind}"))
        assert error["message"] == plain["message"]
        assert CANARY in json.dumps(sink.find(error["reference"])["withheld"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "Count is required"),
        ("count=x", "Count must be a whole number"),
        ("count=1&key=x", "Key must be a UUID"),
        ("count=1&weight=x", "Weight must be a number"),
        ("count=1&fast=x", "Fast must be true or false"),
        ("count=1", "The header x-token is required"),
    ],
)
def test_refused_parameters_are_named(sink, query, message):
    class There:
        async def on_get(self, request, response, kind):
            request.get_param_as_int("count", required=True)
            request.get_param_as_uuid("key")
            request.get_param_as_float("weight")
            request.get_param_as_bool("fast")
            request.get_header("x-token", required=True)

    response = ask(Shield(sinks=[sink])(application(There)), "/there/x", query_string=query)
    assert response.status_code == 422
    assert error_of(response)["message"] == message
    assert not sink.incidents


def test_a_body_that_a_schema_refuses_is_wrong_content(sink):
    class There:
        async def on_post(self, request, response, kind):
            raise falcon.MediaValidationError(title="Refused", description=CANARY)

    app = Shield(sinks=[sink])(application(There))
    response = ask(app, "/there/x", "POST", json={"named": CANARY})
    assert (response.status_code, error_of(response)["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": "\xff"}', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_malformed(sink, body):
    app = Shield(sinks=[sink])(application())
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    response = ask(app, "/shelves/1", "PUT", body=body, headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (400, "INVALID_REQUEST")
    assert not sink.incidents


def test_the_same_exceptions_from_the_application_are_its_own(sink):
    class There:
        async def on_post(self, request, response, kind):
            await request.get_media()
            json.loads("{")

    app = Shield(sinks=[sink])(application(There))
    assert ask(app, "/there/x", "POST", json={}).status_code == 500


def test_handlers_and_serializers_of_the_application_run_and_their_status_counts(sink):
    app = Shield(sinks=[sink])(application())
    seen = []

    async def handle(request, response, exception, parameters):
        seen.append(exception)
        response.status = 410
        response.media = {"error": str(exception)}

    def serialize(request, response, exception):
        seen.append(exception)
        response.text = CANARY

    app.add_error_handler(ValueError, handle)
    app.set_error_serializer(serialize)
    assert error_of(ask(app, "/crash"))["code"] == "GONE"
    assert ask(app, "/nowhere").status_code == 404
    assert len(seen) == 2


def test_an_unknown_method_is_not_allowed_where_there_is_a_route(sink, exchange):
    app = Shield(sinks=[sink])(application())
    answered = exchange(app, "/shelves/1", method="BREW")
    assert answered.status == 405
    assert answered.headers[b"allow"] == b"GET, PUT"
    assert exchange(app, "/nowhere", method="BREW").status == 404


@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
def test_where_there_is_a_websocket_alone_http_finds_nothing(sink, exchange, method):
    class Socket:
        async def on_websocket(self, request, socket):
            await socket.accept()

    class Both(Socket, Crash):
        pass

    app = application()
    app.add_route("/socket", Socket())
    app.add_route("/both", Both())
    Shield(sinks=[sink])(app)
    answered = exchange(app, "/socket", method=method)
    assert answered.status == 404
    assert b"allow" not in answered.headers
    answered = exchange(app, "/both", method=method)
    assert (answered.status, answered.headers.get(b"allow")) == (
        (500, None) if method == "GET" else (405, b"GET")
    )


def test_an_unknown_method_is_told_the_methods_of_the_route_that_was_found(sink, exchange):
    class Shelves:
        async def on_get(self, request, response):
            pass

        async def on_post_all(self, request, response):
            pass

    app = application()
    app.add_route("/all", Shelves(), suffix="all")
    answered = exchange(Shield(sinks=[sink])(app), "/all", method="BREW")
    assert (answered.status, answered.headers[b"allow"]) == (405, b"POST")


def recorded(sink):
    """Return the one incident, which may come after the answer."""
    deadline = time.monotonic() + 10
    while not sink.incidents:
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.01)
    (incident,) = sink.incidents
    return incident


@pytest.mark.parametrize(
    "failure", [ValueError(CANARY), SystemExit(CANARY), asyncio.CancelledError(CANARY)]
)
@pytest.mark.parametrize("is_async", [True, False])
def test_a_callback_after_the_answer_is_recorded_and_ends_nothing_else(
    serve, sink, failure, is_async
):
    done = []

    class There:
        async def on_get(self, request, response, kind):
            def fails():
                done.append(kind)
                raise failure

            async def fails_too():
                fails()

            if is_async:
                response.schedule(fails_too)
            else:
                response.schedule_sync(fails)
            response.text = "ok"

    server = serve(Shield(sinks=[sink])(application(There)))
    assert server.get("/there/x").endswith(b"\r\n\r\nok")
    incident = recorded(sink)
    assert done == ["x"]
    assert server.get("/crash").startswith(b"HTTP/1.1 500 ")
    assert incident["event_name"] == "http.server.background.exception"
    assert CANARY in json.dumps(incident["exceptions"])


class PlainCrash:
    def on_get(self, request, response, kind):
        raise LookupError(CANARY)


def test_an_application_on_wsgi_is_guarded_alike(sink):
    app = falcon.App()
    app.add_route("/there/{kind}", PlainCrash())
    assert Shield(sinks=[sink])(app) is app
    guarded = type(app)
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    assert error_of(ask(app, "/there/x"))["code"] == "INTERNAL_SERVER_ERROR"
    (incident,) = sink.incidents
    assert incident["http.route"] == "/there/{kind}"
    other = falcon.App()
    other.add_route("/there/{kind}", PlainCrash())
    setup(other, sinks=[sink])
    assert picture(ask(other, "/there/x")) == picture(ask(app, "/there/x"))
