"""Sanic, on its own server."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager

from sanic import Blueprint, Sanic
from sanic.exceptions import BadRequest, Forbidden, NotFound, SanicException
from sanic.response import json, redirect

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "own"

# Outside of its test mode Sanic can compile its methods but once in a process.
Sanic.test_mode = True

routes = Blueprint("routes")


def reads(path):
    """A route for GET that answers HEAD too, which Sanic does not by itself."""
    return routes.route(path, methods=["GET", "HEAD"])


@reads("/ok")
async def ok(request):
    return json({"status": "ok"})


@routes.post("/items")
async def create(request):
    if request.headers.get("content-type") != "application/json":
        raise SanicException(status_code=415)
    if request.json is None:
        raise BadRequest
    return json({"name": request.json["name"]}, 201)


@reads("/items/<number:int>")
async def item(request, number):
    return json({"number": number})


@reads("/crash")
async def crash(request):
    raise ValueError(CANARY)


@reads("/crash/exit")
async def leave(request):
    raise SystemExit(CANARY)


@reads("/crash/cancelled")
async def cancelled(request):
    raise asyncio.CancelledError(CANARY)


@reads("/declared")
async def declared(request):
    raise SoldOut


@reads("/literal")
async def literal(request):
    raise NotFound("Item not found")


@reads("/formatted")
async def formatted(request):
    raise SanicException(f"{CANARY} on {request.path}", 409)


@reads("/database")
async def database(request):
    violate_unique()


@reads("/by-hand/<status:int>")
async def by_hand(request, status):
    return json({"error": CANARY}, status, headers=BY_HAND)


@reads("/redirected")
async def redirected(request):
    return redirect("/ok")


@reads("/leak")
async def leak(request):
    return json({"id": 1, "note": LEAK})


@reads("/leak/header")
async def leak_header(request):
    return json({"id": 1}, headers={"x-note": LEAK})


@reads("/split/header")
async def split_header(request):
    return json({"id": 1}, headers={"x-note": SPLIT})


@reads("/stream/first")
async def stream_first(request):
    await request.respond(content_type="text/plain")
    raise ValueError(CANARY)


@reads("/stream/later")
async def stream_later(request):
    response = await request.respond(content_type="text/plain")
    await response.send("first\n")
    raise ValueError(CANARY)


@reads("/events")
async def events(request):
    response = await request.respond(content_type="text/event-stream")
    await response.send("data: first\n\n")
    raise ValueError(CANARY)


@routes.websocket("/socket/refused")
async def refused(request, websocket):
    raise AssertionError("a middleware refuses it")


@routes.websocket("/socket/crash")
async def crashed(request, websocket):
    raise ValueError(CANARY)


@routes.websocket("/socket/missing")
async def missing(request, websocket):
    raise NotFound(f"{CANARY}: {request.path}")


@routes.websocket("/socket/left")
async def left(request, websocket):
    pass


@routes.websocket("/socket/closed")
async def closed(request, websocket):
    await websocket.close(4001, f"{CANARY}: {request.path}")


def build(debug):
    application = Sanic(f"contract_{debug}")
    application.blueprint(routes.copy(f"routes_{debug}"))
    application.ctx.debug = debug

    @application.on_request
    async def refuse(request):
        if request.path == "/socket/refused":
            raise Forbidden(f"{CANARY}: {request.path}")

    return application


@contextmanager
def serve(application):
    listening = socket.create_server(("127.0.0.1", 0))
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run():
        server = await application.create_server(
            sock=listening,
            return_asyncio_server=True,
            debug=application.ctx.debug,
            access_log=False,
        )
        await server.startup()
        await server.start_serving()
        started.set()
        await ended.wait()
        await server.before_stop()
        await server.close()
        await server.after_stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    started.wait(20)
    try:
        yield listening.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        loop.close()
        listening.close()
