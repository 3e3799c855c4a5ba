"""The bytes that leave, in each form, letter by letter."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated

import pytest

from tightlip import FieldError, MaxLength, PublicError
from tightlip.catalog.standard import STANDARD, standard_error
from tightlip.exchange import Request
from tightlip.wire import envelope, last_resort, page, problem
from tightlip.wire.negotiation import choose, render


class ChairsLeft(PublicError):
    status = 409
    message = "Only {available} seats are left in {room}"
    docs = "https://api.example/errors/seats"
    available: int
    room: Annotated[str, MaxLength(20)]


class SlowDown(PublicError):
    status = 429
    message = "Too many orders at once"
    retry_after: int
    headers = MappingProxyType({"Accept-Patch": "application/json"})


FIELD = FieldError("email", "REQUIRED", "Email is required")


def test_the_envelope_of_each_kind():
    assert envelope.render(standard_error(404), None) == (
        b'{"error":{"code":"NOT_FOUND","message":"What you are looking for does not exist"}}'
    )
    refused = standard_error(422, fields=(FIELD,))
    refused.public_message = FIELD.message
    assert envelope.render(refused, "K7Q29FMX4D1T") == (
        b'{"error":{"code":"VALIDATION_ERROR","message":"Email is required","fields":'
        b'[{"field":"email","code":"REQUIRED","message":"Email is required"}],'
        b'"reference":"K7Q29FMX4D1T"}}'
    )
    assert envelope.render(ChairsLeft(available=3, room="Blue"), None) == (
        b'{"error":{"code":"CHAIRS_LEFT","message":"Only 3 seats are left in Blue",'
        b'"details":{"available":3,"room":"Blue"}}}'
    )


def test_the_envelope_is_utf_8_and_holds_whatever_is_in_it():
    error = ChairsLeft(available=3, room='Zoë "\u20ac"\n\u2028<')
    body = envelope.render(error, None)
    assert json.loads(body)["error"]["details"]["room"] == 'Zoë "\u20ac" <'
    assert "Zoë".encode() in body
    error.public_message = "lone \ud800"
    assert "lone ?" in json.loads(envelope.render(error, None))["error"]["message"]


def test_problem_details_hold_the_same():
    assert json.loads(problem.render(standard_error(404), "K7Q29FMX4D1T")) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "What you are looking for does not exist",
        "code": "NOT_FOUND",
        "reference": "K7Q29FMX4D1T",
    }
    assert problem.render(ChairsLeft(available=3, room="Blue"), None) == (
        b'{"type":"https://api.example/errors/seats","title":"Chairs left","status":409,'
        b'"detail":"Only 3 seats are left in Blue","code":"CHAIRS_LEFT",'
        b'"details":{"available":3,"room":"Blue"}}'
    )


def test_the_title_of_a_problem_without_a_page_is_the_phrase_of_its_status():
    # RFC 9110 names these otherwise than Python 3.11 does; 418 has no name in the registry.
    newer = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable"}
    newer |= {422: "Unprocessable Content", 418: None}
    for status in STANDARD:
        expected = newer.get(status, HTTPStatus(status).phrase)
        assert json.loads(problem.render(standard_error(status), None)).get("title") == expected
    assert "title" not in json.loads(problem.render(standard_error(599), None))


class Texts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_the_page_escapes_every_word():
    hostile = "<script>alert(1)</script>&amp;\"'"
    error = ChairsLeft(available=3, room="<b>")
    error.public_message = hostile
    error.fields = (FieldError("a", "B", hostile),)
    parser = Texts()
    parser.feed(page.render(error, "K7Q29FMX4D1T").decode())
    assert parser.tags == [
        *["html", "meta", "meta", "title", "h1", "ul", "li", "p", "p"],
    ]
    texts = [text for text in parser.texts if text]
    assert texts == [hostile, hostile, hostile, "CHAIRS_LEFT", "Reference: K7Q29FMX4D1T"]


def test_the_whole_page_letter_by_letter():
    assert page.render(standard_error(404), None) == (
        b'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        b'<meta name="viewport" content="width=device-width">\n'
        b"<title>What you are looking for does not exist</title>\n"
        b"<h1>What you are looking for does not exist</h1>\n<p>NOT_FOUND</p>\n"
    )


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"", envelope),
        (b"*/*", envelope),
        (b"application/json", envelope),
        (b"application/problem+json", problem),
        (b"application/problem+json, application/json", problem),
        (b"application/problem+json;q=0.5, application/json", envelope),
        (b"application/problem+json;q=0", envelope),
        (b"APPLICATION/PROBLEM+JSON", problem),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", page),
        (b"text/html;q=0.5, application/json", envelope),
        (b"text/html, */*", envelope),
        (b"text/html;q=0", envelope),
        (b"text/html;q=2", envelope),
        (b"text/html;q=nan", envelope),
        (b"text/html;q=-1", envelope),
        (b"text/html;q=1e400", envelope),
        (b"text/html; charset=utf-8; q=0.9, application/json;q=0.1", page),
        (b"image/png", envelope),
        (b"\xff\xfe;q=\x00,;;,=", envelope),
        (b"," * 100_000 + b"text/html", envelope),
        (b"application/*, text/html;q=0.9", envelope),
    ],
)
def test_the_form_follows_accept(accept, form):
    assert choose(accept) is form


def test_several_accept_fields_count_as_one():
    request = Request("GET", headers=((b"accept", b"text/html"), (b"accept", b"*/*;q=0.1")))
    assert dict(render(standard_error(404), request, None).headers)[b"content-type"] == (
        page.CONTENT_TYPE
    )


def test_the_headers_of_an_answer_are_in_order_and_ours_win():
    answer = render(
        SlowDown(retry_after=7),
        None,
        "K7Q29FMX4D1T",
        ((b"x-frame-options", b"DENY"), (b"cache-control", b"public"), (b"vary", b"Origin")),
    )
    assert answer.headers == (
        (b"accept-patch", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(answer.body)).encode()),
        (b"content-type", b"application/json"),
        (b"retry-after", b"7"),
        (b"vary", b"Origin"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-error-reference", b"K7Q29FMX4D1T"),
        (b"x-frame-options", b"DENY"),
    )
    link = dict(render(ChairsLeft(available=1, room="a"), None, None).headers)[b"link"]
    assert link == b'<https://api.example/errors/seats>; rel="help"'


def test_head_gets_the_length_of_what_get_would_get():
    get = render(standard_error(404), Request("GET"), None)
    head = render(standard_error(404), Request("HEAD"), None)
    assert (head.headers, head.body) == (get.headers, b"")


def test_the_last_resort_is_the_standard_error_of_500_byte_by_byte():
    assert render(standard_error(500), None, None) == last_resort.ANSWER
