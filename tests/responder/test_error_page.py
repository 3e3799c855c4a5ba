"""Error pages that leave as the application wrote them: below named paths, in HTML, and clean."""

from __future__ import annotations

import html
import logging

import pytest

from tightlip import Shield
from tightlip.responder.policy import ConfigurationError

PAGE = b"<!doctype html><title>Lost</title><p>Nothing is kept on this shelf.</p>"
SECRET = "canary-1f5c stands in no page"


def answering(status, body=PAGE, content_type=b"text/html; charset=utf-8", headers=()):
    async def application(scope, receive, send):
        given = [(b"content-type", content_type), (b"server", b"shop/1"), *headers]
        await send({"type": "http.response.start", "status": status, "headers": given})
        await send({"type": "http.response.body", "body": body})

    return application


@pytest.fixture
def ask(exchange, sink):
    def asked(application, path, **overrides):
        shielded = Shield(sinks=[sink], error_pages=["/admin/"])(application)
        return exchange(shielded, path, **overrides)

    return asked


@pytest.mark.parametrize("path", ["/admin/", "/admin", "/admin/users/7/"])
@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_page_below_a_named_path_leaves(ask, sink, path, status):
    cookie = (b"set-cookie", b"messages=kept")
    answer = ask(answering(status, headers=[cookie]), path)
    assert answer.status == status
    assert answer.body == PAGE
    assert answer.headers[b"set-cookie"] == b"messages=kept"
    assert b"server" not in answer.headers
    assert (b"x-error-reference" in answer.headers) == (status == 500)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/items", "/administrator", "/api/admin/", "/Admin/", "/admin/../items"),
        *("/admin//items", "//admin/", "/admin/./", "/admin/.."),
    ],
)
def test_a_page_anywhere_else_does_not(ask, sink, path):
    answer = ask(answering(404), path)
    assert b"shelf" not in answer.body
    assert len(sink.incidents) == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PAGE, b"application/json"),
        (PAGE, b"text/plain"),
        (PAGE, b"text/html-not"),
        (PAGE + b"x" * 65_536, b"text/html"),
        (b"", b"text/html"),
    ],
)
def test_what_is_no_whole_page_does_not(ask, body, content_type):
    answer = ask(answering(404, body, content_type), "/admin/")
    assert answer.headers[b"content-type"] == b"application/json"
    assert b"shelf" not in answer.body


def test_a_page_that_leaks_does_not(ask, sink):
    leaking = PAGE + b"<pre>psycopg2.errors.UniqueViolation: duplicate key</pre>"
    answer = ask(answering(500, leaking), "/admin/")
    assert b"psycopg2" not in answer.body
    assert b"shelf" not in answer.body
    (incident,) = sink.incidents
    assert "psycopg2" in incident["withheld"][0]["text"]


def test_a_page_that_repeats_an_exception_does_not(failing):
    answer, sink = failing(SECRET, f"<!doctype html><p>{SECRET}</p>")
    assert SECRET.encode() not in answer.everything
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("text", ["gone", "it's <gone>"])
def test_a_page_that_shows_a_short_word_of_its_exception_does_not(failing, text):
    answer, _ = failing(text, f"<!doctype html><p>{html.escape(text)}</p>")
    assert answer.body.startswith(b'{"error":')


def test_the_record_of_a_failure_says_that_a_page_left(failing):
    answer, sink = failing(SECRET, PAGE.decode())
    assert answer.body == PAGE
    (incident,) = sink.incidents
    assert incident["notes"] == ["error page below /admin/"]
    assert incident["exception.message"] == SECRET
    assert answer.headers[b"x-error-reference"].decode() == incident["reference"]


@pytest.fixture
def failing(exchange, sink):
    """Fail in Starlette with one text, and answer with a page of the application's handler."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    def asked(text, page):
        async def fail(request):
            raise ValueError(text)

        async def show(request, error):
            return HTMLResponse(page, 500)

        app = Starlette(routes=[Route("/admin/", fail)], exception_handlers={Exception: show})
        shielded = Shield(sinks=[sink], error_pages=["/admin"])(app)
        return exchange(shielded, "/admin/"), sink

    return asked


def test_at_start_it_is_said_where_pages_leave(caplog):
    with caplog.at_level(logging.WARNING, "tightlip"):
        Shield(sinks=[], error_pages=["/admin/", "/shop"])
    assert "/admin/, /shop/" in caplog.text


@pytest.mark.parametrize(
    "paths", [["/"], [""], ["admin/"], ["/a//b"], ["/a/../b"], ["/./"], [7], "/admin/", 7]
)
def test_a_path_that_names_too_much_or_nothing_is_refused(paths):
    with pytest.raises(ConfigurationError, match="error_pages: takes"):
        Shield(error_pages=paths)
