"""One WebSocket over ASGI: refusals and close reasons say only what was declared."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING

from tightlip.exchange import Request, Response
from tightlip.protocols.asgi_answer import reviewed_fields
from tightlip.protocols.asgi_exchange import (
    Application,
    Message,
    Receive,
    Scope,
    Send,
    Surroundings,
    must_pass,
    request_of,
    route_of,
    state_of,
    tells_of_leaving,
)
from tightlip.protocols.asgi_faults import UnsendableError
from tightlip.slots import is_a

if TYPE_CHECKING:
    from types import FrameType

    from tightlip.responder.hearing import Hearing
    from tightlip.responder.responder import Answer

_NORMAL = 1000
_INTERNAL_ERROR = 1011  # RFC 6455, section 7.4.1
_POLICY_VIOLATION = 1008
_SENDABLE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
_LONGEST_REASON = 123  # bytes; RFC 6455, section 5.5: a control frame holds 125 with the code
_MOST_WITHHELD = 65536
_SWITCHING_PROTOCOLS = 101
_REFUSED = 403
_FIRST_ERROR = 400


class Phase(Enum):
    """How far the connection has come."""

    HANDSHAKE = auto()
    OPEN = auto()
    CLOSED = auto()


class MissingHandshakeError(Exception):
    """The application ended without accepting or refusing the connection."""


class ClosedConnectionError(OSError):
    """What servers raise where an application sends on after the end (ASGI 3.0, send)."""


def with_honest_code(
    scope: Scope, send: Send, is_own: Callable[[object, BaseException], bool]
) -> Send:
    """Close a WebSocket that failed with the code that says so, not with a framework's own.

    Args:
        scope: The connection.
        send: Takes what the application sends.
        is_own: Tells whether a framework chose a close code by itself, for this exception.
    """

    async def sent(message: Message) -> None:
        exception = state_of(scope).exception
        if (
            message["type"] == "websocket.close"
            and exception is not None
            and is_own(message.get("code"), exception)
        ):
            message = {**message, "code": _INTERNAL_ERROR}
        await send(message)

    return sent


class WebSocketExchange:
    """Stands between an application and its server for one WebSocket."""

    def __init__(
        self,
        surroundings: Surroundings,
        scope: Scope,
        receive: Receive,
        send: Send,
        hearing: Hearing | None = None,
    ) -> None:
        self._responder = surroundings.responder
        self._framework = surroundings.framework
        self._scope = scope
        self._receive = receive
        self._send = send
        self._state = state_of(scope)
        self._phase = Phase.HANDSHAKE
        self._hearing = surroundings.hear() if hearing is None else hearing
        self._state.hearing, self._state.request = self._hearing, self._request
        self._denial: Message | None = None
        self._withheld = b""
        self._has_leaked = False
        self._has_left = False
        self._unsendable: UnsendableError | None = None

    async def run(self, application: Application) -> None:
        """Let the application talk; see that a failure ends as one."""
        try:
            await application(self._scope, self.receive, self.send)
        except BaseException as exception:
            if must_pass(exception):
                raise
            await self._fail(exception)
        else:
            await self._returned()
        finally:
            self._unsendable = None  # its traceback holds this exchange
            self._hearing.close()

    async def receive(self) -> Message:
        """Hand on what the client sends: what it said itself is no echo."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._has_left = True
        elif message["type"] == "websocket.receive":
            text = message.get("text")
            self._hearing.received(
                text.encode("utf-8", "surrogatepass") if text else message.get("bytes") or b""
            )
        return message

    async def send(self, message: Message) -> None:
        """Take a message of the application's; hand on what may leave."""
        kind = message["type"]
        if kind == "websocket.accept":
            self._phase = Phase.OPEN
            about = _SWITCHING_PROTOCOLS, self._request, self._hearing
            await self._send(reviewed_fields(self._responder, message, *about))
        elif kind == "websocket.close":
            await self._close(message, sys._getframe(1))  # noqa: SLF001 - whose words these are
        elif kind == "websocket.send":
            await self._tell(message)
        elif kind == "websocket.http.response.start":
            self._denial = message
        elif kind == "websocket.http.response.body":
            await self._deny(message)
        else:
            await self._send(message)

    async def _tell(self, message: Message) -> None:
        """Send a message whose text may leave; binary ones are not read."""
        if self._has_leaked:
            raise ClosedConnectionError("the connection was closed: a message carried internals")
        text = message.get("text")
        answer = None
        if isinstance(text, str):
            if self._state.exception is not None:
                self._hearing.note(self._state.exception)
            answer = self._responder.review_message(text, self._request, self._hearing)
        if answer is None:
            await self._send(message)
            return
        self._has_leaked = True
        await self._say_goodbye(_INTERNAL_ERROR, answer.error.code)

    async def _fail(self, exception: BaseException) -> None:
        if is_a(exception, ClosedConnectionError) or tells_of_leaving(self._framework, exception):
            return
        answer = self._answer(exception)
        if self._phase is Phase.HANDSHAKE:
            await self._refuse(answer.response)
        elif self._phase is Phase.OPEN:
            await self._say_goodbye(_INTERNAL_ERROR, answer.error.code)

    async def _returned(self) -> None:
        """See that the connection ends once the application has returned.

        ASGI does not say how one ends that nobody has closed: some servers cut it, as if it had
        failed. The messages of a WebSocket are whole each, so none is missing.
        """
        if self._phase is Phase.HANDSHAKE and not self._has_left:
            missing = MissingHandshakeError("the application returned without a handshake")
            await self._refuse(self._answer(missing).response)
        elif self._phase is Phase.OPEN and self._unsendable is not None:
            await self._fail(self._unsendable)  # the application has caught it, and closed no more
        elif self._phase is Phase.OPEN and not self._has_left:
            with suppress(Exception):  # the client may have gone meanwhile, which no one has told
                await self._close({"type": "websocket.close", "code": _NORMAL}, None)

    async def _close(self, message: Message, frame: FrameType | None) -> None:
        """Close as the application asks, with a reason that is declared."""
        with self._state.with_traceback() as exception:
            if (
                self._has_left
                and exception is not None
                and tells_of_leaving(self._framework, exception)
            ):
                self._phase = Phase.CLOSED
                return
            answer = self._answer(exception) if exception is not None else None
        if self._phase is Phase.HANDSHAKE:
            if answer is None:
                answer = self._responder.review(Response(_REFUSED), self._request())
            await self._refuse(answer.response)
            return
        reason = message.get("reason") or ""
        if answer is not None:
            # What a framework's exception says of the close itself, its author has chosen for it.
            speaks = answer.is_declared and not is_a(exception, self._responder.public_error)
            reason = answer.error.public_message if speaks else answer.error.code
        elif not isinstance(reason, str):
            reason = ""
        elif reason:
            reason, _ = self._responder.close_reason(reason, self._request(), frame)
        code = message.get("code") or _NORMAL
        if answer is not None and code == _NORMAL:
            code = _INTERNAL_ERROR  # what was cut short by an exception did not end well
        if code not in _SENDABLE_CODES:  # servers would cut the connection, or leave it open
            if answer is None and not self._has_left:
                self._unsendable = UnsendableError(f"a WebSocket cannot close with the code {code}")
                raise self._unsendable
            code = _INTERNAL_ERROR
        await self._say_goodbye(code, reason)

    async def _say_goodbye(self, code: int, reason: str) -> None:
        if self._phase is not Phase.OPEN:
            return
        self._phase = Phase.CLOSED
        if self._has_left:
            return  # servers refuse a second end
        text = reason.encode()[:_LONGEST_REASON].decode("utf-8", "ignore")
        await self._send({"type": "websocket.close", "code": code, "reason": text})

    async def _deny(self, message: Message) -> None:
        """Read the application's own refusal to its end, and refuse in its place."""
        self._withheld += message.get("body", b"")[: _MOST_WITHHELD - len(self._withheld)]
        if message.get("more_body", False) or self._phase is not Phase.HANDSHAKE:
            return
        start = self._denial or {}
        response = Response(
            max(start.get("status", _REFUSED), _FIRST_ERROR),
            tuple((bytes(name), bytes(value)) for name, value in start.get("headers", ())),
            self._withheld,
        )
        with self._state.with_traceback() as exception:
            if exception is not None:
                answer = self._answer(exception, response)
            else:
                _, endpoint = route_of(self._scope, self._framework)
                answer = self._responder.review(response, self._request(), made_by=endpoint)
        await self._refuse(answer.response)

    async def _refuse(self, response: Response) -> None:
        """Refuse the handshake with a whole answer, or as well as the server can."""
        self._phase = Phase.CLOSED
        if "websocket.http.response" not in self._scope.get("extensions", ()):
            await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": ""})
            return
        await self._send(
            {
                "type": "websocket.http.response.start",
                "status": response.status,
                "headers": list(response.headers),
            }
        )
        await self._send(
            {"type": "websocket.http.response.body", "body": response.body, "more_body": False}
        )

    def _answer(self, exception: BaseException, response: Response | None = None) -> Answer:
        return self._responder.answer(
            exception,
            self._request(),
            hearing=self._hearing,
            response=response,
            event="websocket.exception",
        )

    def _request(self) -> Request:
        return request_of(self._scope, self._framework)
