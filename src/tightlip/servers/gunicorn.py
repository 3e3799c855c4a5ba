"""gunicorn: the error pages and the banner of its workers: sync, gthread, gevent, and its own ASGI.

Its workers that run uvicorn are uvicorn's (`tightlip/servers/uvicorn.py`).
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.http import wsgi

from tightlip.protocols.http1 import plain_head, refusal_bytes
from tightlip.serving import end_by_signals
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from tightlip.serving import ServerOptions

STILL_SAYS = (
    "HTTP/2 keeps gunicorn's own words, and a worker that cannot start closes connections "
    "without an answer."
)

_BANNER = b"gunicorn"
_ASGI_BANNER = b"gunicorn/asgi"
_CLOSE_REASONS = frozenset(
    {
        "Application error",
        "Expected continuation",
        "Frame not masked",
        "Invalid UTF-8",
        "Invalid close code",
        "Invalid close payload",
        "Invalid control frame",
        "Invalid length",
        "Message too big",
        "Non-minimal length",
        "RSV bits set",
        "Reserved opcode",
        "Unexpected continuation",
    }
)


def install() -> Iterator[str]:
    """Replace what gunicorn writes by itself; yield what could not be replaced."""
    parts: list[Callable[[], None]] = [_pages, _banner]
    if find_spec("gunicorn.asgi") is not None:
        parts += [_asgi, _handshakes]
    for part in parts:
        try:
            part()
        except (UnknownFunctionError, ImportError, AttributeError) as fault:
            yield str(fault)


def _pages() -> None:
    substitute(util, "write_error", "sock status_int reason mesg", lambda _: _write_refusal)


def _write_refusal(sock: Any, status_int: int, reason: str, mesg: str) -> None:  # noqa: ARG001 - gunicorn's words
    util.write_nonblock(sock, refusal_bytes(status_int))


def _banner() -> None:
    substitute(wsgi.Response, "send_headers", "self", lambda _: _send_headers)


def _send_headers(self: Any) -> None:
    """Send the head as the other servers do."""
    if self.headers_sent:
        return
    lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers)]
    head = util.to_bytestring("".join([*lines, "\r\n"]), "latin-1")
    util.write(self.sock, plain_head(head, _BANNER))
    self.headers_sent = True


def _asgi() -> None:
    from gunicorn.asgi import protocol

    name, parameters = "_send_error_response", "self status message extra_headers"
    substitute(protocol.ASGIProtocol, name, parameters, lambda _: _refuse)
    name, parameters = "_send_response_start", "self status headers request close"
    substitute(protocol.ASGIProtocol, name, parameters, _plain_start)


def _refuse(self: Any, status: int, message: str, extra_headers: Any = ()) -> None:  # noqa: ARG001 - gunicorn's words
    self._safe_write(refusal_bytes(status))


def _plain_start(start: Callable[..., None]) -> Callable[..., None]:
    def replaced(self: Any, *arguments: Any, **named: Any) -> None:
        start(self, *arguments, **named)
        self._response_buffer = plain_head(self._response_buffer, _ASGI_BANNER)

    return replaced


def _handshakes() -> None:
    from gunicorn.asgi import websocket

    substitute(websocket.WebSocketProtocol, "_deny", "self status reason", _denying)
    substitute(websocket.WebSocketProtocol, "_send_close", "self code reason", _closing)


def _denying(deny: Callable[..., None]) -> Callable[..., None]:
    """Let gunicorn end the handshake, and write our words through the transport that it uses."""

    def replaced(self: Any, status: int, reason: str) -> None:
        transport = self.transport
        self.transport = _Rewording(transport, refusal_bytes(status))
        try:
            deny(self, status, reason)
        finally:
            self.transport = transport

    return replaced


def _closing(close: Callable[..., Any]) -> Callable[..., Any]:
    """Close without gunicorn's own reasons; the code says it."""

    def replaced(self: Any, code: int, reason: str = "") -> Any:
        return close(self, code, "" if reason in _CLOSE_REASONS else reason)

    return replaced


class _Rewording:
    def __init__(self, transport: Any, words: bytes) -> None:
        self._transport = transport
        self._words = words

    def write(self, data: bytes) -> None:  # noqa: ARG002 - gunicorn's words
        self._transport.write(self._words)

    def close(self) -> None:
        self._transport.close()


def run(loader: str, options: ServerOptions) -> None:
    """Serve what `loader` names until the process is told to stop."""
    from gunicorn.app.base import BaseApplication

    settings = {
        "bind": options.address,
        "worker_class": "asgi" if options.is_asgi else "gthread",
        "workers": options.workers,
        "reload": options.reload,
        "loglevel": options.log_level,
        "accesslog": "-" if options.access_log else None,
        "certfile": options.certificate,
        "keyfile": options.key,
        "post_fork": lambda _arbiter, _worker: end_by_signals(),
    }

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            module, _, name = loader.partition(":")
            # A worker's loop forgets the signals that come before it runs.
            handlers = end_by_signals()
            try:
                return getattr(import_module(module), name)()
            finally:
                for number, handler in handlers.items():
                    # The application may have put its own there meanwhile.
                    if handler is not None and signal.getsignal(number) is signal.SIG_DFL:
                        signal.signal(number, handler)

    Application().run()
