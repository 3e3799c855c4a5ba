"""uvicorn: its refusals on h11, on httptools and in WebSocket handshakes, its 500, 503, banner."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http import h11_impl
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.server import Server

from tightlip.exchange import reason_phrase
from tightlip.protocols.http1 import lower_sorted, plain_head, refusal_bytes
from tightlip.responder.refusal import refusal
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from tightlip.serving import ServerOptions

STILL_SAYS = (
    "WebSockets by another library than the default's, and HTTP by zttp, keep uvicorn's own words."
)

_BANNER = (b"server", b"uvicorn")
_FIRST_ERROR = 400
_SWITCHING = 101
_BODIES_OF_OLD = (b"", b"Internal Server Error")


def install() -> Iterator[str]:
    """Replace what uvicorn writes by itself; yield what could not be replaced."""
    parts: list[Callable[[], None]] = [_h11, _banner]
    if find_spec("httptools") is not None:
        parts.append(_httptools)
    if find_spec("websockets") is not None:
        parts.append(_websockets)
    for part in parts:
        try:
            part()
        except (UnknownFunctionError, ImportError, AttributeError) as fault:
            yield str(fault)


def _banner() -> None:
    substitute(Server, "on_tick", "self counter", _without_banner)


def _without_banner(on_tick: Callable[..., Any]) -> Callable[..., Any]:
    """Take the banner off where each answer's headers are made, once a second.

    Middleware that shields an application is made when the application has begun to start.
    """

    async def replaced(self: Server, counter: int) -> bool:
        config = self.config
        if _BANNER in config.encoded_headers and "server" not in {
            name.lower() for name, _ in config.headers
        }:
            config.encoded_headers = [one for one in config.encoded_headers if one != _BANNER]
        should_end: bool = await on_tick(self, counter)
        return should_end

    return replaced


def _h11() -> None:
    substitute(h11_impl.H11Protocol, "send_400_response", "self msg", lambda _: _refuse)
    substitute(h11_impl.H11Protocol, "__init__", "self config server_state app_state _loop", _plain)
    _answers(h11_impl)
    phrases: dict[int, bytes] = h11_impl.STATUS_PHRASES
    phrases.update((status, reason_phrase(status).encode()) for status in phrases)


class _PlainConnection(h11.Connection):
    """Writes heads as the other servers do; h11 has its own order and spelling."""

    def send(self, event: Any) -> Any:
        data: bytes | None = super().send(event)
        return plain_head(data) if data and isinstance(event, h11.Response) else data


def _plain(init: Callable[..., None]) -> Callable[..., None]:
    def replaced(self: Any, config: Any, *arguments: Any, **named: Any) -> None:
        init(self, config, *arguments, **named)
        most = config.h11_max_incomplete_event_size
        given = () if most is None else (most,)
        self.conn = _PlainConnection(h11.SERVER, *given)

    return replaced


def _httptools() -> None:
    from uvicorn.protocols.http import httptools_impl

    substitute(httptools_impl.HttpToolsProtocol, "send_400_response", "self msg", lambda _: _refuse)
    substitute(httptools_impl.RequestResponseCycle, "send", "self message", _sorted)
    _answers(httptools_impl)
    lines: dict[int, bytes] = httptools_impl.STATUS_LINE
    lines.update(
        (status, b"HTTP/1.1 %d %s\r\n" % (status, reason_phrase(status).encode()))
        for status in lines
    )


def _sorted(send: Callable[..., Any]) -> Callable[..., Any]:
    """Sort the fields that the server adds to an error in among the application's."""

    def replaced(self: Any, message: Any) -> Any:
        if (
            message["type"] == "http.response.start"
            and message["status"] >= _FIRST_ERROR
            and not self.response_started
        ):
            fields = [*self.default_headers, *message.get("headers", ())]
            self.default_headers = []
            closes = CLOSE_HEADER in self.scope["headers"] or not self.keep_alive
            if closes and CLOSE_HEADER not in fields:
                fields.append(CLOSE_HEADER)
            message = {**message, "headers": lower_sorted(tuple(fields))}
        return send(self, message)

    return replaced


