"""Falcon, on ASGI."""

from __future__ import annotations

import asyncio

import falcon
from falcon.asgi import App

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"


class Reading:
    """A resource that answers HEAD as GET, which Falcon does not by itself."""

    async def on_head(self, request, response, **parameters):
        await self.on_get(request, response, **parameters)


class Ok(Reading):
    async def on_get(self, request, response):
        response.media = {"status": "ok"}


class Items:
    async def on_post(self, request, response):
        if request.content_type != falcon.MEDIA_JSON:
            raise falcon.HTTPUnsupportedMediaType
        content = await request.get_media()
        response.status = falcon.HTTP_201
        response.media = {"name": content["name"]}


class Item(Reading):
    async def on_get(self, request, response, number):
        response.media = {"number": number}


class Crash(Reading):
    async def on_get(self, request, response):
        raise ValueError(CANARY)


class Leave(Reading):
    async def on_get(self, request, response):
        raise SystemExit(CANARY)


class Cancelled(Reading):
    async def on_get(self, request, response):
        raise asyncio.CancelledError(CANARY)


class Declared(Reading):
    async def on_get(self, request, response):
        raise SoldOut


class Literal(Reading):
    async def on_get(self, request, response):
        raise falcon.HTTPNotFound(description="Item not found")


class Formatted(Reading):
    async def on_get(self, request, response):
        raise falcon.HTTPConflict(title=CANARY, description=f"{CANARY} on {request.url}")


class Database(Reading):
    async def on_get(self, request, response):
        violate_unique()


class ByHand(Reading):
    async def on_get(self, request, response, status):
        response.status = status
        response.media = {"error": CANARY}
        response.set_headers(
            {name: value for name, value in BY_HAND.items() if name != "set-cookie"}
        )
        response.set_cookie("session", "CANARY")


class Redirected(Reading):
    async def on_get(self, request, response):
        raise falcon.HTTPFound("/ok")


class Leak(Reading):
    async def on_get(self, request, response):
        response.media = {"id": 1, "note": LEAK}


class LeakHeader(Reading):
    async def on_get(self, request, response):
        response.media = {"id": 1}
        response.set_header("x-note", LEAK)


class SplitHeader(Reading):
    async def on_get(self, request, response):
        response.media = {"id": 1}
        response.set_header("x-note", SPLIT)


class StreamFirst(Reading):
    async def on_get(self, request, response):
        async def chunks():
            raise ValueError(CANARY)
            yield b""

        response.content_type = "text/plain"
        response.stream = chunks()


class StreamLater(Reading):
    async def on_get(self, request, response):
        async def chunks():
            yield b"first\n"
            raise ValueError(CANARY)

        response.content_type = "text/plain"
        response.stream = chunks()


class Events(Reading):
    async def on_get(self, request, response):
        async def chunks():
            yield b"data: first\n\n"
            raise ValueError(CANARY)

        response.content_type = "text/event-stream"
        response.stream = chunks()


class Refused:
    async def on_websocket(self, request, socket):
        raise falcon.HTTPForbidden(description=f"{CANARY}: {request.url}")


class Crashed:
    async def on_websocket(self, request, socket):
        await socket.accept()
        raise ValueError(CANARY)


class Missing:
    async def on_websocket(self, request, socket):
        await socket.accept()
        raise falcon.HTTPNotFound(description=f"{CANARY}: {request.url}")


class Left:
    async def on_websocket(self, request, socket):
        await socket.accept()


class Closed:
    async def on_websocket(self, request, socket):
        await socket.accept()
        await socket.close(4001, f"{CANARY}: {request.url}")


ROUTES = {
    "/ok": Ok,
    "/items": Items,
    "/items/{number:int}": Item,
    "/crash": Crash,
    "/crash/exit": Leave,
    "/crash/cancelled": Cancelled,
    "/declared": Declared,
    "/literal": Literal,
    "/formatted": Formatted,
    "/database": Database,
    "/by-hand/{status:int}": ByHand,
    "/redirected": Redirected,
    "/leak": Leak,
    "/leak/header": LeakHeader,
    "/split/header": SplitHeader,
    "/stream/first": StreamFirst,
    "/stream/later": StreamLater,
    "/events": Events,
    "/socket/refused": Refused,
    "/socket/crash": Crashed,
    "/socket/missing": Missing,
    "/socket/left": Left,
    "/socket/closed": Closed,
}


def build(debug):
    application = App()
    for path, resource in ROUTES.items():
        application.add_route(path, resource())
    return application
