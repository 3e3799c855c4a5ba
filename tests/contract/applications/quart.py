"""Quart."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Quart, abort, redirect, request, websocket

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"

routes = Blueprint("routes", __name__)


@routes.get("/ok")
async def ok():
    return {"status": "ok"}


@routes.post("/items")
async def create():
    if not request.is_json:
        abort(415)
    content = await request.get_json()
    return {"name": content["name"]}, 201


@routes.get("/items/<int:number>")
async def item(number):
    return {"number": number}


@routes.get("/crash")
async def crash():
    raise ValueError(CANARY)


@routes.get("/crash/exit")
async def leave():
    raise SystemExit(CANARY)


@routes.get("/crash/cancelled")
async def cancelled():
    raise asyncio.CancelledError(CANARY)


@routes.get("/declared")
async def declared():
    raise SoldOut


@routes.get("/literal")
async def literal():
    abort(404, "Item not found")


@routes.get("/formatted")
async def formatted():
    abort(409, f"{CANARY} on {request.url}")


@routes.get("/database")
def database():
    violate_unique()


@routes.get("/by-hand/<int:status>")
async def by_hand(status):
    return {"error": CANARY}, status, BY_HAND


@routes.get("/redirected")
async def redirected():
    return redirect("/ok")


@routes.get("/leak")
async def leak():
    return {"id": 1, "note": LEAK}


@routes.get("/leak/header")
async def leak_header():
    return {"id": 1}, 200, {"x-note": LEAK}


@routes.get("/split/header")
async def split_header():
    return {"id": 1}, 200, {"x-note": SPLIT}


@routes.get("/stream/first")
async def stream_first():
    async def chunks():
        raise ValueError(CANARY)
        yield b""

    return chunks(), 200, {"content-type": "text/plain"}


@routes.get("/stream/later")
async def stream_later():
    async def chunks():
        yield b"first\n"
        raise ValueError(CANARY)

    return chunks(), 200, {"content-type": "text/plain"}


@routes.get("/events")
async def events():
    async def chunks():
        yield b"data: first\n\n"
        raise ValueError(CANARY)

    return chunks(), 200, {"content-type": "text/event-stream"}


@routes.websocket("/socket/refused")
async def refused():
    abort(403, f"{CANARY}: {websocket.url}")


@routes.websocket("/socket/crash")
async def crashed():
    await websocket.accept()
    raise ValueError(CANARY)


@routes.websocket("/socket/missing")
async def missing():
    await websocket.accept()
    abort(404, f"{CANARY}: {websocket.url}")


@routes.websocket("/socket/left")
async def left():
    await websocket.accept()


@routes.websocket("/socket/closed")
async def closed():
    await websocket.accept()
    await websocket.close(4001, f"{CANARY}: {websocket.url}")


def build(debug):
    application = Quart(__name__)
    application.debug = debug
    application.register_blueprint(routes)
    return application
