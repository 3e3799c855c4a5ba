"""The standard library's server, which Django's `runserver` is made of: its pages, its banner."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from email.utils import formatdate
from operator import itemgetter
from typing import Any
from wsgiref.handlers import BaseHandler
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler

from tightlip.exchange import reason_phrase
from tightlip.protocols.http1 import refusal_bytes, refusal_head
from tightlip.responder.refusal import refusal
from tightlip.substitution import UnknownFunctionError, substitute

STILL_SAYS = ""


def install() -> Iterator[str]:
    """Replace what it writes by itself; yield what could not be replaced."""
    for owner, name, parameters, make in (
        (WSGIRequestHandler, "send_error", "self code message explain", lambda _: _refuse),
        (BaseHandler, "error_output", "self environ start_response", lambda _: _failed),
        (ServerHandler, "send_preamble", "self", _plain),
    ):
        try:
            substitute(owner, name, parameters, make)
        except UnknownFunctionError as fault:
            yield str(fault)


def _refuse(
    self: Any,
    code: int,
    message: str | None = None,
    explain: str | None = None,  # noqa: ARG001 - the library's words
) -> None:
    """Refuse a request, as `http.server.BaseHTTPRequestHandler.send_error` does."""
    self.log_error("code %d, message %s", code, message or reason_phrase(int(code)))
    self.log_request(int(code))
    self.close_connection = True
    write = refusal_head if self.command == "HEAD" else refusal_bytes
    self.wfile.write(write(int(code)))


def _failed(self: Any, environ: Any, start_response: Callable[..., Any]) -> list[bytes]:  # noqa: ARG001 - the library's
    answer = refusal(500)
    headers = [
        (name.decode(), value.decode())
        for name, value in answer.headers
        if name != b"connection"  # PEP 3333: a hop-by-hop field is the server's
    ]
    start_response(f"500 {reason_phrase(500)}", headers, sys.exc_info())
    return [answer.body]


def _plain(send: Callable[[Any], None]) -> Callable[[Any], None]:
    """Send a head as the other servers do: no banner, names in lower case, sorted."""

    def replaced(self: Any) -> None:
        self.server_software = None
        fields = [(name.lower(), value) for name, value in self.headers.items()]
        if "date" not in self.headers:
            fields.append(("date", formatdate(usegmt=True)))
        self.headers = self.headers_class(sorted(fields, key=itemgetter(0)))
        send(self)

    return replaced
