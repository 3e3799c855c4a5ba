"""Withholding: the body of an answer that was made by hand, as the record shows it."""

from __future__ import annotations

from tightlip.catalog.standard import standard_error
from tightlip.detection.unpacking import beginning
from tightlip.exchange import Response, first_of
from tightlip.failure import Withheld
from tightlip.translation.advice import declaration

_LONGEST_WITHHELD = 8192

_PLAIN_PHRASES = frozenset(
    # What frameworks and servers write of themselves where nobody wrote anything.
    {b"not found", b"method not allowed", b"internal server error", b"bad request", b"forbidden"}
)


def has_words(response: Response) -> bool:
    """Tell whether somebody wrote the body of `response`.

    To HEAD some frameworks tell the length of a body, and leave the body out.
    """
    if response.body:
        return response.body.strip().lower() not in _PLAIN_PHRASES
    length = first_of(response.headers, b"content-length") or b"0"
    return length.isdigit() and int(length) not in {0, *map(len, _PLAIN_PHRASES)}


def withheld_body(response: Response, made_by: str = "") -> Withheld:
    """Return the body of `response`, which `made_by` made, with the declaration to paste."""
    return Withheld(
        "body",
        _readable(response).decode("utf-8", "replace"),
        "an answer made by hand cannot be proved: raise a declared error instead",
        advice=declaration(made_by, standard_error(response.status).status),
    )


def _readable(response: Response) -> bytes:
    """Return the beginning of the body, unpacked where a middleware has packed it."""
    coding = first_of(response.headers, b"content-encoding")
    if not coding:
        return response.body[:_LONGEST_WITHHELD]
    return beginning(response.body, coding.decode("latin-1"), _LONGEST_WITHHELD)
