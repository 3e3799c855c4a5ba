"""Django under the guard: what is special to it, to REST framework and to ninja."""

from __future__ import annotations

import json
from urllib.parse import unquote
from wsgiref.util import setup_testing_defaults

import pytest
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler, StaticFilesHandler
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.core.wsgi import get_wsgi_application
from django.test.utils import override_settings

import tightlip
from tightlip import Shield

CANARY = b"canary-77d0"
STANDARD = {
    400: "The request could not be understood. Check it and try again",
    404: "What you are looking for does not exist",
}
WITH_FILES = ["django.contrib.staticfiles"]
LEAKING = ["/missing/told", "/bad", "/suspicious", "/rest/told", "/ninja/told"]
BROKEN = ["/crash", "/crash/async", "/exit", "/cancelled", "/none", "/rest/crash", "/ninja/crash"]
EVERYTHING = [
    *("/ok", "/nowhere", "/missing", "/denied", "/rented", "/by-hand", "/twice", "/slash"),
    *("/get", "/host", "/ninja/captains/abc", "/ninja/nowhere", "/rest/boats", "/rest/harbour"),
    *("/rest/throttled", "/rest/stock", "/ninja/missing", "/ninja/django", "/ninja/lookup"),
    *("/stream/first", "/stream/async/first", "/boats/abc", "/rest/sunk", *LEAKING, *BROKEN),
]


@pytest.fixture
def call(exchange):
    return exchange


@pytest.fixture
def application(django_project, sink):
    return Shield(sinks=[sink])(get_asgi_application())


@pytest.fixture
def paged(django_project, sink):
    return Shield(sinks=[sink], error_pages=["/pages/"])(get_asgi_application())


@pytest.fixture
def ask(application, call):
    """Ask the guarded project; no answer may hold a planted word."""

    def asked(path, method="GET", body=b"", content_type=None, app=application, **overrides):
        headers = dict([(b"host", b"api.example"), *overrides.pop("headers", ())])
        if body or content_type:
            headers[b"content-type"] = (content_type or "application/json").encode()
            headers.setdefault(b"content-length", str(len(body)).encode())
        options = {"method": method, "headers": list(headers.items()), **overrides}
        exchange = call(app, path, body=body, **options)
        assert CANARY not in exchange.everything
        return exchange

    return asked


@pytest.fixture
def error_of(ask):
    def asked(path, *arguments, **options):
        exchange = ask(path, *arguments, **options)
        error = json.loads(exchange.body)["error"]
        assert exchange.headers.get(b"x-error-reference", b"").decode() == error.get(
            "reference", ""
        )
        return exchange.status, error

    return asked


def told(exchange):
    """What a client gets, the reference replaced."""
    if exchange.raised is not None:
        return type(exchange.raised).__name__, exchange.body
    headers = dict(exchange.headers)
    reference = headers.pop(b"x-error-reference", b"-")
    return exchange.status, headers, exchange.body.replace(reference, b"REF")


def test_the_same_object_comes_back_and_twice_counts_once(django_project, sink, call):
    app = get_asgi_application()
    assert Shield(sinks=[sink])(app) is app
    assert isinstance(app, ASGIHandler)
    assert type(app).__qualname__ == "ASGIHandler"
    guarded = type(app)
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    call(app, "/crash", headers=[(b"host", b"api.example")])
    assert len(sink.incidents) == 1


def test_a_handler_without_a_guard_answers_as_ever(application, call):
    bare = call(get_asgi_application(), "/missing", headers=[(b"host", b"api.example")])
    assert bare.status == 404
    assert b"<!doctype html>" in bare.body
    with override_settings(DEBUG=True):
        shown = call(get_asgi_application(), "/crash", headers=[(b"host", b"api.example")])
        lost = call(get_asgi_application(), "/nowhere", headers=[(b"host", b"api.example")])
    assert CANARY in shown.body
    assert b"DEBUG = True" in lost.body


@pytest.mark.parametrize("path", EVERYTHING)
def test_no_setting_changes_a_byte(ask, path):
    without = told(ask(path))
    with override_settings(DEBUG=True):
        assert told(ask(path)) == without
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
        assert told(ask(path)) == without


