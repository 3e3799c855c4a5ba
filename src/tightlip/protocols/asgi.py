"""ASGI: the guard around an application."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tightlip.protocols.asgi_exchange import (
    STATE,
    Application,
    Dress,
    Framework,
    Message,
    NoFramework,
    Receive,
    Scope,
    Send,
    Surroundings,
    must_pass,
    state_of,
)
from tightlip.protocols.asgi_http import HttpExchange
from tightlip.protocols.asgi_websocket import WebSocketExchange
from tightlip.protocols.phase import DONE, WAITING, WITHHOLDING
from tightlip.responder.refusal import refusal

if TYPE_CHECKING:
    from tightlip.responder.responder import Responder

_BAD_REQUEST = 400
_NOTHING_SENT = (WAITING, WITHHOLDING)


class Guard:
    """An ASGI application around another: what leaves is what the responder decides.

    Args:
        application: Any ASGI 3 application.
        responder: The decision point.
        framework: The adapter of the application's framework.
        dress: Puts the application's CORS middleware around an answer of ours.
    """

    def __init__(
        self,
        application: Application,
        responder: Responder,
        framework: Framework | None = None,
        dress: Dress | None = None,
    ) -> None:
        self._application = application
        self._surroundings = Surroundings(responder, framework or NoFramework(), dress)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange (ASGI 3.0)."""
        kind = scope["type"]
        if kind == "http":
            # One coroutine for all of it: every request pays for each.
            exchange = HttpExchange(self._surroundings, scope, receive, send)
            try:
                await self._application(exchange.scope, exchange.receive, exchange.send)
            except BaseException as exception:
                await exchange.failed(exception)
            else:
                if exchange.phase is not DONE:
                    await exchange.returned()
            finally:
                exchange.close()
            if exchange.phase in _NOTHING_SENT and exchange.is_outermost:
                await _part(send)
        elif kind == "websocket":
            is_outermost = STATE not in scope
            try:
                talk = WebSocketExchange(self._surroundings, scope, receive, send)
                await talk.run(self._application)
            finally:
                if is_outermost:
                    state_of(scope).forget()
        elif kind == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record what fails at start and stop; the server is told so, without a traceback."""
        recorded: BaseException | None = None
        listened = False

        async def heard() -> Message:
            nonlocal listened
            listened = True
            return await receive()

        async def observed(message: Message) -> None:
            nonlocal recorded
            kind = message["type"]
            if kind in {"lifespan.startup.failed", "lifespan.shutdown.failed"}:
                recorded = sys.exception()
                if recorded is not None and must_pass(
                    recorded
                ):  # a server that stops is no failure
                    await send({"type": kind, "message": ""})
                    return
                failure = recorded or RuntimeError(message.get("message", ""))
                responder = self._surroundings.responder
                answer = responder.answer(failure, None, event=kind, leaves=False)
                message = {"type": kind, "message": f"see the incident {answer.reference}"}
                try:
                    await send(message)
                except Exception as ending:  # how a server ends a start that has failed
                    recorded = ending
                    raise ending from None  # what it prints shows no more than the message
                return
            await send(message)

        try:
            await self._application(scope, heard, observed)
        except Exception as exception:
            # One that never listens has no lifespan: to raise is its way to say so (ASGI 3.0).
            if listened and exception is not recorded:
                self._surroundings.responder.answer(
                    exception, None, event="lifespan.failed", leaves=False
                )
            raise


async def _part(send: Send) -> None:
    """Answer a client of whom the server says that it has gone, which not every one has.

    granian says so too of a request whose body cannot be read, and answers it in its own words
    where nobody else does.
    """
    answer = refusal(_BAD_REQUEST)
    with suppress(Exception):
        headers = list(answer.headers)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
