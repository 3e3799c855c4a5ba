"""Problem details, byte for byte."""

from __future__ import annotations

import json

import pytest

from tightlip import FieldError, PublicError
from tightlip.catalog.standard import STANDARD, standard_error
from tightlip.wire.problem import CONTENT_TYPE, render


def test_a_standard_error_is_titled_with_the_phrase_of_its_status():
    assert render(standard_error(404), None) == (
        b'{"type":"about:blank","title":"Not Found","status":404,'
        b'"detail":"What you are looking for does not exist","code":"NOT_FOUND"}'
    )
    assert CONTENT_TYPE == b"application/problem+json"


def test_an_error_with_a_page_has_it_for_its_type():
    class SeatsGoneProblem(PublicError):
        status = 409
        message = "Only {available} seats are left"
        docs = "https://errors.example/seats"
        available: int

    error = SeatsGoneProblem(available=3)
    error.fields = (FieldError("seats", "TOO_MANY", "Seats must be at most 3"),)
    assert render(error, "K7Q29FMX4D1T") == (
        b'{"type":"https://errors.example/seats","title":"Seats gone problem","status":409,'
        b'"detail":"Only 3 seats are left","code":"SEATS_GONE_PROBLEM",'
        b'"fields":[{"field":"seats","code":"TOO_MANY","message":"Seats must be at most 3"}],'
        b'"details":{"available":3},"reference":"K7Q29FMX4D1T"}'
    )


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
    ],
)
def test_the_phrases_are_those_of_rfc_9110_on_every_python(status, title):
    assert json.loads(render(standard_error(status), None))["title"] == title


@pytest.mark.parametrize("status", STANDARD)
def test_every_registered_status_has_a_title(status):
    assert json.loads(render(standard_error(status), None))["title"]


@pytest.mark.parametrize("status", [418, 499, 599])
def test_a_status_that_is_not_registered_has_no_title(status):
    told = json.loads(render(standard_error(status), None))
    assert "title" not in told
    assert told["status"] == status
