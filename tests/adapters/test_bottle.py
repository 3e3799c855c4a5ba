"""Bottle applications under the guard: what is special to Bottle, beside the contract."""

from __future__ import annotations

import json
from io import BytesIO, StringIO
from wsgiref.util import setup_testing_defaults

import bottle
import pytest
from bottle import Bottle, HTTPError, HTTPResponse, abort, request, static_file

import tightlip
from contract.answers import error_in, without_reference
from tightlip import ConfigurationError, PublicError, Shield
from tightlip.adapters.bottle import ShieldPlugin

CANARY = "canary-7e25"


class Corked(PublicError):
    status = 409
    message = "This wine is corked"


def application():
    app = Bottle()

    @app.get("/crash")
    def crash():
        raise ValueError(CANARY)

    @app.get("/wines/<number:int>")
    def wine(number):
        raise Corked

    @app.post("/wines")
    def add():
        return request.json

    return app


def ask(app, path, method="GET", body=b""):
    """Return the status, the headers, the body, and what was written to the server's log."""
    errors = StringIO()
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.errors": errors,
    }
    setup_testing_defaults(environ)
    started = []
    answer = app(environ, lambda *start: started.append(start))
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    ((status, headers),) = started
    assert CANARY.encode() not in content
    assert CANARY not in str(headers)
    return status, dict(headers), content, errors.getvalue()


def error_of(app, path, **options):
    answer = ask(app, path, **options)
    return int(answer[0][:3]), error_in(answer)


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    app = application()
    assert Shield(sinks=[sink])(app) is app
    assert isinstance(app, Bottle)
    assert type(app).__qualname__ == "Bottle"
    guarded = type(app)
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    ask(app, "/crash")
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("path", ["/crash", "/wines/4", "/nowhere", "/wines"])
def test_the_plugin_gives_the_same_bytes(sink, path):
    plugged = application()
    plugged.install(ShieldPlugin(sinks=[sink]))
    shielded = Shield(sinks=[sink])(application())
    assert without_reference(ask(plugged, path)) == without_reference(ask(shielded, path))


@pytest.fixture(params=["debug", "catchall"])
def other(request, sink):
    """An application with a setting that shows more."""
    if request.param == "catchall":
        app = application()
        app.config["catchall"] = False
        yield Shield(sinks=[sink])(app)
        return
    bottle.debug(True)
    yield Shield(sinks=[sink])(application())
    bottle.debug(False)


def test_no_setting_changes_a_byte(sink, other):
    plain = Shield(sinks=[sink])(application())
    for path, method, body in (
        ("/crash", "GET", b""),
        ("/nowhere", "GET", b""),
        ("/crash", "PUT", b""),
        ("/wines", "POST", b"{"),
        ("/wines", "POST", b'{"a": "\xff"}'),
    ):
        one, two = ask(plain, path, method, body), ask(other, path, method, body)
        assert without_reference(one) == without_reference(two)
        assert int(one[0][:3]) >= 400
        assert one[3] == two[3] == ""


def test_what_is_no_application_is_refused_by_name():
    app = application()
    with pytest.raises(ConfigurationError, match="not a Route"):
        tightlip.shield(app.routes[0])


def raising(make):
    app = Bottle()
    app.get("/", callback=make)
    return app


def aborts():
    abort(410, "This cellar is empty")


def raises():
    raise HTTPError(409, "This wine is corked")


def raises_an_answer():
    raise HTTPResponse("There is no such wine", 404)


def aborts_plainly():
    abort(404)


def aborts_formatted():
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        abort(400, str(error))


def raises_around():
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        raise HTTPError(503, "Come back later", error)


def returns():
    return HTTPResponse(CANARY, 409)


def returns_an_error():
    return HTTPError(409, CANARY)


def returns_what_bottle_says():
    return static_file("none.txt", root="/nowhere")


def raises_in_the_first_step():
    raise Corked
    yield b""