@pytest.mark.parametrize("is_shielded_later", [False, True])
@pytest.mark.parametrize("path", ["/static/canary", "/static/%00", "/crash"])
@pytest.mark.usefixtures("django_project")
def test_what_serves_static_files_around_an_application_is_guarded(
    sink, call, path, is_shielded_later
):
    shield = Shield(sinks=[sink])
    for debug in (False, True):
        with override_settings(INSTALLED_APPS=WITH_FILES, STATIC_URL="/static/", DEBUG=debug):
            app = get_asgi_application()
            if is_shielded_later:
                served = shield(ASGIStaticFilesHandler(app))
            else:
                served = ASGIStaticFilesHandler(shield(app))
            answered = call(served, unquote(path), headers=[(b"host", b"api.example")])
        code = json.loads(answered.body)["error"]["code"]
        assert (answered.status, code) == (
            (500, "INTERNAL_SERVER_ERROR") if path == "/crash" else (404, "NOT_FOUND")
        )
    assert len(sink.incidents) == (2 if path == "/crash" else 0)


@pytest.mark.usefixtures("django_project")
def test_runserver_serves_static_files_inside_the_guard(sink):
    with override_settings(INSTALLED_APPS=WITH_FILES, STATIC_URL="/static/", DEBUG=True):
        served = StaticFilesHandler(Shield(sinks=[sink])(get_wsgi_application()))
        environ = {"PATH_INFO": "/static/canary", "HTTP_HOST": "api.example"}
        setup_testing_defaults(environ)
        started = []
        body = b"".join(served(environ, lambda status, headers, *_: started.append(status)))
    assert started == ["404 Not Found"]
    assert json.loads(body)["error"]["code"] == "NOT_FOUND"
    assert not sink.incidents


def test_with_debug_a_post_without_its_slash_is_redirected_as_without(ask):
    form = "application/x-www-form-urlencoded"
    without = ask("/slash", "POST", b"a=1", form)
    with override_settings(DEBUG=True):
        with_debug = ask("/slash", "POST", b"a=1", form)
    for answer in (without, with_debug):
        # Django 6 tells the length of a redirect too, which says nothing of the setting.
        answer.sent[0]["headers"] = [
            header for header in answer.sent[0]["headers"] if header[0] != b"Content-Length"
        ]
    assert without.status == 301
    assert told(with_debug) == told(without)
    assert with_debug.headers[b"Location"] == b"/slash/"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/missing", (404, "NOT_FOUND", "There is no such boat")),
        ("/anchor", (404, "NOT_FOUND", "No anchor here")),
        ("/denied", (403, "ACCESS_DENIED", "Only skippers may do this")),
        ("/rented", (409, "RENTED", "This boat is rented out")),
        ("/rented/async", (409, "RENTED", "This boat is rented out")),
        ("/rest/missing", (404, "NOT_FOUND", "There is no such boat")),
        ("/rest/missing/keyword", (404, "NOT_FOUND", "There is no such boat")),
        ("/rest/rented", (409, "RENTED", "This boat is rented out")),
        ("/rest/windy", (503, "SERVICE_UNAVAILABLE", "Too windy to sail today")),
        ("/rest/stock", (422, "VALIDATION_ERROR", "Not so many seats")),
        ("/ninja/missing", (404, "NOT_FOUND", "There is no such captain")),
        ("/ninja/django", (404, "NOT_FOUND", "There is no such captain")),
        ("/ninja/rented", (409, "RENTED", "This boat is rented out")),
    ],
)
def test_the_words_of_an_author_leave(error_of, sink, path, told):
    status, error = error_of(path)
    assert (status, error["code"], error["message"]) == told
    if status < 500:
        assert not sink.incidents


@pytest.mark.parametrize("path", LEAKING)
def test_words_that_were_put_together_are_withheld_and_recorded(error_of, sink, path):
    status, error = error_of(path)
    assert error["message"] == STANDARD[status]
    (incident,) = sink.incidents
    assert incident["reference"] == error["reference"]
    (withheld,) = incident["withheld"]
    assert "canary-77d0" in withheld["text"]


