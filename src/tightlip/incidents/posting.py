"""Posting: one HTTP request that hands something over, by the standard library alone."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit

from tightlip.incidents.delivery import PostponedError, RefusedError

_HOPELESS = frozenset({400, 410, 413, 422})
"""Answers that speak of the document itself; all others may be mended at the receiver."""

_RETRY_AFTER = frozenset({429, 503})
_SUCCESS = range(200, 300)

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[!-~]([ \t!-~]*[!-~])?")
_OURS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    }
)


class NotAcceptedError(Exception):
    """The receiver answered with a status that is no success; a later try may have one."""


def refuse_bad_url(url: str) -> None:
    """Raise where no request can be sent to `url`.

    Raises:
        ValueError: It is no absolute address by `http` or `https`, or holds a name and password.
            The message does not repeat it, since it may be a secret.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(ord(letter) <= ord(" ") or ord(letter) > ord("~") for letter in url):
        raise ValueError("the address is none: give one that begins with http:// or https://")
    if parts.username is not None:
        raise ValueError("the address holds a name or password: give them in a header instead")


def refuse_bad_headers(given: object) -> None:
    """Raise where `given` are no headers that a request may carry beside ours.

    Raises:
        TypeError: It is no mapping of texts.
        ValueError: One is ours, or cannot be sent. No value is repeated: it may be a secret.
    """
    if given is None:
        return
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise TypeError("headers are a mapping of texts")
    for name, value in given.items():
        if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"a header {name!r} cannot be sent")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ValueError(f"this value of the header {name!r} cannot be sent")


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    """Send `body` to `url`, and return when the receiver has said that it has it.

    No redirection is followed: what is sent goes to the address that was given, and to no other.

    Args:
        url: Where to.
        body: What.
        headers: The headers of the request, besides `Host` and `Content-Length`.
        timeout: Seconds that connecting, sending and the answer may take each.

    Raises:
        RefusedError: The receiver will not take this body, however often it is sent.
        PostponedError: It says when to come again.
        NotAcceptedError: Any other answer that is no success.
        OSError, http.client.HTTPException: No answer came.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {**headers, "Connection": "close"})
        # What the receiver has to say beyond its status is not read: it may have no end.
        with closing(connection.getresponse()) as response:
            status, wait = response.status, response.headers.get("Retry-After", "")
    finally:
        connection.close()
    if status in _SUCCESS:
        return
    happened = f"the receiver answered with status {status}"
    if status in _HOPELESS:
        raise RefusedError(happened)
    if status in _RETRY_AFTER and wait.isascii() and wait.isdigit():
        raise PostponedError(float(wait[:6]))
    raise NotAcceptedError(happened)
