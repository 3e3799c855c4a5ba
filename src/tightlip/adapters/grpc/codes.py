"""Codes: what a status of HTTP is in gRPC, and the other way round.

The table is that of `google.rpc.Code` (googleapis, `google/rpc/code.proto`), which gives each code
its status. Back it is not one to one: of several codes the one stands here that invites no client
to try again in vain.
"""

from __future__ import annotations

from typing import Any

from grpc import StatusCode

_STATUSES = {
    StatusCode.CANCELLED: 499,
    StatusCode.UNKNOWN: 500,
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.DEADLINE_EXCEEDED: 504,
    StatusCode.NOT_FOUND: 404,
    StatusCode.ALREADY_EXISTS: 409,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.ABORTED: 409,
    StatusCode.OUT_OF_RANGE: 400,
    StatusCode.UNIMPLEMENTED: 501,
    StatusCode.INTERNAL: 500,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.DATA_LOSS: 500,
}

_CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    405: StatusCode.UNIMPLEMENTED,
    406: StatusCode.INVALID_ARGUMENT,
    408: StatusCode.DEADLINE_EXCEEDED,
    409: StatusCode.ALREADY_EXISTS,
    410: StatusCode.NOT_FOUND,
    411: StatusCode.INVALID_ARGUMENT,
    413: StatusCode.RESOURCE_EXHAUSTED,
    415: StatusCode.INVALID_ARGUMENT,
    416: StatusCode.OUT_OF_RANGE,
    422: StatusCode.INVALID_ARGUMENT,
    429: StatusCode.RESOURCE_EXHAUSTED,
    431: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    501: StatusCode.UNIMPLEMENTED,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}

_INTERNAL = 500
_BY_NUMBER = {code.value[0]: code for code in StatusCode}


def http_status(code: StatusCode) -> int:
    """Return the status of HTTP that `google.rpc.Code` gives to `code`."""
    return _STATUSES.get(code, _INTERNAL)


def code_for(status: int) -> StatusCode:
    """Return the code for a status of HTTP from 400 on."""
    others = StatusCode.INTERNAL if status >= _INTERNAL else StatusCode.FAILED_PRECONDITION
    return _CODES.get(status, others)


def failing_code(given: Any) -> StatusCode:
    """Return the code that an application gave, as gRPC reads it: OK and odd ones are UNKNOWN."""
    code = given if isinstance(given, StatusCode) else None
    if type(given) is int:
        code = _BY_NUMBER.get(given)
    return StatusCode.UNKNOWN if code is None or code is StatusCode.OK else code