@pytest.mark.parametrize(
    ("make", "status", "message", "is_recorded"),
    [
        (aborts, 410, "This cellar is empty", False),
        (raises, 409, "This wine is corked", False),
        (raises_an_answer, 404, "There is no such wine", False),
        (aborts_plainly, 404, "What you are looking for does not exist", False),
        (aborts_formatted, 400, "The request could not be understood", True),
        (raises_around, 503, "The service is not available", True),
        (returns, 409, "The request conflicts with", True),
        (returns_an_error, 409, "The request conflicts with", True),
        (returns_what_bottle_says, 404, "What you are looking for does not exist", False),
        (raises_in_the_first_step, 409, "This wine is corked", False),
    ],
)
def test_words_leave_where_they_are_literal(sink, make, status, message, is_recorded):
    app = Shield(sinks=[sink])(raising(make))
    answered, error = error_of(app, "/")
    assert answered == status
    assert error["message"].startswith(message)
    assert bool(sink.incidents) is is_recorded


@pytest.mark.parametrize("words", [CANARY, CANARY.encode()], ids=["text", "bytes"])
def test_the_words_of_an_error_that_is_returned_are_in_the_record(sink, words):
    app = Shield(sinks=[sink])(raising(lambda: HTTPError(409, words)))
    ask(app, "/")
    ((withheld,),) = (incident["withheld"] for incident in sink.incidents)
    assert withheld["text"] == CANARY
    assert "Conflict(tightlip.PublicError):" in withheld["advice"]


def test_a_handler_of_the_applications_own_still_runs(sink):
    app = application()

    @app.error(500)
    def handle(error):
        bottle.response.status = 503
        bottle.response.set_header("Retry-After", "7")
        return f"{error.exception} {error.traceback}"

    status, headers, body, _ = ask(Shield(sinks=[sink])(app), "/crash")
    assert (status, headers["retry-after"]) == ("503 Service Unavailable", "7")
    assert json.loads(body)["error"]["code"] == "SERVICE_UNAVAILABLE"
    (incident,) = sink.incidents
    assert incident["exception.type"] == "ValueError"
    assert incident["http.route"] == "/crash"


def test_a_handler_that_fails_is_a_failure(sink):
    app = application()

    @app.error(500)
    def handle(error):
        raise KeyError(CANARY)

    assert error_of(Shield(sinks=[sink])(app), "/crash")[0] == 500
    (incident,) = sink.incidents
    assert incident["exception.type"] == "KeyError"


@pytest.mark.parametrize("hook", ["before_request", "after_request"])
def test_hooks_that_fail_are_failures(sink, hook):
    app = raising(lambda: "all is well")

    @app.hook(hook)
    def failing():
        raise ValueError(CANARY)

    assert error_of(Shield(sinks=[sink])(app), "/")[0] == 500
    (incident,) = sink.incidents
    assert incident["exception.type"] == "ValueError"


def test_the_record_has_the_path_that_the_client_sent(sink):
    app = Shield(sinks=[sink])(application())
    app.get("/caf\u00e9", callback=aborts_formatted)
    ask(app, "/caf\u00e9".encode().decode("latin-1"))
    (incident,) = sink.incidents
    assert incident["url.path"] == "/caf\u00e9"


def test_a_route_without_plugins_is_guarded_too(sink):
    app = Bottle()
    app.get("/", callback=aborts_formatted, skip=True)
    app.install(ShieldPlugin(sinks=[sink]))
    assert error_of(app, "/")[0] == 400


def test_what_the_application_writes_to_the_log_of_the_server_is_written(sink):
    def writes():
        request.environ["wsgi.errors"].write("a line\n")
        request.environ["wsgi.errors"].flush()
        return "all is well"

    status, _, body, errors = ask(Shield(sinks=[sink])(raising(writes)), "/")
    assert (status, body, errors) == ("200 OK", b"all is well", "a line\n")
