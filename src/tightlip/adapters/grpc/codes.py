"""Codes: those of gRPC, by the status of HTTP that they stand for."""

from __future__ import annotations

from typing import Any

from grpc import StatusCode

from tightlip.protocols import rpc_codes

_BY_NUMBER = {code.value[0]: code for code in StatusCode}


def http_status(code: StatusCode) -> int:
    """Return the status of HTTP that `google.rpc.Code` gives to `code`."""
    return rpc_codes.http_status(code.name)


def code_for(status: int) -> StatusCode:
    """Return the code for a status of HTTP from 400 on."""
    return StatusCode[rpc_codes.code_for(status)]


def failing_code(given: Any) -> StatusCode:
    """Return the code that an application gave, as gRPC reads it: OK and odd ones are UNKNOWN."""
    code = given if isinstance(given, StatusCode) else None
    if type(given) is int:
        code = _BY_NUMBER.get(given)
    return StatusCode.UNKNOWN if code is None or code is StatusCode.OK else code
