"""What Tightlip adds on each framework: to a good answer of 1 KB, and to a failing request.

Each framework runs in two processes of its own, one with the bare application and one with the
guarded one, which take turns; the shortest of many short rounds are compared. ASGI and WSGI
applications are called in the process; frameworks that are their own server answer over a loopback
socket, to a client in the same process. A failing request raises a `TypeError` three calls deep:
the bare application logs its traceback, the guarded one makes the full record. Frameworks that are
not installed are left out.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from wsgiref.util import setup_testing_defaults

import tightlip
from measure import scope

ROUNDS, GOOD, FAILING = 20, 10, 2
BODY = (b'{"name":"value"},' * 61)[:1024]
JSON = "application/json"


def total(order):
    return sum(order.values())


def fail(depth=2):
    return fail(depth - 1) if depth else total({"tea": 3, "cup": None})


def starlette():
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    async def good(_request):
        return Response(BODY, media_type=JSON)

    async def failing(_request):
        return Response(fail())

    return asgi(Starlette(routes=[Route("/good", good), Route("/fail", failing)]))


def fastapi():
    from fastapi import FastAPI
    from starlette.responses import Response

    application = FastAPI()

    @application.get("/good")
    async def good():
        return Response(BODY, media_type=JSON)

    @application.get("/fail")
    async def failing():
        return Response(fail())

    return asgi(application)


def quart():
    from quart import Quart, Response

    application = Quart("bench")

    @application.get("/good")
    async def good():
        return Response(BODY, content_type=JSON)

    @application.get("/fail")
    async def failing():
        return fail()

    return asgi(application)


def litestar():
    from litestar import Litestar, get

    @get("/good", media_type=JSON)
    async def good() -> bytes:
        return BODY

    @get("/fail")
    async def failing() -> None:
        fail()

    return asgi(Litestar([good, failing]))


def blacksheep():
    from blacksheep import Application, Content, Response

    application = Application()

    @application.router.get("/good")
    async def good():
        return Response(200, content=Content(JSON.encode(), BODY))

    @application.router.get("/fail")
    async def failing():
        fail()

    return asgi(application, application.start)


def falcon():
    import falcon.asgi

    class Good:
        async def on_get(self, _request, response):
            response.data, response.content_type = BODY, JSON

    class Failing:
        async def on_get(self, _request, _response):
            fail()

    application = falcon.asgi.App()
    application.add_route("/good", Good())
    application.add_route("/fail", Failing())
    return asgi(application)


def flask():
    from flask import Flask, Response

    application = Flask("bench")

    @application.get("/good")
    def good():
        return Response(BODY, content_type=JSON)

    @application.get("/fail")
    def failing():
        return fail()

    return wsgi(application)


def django():
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path

    urls = [
        path("good", lambda _: HttpResponse(BODY, content_type=JSON)),
        path("fail", lambda _: HttpResponse(fail())),
    ]
    settings.configure(ROOT_URLCONF=tuple(urls), SECRET_KEY="bench", ALLOWED_HOSTS=["*"])
    from django.core.wsgi import get_wsgi_application

    return wsgi(get_wsgi_application())


def bottle():
    from bottle import Bottle, response

    application = Bottle()

    @application.get("/good")
    def good():
        response.content_type = JSON
        return BODY

    @application.get("/fail")
    def failing():
        return fail()

    return wsgi(application)


def pyramid():
    from pyramid.config import Configurator
    from pyramid.response import Response

    with Configurator() as configurator:
        for name, view in {
            "good": lambda _: Response(BODY, content_type=JSON),
            "fail": lambda _: fail(),
        }.items():
            configurator.add_route(name, f"/{name}")
            configurator.add_view(view, route_name=name)
    return wsgi(configurator.make_wsgi_app())


def aiohttp():
    from aiohttp import web

    async def good(_request):
        return web.Response(body=BODY, content_type=JSON)

    async def failing(_request):
        fail()

    application = web.Application()
    application.router.add_get("/good", good)
    application.router.add_get("/fail", failing)

    async def serve(guarded):
        runner = web.AppRunner(guarded, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner.addresses[0][1]

    return own_server(application, serve)


def tornado():
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets
    from tornado.web import Application, RequestHandler

    class Good(RequestHandler):
        def get(self):
            self.set_header("Content-Type", JSON)
            self.write(BODY)

    class Failing(RequestHandler):
        def get(self):
            fail()

    async def serve(guarded):
        (socket,) = bind_sockets(0, "127.0.0.1")
        HTTPServer(guarded).add_socket(socket)
        return socket.getsockname()[1]

    return own_server(Application([("/good", Good), ("/fail", Failing)]), serve)


def sanic():
    from sanic import Sanic
    from sanic.response import raw

    application = Sanic("bench", configure_logging=False)

    @application.get("/good")
    async def good(_request):
        return raw(BODY, content_type=JSON)

    @application.get("/fail")
    async def failing(_request):
        fail()

    async def serve(guarded):
        listening = socket.create_server(("127.0.0.1", 0))  # Sanic takes port 0 for its usual one
        server = await guarded.create_server(sock=listening, return_asyncio_server=True)
        await server.startup()
        await server.start_serving()
        return listening.getsockname()[1]

    return own_server(application, serve)


FRAMEWORKS = {
    "Starlette": starlette,
    "FastAPI": fastapi,
    "Quart": quart,
    "Litestar": litestar,
    "BlackSheep": blacksheep,
    "Falcon": falcon,
    "Flask": flask,
    "Django": django,
    "Bottle": bottle,
    "Pyramid": pyramid,
    "aiohttp": aiohttp,
    "Tornado": tornado,
    "Sanic": sanic,
}


def asgi(application, start=None):
    """Return the application, and what makes an asker of it once it is guarded or not."""

    async def asker(served):
        if start is not None:
            await start()

        async def ask(path):
            asked = False

            async def receive():
                nonlocal asked
                if asked:
                    await asyncio.Event().wait()  # the client stays
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}

            status = 0

            async def send(message):
                nonlocal status
                status = message.get("status", status)

            with suppress(Exception):  # a bare application raises on after its answer
                await served(scope(path), receive, send)
            return status

        return ask

    return application, asker


def wsgi(application):
    environ = {"REMOTE_ADDR": "127.0.0.1"}
    setup_testing_defaults(environ)

    async def asker(served):
        async def ask(path):
            statuses = []

            def start_response(status, _headers, _exc_info=None):
                statuses.append(int(status[:3]))
                return lambda _: None

            asked = {**environ, "PATH_INFO": path, "wsgi.errors": io.StringIO()}
            with suppress(TypeError):  # Pyramid leaves what it does not know to the server
                body = served(asked, start_response)
                for _ in body:
                    pass
                getattr(body, "close", int)()
            return statuses[-1] if statuses else 500

        return ask

    return application, asker


def own_server(application, serve):
    async def asker(served):
        reader, writer = await asyncio.open_connection("127.0.0.1", await serve(served))

        async def ask(path):
            nonlocal reader, writer
            writer.write(f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
            await reader.readexactly(int(fields[b"content-length"]))
            if fields.get(b"connection") == b"close":
                writer.close()
                address = writer.get_extra_info("peername")
                reader, writer = await asyncio.open_connection(*address)
            return int(head.split()[1])

        return ask

    return application, asker


async def work(name, *, is_guarded):
    """Answer each line `path count` of standard input by the seconds that one request took."""
    application, asker = FRAMEWORKS[name]()
    ask = await asker(tightlip.shield(application) if is_guarded else application)
    for path, status in (("/good", 200), ("/fail", 500)):
        found = await ask(path)
        assert found == status, f"{name}: {path} has the status {found}"
    print("ready", flush=True)
    for line in sys.stdin:
        path, count = line.split()
        begun = time.perf_counter()
        for _ in range(int(count)):
            await ask(path)
        print((time.perf_counter() - begun) / int(count), flush=True)


class Worker:
    """A process with one application."""

    def __init__(self, name, kind, directory):
        self._process = subprocess.Popen(
            [sys.executable, __file__, name, kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TIGHTLIP_DIRECTORY": directory},
            text=True,
        )
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{name} ({kind}) did not start")

    def seconds(self, path, count):
        self._process.stdin.write(f"{path} {count}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def stop(self):
        self._process.stdin.close()
        self._process.wait(10)


def measured(name, directory):
    """Return the shortest seconds of good and failing requests, bare and guarded."""
    workers = {kind: Worker(name, kind, directory) for kind in ("bare", "guarded")}
    times = {(path, kind): [] for path in ("/good", "/fail") for kind in workers}
    try:
        for path, count in (("/good", GOOD), ("/fail", FAILING)):
            for worker in workers.values():
                worker.seconds(path, count)
            for _ in range(ROUNDS):
                for kind, worker in workers.items():
                    times[path, kind].append(worker.seconds(path, count))
    finally:
        for worker in workers.values():
            worker.stop()
    return {key: min(found) for key, found in times.items()}


def main():
    wanted = sys.argv[1:] or list(FRAMEWORKS)
    print("| framework | a good request | tightlip adds | | a failing request | with tightlip | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as directory:
        for name in wanted:
            if importlib.util.find_spec(name.lower()) is None:
                print(f"| {name} | not installed | | | | | |")
                continue
            try:
                found = {key: seconds * 1e6 for key, seconds in measured(name, directory).items()}
            except RuntimeError as error:
                print(f"| {error} | | | | | | |", flush=True)
                continue
            bare, added = found["/good", "bare"], found["/good", "guarded"] - found["/good", "bare"]
            own, guarded = found["/fail", "bare"], found["/fail", "guarded"]
            print(
                f"| {name} | {bare:.0f} µs | {added:.0f} µs | {added / bare:.2f} x "
                f"| {own:.0f} µs | {guarded:.0f} µs | {guarded / own:.2f} x |",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[2:] and sys.argv[2] in {"bare", "guarded"}:
        logging.basicConfig(stream=io.StringIO())
        asyncio.run(work(sys.argv[1], is_guarded=sys.argv[2] == "guarded"))
    else:
        main()
