"""One standard error for each registered status of the classes 4 and 5."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from tightlip.catalog.catalog import catalog
from tightlip.catalog.standard import STANDARD, standard_error
from tightlip.catalog.wording import fault_of

# The wire contract.
CODES = {
    400: "INVALID_REQUEST",
    401: "AUTHENTICATION_FAILED",
    403: "ACCESS_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    410: "GONE",
    411: "LENGTH_REQUIRED",
    412: "PRECONDITION_FAILED",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    416: "RANGE_NOT_SATISFIABLE",
    422: "VALIDATION_ERROR",
    423: "LOCKED",
    429: "TOO_MANY_REQUESTS",
    431: "HEADERS_TOO_LARGE",
    500: "INTERNAL_SERVER_ERROR",
    501: "NOT_IMPLEMENTED",
    502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}

# The IANA HTTP Status Code Registry, assigned numbers only: 418 and 509 are not.
IANA = {
    *{400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417},
    *{421, 422, 423, 424, 425, 426, 428, 429, 431, 451},
    *{500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511},
}


def test_the_standard_errors_are_those_of_the_contract_and_of_the_registry():
    assert {status: STANDARD[status].code for status in CODES} == CODES
    assert set(STANDARD) == IANA
    known = {status.value for status in HTTPStatus if status >= 400}
    assert known - set(STANDARD) == {HTTPStatus.IM_A_TEAPOT}


def test_every_standard_error_can_be_raised_and_stands_in_the_catalog():
    declared = {declaration.code for declaration in catalog}
    for status, cls in STANDARD.items():
        error = cls()
        assert error.status == status
        assert cls.code in declared
        assert fault_of(error.public_message) is None


@pytest.mark.parametrize(
    ("status", "sent", "code"),
    [
        (418, 418, "INVALID_REQUEST"),
        (499, 499, "INVALID_REQUEST"),
        (599, 599, "INTERNAL_SERVER_ERROR"),
        (600, 500, "INTERNAL_SERVER_ERROR"),
        (200, 500, "INTERNAL_SERVER_ERROR"),
        (-1, 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_a_status_that_is_not_registered_speaks_as_the_first_of_its_class(status, sent, code):
    error = standard_error(status)
    assert (error.status, error.code) == (sent, code)


def test_what_one_answer_carries_is_not_carried_by_the_next():
    standard_error(503, retry_after=3).details = {"a": 1}
    error = standard_error(503)
    assert (error.retry_after, error.details, error.fields) == (None, {}, ())
    standard_error(418)
    assert STANDARD[400].status == 400
