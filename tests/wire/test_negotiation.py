"""Which form a client gets, and the whole answer in it."""

from __future__ import annotations

import pytest

from tightlip import PublicError
from tightlip.catalog.standard import standard_error
from tightlip.exchange import Request
from tightlip.translation.statement import statement_of
from tightlip.wire import envelope, page, problem
from tightlip.wire.negotiation import choose, render

BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"", envelope),
        (b"*/*", envelope),
        (b"application/json", envelope),
        (b"application/*", envelope),
        (b"application/json, text/plain, */*", envelope),
        (b"text/html, application/json", envelope),
        (b"text/html;q=0.5, application/json", envelope),
        (b"text/html;q=0", envelope),
        (b"text/*", envelope),
        (b"text/plain", envelope),
        (b"image/png", envelope),
        (b"text/htmlx", envelope),
        (b"text/html, */*", envelope),
        (b"text/html;q=0.5, application/*;q=0.6", envelope),
        (b"text/html", page),
        (b"TEXT/HTML", page),
        (b"text/html;charset=utf-8", page),
        (b"text/html;level=1;q=0.4, application/json;q=0.3", page),
        (b"text/html, */*;q=0.1", page),
        (b"text/html, application/json;q=0.9", page),
        (b"application/json;q=0, text/html;q=0.1, */*", page),
        (BROWSER, page),
        (b"application/problem+json", problem),
        (b"Application/Problem+JSON", problem),
        (b"application/problem+json;q=0.1", problem),
        (b"application/json, application/problem+json", problem),
        (b"application/problem+json, */*", problem),
        (b"application/problem+json, text/html", problem),
        (b"application/problem+json;q=0.8, application/json;q=0.5, */*", problem),
        (b"application/problem+json;q=0.5, application/json", envelope),
        (b"application/problem+json;q=0.5, */*", envelope),
        (b"application/problem+json;q=0", envelope),
        (b"application/problem+json;q=0.5, text/html", page),
        (b"application/problem+xml", envelope),
        # What cannot be read counts for nothing.
        (b"text/html;q=high", envelope),
        (b"text/html;q=nan", envelope),
        (b"text/html;q=inf", envelope),
        (b"text/html;q=2", envelope),
        (b"text/html;q=-1", envelope),
        (b"text/html;q=", envelope),
        (b";;;,,,=", envelope),
        (b"\xff\xfe\x00", envelope),
        (b"text/html\r\n", page),
        (b" , text/html ; q = 0.5 ", page),
        (b"a/b," * 600 + b"text/html", envelope),
    ],
)
def test_the_form_is_chosen_by_what_the_client_accepts(accept, form):
    assert choose(accept) is form


def _request(*accept, method="GET"):
    return Request(method, headers=tuple((b"accept", value) for value in accept))


@pytest.mark.parametrize(
    ("request_", "content_type", "start"),
    [
        (None, b"application/json", b'{"error":'),
        (_request(), b"application/json", b'{"error":'),
        (_request(b"text/html"), b"text/html; charset=utf-8", b"<!doctype html>"),
        (
            _request(b"text/html;q=0.5", b"application/problem+json"),
            b"application/problem+json",
            b'{"type":"about:blank"',
        ),
    ],
)
def test_an_answer_is_whole_and_alike_in_each_form(request_, content_type, start):
    answer = render(standard_error(404), request_, None)
    assert answer.status == 404
    assert answer.body.startswith(start)
    assert answer.headers == (
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(answer.body)).encode()),
        (b"content-type", content_type),
        (b"x-content-type-options", b"nosniff"),
    )


@pytest.mark.parametrize("accept", [b"", b"text/html", b"application/problem+json"])
def test_head_gets_the_headers_of_get_and_no_body(accept):
    got = render(standard_error(404), _request(accept), "K7Q29FMX4D1T")
    asked = render(standard_error(404), _request(accept, method="HEAD"), "K7Q29FMX4D1T")
    assert asked.body == b""
    assert asked.headers == got.headers
    assert (b"content-length", str(len(got.body)).encode()) in asked.headers
    assert len(got.body) > 0


def test_the_reference_stands_in_its_header():
    answer = render(standard_error(500), None, "K7Q29FMX4D1T")
    assert dict(answer.headers)[b"x-error-reference"] == b"K7Q29FMX4D1T"
    assert b'"reference":"K7Q29FMX4D1T"' in answer.body


def test_time_to_wait_page_and_declared_headers_become_headers():
    class AllHeadersDeclared(PublicError):
        status = 503
        message = "Closed"
        docs = "https://errors.example/closed"
        headers = {"Allow": "GET", "Link": "</status>; rel=status"}  # noqa: RUF012 - as users write it
        retry_after: int

    answer = render(AllHeadersDeclared(retry_after=0), None, None, ((b"vary", b"Origin"),))
    assert answer.status == 503
    assert answer.headers == (
        (b"allow", b"GET"),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(answer.body)),
        (b"content-type", b"application/json"),
        (b"link", b'</status>; rel=status, <https://errors.example/closed>; rel="help"'),
        (b"retry-after", b"0"),
        (b"vary", b"Origin"),
        (b"x-content-type-options", b"nosniff"),
    )


def test_our_headers_win_over_those_of_the_application():
    theirs = ((b"x-content-type-options", b"none"), (b"retry-after", b"9"))
    headers = render(standard_error(503, retry_after=5), None, None, theirs).headers
    assert [value for name, value in headers if name == b"retry-after"] == [b"5"]
    assert [value for name, value in headers if name == b"x-content-type-options"] == [b"nosniff"]


def test_headers_and_page_are_those_of_the_declaration_not_of_the_object():
    error = standard_error(409)
    error.headers = {"X-Leak": "postgresql\r\nset-cookie: a=b"}
    error.docs = "https://db-7.internal/"
    answer = render(statement_of(error), _request(b"application/problem+json"), None)
    assert answer == render(standard_error(409), _request(b"application/problem+json"), None)


def test_an_unregistered_status_is_sent_as_it_is():
    assert render(standard_error(499), None, None).status == 499
