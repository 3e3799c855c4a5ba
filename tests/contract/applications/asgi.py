"""Plain ASGI, without a framework: no exceptions of its own, no reader of bodies."""

from __future__ import annotations

import asyncio
import json

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"
JSON = {"content-type": "application/json"}


def build(debug):
    return application


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    elif scope["type"] == "websocket":
        await talk(scope["path"], receive, send)
    else:
        await answer(scope["method"], scope["path"], receive, send)


async def answer(method, path, receive, send):  # noqa: PLR0912 - a router in one piece
    async def start(status, headers=JSON):
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})

    async def body(content, more=False):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
        await send({"type": "http.response.body", "body": content, "more_body": more})

    async def reply(status, content, headers=JSON):
        await start(status, headers)
        await body(content)

    if path == "/items" and method == "POST":
        await reply(201, {"name": json.loads((await receive())["body"])["name"]})
    elif method not in {"GET", "HEAD"}:
        await reply(405, "", {"allow": "HEAD, GET"})
    elif path == "/ok":
        await reply(200, {"status": "ok"})
    elif path == "/items/7":
        await reply(200, {"number": 7})
    elif path == "/crash":
        raise ValueError(CANARY)
    elif path == "/crash/exit":
        raise SystemExit(CANARY)
    elif path == "/crash/cancelled":
        raise asyncio.CancelledError(CANARY)
    elif path == "/declared":
        raise SoldOut
    elif path == "/database":
        violate_unique()
    elif path.startswith("/by-hand/"):
        await reply(int(path[-3:]), {"error": CANARY}, JSON | BY_HAND)
    elif path == "/redirected":
        await reply(302, "", {"location": "/ok"})
    elif path == "/leak":
        await reply(200, {"id": 1, "note": LEAK})
    elif path == "/leak/header":
        await reply(200, {"id": 1}, JSON | {"x-note": LEAK})
    elif path == "/split/header":
        await reply(200, {"id": 1}, JSON | {"x-note": SPLIT})
    elif path == "/stream/first":
        await start(200, {"content-type": "text/plain"})
        raise ValueError(CANARY)
    elif path == "/stream/later":
        await start(200, {"content-type": "text/plain"})
        await body("first\n", more=True)
        raise ValueError(CANARY)
    elif path == "/events":
        await start(200, {"content-type": "text/event-stream"})
        await body("data: first\n\n", more=True)
        raise ValueError(CANARY)
    else:
        await reply(404, "")


async def talk(path, receive, send):
    await receive()
    if path == "/socket/refused":
        await send({"type": "websocket.close", "code": 1008, "reason": CANARY})
        return
    await send({"type": "websocket.accept"})
    if path == "/socket/crash":
        raise ValueError(CANARY)
    if path == "/socket/left":
        return
    await send({"type": "websocket.close", "code": 4001, "reason": f"{CANARY}: {path}"})
