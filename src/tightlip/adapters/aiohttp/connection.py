"""Connection: a server of aiohttp's with the guard in it, also where it cannot read a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from aiohttp import http_exceptions, web
from aiohttp.web_protocol import _ErrInfo

from tightlip.adapters.aiohttp.writer import GuardedWriter
from tightlip.protocols.native import drive

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

    from tightlip.protocols.asgi_exchange import Surroundings

_LONG_TARGET = re.compile(r"when reading:? (Status|(bytearray\()?b?'/)")
_UNKNOWN_METHOD = re.compile(r"b'([A-Z]+) (/\S*) HTTP/1\.[01]'")


def guarded(
    server: web.Server, application: web.Application, surroundings: Surroundings
) -> web.Server:
    """Put the guard into a server: around its handler, and around the writer of each request."""
    handler, factory = server.request_handler, server.request_factory

    def make_request(
        message: Any, payload: Any, protocol: Any, writer: AbstractStreamWriter, task: Any
    ) -> web.BaseRequest:
        guarded = GuardedWriter(writer, surroundings)
        guarded.request = factory(message, payload, protocol, guarded, task)
        return guarded.request

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await cast("GuardedWriter", request.writer).serve(handler)

    server.request_factory = make_request
    server.request_handler = handle
    server.__class__ = _GuardedServer
    server.__dict__["router"] = application.router
    return server


class _GuardedServer(web.Server):
    """A server whose connections answer in our form also what they cannot read."""

    def __call__(self) -> web.RequestHandler:
        handler = super().__call__()
        handler.__class__ = _GuardedConnection
        return handler


class _GuardedConnection(web.RequestHandler):
    """A connection that says of a request which it cannot read no more than its status."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; of a body that breaks off the rest is not waited for."""
        super().data_received(data)
        messages, request = self._messages, self._current_request
        if not messages or not isinstance(messages[-1][0], _ErrInfo):
            return
        payload = None if request is None else request.content
        if len(messages) > 1:
            payload = messages[-2][1]
        if payload is not None and not payload.is_eof():
            payload.set_exception(web.RequestPayloadError("the rest cannot be read"))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        self.log_debug("A request that cannot be read", exc_info=exc)
        response = web.Response(status=status)
        if isinstance(exc, http_exceptions.LineTooLong):
            is_target = _LONG_TARGET.search(message or "") is not None
            response = web.Response(status=414 if is_target else 431)
        elif isinstance(exc, http_exceptions.BadHttpMethod):
            response = _refusal(self._manager, request, message or "", response)
        response.force_close()
        return response


def _refusal(
    server: Any, request: web.BaseRequest, told: str, otherwise: web.Response
) -> web.Response:
    """Return how the application refuses a method of which only the parser does not know."""
    found = _UNKNOWN_METHOD.search(told)
    if found is None:
        return otherwise
    try:
        asked = request.clone(method=found[1], rel_url=found[2])
        refused: web.HTTPException | None = drive(server.router.resolve(asked)).http_exception
    except Exception:  # whatever the target is; and a router of the application's own may wait
        return otherwise
    if refused is None:
        return web.Response(status=405)
    return web.Response(status=refused.status, headers={"allow": refused.headers.get("allow", "")})
