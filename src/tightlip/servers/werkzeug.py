"""Werkzeug's development server, which `flask run` starts: its pages, its banner."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from typing import Any

from werkzeug import serving

from tightlip.exchange import reason_phrase
from tightlip.protocols.asgi_exchange import StreamAbortedError
from tightlip.protocols.http1 import lower_sorted, refusal_bytes, refusal_head
from tightlip.responder.refusal import refusal
from tightlip.substitution import UnknownFunctionError, substitute

STILL_SAYS = ""
_MAKING = "host port app threaded processes request_handler passthrough_errors ssl_context fd"
_DEBUGGING = "self environ start_response"


def install() -> Iterator[str]:
    """Replace what it writes by itself; yield what could not be replaced."""
    handler = serving.WSGIRequestHandler
    for owner, name, parameters, make in (
        (handler, "send_error", "self code message explain", lambda _: _refuse),
        (handler, "send_response", "self code message", lambda _: _send_response),
        (handler, "end_headers", "self", _plain),
        (serving, "InternalServerError", "description response original_exception", _failed),
        (serving, "make_server", _MAKING, _made),
    ):
        try:
            substitute(owner, name, parameters, make)
        except UnknownFunctionError as fault:
            yield str(fault)


def _refuse(self: Any, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG001 - the library's words
    self.log_error("code %d, message %s", code, message or reason_phrase(int(code)))
    self.log_request(int(code))
    self.close_connection = True
    write = refusal_head if self.command == "HEAD" else refusal_bytes
    self.wfile.write(write(int(code)))


def _send_response(self: Any, code: int, message: str | None = None) -> None:
    """Begin an answer as `BaseHTTPRequestHandler.send_response` does, without the banner."""
    self.log_request(code)
    self.send_response_only(code, message)
    self.send_header("Date", self.date_time_string())


def _plain(end: Callable[[Any], None]) -> Callable[[Any], None]:
    """End a head as the other servers do: names in lower case, sorted."""

    def replaced(self: Any) -> None:
        status_line, *lines = getattr(self, "_headers_buffer", ()) or (b"",)
        parted = (line.partition(b": ") for line in lines)
        fields = lower_sorted(tuple((name, value) for name, _, value in parted))
        if status_line:
            self._headers_buffer = [status_line, *(b"%s: %s" % field for field in fields)]
        end(self)

    return replaced


def _failed(_: Any) -> Callable[..., Any]:
    """Answer in the place of an application that raised, as an application does."""

    def answer(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
        refused = refusal(500)
        fields = [(name.decode(), value.decode()) for name, value in refused.headers]
        start_response(
            f"500 {reason_phrase(500)}",
            [field for field in fields if field[0] != "connection"],  # the server's to send
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [refused.body]

    return lambda: answer


def _made(make: Callable[..., Any]) -> Callable[..., Any]:
    """Have a server made with the debugger, which is imported where it is asked for."""

    def made(*arguments: Any, **named: Any) -> Any:
        debug = sys.modules.get("werkzeug.debug")
        if debug is not None:
            with suppress(UnknownFunctionError):  # another release has another debugger
                substitute(debug.DebuggedApplication, "debug_application", _DEBUGGING, _cutting)
        return make(*arguments, **named)

    return made


def _cutting(debug: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    """Have a stream cut that the debugger would end as if it were whole."""

    def debugged(self: Any, environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        cut: list[StreamAbortedError] = []

        def application(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
            body = self.app(environ, start_response)
            try:
                yield from body
            except StreamAbortedError as exception:
                cut.append(exception)
            finally:
                if hasattr(body, "close"):
                    body.close()

        debugger = copy(self)
        debugger.app = application
        yield from debug(debugger, environ, start_response)
        if cut:
            raise cut[0]

    return debugged
