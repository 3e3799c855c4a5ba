"""Reading: what Tornado's own exceptions and answers say."""

from __future__ import annotations

import re
from http.client import responses
from traceback import walk_tb
from typing import TYPE_CHECKING

from tornado import iostream
from tornado.escape import json_decode, utf8
from tornado.web import HTTPError, RequestHandler

from tightlip.adapters.tornado.connection import KEY
from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading
from tightlip.slots import traceback_of

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Scope

_PAGE = re.compile(rb"<html><title>(\d+: [^<]*)</title><body>\1</body></html>")
_OWN_WORDS = (
    b"Traceback (most recent call last)",
    b'Can "Upgrade" only to "WebSocket".',
    b'"Connection" must be "Upgrade".',
    b"Cross origin websockets not allowed",
    b"Missing/Invalid WebSocket headers",
)
_READERS = {"tornado.escape": frozenset({"json_decode"})}
_READ_WITH = frozenset({"tornado", "json", "encodings", "codecs"})


def read(exception: BaseException) -> Failure | None:
    """Return what a framework's own exception says; None for any other.

    The log message of an `HTTPError` is for the log; its reason is what a client would see.
    """
    if isinstance(exception, HTTPError):
        own = is_raised_in(exception, {"tornado"})
        return HttpFailure(exception.status_code, None if own else exception.reason)
    return HttpFailure(400) if _is_of_body(exception) else None


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, iostream.StreamClosedError)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the pattern of the route that matched, and the name of the handler's class."""
    handler = scope[KEY].handler
    if handler is None:
        return None, ""
    target = type(handler).__bases__[-1]  # the application's class, behind the guarded one
    for rule in handler.application.wildcard_router.rules:
        pattern = getattr(rule.matcher, "regex", None)
        if rule.target is target and pattern is not None and pattern.match(handler.request.path):
            return pattern.pattern.removesuffix("$"), target.__name__
    return None, target.__name__


def is_own_answer(body: bytes) -> bool:
    """Tell whether a plain answer was written by the framework itself."""
    page = _PAGE.fullmatch(body)
    if page is None:
        return body.startswith(_OWN_WORDS)
    status, _, words = page[1].decode("latin-1").partition(": ")
    return responses.get(int(status), "Unknown") == words


def _is_of_body(exception: BaseException) -> bool:
    """Tell whether `json_decode` could not read the request's own body, and nothing else."""
    body = given = None
    for frame, _ in walk_tb(traceback_of(exception)):
        handler = frame.f_locals.get("self")
        if isinstance(handler, RequestHandler):
            body = handler.request.body
        if frame.f_code is json_decode.__code__:
            given = utf8(frame.f_locals["value"])
    return given == body and is_raised_while_reading(exception, _READERS, _READ_WITH)
