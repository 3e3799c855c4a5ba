"""Plain WSGI, without a framework: no exceptions of its own, no reader of bodies."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "wsgi"
JSON = {"Content-Type": "application/json"}


def build(debug):
    return application


def application(environ, start_response):  # noqa: PLR0912 - a router in one piece
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]

    def start(status, headers=JSON):
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))

    def reply(status, content, headers=JSON):
        start(status, headers)
        return [json.dumps(content).encode()]

    if path == "/items" and method == "POST":
        content = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return reply(201, {"name": content["name"]})
    if method not in {"GET", "HEAD"}:
        start(405, {"Allow": "HEAD, GET"})
        return []
    if path == "/ok":
        return reply(200, {"status": "ok"})
    if path == "/items/7":
        return reply(200, {"number": 7})
    if path == "/crash":
        raise ValueError(CANARY)
    if path == "/crash/exit":
        raise SystemExit(CANARY)
    if path == "/crash/cancelled":
        raise asyncio.CancelledError(CANARY)
    if path == "/declared":
        raise SoldOut
    if path == "/database":
        violate_unique()
    if path.startswith("/by-hand/"):
        return reply(int(path[-3:]), {"error": CANARY}, JSON | BY_HAND)
    if path == "/redirected":
        start(302, {"Location": "/ok"})
        return []
    if path == "/leak":
        return reply(200, {"id": 1, "note": LEAK})
    if path == "/leak/header":
        return reply(200, {"id": 1}, JSON | {"X-Note": LEAK})
    if path == "/split/header":
        return reply(200, {"id": 1}, JSON | {"X-Note": SPLIT})
    if path == "/stream/first":
        return stream(start, "text/plain")
    if path == "/stream/later":
        return stream(start, "text/plain", b"first\n")
    if path == "/events":
        return stream(start, "text/event-stream", b"data: first\n\n")
    start(404, {})
    return []


def stream(start, media_type, *parts):
    start(200, {"Content-Type": media_type})
    yield from parts
    raise ValueError(CANARY)
