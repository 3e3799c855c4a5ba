"""Reading: what aiohttp's own exceptions and answers say."""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tightlip.exchange import reason_phrase
from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Scope

KEY = "aiohttp"
"""The key of the scope under which the request stands."""

_OWN_PACKAGES = frozenset({"aiohttp"})
_BAD_REQUEST = 400
_READERS = {"aiohttp.web_request": frozenset({"read", "text", "json", "post", "multipart"})}
_READ_WITH = frozenset({"aiohttp", "json", "encodings", "codecs"})
_WORDS = "tightlip_words"
_RECEIVED = re.compile(r"Received message (\d+):")
_ENDS = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


def read(exception: BaseException) -> Failure | None:
    """Return what a framework's own exception says; None for any other."""
    if isinstance(exception, web.HTTPException):
        return HttpFailure(exception.status, _words_of(exception), dict(exception.headers))
    if isinstance(exception, web.RequestPayloadError):
        return HttpFailure(_BAD_REQUEST)
    if is_raised_while_reading(exception, _READERS, _READ_WITH):
        return HttpFailure(_BAD_REQUEST)
    return None


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    if isinstance(exception, TypeError) and is_raised_in(exception, _OWN_PACKAGES):
        # The end of a WebSocket came in place of the message that was asked for.
        found = _RECEIVED.match(str(exception))
        return found is not None and int(found[1]) in _ENDS
    return isinstance(exception, ConnectionError) and is_raised_in(exception, _OWN_PACKAGES)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the template of the route that matched, and the name of its handler."""
    match = scope[KEY].match_info
    resource = match.route.resource
    return getattr(resource, "canonical", None), getattr(match.handler, "__name__", "")


def is_own_answer(body: bytes) -> bool:
    """Tell whether a plain answer was written by the framework itself: `404: Not Found`."""
    status, _, words = body.decode("latin-1").partition(": ")
    return status.isdigit() and words == reason_phrase(int(status))


def keep_words() -> None:
    """Have HTTP exceptions keep the very text that they were made with; they encode it."""
    original = web.HTTPException.__init__
    if getattr(original, "__wrapped__", None) is not None:
        return

    @wraps(original)
    def keeping(self: web.HTTPException, **options: Any) -> None:
        original(self, **options)
        self.__dict__[_WORDS] = options.get("text") or options.get("reason")

    web.HTTPException.__init__ = keeping  # type: ignore[method-assign]


def _words_of(exception: web.HTTPException) -> Any:
    """Return what the author of the exception wrote; None for aiohttp's own words."""
    if is_raised_in(exception, {"aiohttp"}):
        return None
    words = exception.__dict__.get(_WORDS)
    if words is None and not is_own_answer((exception.text or "").encode()):
        words = exception.text
    return None if words == reason_phrase(exception.status) else words
