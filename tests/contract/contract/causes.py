"""The causes: what a client sends, and the name of the one answer to it."""

from __future__ import annotations

from dataclasses import dataclass

from contract.client import handshake


@dataclass(frozen=True)
class Cause:
    """A cause of the contract.

    Attributes:
        name: What it is called in the table of differences.
        requests: What is sent, one after the other over one connection; the last is looked at.
        answers: The names of the answers in `answers/`, of which one must come.
        is_head: Whether the answer has no body.
    """

    name: str
    requests: tuple[bytes, ...]
    answers: tuple[str, ...]
    is_head: bool = False


def request(
    target: str | bytes,
    *headers: str,
    method: str = "GET",
    body: bytes | None = None,
    content_type: str = "application/json",
    version: str = "1.1",
    host: str = "api.example",
) -> bytes:
    """Return a request; with a body, its length and its type are told."""
    target = target.encode() if isinstance(target, str) else target
    lines = [f"host: {host}", *headers]
    if body is not None:
        lines += [f"content-type: {content_type}", f"content-length: {len(body)}"]
    head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    return b"%s %s HTTP/%s\r\n%s\r\n" % (
        method.encode(),
        target,
        version.encode(),
        head,
    ) + (body or b"")


def _post(body: bytes, *headers: str, content_type: str = "application/json") -> bytes:
    return request("/items", *headers, method="POST", body=body, content_type=content_type)


_ROUTES = {
    # The routes, asked for by GET and by HEAD.
    "/ok": "ok",
    "/items/7": "item",
    "/crash": "internal_server_error",
    "/crash/exit": "internal_server_error",
    "/crash/cancelled": "internal_server_error",
    "/declared": "sold_out",
    "/literal": "literal",
    "/formatted": "conflict",
    "/database": "conflict",
    "/by-hand/400": "invalid_request_recorded",
    "/by-hand/500": "internal_server_error",
    "/unknown": "not_found",
}
_REDIRECTS = ("redirected", "redirected_within_host")
_STREAMS = {
    "/leak": "leak",
    "/leak/header": "leak_header",
    "/split/header": "internal_server_error",
    "/stream/first": "internal_server_error",
    "/stream/later": "stream_cut",
    "/events": "events",
}
_GOOD = b'{"name":"kettle","price":39}'
_BODIES = {
    "good body": (_GOOD, "created"),
    "malformed JSON": (b'{"name":"kettle",', "invalid_request"),
    "empty body": (b"", "invalid_request"),
    "invalid UTF-8": (b'{"name":"\xff\xfe","price":39}', "invalid_request"),
    "nested brackets": (b"[" * 100_000, "invalid_request"),
    "huge integer": (b'{"name":"kettle","price":' + b"9" * 10_000 + b"}", "invalid_request"),
    "NaN": (b'{"name":"kettle","price":NaN}', "number_not_valid"),
    "lone surrogate": (b'{"name":"\\ud800","price":39}', "invalid_request"),
    "missing name": (b'{"price":39}', "name_required"),
    "wrong type": (b'{"name":"kettle","price":"CANARY"}', "price_not_valid"),
}
_MULTIPART = b"--edge\r\nContent-Disposition: form-data; name=\r\n\r\nCANARY"

_PROBLEM = "accept: application/problem+json"
_PAGE = "accept: text/html"
_CLOSE = "connection: close"

CAUSES = [
    *(Cause(f"GET {path}", (request(path),), (name,)) for path, name in _ROUTES.items()),
    *(Cause(f"GET {path}", (request(path),), (name,)) for path, name in _STREAMS.items()),
    *(
        Cause(f"HEAD {path}", (request(path, _CLOSE, method="HEAD"),), (name,), is_head=True)
        for path, name in _ROUTES.items()
    ),
    *(Cause(name, (_post(body),), (answer,)) for name, (body, answer) in _BODIES.items()),
    Cause("GET /redirected", (request("/redirected"),), _REDIRECTS),
    Cause(
        "HEAD /redirected",
        (request("/redirected", _CLOSE, method="HEAD"),),
        _REDIRECTS,
        is_head=True,
    ),
    Cause(
        "wrong content type",
        (_post(_GOOD, content_type="text/plain"),),
        ("unsupported_media_type",),
    ),
    Cause(
        "bad multipart",
        (_post(_MULTIPART, content_type="multipart/form-data; boundary=edge"),),
        ("unsupported_media_type",),
    ),
    Cause("Expect", (_post(_GOOD, "expect: 100-continue"),), ("created",)),
    Cause("wrong method", (request("/ok", method="DELETE"),), ("method_not_allowed",)),
    Cause("unknown method", (request("/ok", method="BREW"),), ("method_not_allowed",)),
    Cause("word in path", (request("/items/CANARY"),), ("not_found",)),
    Cause("huge integer in path", (request("/items/" + "9" * 10_000),), ("not_found",)),
    Cause("NUL in path", (request("/%00"),), ("not_found",)),
    Cause("bad percent-encoding", (request("/%zz"),), ("not_found",)),
    Cause("no UTF-8 in path", (request("/%ff"),), ("not_found",)),
    Cause("trailing slash", (request("/ok/"),), ("not_found", "to_ok", "to_ok_of_host")),
    Cause(
        "trailing slash, bad host",
        (request("/ok/", host="a b"),),
        ("not_found", "to_ok", "invalid_request"),
    ),
    Cause("bad host", (request("/ok", host="a b"),), ("ok", "invalid_request")),
    Cause("bad cookie", (request("/ok", "cookie: a=\xff; =; b"),), ("ok", "invalid_request")),
    Cause("bad range", (request("/ok", "range: bytes=CANARY"),), ("ok",)),
    Cause("HTTP/1.0", (request("/crash", version="1.0"),), ("internal_server_error",)),
    Cause("keep-alive", (request("/crash"), request("/literal")), ("literal",)),
    Cause("keep-alive after a bad body", (_post(b"{"), request("/ok")), ("ok",)),
    Cause("problem details", (request("/crash", _PROBLEM),), ("problem",)),
    Cause("page", (request("/crash", _PAGE),), ("page",)),
    Cause("problem details of a literal", (request("/literal", _PROBLEM),), ("literal_problem",)),
    Cause("page of what is not there", (request("/unknown", _PAGE),), ("not_found_page",)),
    Cause("refused WebSocket", (handshake("/socket/refused"),), ("socket_refused",)),
    Cause("crashed WebSocket", (handshake("/socket/crash"),), ("socket_crash",)),
    Cause("HTTP exception in a WebSocket", (handshake("/socket/missing"),), ("socket_missing",)),
    Cause("abandoned WebSocket", (handshake("/socket/left"),), ("socket_left",)),
    Cause("closed WebSocket", (handshake("/socket/closed"),), ("socket_closed",)),
]
