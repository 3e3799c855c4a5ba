"""The standard errors: every registered status, and what an unregistered one becomes."""

from __future__ import annotations

import pickle
from http import HTTPStatus

import pytest

from tightlip import FieldError
from tightlip.catalog.standard import STANDARD, standard_error

# The wire contract, and the rest of the IANA HTTP Status Code Registry.
CODES = {
    400: "INVALID_REQUEST",
    401: "AUTHENTICATION_FAILED",
    402: "PAYMENT_REQUIRED",
    403: "ACCESS_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    407: "PROXY_AUTHENTICATION_REQUIRED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    410: "GONE",
    411: "LENGTH_REQUIRED",
    412: "PRECONDITION_FAILED",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    416: "RANGE_NOT_SATISFIABLE",
    417: "EXPECTATION_FAILED",
    421: "MISDIRECTED_REQUEST",
    422: "VALIDATION_ERROR",
    423: "LOCKED",
    424: "FAILED_DEPENDENCY",
    425: "TOO_EARLY",
    426: "UPGRADE_REQUIRED",
    428: "PRECONDITION_REQUIRED",
    429: "TOO_MANY_REQUESTS",
    431: "HEADERS_TOO_LARGE",
    451: "UNAVAILABLE_FOR_LEGAL_REASONS",
    500: "INTERNAL_SERVER_ERROR",
    501: "NOT_IMPLEMENTED",
    502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
    505: "HTTP_VERSION_NOT_SUPPORTED",
    506: "VARIANT_ALSO_NEGOTIATES",
    507: "INSUFFICIENT_STORAGE",
    508: "LOOP_DETECTED",
    510: "NOT_EXTENDED",
    511: "NETWORK_AUTHENTICATION_REQUIRED",
}


def test_each_registered_status_has_its_standard_error():
    assert {status: cls.code for status, cls in STANDARD.items()} == CODES


def test_no_status_that_python_knows_is_forgotten():
    known = {status.value for status in HTTPStatus if status >= 400}
    assert known - set(STANDARD) == {418}, "IANA lists 418 as unused"


@pytest.mark.parametrize(("status", "code"), CODES.items())
def test_a_standard_error_has_the_status_and_no_more(status, code):
    error = standard_error(status)
    assert type(error) is STANDARD[status]
    assert (error.status, error.code) == (status, code)
    assert (error.details, error.fields, error.retry_after) == ({}, (), None)
    assert len(error.public_message) > 5
    assert type(pickle.loads(pickle.dumps(error))) is STANDARD[status]


def test_the_words_of_the_contract():
    assert standard_error(500).public_message == "Something went wrong"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (418, "INVALID_REQUEST"),
        (420, "INVALID_REQUEST"),
        (499, "INVALID_REQUEST"),
        (509, "INTERNAL_SERVER_ERROR"),
        (520, "INTERNAL_SERVER_ERROR"),
        (599, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_an_unregistered_status_keeps_its_number_and_speaks_as_its_class(status, code):
    error = standard_error(status)
    assert (error.status, error.code) == (status, code)
    assert error.public_message == standard_error(status // 100 * 100).public_message
    assert STANDARD[status // 100 * 100].status == status // 100 * 100


@pytest.mark.parametrize("status", [399, 600, 0, -1, 200, 99999])
def test_a_number_that_is_no_error_is_a_500(status):
    error = standard_error(status)
    assert (error.status, error.code) == (500, "INTERNAL_SERVER_ERROR")


def test_what_is_set_on_one_error_does_not_stay_for_the_next():
    fields = (FieldError("email", "REQUIRED", "Email is required"),)
    assert standard_error(422, fields=fields, retry_after=0).fields == fields
    assert standard_error(422, retry_after=0).retry_after == 0
    assert standard_error(422).fields == ()
    assert standard_error(422).retry_after is None
