"""Falcon, on WSGI."""

from __future__ import annotations

import asyncio

import falcon
from falcon import App

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "wsgi"


class Reading:
    """A resource that answers HEAD as GET, which Falcon does not by itself."""

    def on_head(self, request, response, **parameters):
        self.on_get(request, response, **parameters)


class Ok(Reading):
    def on_get(self, request, response):
        response.media = {"status": "ok"}


class Items:
    def on_post(self, request, response):
        if request.content_type != falcon.MEDIA_JSON:
            raise falcon.HTTPUnsupportedMediaType
        content = request.get_media()
        response.status = falcon.HTTP_201
        response.media = {"name": content["name"]}


class Item(Reading):
    def on_get(self, request, response, number):
        response.media = {"number": number}


class Crash(Reading):
    def on_get(self, request, response):
        raise ValueError(CANARY)


class Leave(Reading):
    def on_get(self, request, response):
        raise SystemExit(CANARY)


class Cancelled(Reading):
    def on_get(self, request, response):
        raise asyncio.CancelledError(CANARY)


class Declared(Reading):
    def on_get(self, request, response):
        raise SoldOut


class Literal(Reading):
    def on_get(self, request, response):
        raise falcon.HTTPNotFound(description="Item not found")


class Formatted(Reading):
    def on_get(self, request, response):
        raise falcon.HTTPConflict(title=CANARY, description=f"{CANARY} on {request.url}")


class Database(Reading):
    def on_get(self, request, response):
        violate_unique()


class ByHand(Reading):
    def on_get(self, request, response, status):
        response.status = status
        response.media = {"error": CANARY}
        response.set_headers(
            {name: value for name, value in BY_HAND.items() if name != "set-cookie"}
        )
        response.set_cookie("session", "CANARY")


class Redirected(Reading):
    def on_get(self, request, response):
        raise falcon.HTTPFound("/ok")


class Leak(Reading):
    def on_get(self, request, response):
        response.media = {"id": 1, "note": LEAK}


class LeakHeader(Reading):
    def on_get(self, request, response):
        response.media = {"id": 1}
        response.set_header("x-note", LEAK)


class SplitHeader(Reading):
    def on_get(self, request, response):
        response.media = {"id": 1}
        response.set_header("x-note", SPLIT)


class StreamFirst(Reading):
    def on_get(self, request, response):
        def chunks():
            raise ValueError(CANARY)
            yield b""

        response.content_type = "text/plain"
        response.stream = chunks()


class StreamLater(Reading):
    def on_get(self, request, response):
        def chunks():
            yield b"first\n"
            raise ValueError(CANARY)

        response.content_type = "text/plain"
        response.stream = chunks()


class Events(Reading):
    def on_get(self, request, response):
        def chunks():
            yield b"data: first\n\n"
            raise ValueError(CANARY)

        response.content_type = "text/event-stream"
        response.stream = chunks()


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
}


def build(debug):
    application = App()
    for path, resource in ROUTES.items():
        application.add_route(path, resource())
    return application