@pytest.mark.parametrize("path", BROKEN)
def test_what_nobody_foresaw_is_a_server_error_with_an_incident(error_of, sink, path):
    status, error = error_of(path)
    assert status == 500
    assert error["code"] == "INTERNAL_SERVER_ERROR"
    (incident,) = sink.incidents
    assert incident["reference"] == error["reference"]
    if path != "/none":
        assert "canary-77d0" in incident["exception.message"]


def test_a_plain_view_that_raises_stop_iteration_is_answered(error_of, sink):
    assert error_of("/stopped")[0] == 500
    (incident,) = sink.incidents
    assert "StopIteration" in incident.as_json()


class Stopping:
    """A middleware of the plain kind, which Django runs in threads."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, *_):
        raise StopIteration(CANARY.decode())


STOPPING, ENTRY = f"{__name__}.Stopping", "tightlip.adapters.django.ShieldMiddleware"


@pytest.mark.parametrize("entries", [[STOPPING], [STOPPING, ENTRY], [ENTRY, STOPPING]])
def test_a_middleware_that_raises_stop_iteration_is_answered(django_project, ask, sink, entries):
    with override_settings(MIDDLEWARE=entries, TIGHTLIP={"sinks": [sink]}):
        handler = get_asgi_application()
    app = handler if ENTRY in entries else Shield(sinks=[sink])(handler)
    assert ask("/ok", app=app).status == 500
    (incident,) = sink.incidents
    assert "StopIteration" in incident.as_json()


@pytest.mark.parametrize(
    ("path", "status", "options"),
    [
        ("/nowhere", 404, {}),
        ("/boats/abc", 404, {}),
        ("/boats/" + "9" * 10_000, 404, {}),
        ("/ninja/nowhere", 404, {}),
        ("/form", 403, {"method": "POST"}),
        ("/host", 400, {"headers": [(b"host", b"evil.example")]}),
        ("/get", 405, {"method": "POST"}),
        ("/get", 405, {"method": "BREW"}),
        ("/rest/boats", 405, {"method": "BREW"}),
        ("/read", 413, {"method": "POST", "headers": [(b"content-length", b"99999999")]}),
        ("/post", 400, {"method": "POST", "body": b"--x\r\n\r\n", "content_type": "multipart/form-data; boundary=" + "x" * 300}),
        ("/ok", 400, {"query_string": b"a=\xff"}),
        ("/rest/plain", 403, {}),
        ("/rest/harbour", 401, {}),
        ("/rest/throttled", 429, {}),
        ("/ninja/slow", 429, {}),
        ("/ninja/private", 401, {}),
        ("/ninja/unknown", 401, {}),
    ],
)  # fmt: skip
def test_what_a_library_refuses_by_itself_is_no_incident(error_of, sink, path, status, options):
    answered, error = error_of(path, **options)
    assert answered == status
    assert set(error) == {"code", "message"}
    assert not sink.incidents


def test_a_refusal_by_time_says_how_long_and_a_challenge_its_scheme(ask):
    assert ask("/rest/throttled").headers[b"retry-after"] == b"30"
    assert ask("/ninja/slow").headers[b"retry-after"] == b"30"
    assert ask("/rest/harbour").headers[b"www-authenticate"] == b'Basic realm="api"'


def test_an_answer_made_by_hand_keeps_its_status_alone(ask, sink):
    answer = ask("/by-hand")
    assert answer.status == 418
    assert not {b"etag", b"set-cookie"} & set(answer.headers)
    (incident,) = sink.incidents
    assert incident["withheld"][0]["text"] == "canary-77d0"


def test_the_handler_of_an_author_keeps_its_status(error_of, sink):
    status, error = error_of("/ninja/lookup")
    assert status == 410
    assert error["code"] == "GONE"
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("path", ["/nowhere", "/rest/missing", "/rest/boats", "/crash", "/form"])
def test_no_header_of_an_error_tells_the_framework(ask, path):
    headers = set(ask(path, "PATCH" if path == "/form" else "GET").headers)
    known = {b"cache-control", b"content-length", b"content-type", b"x-content-type-options"}
    assert headers - {b"x-error-reference", b"allow"} == known
    assert (b"allow" in headers) == (path == "/rest/boats")


def test_a_header_that_the_project_set_stays(ask):
    with override_settings(X_FRAME_OPTIONS="SAMEORIGIN"):
        assert ask("/nowhere").headers[b"x-frame-options"] == b"SAMEORIGIN"


def test_a_violated_constraint_is_a_conflict(error_of, sink):
    status, error = error_of("/twice")
    assert status == 409
    assert error["code"] == "CONFLICT"
    assert sink.incidents[0]["facts"]["db.failure.kind"] == "unique"


MALFORMED = [b"{", b"\xff", b'{"name": "\xff"}', b"[" * 100_000, b'{"name": NaN, "seats": 1e']


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:12]))
def test_a_body_that_cannot_be_read_is_400_where_a_library_read_it(error_of, sink, body):
    for path in ("/rest/boats", "/ninja/captains"):
        status, error = error_of(path, "POST", body)
        assert status == 400
        assert error["message"] == STANDARD[400]
    assert not sink.incidents
    assert error_of("/loads", "POST", body)[0] == 500
    assert len(sink.incidents) == 1


def test_a_wrong_content_type_is_415(error_of):
    assert error_of("/rest/boats", "POST", b"a", "application/x-tar")[0] == 415


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name": "REQUIRED", "seats": "REQUIRED"}),
        ([], {"body": "NOT_AN_OBJECT"}),
        ({"name": None, "seats": "x"}, {"name": "NOT_TEXT", "seats": "NOT_A_WHOLE_NUMBER"}),
        ({"name": "", "seats": 0}, {"name": "TOO_SHORT", "seats": "TOO_SMALL"}),
        ({"name": "n" * 11, "seats": 9}, {"name": "TOO_LONG", "seats": "TOO_LARGE"}),
        ({"name": "\ud800", "seats": 1}, {"name": "NOT_TEXT"}),
        ({"name": "n", "seats": 1, "kind": "motor"}, {"kind": "NOT_ALLOWED"}),
        ({"name": "n", "seats": 1, "length": "99999"}, {"length": "TOO_MANY_DIGITS"}),
        ({"name": "n", "seats": 1, "length": "1.23"}, {"length": "TOO_MANY_DIGITS"}),
        ({"name": "n", "seats": 1, "crew": "x"}, {"crew": "NOT_A_LIST"}),
        ({"name": "n", "seats": 1, "crew": ["x"]}, {"crew.0": "NOT_VALID"}),
        ({"name": "n", "seats": 1, "crew": ["a@b.example"] * 3}, {"crew": "TOO_MANY"}),
    ],
)
def test_a_serializer_refuses_in_our_words(error_of, sink, body, fields):
    status, error = error_of("/rest/boats", "POST", json.dumps(body).encode())
    assert status == 422
    assert {field["field"]: field["code"] for field in error["fields"]} == fields
    assert not sink.incidents


def test_a_limit_is_told_with_its_number(error_of):
    body = {"name": "n" * 11, "seats": 9, "kind": "motor"}
    _, error = error_of("/rest/boats", "POST", json.dumps(body).encode())
    assert [field["message"] for field in error["fields"]] == [
        "Name must be at most 10 characters long",
        "Seats must be at most 8",
        "Kind must be sail or row",
    ]


def test_what_a_validator_of_the_author_says_leaves_only_if_it_was_written(error_of, sink):
    written = json.dumps({"name": "n", "seats": 7}).encode()
    assert error_of("/rest/boats", "POST", written)[1]["message"] == "Seven brings bad luck"
    assert not sink.incidents
    made = json.dumps({"name": "n", "seats": 8}).encode()
    assert error_of("/rest/boats", "POST", made)[1]["message"] == "Seats is not valid"
    (incident,) = sink.incidents
    assert "canary-77d0" in incident["withheld"][0]["text"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name": "REQUIRED", "age": "REQUIRED"}),
        ({"name": 5, "age": "x"}, {"name": "NOT_TEXT", "age": "NOT_A_WHOLE_NUMBER"}),
        ({"name": "n", "age": 5}, {"age": "NOT_VALID"}),
    ],
)
def test_ninja_refuses_in_our_words(error_of, sink, body, fields):
    status, error = error_of("/ninja/captains", "POST", json.dumps(body).encode())
    assert status == 422
    assert {field["field"]: field["code"] for field in error["fields"]} == fields
    assert not sink.incidents


def test_a_field_of_a_form_of_ninja_is_named_as_declared(error_of):
    form = {"content_type": "application/x-www-form-urlencoded"}
    status, error = error_of("/ninja/flags", "POST", b"other=1", **form)
    assert status == 422
    assert [field["field"] for field in error["fields"]] == ["name", "flag"]
    assert error["fields"][0]["message"] == "Name is required"


def test_what_a_validator_in_ninja_says_leaves_only_if_it_was_written(error_of, sink):
    written = json.dumps({"name": "n", "age": 5}).encode()
    assert error_of("/ninja/captains", "POST", written)[1]["message"] == "Captains are of age"
    made = json.dumps({"name": "n", "age": 100}).encode()
    assert error_of("/ninja/captains", "POST", made)[1]["message"] == "Age is not valid"
    (incident,) = sink.incidents
    assert "canary-77d0" in json.dumps(dict(incident))


def test_a_path_parameter_of_ninja_is_named_as_declared(error_of):
    status, error = error_of("/ninja/captains/abc")
    assert status == 422
    assert error["fields"][0]["field"] == "number"


@pytest.mark.parametrize("path", ["/stream/first", "/stream/async/first"])
def test_a_stream_that_breaks_before_its_first_part_is_a_whole_error(error_of, path):
    assert error_of(path)[0] == 500


@pytest.mark.parametrize("path", ["/stream/later", "/stream/async/later", "/stream/exit"])
def test_a_stream_that_breaks_later_is_cut_after_what_was_sent(ask, sink, path):
    answer = ask(path)
    assert answer.body == b"part\n"
    assert type(answer.raised).__name__ == "StreamAbortedError"
    assert len(sink.incidents) == 1


def test_a_stream_of_a_plain_iterator_leaves_part_by_part(ask):
    sent = [message["body"] for message in ask("/stream/whole").sent if message.get("body")]
    assert sent == [b"part\n"] * 3


def test_events_end_with_a_declared_one(ask, sink):
    answer = ask("/stream/events")
    assert answer.body.startswith(b"part\n")
    assert b"event: error\ndata: {" in answer.body
    assert answer.raised is None


def test_what_leaks_in_a_good_answer_is_contained(ask, sink):
    answer = ask("/leak")
    assert answer.status == 200
    assert b"psycopg2" not in answer.body
    assert len(sink.incidents) == 1


def test_the_record_knows_the_route_and_the_view(ask, sink, error_of):
    error_of("/ninja/crash")
    assert sink.incidents[0]["http.route"] == "/ninja/crash"
    ask("/by-hand")
    assert "ByHand" in sink.incidents[1]["withheld"][0]["advice"]


def test_a_websocket_is_refused(application, call):
    scope = {"type": "websocket", "headers": [], "extensions": {"websocket.http.response": {}}}
    incoming = [{"type": "websocket.connect"}]
    exchange = call(application, "/ok", incoming=incoming, **scope)
    assert exchange.status == 403
    assert json.loads(exchange.body)["error"]["code"] == "ACCESS_DENIED"


def test_a_client_that_leaves_is_no_incident(application, call, sink):
    exchange = call(application, "/ok", incoming=[{"type": "http.disconnect"}])
    assert exchange.status == 400  # of which only a client learns that has not gone
    assert not sink.incidents


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/pages/missing", 404, b"Not Found"),
        ("/pages/nowhere", 404, b"Not Found"),
        ("/pages/told", 404, b"Not Found"),
        ("/pages/crash", 500, b"Server Error (500)"),
    ],
)
def test_below_a_named_path_the_pages_of_the_project_stay(paged, ask, path, status, title):
    answer = ask(path, app=paged)
    assert answer.status == status
    assert b"<h1>" + title + b"</h1>" in answer.body
    with override_settings(DEBUG=True):
        assert ask(path, app=paged).body == answer.body
    assert ask("/missing", app=paged).body.startswith(b'{"error":')


def test_a_page_that_shows_what_an_exception_said_is_replaced(paged, ask):
    templates = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"404.html": "<p>Lost: {{ exception }}</p>"},
                    )
                ]
            },
        }
    ]
    with override_settings(TEMPLATES=templates):
        assert ask("/pages/told", app=paged).body.startswith(b'{"error":')
        assert ask("/pages/missing", app=paged).body == b"<p>Lost: There is no such boat</p>"
