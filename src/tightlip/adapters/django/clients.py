"""What a client of a server would get, where no guard stands around bytes: one answer of Django's.

That is so with the test clients, which have no server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

from tightlip.adapters.django.listening import FRAMEWORK
from tightlip.adapters.django.reading import carrier_of
from tightlip.protocols import asgi, wsgi
from tightlip.protocols.asgi_exchange import state_of

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Message, Receive, Scope, Send, State
    from tightlip.protocols.wsgi_environ import Environ, StartResponse
    from tightlip.responder.responder import Responder


def open_ears(request: Any) -> State:
    """Have the guard told of what `request` raises."""
    return state_of(carrier_of(request))


def guarded(response: Any, request: Any, responder: Responder) -> Any:
    """Return what leaves in place of `response`, to `Client`.

    A stream stays as it is: a test reads it when it likes, after the request.
    """
    if response.streaming:
        return response
    started: list[Any] = []

    def serve(_environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(f"{response.status_code} {response.reason_phrase}", _headers(response))
        return [response.content]

    def start(status: str, headers: list[tuple[str, str]], _information: Any = None) -> Any:
        started[:] = int(status[:3]), headers

    body = b"".join(wsgi.Guard(serve, responder, FRAMEWORK)(request.environ, start))
    open_ears(request).forget()
    status, headers = started
    return _in_place_of(response, status, headers, body)


async def guarded_async(response: Any, request: Any, responder: Responder) -> Any:
    """Return what leaves in place of `response`, to `AsyncClient`; see `guarded`."""
    if response.streaming:
        return response
    start: Message = {}
    parts = []

    async def serve(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(name.encode(), value.encode("latin-1")) for name, value in _headers(response)]
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": [(name.lower(), value) for name, value in headers],
            }
        )
        await send({"type": "http.response.body", "body": response.content})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        start.update(message)
        parts.append(message.get("body", b""))

    await asgi.Guard(serve, responder, FRAMEWORK)(request.scope, receive, send)
    open_ears(request).forget()
    headers = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
    return _in_place_of(response, start["status"], headers, b"".join(parts))


def _headers(response: Any) -> list[tuple[str, str]]:
    cookies = [("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values()]
    return [*response.items(), *cookies]


def _in_place_of(response: Any, status: int, headers: list[tuple[str, str]], body: bytes) -> Any:
    """Return `response`, which knows its templates and contexts, if it has not changed."""
    if status == response.status_code and body == response.content:
        return response
    changed = HttpResponse(body, status=status, headers=dict(headers))
    changed._resource_closers = response._resource_closers  # noqa: SLF001 - closed with it
    return changed
