"""Litestar."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from litestar import HttpMethod, Litestar, Request, Response, WebSocket, post, route, websocket
from litestar.exceptions import HTTPException, NotFoundException, WebSocketException
from litestar.params import Body
from litestar.response import Redirect, Stream

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"


@dataclass
class Item:
    name: str
    price: int


def reads(path):
    """A route for GET that answers HEAD too, which Litestar does not by itself."""
    return route(path, http_method=[HttpMethod.GET, HttpMethod.HEAD])


@reads("/ok")
async def ok() -> dict:
    return {"status": "ok"}


@post("/items")
async def create(data: Annotated[Item, Body()]) -> dict:
    return {"name": data.name}


@reads("/items/{number:int}")
async def item(request: Request) -> dict:
    return {"number": request.path_params["number"]}


@reads("/crash")
async def crash() -> None:
    raise ValueError(CANARY)


@reads("/crash/exit")
async def leave() -> None:
    raise SystemExit(CANARY)


@reads("/crash/cancelled")
async def cancelled() -> None:
    raise asyncio.CancelledError(CANARY)


@reads("/declared")
async def declared() -> None:
    raise SoldOut


@reads("/literal")
async def literal() -> None:
    raise NotFoundException("Item not found")


@reads("/formatted")
async def formatted(request: Request) -> None:
    raise HTTPException(f"{CANARY} on {request.url}", status_code=409)


@reads("/database")
async def database() -> None:
    violate_unique()


@reads("/by-hand/{status:int}")
async def by_hand(request: Request) -> Response:
    return Response({"error": CANARY}, status_code=request.path_params["status"], headers=BY_HAND)


@reads("/redirected")
async def redirected() -> Redirect:
    return Redirect("/ok")


@reads("/leak")
async def leak() -> dict:
    return {"id": 1, "note": LEAK}


@reads("/leak/header")
async def leak_header() -> Response:
    return Response({"id": 1}, headers={"x-note": LEAK})


@reads("/split/header")
async def split_header() -> Response:
    return Response({"id": 1}, headers={"x-note": SPLIT})


@reads("/stream/first")
async def stream_first() -> Stream:
    async def chunks():
        raise ValueError(CANARY)
        yield b""

    return Stream(chunks(), media_type="text/plain")


@reads("/stream/later")
async def stream_later() -> Stream:
    async def chunks():
        yield b"first\n"
        raise ValueError(CANARY)

    return Stream(chunks(), media_type="text/plain")


@reads("/events")
async def events() -> Stream:
    async def chunks():
        yield b"data: first\n\n"
        raise ValueError(CANARY)

    return Stream(chunks(), media_type="text/event-stream")


@websocket("/socket/refused")
async def refused(socket: WebSocket) -> None:
    raise WebSocketException(detail=f"{CANARY}: {socket.url}")


@websocket("/socket/crash")
async def crashed(socket: WebSocket) -> None:
    await socket.accept()
    raise ValueError(CANARY)


@websocket("/socket/missing")
async def missing(socket: WebSocket) -> None:
    await socket.accept()
    raise NotFoundException(f"{CANARY}: {socket.url}")


@websocket("/socket/left")
async def left(socket: WebSocket) -> None:
    await socket.accept()


@websocket("/socket/closed")
async def closed(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close(4001, f"{CANARY}: {socket.url}")


def build(debug):
    return Litestar(
        [
            *(ok, create, item, crash, leave, cancelled, declared, literal, formatted, database),
            *(by_hand, redirected, leak, leak_header, split_header),
            *(stream_first, stream_later, events),
            *(refused, crashed, missing, left, closed),
        ],
        debug=debug,
        openapi_config=None,
    )
