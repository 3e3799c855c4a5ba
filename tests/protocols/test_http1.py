from __future__ import annotations

import pytest

from tightlip.exchange import Response, reason_phrase
from tightlip.protocols.http1 import encode, plain_head, refusal_bytes, refusal_head
from tightlip.responder import refusal as refusals
from tightlip.responder.refusal import refusal
from tightlip.wire import last_resort


def test_a_message_has_its_status_line_its_fields_and_its_body():
    response = Response(409, ((b"allow", b"GET"), (b"vary", b"accept")), b"body")
    assert encode(response) == b"HTTP/1.1 409 Conflict\r\nallow: GET\r\nvary: accept\r\n\r\nbody"


def test_a_status_without_a_registered_phrase_has_an_empty_one():
    assert encode(Response(499)) == b"HTTP/1.1 499 \r\n\r\n"


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(413, "Content Too Large"), (422, "Unprocessable Content"), (418, ""), (799, "")],
)
def test_the_phrase_is_the_registered_one_on_every_python(status, phrase):
    assert reason_phrase(status) == phrase


def test_a_refusal_is_the_standard_error_and_ends_the_connection():
    body = b'{"error":{"code":"NOT_IMPLEMENTED","message":"This is not supported"}}'
    head = (
        b"HTTP/1.1 501 Not Implemented\r\ncache-control: no-store\r\nconnection: close\r\n"
        b"content-length: 70\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n\r\n"
    )
    assert refusal_bytes(501) == head + body
    assert refusal_head(501) == head


def test_a_fault_of_our_own_ends_in_the_precomputed_answer(monkeypatch):
    refusal.cache_clear()
    monkeypatch.setattr(refusals, "render", lambda *arguments: 1 / 0)
    try:
        answer = refusal(400)
    finally:
        refusal.cache_clear()
    assert (answer.status, answer.body) == (500, last_resort.BODY)
    assert (b"connection", b"close") in answer.headers


def test_a_head_is_rewritten_as_all_servers_write_it():
    head = (
        b"HTTP/1.0 404 NOT FOUND\r\nServer: canary\r\nSet-Cookie: b=1\r\nX-A:1\r\n"
        b"Content-Length: 2\r\nSet-Cookie: a=2\r\n\r\n"
    )
    assert plain_head(head, b"canary") == (
        b"HTTP/1.0 404 Not Found\r\ncontent-length: 2\r\nset-cookie: b=1\r\nset-cookie: a=2\r\nx-a: 1\r\n\r\n"
    )


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found"])
def test_a_banner_that_somebody_chose_stays(status):
    head = b"HTTP/1.1 %s\r\nServer: shop\r\n\r\n" % status
    assert plain_head(head, b"canary").lower() == head.lower()


def test_a_good_answer_loses_the_banner_and_keeps_its_form():
    head = b"HTTP/1.1 200 Fine\r\nX-B: 1\r\nServer: canary\r\nX-A: 2\r\n\r\n"
    kept = b"HTTP/1.1 200 Fine\r\nX-B: 1\r\nX-A: 2\r\n\r\n"
    assert plain_head(head, b"canary") == kept
    assert plain_head(kept) == kept


@pytest.mark.parametrize(
    ("status", "phrase"), [(200, b"OK"), (206, b"Partial Content"), (299, b""), (409, b"Conflict")]
)
def test_a_phrase_that_is_missing_is_added(status, phrase):
    assert plain_head(b"HTTP/1.1 %d \r\na: b\r\n\r\n" % status) == (
        b"HTTP/1.1 %d %s\r\na: b\r\n\r\n" % (status, phrase)
    )


def test_a_phrase_of_an_unregistered_error_stays():
    assert plain_head(b"HTTP/1.1 499 Gone away\r\n\r\n") == b"HTTP/1.1 499 Gone away\r\n\r\n"
