"""The setting `MIDDLEWARE`: the same bytes as `shield`, and the test clients of Django."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import contextmanager

import pytest
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.test import AsyncClient, Client
from django.test.utils import override_settings

from tightlip import Shield, on_unique

ENTRY = "tightlip.adapters.django.ShieldMiddleware"
PATHS = [
    *("/ok", "/nowhere", "/missing", "/missing/told", "/denied", "/rented", "/rented/async"),
    *("/by-hand", "/twice", "/get", "/leak", "/crash", "/exit", "/cancelled", "/none", "/slash"),
    *("/rest/boats", "/rest/missing", "/rest/told", "/rest/crash", "/rest/throttled"),
    *("/ninja/missing", "/ninja/crash", "/ninja/captains/abc", "/stream/first", "/pages/missing"),
]


@pytest.fixture
def with_entry(django_project, sink):
    """Have the entry among the project's middleware, at the place and with the settings given."""

    @contextmanager
    def configured(place=0, **tightlip):
        from django.conf import settings

        middleware = list(settings.MIDDLEWARE)
        middleware.insert(place, ENTRY)
        with override_settings(MIDDLEWARE=middleware, TIGHTLIP={"sinks": [sink], **tightlip}):
            yield

    return configured


def ask_wsgi(app, path, method="GET"):
    """Ask a WSGI application as a server does."""
    started = []
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "api.example",
        "SERVER_PORT": "80",
        "HTTP_HOST": "api.example",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    parts = app(environ, lambda status, headers, _=None: started.append((status, headers)))
    body = b"".join(parts)
    getattr(parts, "close", bool)()
    status, headers = started[-1]
    return told(int(status[:3]), headers, body)


def ask_asgi(app, path, exchange):
    answer = exchange(app, path, headers=[(b"host", b"api.example")])
    headers = [(name.decode(), value.decode()) for name, value in answer.headers.items()]
    return told(answer.status, headers, answer.body)


def told(status, headers, body):
    """What a client gets; of a good answer the headers are Django's."""
    assert b"canary" not in body
    given = {name.lower(): value for name, value in headers}
    reference = given.pop("x-error-reference", "-").encode()
    return status, given if status >= 400 else None, body.replace(reference, b"REF")


@pytest.mark.parametrize("path", PATHS)
def test_the_entry_gives_the_same_bytes_on_both_protocols(with_entry, exchange, sink, path):
    shielded = ask_asgi(Shield(sinks=[sink])(get_asgi_application()), path, exchange)
    assert ask_wsgi(Shield(sinks=[sink])(get_wsgi_application()), path) == shielded
    with with_entry():
        assert ask_asgi(get_asgi_application(), path, exchange) == shielded
        assert ask_wsgi(get_wsgi_application(), path) == shielded


def test_without_a_length_a_good_answer_is_judged_as_a_whole(with_entry, sink):
    common = "django.middleware.common.CommonMiddleware"  # which says the length otherwise
    with with_entry():
        from django.conf import settings

        others = [entry for entry in settings.MIDDLEWARE if entry != common]
        with override_settings(MIDDLEWARE=others):
            status, _, body = ask_wsgi(get_wsgi_application(), "/leak")
    assert (status, json.loads(body)) == (200, {"note": "Something went wrong"})


def test_its_place_does_not_matter(with_entry, sink):
    with with_entry(place=4):
        assert ask_wsgi(get_wsgi_application(), "/form", "POST")[0] == 403
        assert ask_wsgi(get_wsgi_application(), "/crash")[0] == 500
    assert len(sink.incidents) == 1


def test_together_with_shield_it_counts_once(with_entry, sink):
    with with_entry():
        app = get_wsgi_application()
        assert isinstance(app, WSGIHandler)
        assert Shield(sinks=[sink])(app) is app
        ask_wsgi(app, "/crash")
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("/stream")])
def test_test_clients_get_what_a_client_gets(with_entry, sink, exchange, path):
    shielded = ask_asgi(Shield(sinks=[sink])(get_asgi_application()), path, exchange)
    with with_entry():
        answer = Client(raise_request_exception=False).get(path)
        assert told(answer.status_code, answer.items(), answer.content) == shielded
        client = AsyncClient(raise_request_exception=False)
        answer = asyncio.run(client.get(path))
        assert told(answer.status_code, answer.items(), answer.content) == shielded


def test_a_test_client_raises_what_nobody_foresaw_and_no_declared_error(with_entry):
    with with_entry():
        with pytest.raises(ValueError, match="canary"):
            Client().get("/crash")
        assert Client().get("/rented").json()["error"]["code"] == "RENTED"


def test_a_good_answer_to_a_test_client_is_the_view_s_own(with_entry):
    with with_entry():
        answer = Client().get("/ok")
        assert answer.json() == {"status": "ok"}
        assert answer.resolver_match.route == "ok"
        assert b"".join(Client().get("/stream/whole")) == b"part\n" * 3


def test_settings_may_be_given_by_a_dotted_path(with_entry, django_project):
    django_project.TRANSLATIONS = [on_unique("boats.name", django_project.Rented)]
    with with_entry(translations="django_project.TRANSLATIONS"):
        error = json.loads(ask_wsgi(get_wsgi_application(), "/twice")[2])["error"]
    assert error["code"] == "RENTED"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"TIGHTLIP": {"debug": True}}, "TIGHTLIP: debug: no such setting"),
        ({"TIGHTLIP": {"sinks": 7}}, "TIGHTLIP: sinks: takes a list"),
        ({"TIGHTLIP": ["sinks"]}, "TIGHTLIP takes a dict of settings"),
    ],
)
def test_a_wrong_setting_is_refused_at_start(django_project, given, words):
    with (
        override_settings(MIDDLEWARE=[ENTRY], **given),
        pytest.raises(ImproperlyConfigured, match=words),
    ):
        get_asgi_application()


HANDLER = "tightlip.adapters.django.rest_framework.exception_handler"
REST = [
    *("/rest/missing", "/rest/missing/keyword", "/rest/told", "/rest/crash", "/rest/rented"),
    *("/rest/throttled", "/rest/stock", "/rest/windy", "/rest/plain"),
]


@pytest.mark.parametrize("path", REST)
def test_the_exception_handler_alone_gives_the_same_answers(django_project, sink, exchange, path):
    from django.conf import settings

    status, _, body = ask_asgi(Shield(sinks=[sink])(get_asgi_application()), path, exchange)
    rest = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": HANDLER}
    with override_settings(REST_FRAMEWORK=rest, TIGHTLIP={"sinks": [sink]}):
        for answer in (
            ask_asgi(get_asgi_application(), path, exchange),
            ask_wsgi(get_wsgi_application(), path),
            ask_asgi(Shield(sinks=[sink])(get_asgi_application()), path, exchange),
        ):
            assert (answer[0], answer[2]) == (status, body)
    incidents = [incident["http.route"] for incident in sink.incidents]
    assert set(incidents) <= {path}
    assert len(incidents) in {0, 4}
