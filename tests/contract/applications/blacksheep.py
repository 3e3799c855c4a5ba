"""BlackSheep."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from blacksheep import (
    Application,
    FromJSON,
    Request,
    Response,
    Router,
    StreamedContent,
    WebSocket,
    json,
    redirect,
)
from blacksheep.exceptions import Conflict, Forbidden, NotFound

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"


@dataclass
class Item:
    name: str
    price: int


async def ok():
    return json({"status": "ok"})


async def create(data: FromJSON[Item]):
    return json({"name": data.value.name}, 201)


async def item(number: int):
    return json({"number": number})


async def crash():
    raise ValueError(CANARY)


async def leave():
    raise SystemExit(CANARY)


async def cancelled():
    raise asyncio.CancelledError(CANARY)


async def declared():
    raise SoldOut


async def literal():
    raise NotFound("Item not found")


async def formatted(request: Request):
    raise Conflict(f"{CANARY} on {request.url}")


async def database():
    violate_unique()


async def by_hand(status: int):
    response = json({"error": CANARY}, status)
    for name, value in BY_HAND.items():
        response.add_header(name.encode(), value.encode())
    return response


async def redirected():
    return redirect("/ok")


async def leak():
    return json({"id": 1, "note": LEAK})


async def leak_header():
    response = json({"id": 1})
    response.add_header(b"x-note", LEAK.encode())
    return response


async def split_header():
    response = json({"id": 1})
    response.add_header(b"x-note", SPLIT.encode())
    return response


async def stream_first():
    async def chunks():
        raise ValueError(CANARY)
        yield b""

    return Response(200, content=StreamedContent(b"text/plain", chunks))


async def stream_later():
    async def chunks():
        yield b"first\n"
        raise ValueError(CANARY)

    return Response(200, content=StreamedContent(b"text/plain", chunks))


async def events():
    async def chunks():
        yield b"data: first\n\n"
        raise ValueError(CANARY)

    return Response(200, content=StreamedContent(b"text/event-stream", chunks))


async def refused(websocket: WebSocket):
    raise Forbidden(f"{CANARY}: {websocket.url}")


async def crashed(websocket: WebSocket):
    await websocket.accept()
    raise ValueError(CANARY)


async def missing(websocket: WebSocket):
    await websocket.accept()
    raise NotFound(f"{CANARY}: {websocket.url}")


async def left(websocket: WebSocket):
    await websocket.accept()


async def closed(websocket: WebSocket):
    await websocket.accept()
    await websocket.close(4001, f"{CANARY}: {websocket.url}")


ROUTES = {
    "/ok": ok,
    "/items/{int:number}": item,
    "/crash": crash,
    "/crash/exit": leave,
    "/crash/cancelled": cancelled,
    "/declared": declared,
    "/literal": literal,
    "/formatted": formatted,
    "/database": database,
    "/by-hand/{int:status}": by_hand,
    "/redirected": redirected,
    "/leak": leak,
    "/leak/header": leak_header,
    "/split/header": split_header,
    "/stream/first": stream_first,
    "/stream/later": stream_later,
    "/events": events,
}


def build(debug):
    application = Application(show_error_details=debug, router=Router())
    for path, handler in ROUTES.items():
        application.router.add_get(path, handler)
        application.router.add_head(path, handler)
    application.router.add_post("/items", create)
    application.router.add_ws("/socket/refused", refused)
    application.router.add_ws("/socket/crash", crashed)
    application.router.add_ws("/socket/missing", missing)
    application.router.add_ws("/socket/left", left)
    application.router.add_ws("/socket/closed", closed)
    return application
