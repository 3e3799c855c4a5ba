"""Codes of RPC: what a status of HTTP is in the codes that gRPC and Connect share, and back.

The table is that of `google.rpc.Code` (googleapis, `google/rpc/code.proto`), which gives each code
its status. Back it is not one to one: of several codes the one stands here that invites no client
to try again in vain. Codes have the names that they have there.
"""

from __future__ import annotations

_STATUSES = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}

_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    406: "INVALID_ARGUMENT",
    408: "DEADLINE_EXCEEDED",
    409: "ALREADY_EXISTS",
    410: "NOT_FOUND",
    411: "INVALID_ARGUMENT",
    413: "RESOURCE_EXHAUSTED",
    415: "INVALID_ARGUMENT",
    416: "OUT_OF_RANGE",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    431: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

_INTERNAL = 500


def http_status(code: str) -> int:
    """Return the status of HTTP that `google.rpc.Code` gives to the code of this name."""
    return _STATUSES.get(code, _INTERNAL)


def code_for(status: int) -> str:
    """Return the name of the code for a status of HTTP from 400 on."""
    return _CODES.get(status, "INTERNAL" if status >= _INTERNAL else "FAILED_PRECONDITION")
