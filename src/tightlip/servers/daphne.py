"""daphne: its error pages, those of Twisted and autobahn below it, and its banner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.web.http import HTTPChannel

from tightlip.exchange import Headers, reason_phrase
from tightlip.protocols.http1 import lower_sorted, refusal_bytes
from tightlip.responder.refusal import refusal
from tightlip.substitution import UnknownFunctionError, substitute

STILL_SAYS = "Where a line of a request is too long, daphne cuts the connection without an answer."

_BANNER = "daphne"
_NORMAL = 1000
_BAD_REQUEST = "_respondToBadRequestAndDisconnect"
_REFUSE_HANDSHAKE = "sendHttpErrorResponse"


def install() -> Iterator[str]:
    """Replace what daphne writes by itself; yield what could not be replaced."""
    for owner, name, parameters, make in (
        (WebRequest, "basic_error", "self status status_text body", lambda _: _answer),
        (WebRequest, "handle_exception", "self exception", _cutting),
        (HTTPChannel, _BAD_REQUEST, "self", lambda _: _refuse),
        (HTTPChannel, "writeHeaders", "self version code reason headers", _plain),
        (WebSocketProtocol, _REFUSE_HANDSHAKE, "self code reason responseHeaders", _handshake),
        (WebSocketProtocol, "handle_reply", "self message", _closing),
        (Server, "run", "self", _without_banner),
    ):
        try:
            substitute(owner, name, parameters, make)
        except UnknownFunctionError as fault:
            yield str(fault)


def _answer(self: Any, status: int, status_text: bytes, body: str) -> None:  # noqa: ARG001 - daphne's words
    answer = refusal(status)
    # Twisted says itself whether the connection ends.
    headers = [field for field in answer.headers if field[0] != b"connection"]
    self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
    self.handle_reply({"type": "http.response.body", "body": answer.body})


def _cutting(handle: Callable[..., None]) -> Callable[..., None]:
    """Cut an answer that has begun and breaks; daphne would leave the connection open."""

    def replaced(self: Any, exception: BaseException) -> None:
        if self._response_started and not self.finished and self.channel is not None:
            self.channel.forceAbortClient()
        else:
            handle(self, exception)

    return replaced


def _refuse(self: Any) -> None:
    self.transport.write(refusal_bytes(400))
    self.loseConnection()


def _plain(_: Any) -> Callable[..., None]:
    """Write a head as the other servers do; Twisted spells names in its own way."""

    def replaced(self: Any, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        given = headers.getAllRawHeaders() if hasattr(headers, "getAllRawHeaders") else ()
        fields: Headers = tuple((name, value) for name, values in given for value in values)
        lines = [b"%s: %s\r\n" % field for field in lower_sorted(fields)]
        phrase = reason_phrase(int(code)).encode() or reason
        self.transport.writeSequence([b"%s %s %s\r\n" % (version, code, phrase), *lines, b"\r\n"])

    return replaced


def _handshake(_: Any) -> Callable[..., None]:
    def replaced(self: Any, code: int, reason: str, responseHeaders: Any = None) -> None:  # noqa: ARG001, N803 - autobahn's
        self.sendData(refusal_bytes(code))

    return replaced


def _closing(handle: Callable[..., None]) -> Callable[..., None]:
    """Close a WebSocket as it is asked for: autobahn takes few codes, daphne gives no reason."""

    def replaced(self: Any, message: Any) -> None:
        if message.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            reason = (message.get("reason") or "").encode()
            self.sendCloseFrame(code=message.get("code") or _NORMAL, reasonUtf8=reason)
        else:
            handle(self, message)

    return replaced


def _without_banner(run: Callable[[Any], None]) -> Callable[[Any], None]:
    def replaced(self: Any) -> None:
        if self.server_name == _BANNER:
            self.server_name = ""
        run(self)

    return replaced
