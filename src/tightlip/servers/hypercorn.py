"""hypercorn: its empty answers, its banner, and its empty reason phrases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import time
from typing import TYPE_CHECKING, Any

import h11
from hypercorn.config import Config
from hypercorn.events import RawData
from hypercorn.protocol import h11 as protocol
from hypercorn.protocol.events import Body, EndBody, Response, StreamClosed
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.protocol.ws_stream import WSStream

from tightlip.protocols.http1 import plain_head, refusal_bytes
from tightlip.responder.refusal import refusal
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from tightlip.serving import ServerOptions

STILL_SAYS = "To a WSGI application, a body over its limit is an empty 400."

_HTTP_1 = frozenset({"1.0", "1.1"})


def install() -> Iterator[str]:
    """Replace what hypercorn writes by itself; yield what could not be replaced."""
    written = protocol.H11Protocol
    for owner, name, parameters, make in (
        (written, "_send_error_response", "self status_code", lambda _: _refuse),
        (written, "_send_h11_event", "self event", _plain),
        (HTTPStream, "_send_error_response", "self status_code", _answer_of_stream),
        (WSStream, "_send_error_response", "self status_code", _answer_of_stream),
        (Config, "response_headers", "self protocol", _without_banner),
    ):
        try:
            substitute(owner, name, parameters, make)
        except UnknownFunctionError as fault:
            yield str(fault)


async def _refuse(self: Any, status_code: int) -> None:
    """Refuse a request that could not be read; hypercorn closes the connection next."""
    await self.send(RawData(data=refusal_bytes(status_code)))


def _plain(send: Callable[..., Any]) -> Callable[..., Any]:
    """Send a head as the other servers do; hypercorn leaves the reason phrase empty."""

    async def replaced(self: Any, event: Any) -> None:
        if not isinstance(event, h11.Response | h11.InformationalResponse):
            await send(self, event)
            return
        try:
            head: bytes = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
        else:
            await self.send(RawData(data=plain_head(head)))

    return replaced


def _answer_of_stream(_: Any) -> Callable[..., Any]:
    async def replaced(self: Any, status_code: int) -> None:
        answer = refusal(status_code)
        is_first = self.scope["http_version"] in _HTTP_1
        headers = [
            # RFC 9113, section 8.2.2: HTTP/2 has no such field.
            field
            for field in answer.headers
            if is_first or field[0] != b"connection"
        ]
        await self.send(Response(self.stream_id, headers, status_code))
        if self.scope.get("method") != "HEAD":
            await self.send(Body(self.stream_id, answer.body))
        await self.send(EndBody(self.stream_id))
        if isinstance(self, HTTPStream):
            self.state = ASGIHTTPState.CLOSED
        else:
            # hypercorn would leave the connection open, and the client waiting for its end.
            await self.send(StreamClosed(self.stream_id))
        told = {"status": status_code, "headers": []}
        await self.config.log.access(self.scope, told, time() - self.start_time)

    return replaced


def _without_banner(headers_of: Callable[..., Any]) -> Callable[..., Any]:
    def replaced(self: Config, protocol: str) -> list[tuple[bytes, bytes]]:
        return [field for field in headers_of(self, protocol) if field[0] != b"server"]

    return replaced


def run(loader: str, options: ServerOptions) -> int:
    """Serve what `loader` names until the process is told to stop; return an exit code."""
    from hypercorn.run import run as run_hypercorn

    module, _, name = loader.partition(":")
    config = Config()
    # hypercorn evaluates what stands behind the colon.
    config.application_path = f"{'asgi' if options.is_asgi else 'wsgi'}:{module}:{name}()"
    config.bind = [options.address]
    config.workers = options.workers
    config.use_reloader = options.reload
    config.include_server_header = False
    config.loglevel = options.log_level.upper()
    config.accesslog = "-" if options.access_log else None
    config.certfile = options.certificate
    config.keyfile = options.key
    return run_hypercorn(config)
