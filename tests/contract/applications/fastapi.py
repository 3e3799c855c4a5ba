"""FastAPI."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, FastAPI, HTTPException, Request, WebSocket, WebSocketException
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"

router = APIRouter()


class Item(BaseModel):
    name: str
    price: int


def reads(path):
    """A route for GET that answers HEAD too, which FastAPI does not by itself."""
    return router.api_route(path, methods=["GET", "HEAD"])


@reads("/ok")
async def ok():
    return {"status": "ok"}


@router.post("/items", status_code=201)
async def create(item: Item):
    return {"name": item.name}


@reads("/items/{number}")
async def item(number: int):
    return {"number": number}


@reads("/crash")
def crash():
    raise ValueError(CANARY)


@reads("/crash/exit")
async def leave():
    raise SystemExit(CANARY)


@reads("/crash/cancelled")
async def cancelled():
    raise asyncio.CancelledError(CANARY)


@reads("/declared")
def declared():
    raise SoldOut


@reads("/literal")
def literal():
    raise HTTPException(404, "Item not found")


@reads("/formatted")
def formatted(request: Request):
    raise HTTPException(409, f"{CANARY} on {request.url}")


@reads("/database")
def database():
    violate_unique()


@reads("/by-hand/{status}")
def by_hand(status: int):
    return JSONResponse({"error": CANARY}, status, headers=BY_HAND)


@reads("/redirected")
def redirected():
    return RedirectResponse("/ok", 302)


@reads("/leak")
def leak():
    return {"id": 1, "note": LEAK}


@reads("/leak/header")
def leak_header():
    return JSONResponse({"id": 1}, headers={"x-note": LEAK})


@reads("/split/header")
def split_header():
    return JSONResponse({"id": 1}, headers={"x-note": SPLIT})


@reads("/stream/first")
def stream_first():
    def chunks():
        raise ValueError(CANARY)
        yield ""

    return StreamingResponse(chunks(), media_type="text/plain")


@reads("/stream/later")
def stream_later():
    def chunks():
        yield "first\n"
        raise ValueError(CANARY)

    return StreamingResponse(chunks(), media_type="text/plain")


@reads("/events")
async def events():
    async def chunks():
        yield "data: first\n\n"
        raise ValueError(CANARY)

    return StreamingResponse(chunks(), media_type="text/event-stream")


@router.websocket("/socket/refused")
async def refused(websocket: WebSocket):
    raise WebSocketException(1008, f"{CANARY}: {websocket.url}")


@router.websocket("/socket/crash")
async def crashed(websocket: WebSocket):
    await websocket.accept()
    raise ValueError(CANARY)


@router.websocket("/socket/missing")
async def missing(websocket: WebSocket):
    await websocket.accept()
    raise HTTPException(404, f"{CANARY}: {websocket.url}")


@router.websocket("/socket/left")
async def left(websocket: WebSocket):
    await websocket.accept()


@router.websocket("/socket/closed")
async def closed(websocket: WebSocket):
    await websocket.accept()
    await websocket.close(4001, f"{CANARY}: {websocket.url}")


def build(debug):
    application = FastAPI(debug=debug)
    application.include_router(router)
    return application
