"""Flask applications under the guard: what is special to Flask, beside the contract."""

from __future__ import annotations

import json

import pytest
from flask import Blueprint, Flask, Response, abort, g, jsonify, request, stream_with_context
from werkzeug.exceptions import Conflict, HTTPException, NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import tightlip
from contract.answers import error_in, without_reference
from tightlip import ConfigurationError, PublicError, Shield
from tightlip.adapters.flask import ShieldExtension

CANARY = "canary-4f7c"


class Lent(PublicError):
    status = 409
    message = "This book is lent"


class ShelfMissing(NotFound):
    description = "There is no such shelf"


def application(**options):
    app = Flask(__name__)
    app.config.update(options)

    @app.get("/crash")
    def crash():
        raise ValueError(CANARY)

    @app.get("/books/<int:number>")
    def book(number):
        raise Lent

    @app.post("/books")
    def add():
        return request.get_json()

    @app.post("/forms")
    def form():
        return request.form["title"]

    return app


def ask(app, path, method="GET", **options):
    response = app.test_client().open(path, method=method, **options)
    headers = {name.lower(): value for name, value in response.headers}
    assert CANARY.encode() not in response.data
    assert CANARY not in str(headers)
    return response.status, headers, response.data


def error_of(app, path, **options):
    answer = ask(app, path, **options)
    return int(answer[0][:3]), error_in(answer)


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    app = application()
    kind = type(app)
    assert Shield(sinks=[sink])(app) is app
    assert isinstance(app, kind)
    assert type(app).__qualname__ == "Flask"
    guarded = type(app)
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    ask(app, "/crash")
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("path", ["/crash", "/books/4", "/nowhere", "/books"])
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
        ("/books", "POST", b"{"),
        ("/books", "POST", b'{"a": "\xff"}'),
        ("/forms", "POST", b""),
    ):
        options = {"method": method, "data": body, "headers": {"content-type": "application/json"}}
        one, two = ask(plain, path, **options), ask(other, path, **options)
        assert without_reference(one) == without_reference(two)
        assert int(one[0][:3]) >= 400


def test_a_blueprint_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="not a Blueprint"):
        tightlip.shield(Blueprint("shop", __name__))


def test_routes_handlers_and_middleware_that_come_later_are_guarded(sink):
    app = Shield(sinks=[sink])(Flask(__name__))
    app.wsgi_app = ProxyFix(app.wsgi_app)
    books = Blueprint("books", __name__)

    @books.get("/late/<name>")
    def late(name):
        raise KeyError(CANARY)

    @app.errorhandler(KeyError)
    def handle(error):
        return jsonify(error=str(error)), 503, {"retry-after": "7", "x-own": str(error)}

    app.register_blueprint(books, url_prefix="/books")
    status, headers, body = ask(app, "/books/late/a")
    assert (status, headers["retry-after"]) == ("503 Service Unavailable", "7")
    assert json.loads(body)["error"]["code"] == "SERVICE_UNAVAILABLE"
    (incident,) = sink.incidents
    assert incident["exception.type"] == "KeyError"
    assert incident["http.route"] == "/books/late/<name>"


def raising(make):
    app = Flask(__name__)

    @app.get("/")
    def index():
        return make()

    return app


def aborts():
    abort(410, "This shelf is empty")


def raises():
    raise Conflict("This book is lent")


def raises_own():
    raise ShelfMissing


def aborts_plainly():
    abort(404)


def aborts_formatted():
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        abort(400, str(error))


def aborts_with_an_answer():
    abort(Response(CANARY, 409))


def returns_the_exception():
    return NotFound(CANARY)


@pytest.mark.parametrize(
    ("make", "status", "message", "is_recorded"),
    [
        (aborts, 410, "This shelf is empty", False),
        (raises, 409, "This book is lent", False),
        (raises_own, 404, "There is no such shelf", False),
        (aborts_plainly, 404, "What you are looking for does not exist", False),
        (aborts_formatted, 400, "The request could not be understood", True),
        (aborts_with_an_answer, 409, "The request conflicts with", True),
        (returns_the_exception, 404, "What you are looking for does not exist", False),
    ],
)
def test_words_of_an_http_exception_leave_where_they_are_literal(
    sink, make, status, message, is_recorded
):
    app = Shield(sinks=[sink])(raising(make))
    answered, error = error_of(app, "/")
    assert answered == status
    assert error["message"].startswith(message)
    assert bool(sink.incidents) is is_recorded


def test_a_challenge_of_an_http_exception_keeps_its_scheme(sink):
    def unauthorized():
        exception = HTTPException("Sign in first")
        exception.code = 401
        exception.get_headers = lambda *_: [("WWW-Authenticate", f'Basic realm="a", x="{CANARY}"')]
        raise exception

    _, headers, _ = ask(Shield(sinks=[sink])(raising(unauthorized)), "/")
    assert headers["www-authenticate"] == 'Basic realm="a"'


def test_what_is_too_large_is_told_as_such(sink):
    app = Shield(sinks=[sink])(application(MAX_CONTENT_LENGTH=4))
    status, error = error_of(app, "/books", method="POST", json={"title": "Atlas"})
    assert (status, error["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert not sink.incidents


def test_the_same_exception_from_the_applications_own_code_is_a_failure(sink):
    def reads():
        return json.loads("{")

    status, error = error_of(Shield(sinks=[sink])(raising(reads)), "/")
    assert (status, error["code"]) == (500, "INTERNAL_SERVER_ERROR")


@pytest.mark.parametrize("hook", ["before_request", "after_request", "teardown_request"])
def test_hooks_that_fail_are_failures(sink, hook):
    app = raising(lambda: "all is well")

    def failing(*_):
        raise ValueError(CANARY)

    getattr(app, hook)(failing)
    status, _ = error_of(Shield(sinks=[sink])(app), "/")
    assert status == 500
    (incident,) = sink.incidents
    assert incident["exception.type"] == "ValueError"


def test_a_handler_that_fails_is_a_failure(sink):
    app = application()

    @app.errorhandler(ValueError)
    def handle(error):
        raise KeyError(CANARY) from error

    status, error = error_of(Shield(sinks=[sink])(app), "/crash")
    assert (status, error["code"]) == (500, "INTERNAL_SERVER_ERROR")


def test_a_stream_keeps_the_context_of_its_request(sink):
    def streams():
        g.word = "atlas"

        @stream_with_context
        def chunks():
            yield g.word
            yield "\n"

        return Response(chunks(), mimetype="text/plain")

    app = Shield(sinks=[sink])(raising(streams))
    assert ask(app, "/")[2] == b"atlas\n"


def test_nothing_is_written_to_the_servers_log(sink, capfd, caplog):
    ask(Shield(sinks=[sink])(application()), "/crash")
    assert caplog.text == ""
    assert capfd.readouterr().err == ""


def test_good_answers_are_as_they_were(sink):
    body = {"title": "Atlas"}
    bare = ask(application(), "/books", method="POST", json=body)
    assert ask(Shield(sinks=[sink])(application()), "/books", method="POST", json=body) == bare
    assert not sink.incidents


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_failure_of_a_mounted_application_is_recorded_once(sink, method):
    outer = Flask(__name__)
    inner = Shield(sinks=[sink])(application())
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/inner": inner})
    status, headers, _ = ask(Shield(sinks=[sink])(outer), "/inner/crash", method=method)
    (incident,) = sink.incidents
    assert status == "500 Internal Server Error"
    assert headers["x-error-reference"] == incident["reference"]
