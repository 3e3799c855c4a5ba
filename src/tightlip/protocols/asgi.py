"""ASGI: the guard around an application."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tightlip.protocols.asgi_exchange import (
    Application,
    Framework,
    Message,
    NoFramework,
    Receive,
    Scope,
    Send,
)
from tightlip.protocols.asgi_http import HttpExchange
from tightlip.protocols.asgi_websocket import WebSocketExchange

if TYPE_CHECKING:
    from tightlip.responder.responder import Responder


class Guard:
    """An ASGI application around another: what leaves is what the responder decides.

    Args:
        application: Any ASGI 3 application.
        responder: The decision point.
        framework: The adapter of the application's framework.
    """

    def __init__(
        self,
        application: Application,
        responder: Responder,
        framework: Framework | None = None,
    ) -> None:
        self.application = application
        self.responder = responder
        self.framework = framework if framework is not None else NoFramework()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            http = HttpExchange(self.responder, self.framework, scope, receive, send)
            await http.run(self.application)
        elif kind == "websocket":
            websocket = WebSocketExchange(self.responder, self.framework, scope, receive, send)
            await websocket.run(self.application)
        elif kind == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record what fails at start and stop; the server is told so, without a traceback."""
        recorded: BaseException | None = None

        async def observed(message: Message) -> None:
            nonlocal recorded
            kind = message["type"]
            if kind in {"lifespan.startup.failed", "lifespan.shutdown.failed"}:
                recorded = sys.exception()
                failure = recorded or RuntimeError(message.get("message", ""))
                answer = self.responder.answer(failure, None, event=kind)
                message = {"type": kind, "message": f"see the incident {answer.reference}"}
            await send(message)

        try:
            await self.application(scope, receive, observed)
        except Exception as exception:
            if exception is not recorded:
                self.responder.answer(exception, None, event="lifespan.failed")
            raise
