"""Redirects: the address at which a server listens is no part of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from tightlip.exchange import Request, first_of

_OF_A_HOST = "!$&'()*+,;=:[]%"
"""What stands in the host of an address as it is (RFC 3986, section 3.2.2)."""

_ADDRESS = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)


def without_own_address(
    headers: Iterable[tuple[bytes, bytes]],
    scope: Mapping[str, Any],
    request: Request,
) -> list[tuple[bytes, bytes]]:
    """Return the headers of a redirect; one to the server's own address is made relative.

    Frameworks write a whole URL of what the client sent as `Host`, or of the address at which the
    server listens where that is missing or no host. The latter tells of the machine. Some encode
    what is no host, so that it looks like one.

    Args:
        headers: The headers of the answer.
        scope: Where the server says at which name and port it listens: `server` of an ASGI scope,
            or the environment of WSGI.
        request: The request, for what the client sent as `Host`.
    """
    server = scope.get("server") or (scope.get("SERVER_NAME"), scope.get("SERVER_PORT"))
    own = ":".join(map(str, server)).encode("latin-1", "replace")
    host = first_of(request.headers, b"host") or b""
    encoded = quote(host, safe=_OF_A_HOST).encode()
    addresses = {own, own.rpartition(b":")[0], encoded} - {host}

    def relative(value: bytes) -> bytes:
        found = _ADDRESS.match(value)
        if found is None or found[1] not in addresses:
            return value
        rest = value[found.end() :]
        return rest if rest.startswith(b"/") else b"/" + rest

    return [
        (name, relative(value) if name.lower() == b"location" else value) for name, value in headers
    ]
