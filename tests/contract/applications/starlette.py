"""Starlette."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException, WebSocketException
from starlette.responses import JSONResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"


async def ok(request):
    return JSONResponse({"status": "ok"})


async def create(request):
    content = await request.json()
    return JSONResponse({"name": content["name"]}, 201)


async def item(request):
    return JSONResponse({"number": request.path_params["number"]})


async def crash(request):
    raise ValueError(CANARY)


async def leave(request):
    raise SystemExit(CANARY)


async def cancelled(request):
    raise asyncio.CancelledError(CANARY)


async def declared(request):
    raise SoldOut


async def literal(request):
    raise HTTPException(404, "Item not found")


async def formatted(request):
    raise HTTPException(409, f"{CANARY} on {request.url}")


async def database(request):
    violate_unique()


async def by_hand(request):
    return JSONResponse({"error": CANARY}, request.path_params["status"], headers=BY_HAND)


async def redirected(request):
    return RedirectResponse("/ok", 302)


async def leak(request):
    return JSONResponse({"id": 1, "note": LEAK})


async def leak_header(request):
    return JSONResponse({"id": 1}, headers={"x-note": LEAK})


async def split_header(request):
    return JSONResponse({"id": 1}, headers={"x-note": SPLIT})


async def stream_first(request):
    async def chunks():
        raise ValueError(CANARY)
        yield b""

    return StreamingResponse(chunks(), media_type="text/plain")


async def stream_later(request):
    async def chunks():
        yield b"first\n"
        raise ValueError(CANARY)

    return StreamingResponse(chunks(), media_type="text/plain")


async def events(request):
    async def chunks():
        yield b"data: first\n\n"
        raise ValueError(CANARY)

    return StreamingResponse(chunks(), media_type="text/event-stream")


async def refused(websocket):
    raise WebSocketException(1008, f"{CANARY}: {websocket.url}")


async def crashed(websocket):
    await websocket.accept()
    raise ValueError(CANARY)


async def missing(websocket):
    await websocket.accept()
    raise HTTPException(404, f"{CANARY}: {websocket.url}")


async def left(websocket):
    await websocket.accept()


async def closed(websocket):
    await websocket.accept()
    await websocket.close(4001, f"{CANARY}: {websocket.url}")


def build(debug):
    return Starlette(
        debug,
        [
            Route("/ok", ok),
            Route("/items", create, methods=["POST"]),
            Route("/items/{number:int}", item),
            Route("/crash", crash),
            Route("/crash/exit", leave),
            Route("/crash/cancelled", cancelled),
            Route("/declared", declared),
            Route("/literal", literal),
            Route("/formatted", formatted),
            Route("/database", database),
            Route("/by-hand/{status:int}", by_hand),
            Route("/redirected", redirected),
            Route("/leak", leak),
            Route("/leak/header", leak_header),
            Route("/split/header", split_header),
            Route("/stream/first", stream_first),
            Route("/stream/later", stream_later),
            Route("/events", events),
            WebSocketRoute("/socket/refused", refused),
            WebSocketRoute("/socket/crash", crashed),
            WebSocketRoute("/socket/missing", missing),
            WebSocketRoute("/socket/left", left),
            WebSocketRoute("/socket/closed", closed),
        ],
    )