def _answers(module: ModuleType) -> None:
    """Replace the two answers that the protocols write in the application's place."""
    substitute(module, "service_unavailable", "scope receive send", lambda _: _too_busy)
    substitute(module.RequestResponseCycle, "send_500_response", "self", lambda _: _failed)


def _refuse(self: Any, msg: str) -> None:  # noqa: ARG001 - uvicorn's words
    """Refuse a request that could not be read, and close.

    h11 says of which kind the fault is: 400, 431, 501. An answer that has begun is cut.
    """
    status = getattr(sys.exception(), "error_status_hint", 400)
    cycle = self.cycle
    if cycle is None or cycle.response_complete or not cycle.response_started:
        self.transport.write(refusal_bytes(status))
    if cycle is not None and not cycle.response_complete:
        # As when the client has gone: the application can answer no more.
        cycle.disconnected = True
        cycle.message_event.set()
    self.transport.close()


async def _too_busy(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI's
    """Answer as an application does, where `limit_concurrency` is reached."""
    await _send(send, 503)


async def _failed(self: Any) -> None:
    await _send(self.send, 500)


async def _send(send: Any, status: int) -> None:
    answer = refusal(status)
    headers = list(answer.headers)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _websockets() -> None:
    """Replace the refusals of the implementation that uvicorn takes by default."""
    from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol

    protocol: Any = AutoWebSocketsProtocol
    module = import_module(protocol.__module__)
    if hasattr(module, "ServerProtocol"):
        parameters = "origins extensions subprotocols select_subprotocol state max_size logger"
        substitute(module, "ServerProtocol", parameters, _refusing)
        phrases: dict[int, str] = getattr(module, "STATUS_PHRASES", {})
        phrases.update((status, reason_phrase(status)) for status in phrases)
    else:
        name, parameters = "write_http_response", "self status headers body"
        substitute(protocol, name, parameters, _refusing_of_old)


def _refusing_of_old(write: Callable[..., None]) -> Callable[..., None]:
    """Write refusals on the interface of websockets that uvicorn took until 0.50."""

    def replaced(self: Any, status: int, headers: Any, body: bytes | None = None) -> None:
        given = self.initial_response
        if int(status) == _SWITCHING or (given and given[2] not in _BODIES_OF_OLD):
            write(self, status, headers, body)  # the application's own answer
        else:
            self.transport.write(refusal_bytes(int(status)))

    return replaced


def _refusing(protocol: Any) -> Any:
    """Return the websockets library's protocol, refusing in our words, closing without its own."""
    from websockets.datastructures import Headers
    from websockets.http11 import Response

    class Refusing(protocol):  # type: ignore[misc]
        def reject(self, status: int, text: str) -> Response:  # noqa: ARG002 - the library's words
            answer = refusal(int(status))
            headers = Headers([(name.decode(), value.decode()) for name, value in answer.headers])
            return Response(answer.status, reason_phrase(answer.status), headers, answer.body)

        def send_response(self, response: Response) -> None:
            if response.status_code >= _FIRST_ERROR:
                fields = ((name.lower(), value) for name, value in response.headers.raw_items())
                response.headers = Headers(sorted(fields))
            super().send_response(response)

        def fail(self, code: int, reason: str = "") -> None:  # noqa: ARG002 - the library's words
            super().fail(code)

    return Refusing


def run(loader: str, options: ServerOptions) -> None:
    """Serve what `loader` names until the process is told to stop."""
    import uvicorn

    uvicorn.run(
        loader,
        factory=True,
        server_header=False,
        host=options.host,
        port=options.port,
        workers=options.workers,
        reload=options.reload,
        reload_dirs=[options.directory] if options.reload else None,
        log_level=options.log_level,
        access_log=options.access_log,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )
