"""What the messages of an application's answer say, and whether HTTP has a form for it."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

from tightlip.exchange import Response
from tightlip.protocols.asgi_exchange import asks_for_head
from tightlip.protocols.asgi_faults import UnsendableError
from tightlip.protocols.redirect import without_own_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tightlip.exchange import Head, Request
    from tightlip.protocols.asgi_exchange import Application, Message, Receive, Scope, Send
    from tightlip.responder.hearing import Hearing
    from tightlip.responder.responder import Responder

_FIRST_FINAL = 200
_FIRST_REDIRECT = 300
_FIRST_ERROR = 400
_SERVER_ERROR = 500
WITHOUT_BODY = frozenset({204, 304})
"""The final statuses whose answers have no body (RFC 9110, section 6.4.1)."""

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


def started_by(start: Message | None, body: bytes = b"") -> Response:
    """Return the status and headers that `start` gives, names in lower case, with `body`."""
    held = start or {}
    headers = [
        (header[0].lower(), header[1])
        for header in held.get("headers", ())
        if len(header) == 2 and type(header[0]) is type(header[1]) is bytes  # noqa: PLR2004 - a name and a value
    ]
    return Response(held.get("status", _SERVER_ERROR), tuple(headers), body)


def application_of(response: Response) -> Application:
    """Return the application that answers every request with `response`."""

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = list(response.headers)
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": False})

    return answer


def with_status(start: Message) -> Message:
    """Return `start` with a plain number for its status: some libraries have integers of their own.

    Raises:
        UnsendableError: It is no whole number.
    """
    status = start.get("status")
    if type(status) is int:
        return start
    try:
        return {**start, "status": int(index(status))}  # type: ignore[arg-type]
    except TypeError:
        kind = type(status).__name__
        raise UnsendableError(f"a status is a whole number, not of {kind}") from None


def plain(body: object) -> bytes:
    """Return a body as bytes: servers take whatever is like bytes, such as a `memoryview`.

    Raises:
        UnsendableError: It is no such object.
    """
    try:
        return bytes(memoryview(body))  # type: ignore[arg-type]
    except TypeError:
        raise UnsendableError(f"a body is made of bytes, not of {type(body).__name__}") from None


def sendable(responder: Responder, message: Message) -> Head:
    """Return what of the head of `message` may leave.

    Raises:
        UnsendableError: HTTP has no form for one of them.
    """
    try:
        return responder.read_head(message.get("headers", ()))
    except (TypeError, ValueError) as error:
        raise UnsendableError(f"an answer cannot have this header: {error}") from None


def outgoing(
    responder: Responder,
    start: Message,
    scope: Scope,
    request: Callable[[], Request],
    body: bytes | None = None,
) -> Head:
    """Return the head of a good answer as it may leave; `body` is all of it, if it is known.

    Raises:
        UnsendableError: HTTP has no form for the status or a header, or the length is another
            one: what follows on the connection would be taken for a part of this answer.
    """
    status = start["status"]
    head = sendable(responder, start)
    if status < _FIRST_FINAL:
        raise UnsendableError(f"an answer cannot have the status {status}")
    fields: Iterable[tuple[bytes, bytes]] = head.fields
    if _FIRST_REDIRECT <= status < _FIRST_ERROR:
        fields = without_own_address(fields, scope, request())
    if status in WITHOUT_BODY:  # servers would wait for a body, or end one that never began
        fields = [field for field in fields if field[0].lower() not in _FRAMING]
    elif body is not None:
        for announced in head.lengths:
            if announced != len(body):
                _check_wrong_length(announced, len(body), scope)
    return head if fields is head.fields else responder.read_head(fields)


def _check_wrong_length(announced: int, length: int, scope: Scope) -> None:
    if not asks_for_head(scope):
        raise UnsendableError(f"{announced} bytes were announced, {length} came")


def reviewed_fields(
    responder: Responder,
    message: Message,
    status: int,
    request: Callable[[], Request],
    hearing: Hearing,
) -> Message:
    """Return `message`, which ends or opens what has no body of its own, without fields that leak.

    Raises:
        UnsendableError: HTTP has no form for one of them.
    """
    head = sendable(responder, message)
    return {**message, "headers": responder.review_fields(status, head, request, hearing)}
