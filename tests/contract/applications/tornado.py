"""Tornado, on its own server."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from tornado.escape import json_decode
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "own"


class Reading(RequestHandler):
    """A handler for GET that answers HEAD too, which Tornado does not by itself."""

    def head(self, *arguments):
        return self.get(*arguments)


class Ok(Reading):
    def get(self):
        self.write({"status": "ok"})


class Items(RequestHandler):
    def post(self):
        if not self.request.headers.get("content-type", "").startswith("application/json"):
            raise HTTPError(415)
        item = json_decode(self.request.body)
        self.set_status(201)
        self.write({"name": item["name"]})


class Item(Reading):
    def get(self, number):
        self.write({"number": int(number)})


class Crash(Reading):
    def get(self):
        raise ValueError(CANARY)


class Leave(Reading):
    async def get(self):
        raise SystemExit(CANARY)


class Cancelled(Reading):
    async def get(self):
        raise asyncio.CancelledError(CANARY)


class Declared(Reading):
    def get(self):
        raise SoldOut


class Literal(Reading):
    def get(self):
        raise HTTPError(404, reason="Item not found")


class Formatted(Reading):
    def get(self):
        raise HTTPError(409, reason=f"{CANARY} on {self.request.path}")


class Database(Reading):
    def get(self):
        violate_unique()


class ByHand(Reading):
    def get(self, status):
        self.set_status(int(status), CANARY)
        for name, value in BY_HAND.items():
            self.set_header(name, value)
        self.write({"error": CANARY})


class Redirected(Reading):
    def get(self):
        self.redirect("/ok")


class Leak(Reading):
    def get(self):
        self.write({"id": 1, "note": LEAK})


class LeakHeader(Reading):
    def get(self):
        self.set_header("x-note", LEAK)
        self.write({"id": 1})


class SplitHeader(Reading):
    def get(self):
        self.set_header("x-note", SPLIT)
        self.write({"id": 1})


class StreamFirst(Reading):
    async def get(self):
        self.set_header("content-type", "text/plain")
        await self.flush()
        raise ValueError(CANARY)


class StreamLater(Reading):
    async def get(self):
        self.set_header("content-type", "text/plain")
        self.write("first\n")
        await self.flush()
        raise ValueError(CANARY)


class Events(Reading):
    async def get(self):
        self.set_header("content-type", "text/event-stream")
        self.write("data: first\n\n")
        await self.flush()
        raise ValueError(CANARY)


class Refused(WebSocketHandler):
    def prepare(self):
        raise HTTPError(403, reason=f"{CANARY}: {self.request.path}")


class Crashed(WebSocketHandler):
    def open(self):
        raise ValueError(CANARY)


class Missing(WebSocketHandler):
    def open(self):
        raise HTTPError(404, reason=f"{CANARY}: {self.request.path}")


class Closed(WebSocketHandler):
    def open(self):
        self.close(4001, f"{CANARY}: {self.request.path}")


def build(debug):
    return Application(
        [
            ("/ok", Ok),
            ("/items", Items),
            (r"/items/(\d{1,18})", Item),
            ("/crash", Crash),
            ("/crash/exit", Leave),
            ("/crash/cancelled", Cancelled),
            ("/declared", Declared),
            ("/literal", Literal),
            ("/formatted", Formatted),
            ("/database", Database),
            (r"/by-hand/(\d+)", ByHand),
            ("/redirected", Redirected),
            ("/leak", Leak),
            ("/leak/header", LeakHeader),
            ("/split/header", SplitHeader),
            ("/stream/first", StreamFirst),
            ("/stream/later", StreamLater),
            ("/events", Events),
            ("/socket/refused", Refused),
            ("/socket/crash", Crashed),
            ("/socket/missing", Missing),
            ("/socket/closed", Closed),
        ],
        debug=debug,
        autoreload=False,
    )


@contextmanager
def serve(application):
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    ports = []

    async def run():
        (listening,) = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(application)
        server.add_socket(listening)
        ports.append(listening.getsockname()[1])
        started.set()
        await ended.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    started.wait(20)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        loop.close()
