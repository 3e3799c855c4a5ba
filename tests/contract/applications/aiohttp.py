"""aiohttp, on its own server."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from aiohttp import web

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "own"

DEBUG = web.AppKey("debug", bool)

routes = web.RouteTableDef()


@routes.get("/ok")
async def ok(request):
    return web.json_response({"status": "ok"})


@routes.post("/items")
async def create(request):
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    item = await request.json()
    return web.json_response({"name": item["name"]}, status=201)


@routes.get(r"/items/{number:\d{1,18}}")
async def item(request):
    return web.json_response({"number": int(request.match_info["number"])})


@routes.get("/crash")
async def crash(request):
    raise ValueError(CANARY)


@routes.get("/crash/exit")
async def leave(request):
    raise SystemExit(CANARY)


@routes.get("/crash/cancelled")
async def cancelled(request):
    raise asyncio.CancelledError(CANARY)


@routes.get("/declared")
async def declared(request):
    raise SoldOut


@routes.get("/literal")
async def literal(request):
    raise web.HTTPNotFound(text="Item not found")


@routes.get("/formatted")
async def formatted(request):
    raise web.HTTPConflict(reason=f"{CANARY} on {request.url}")


@routes.get("/database")
async def database(request):
    violate_unique()


@routes.get(r"/by-hand/{status:\d+}")
async def by_hand(request):
    status = int(request.match_info["status"])
    return web.json_response({"error": CANARY}, status=status, reason=CANARY, headers=BY_HAND)


@routes.get("/redirected")
async def redirected(request):
    raise web.HTTPFound("/ok")


@routes.get("/leak")
async def leak(request):
    return web.json_response({"id": 1, "note": LEAK})


@routes.get("/leak/header")
async def leak_header(request):
    return web.json_response({"id": 1}, headers={"x-note": LEAK})


@routes.get("/split/header")
async def split_header(request):
    return web.json_response({"id": 1}, headers={"x-note": SPLIT})


@routes.get("/stream/first")
async def stream_first(request):
    response = web.StreamResponse(headers={"content-type": "text/plain"})
    await response.prepare(request)
    raise ValueError(CANARY)


@routes.get("/stream/later")
async def stream_later(request):
    response = web.StreamResponse(headers={"content-type": "text/plain"})
    await response.prepare(request)
    await response.write(b"first\n")
    raise ValueError(CANARY)


@routes.get("/events")
async def events(request):
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: first\n\n")
    raise ValueError(CANARY)


@routes.get("/socket/refused")
async def refused(request):
    raise web.HTTPForbidden(text=f"{CANARY}: {request.url}")


@routes.get("/socket/crash")
async def crashed(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    raise ValueError(CANARY)


@routes.get("/socket/missing")
async def missing(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    raise web.HTTPNotFound(text=f"{CANARY}: {request.url}")


@routes.get("/socket/left")
async def left(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    return socket


@routes.get("/socket/closed")
async def closed(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.close(code=4001, message=f"{CANARY}: {request.url}".encode())
    return socket


def build(debug):
    application = web.Application()
    application.add_routes(routes)
    application[DEBUG] = debug
    return application


@contextmanager
def serve(application):
    started = threading.Event()
    ended = asyncio.Event()
    loop = asyncio.new_event_loop()
    loop.set_debug(application[DEBUG])
    ports = []

    async def run():
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        started.set()
        await ended.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    started.wait(20)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        loop.close()
