"""Request and Response: the neutral form of an exchange that every protocol speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Header fields in order; names in lower case, values as on the wire (RFC 9110, section 5)."""


_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {
    # Python 3.11 and 3.12 have the names of RFC 7231; these are RFC 9110's.
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "",
    422: "Unprocessable Content",
}


def reason_phrase(status: int) -> str:
    """Return the registered phrase of a status, the same on every Python; empty if there is none.

    A server's own choice, and all the more an application's, would be words without a declaration.
    """
    return _PHRASES.get(status, "")


def values_of(headers: Headers, name: bytes) -> Iterator[bytes]:
    """Yield every value of the header `name` (given in lower case), in order."""
    return (value for key, value in headers if key == name)


def first_of(headers: Headers, name: bytes) -> bytes | None:
    """Return the first value of the header `name` (given in lower case), or None."""
    return next(values_of(headers, name), None)


def without(headers: Headers, name: bytes) -> Headers:
    """Return `headers` without the field `name` (given in lower case)."""
    return tuple([field for field in headers if field[0] != name])


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of the request under way.

    Attributes:
        method: The HTTP method; `WEBSOCKET` for a WebSocket handshake, empty for lifespan.
        path: The path as the client sent it, percent-decoded by the server.
        route: The route's template, such as `/accounts/{account_id}`, once a route has matched.
        query: The raw query string, without the question mark.
        headers: The request's header fields.
        client: The peer's address and port, such as `203.0.113.7:50312`.
        scheme: `http`, `https`, `ws`, `wss`, or `lifespan`.
        http_version: `1.0`, `1.1`, `2` or `3`.
        body_size: How many bytes of the body have been read so far.
    """

    method: str
    path: str = ""
    route: str | None = None
    query: bytes = b""
    headers: Headers = ()
    client: str | None = None
    scheme: str = "http"
    http_version: str = "1.1"
    body_size: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer: what an application made by hand, or what we send."""

    status: int
    headers: Headers = ()
    body: bytes = b""


@dataclass(slots=True)
class Head:
    """The header fields of an answer that may leave, and what they say of it.

    It is not to be changed: answers share it.

    Attributes:
        fields: The fields as they leave.
        content: The values of `content-type` and `content-encoding`, empty where there is none.
        lengths: The values of `content-length`.
        free: The fields whose values are free text, names in lower case.
        is_usual: Whether such heads come again and again, and hold nobody's secret.
    """

    fields: Headers
    content: tuple[bytes, bytes]
    lengths: tuple[int, ...]
    free: Headers
    is_usual: bool


NO_FIELDS = Head((), (b"", b""), (), (), is_usual=False)
"""The head of what has none, such as a message of a WebSocket."""
