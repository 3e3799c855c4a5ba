"""Serves a plain application by one server: `python program.py KIND PORT`."""

from __future__ import annotations

import asyncio
import sys
import warnings

from tightlip import serving, shield


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/open":
            await send({"type": "websocket.accept"})
            while (await receive())["type"] != "websocket.disconnect":
                pass
        elif scope["path"] == "/failing":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1011, "reason": "GONE"})
        elif scope["path"] == "/missing":
            fields = [(b"X-B", b"2"), (b"content-length", b"2"), (b"x-a", b"1")]
            start = {"type": "websocket.http.response.start", "status": 404, "headers": fields}
            await send(start)
            await send({"type": "websocket.http.response.body", "body": b"ok"})
        else:
            await send({"type": "websocket.close"})
        return
    if scope["path"] == "/raise":
        raise ValueError("CANARY")
    while (await receive()).get("more_body"):
        pass
    if scope["path"] == "/broken":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        raise ValueError("CANARY")
    status = 404 if scope["path"] == "/missing" else 200
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"X-B", b"2"), (b"content-length", b"2"), (b"x-a", b"1")],
        }
    )
    await send({"type": "http.response.body", "body": b"ok"})


def broken():
    yield b"first"
    raise ValueError("CANARY")


def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/raise":
        raise ValueError("CANARY")
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/broken":
        start_response("200 OK", [("content-type", "text/plain")])
        return broken()
    status = "404 Not Found" if environ["PATH_INFO"] == "/missing" else "200 OK"
    start_response(status, [("X-B", "2"), ("content-length", "2"), ("x-a", "1")])
    return [b"ok"]


def uvicorn(port, **options):
    import uvicorn

    uvicorn.run(asgi, port=port, log_level="critical", **options)


def uvicorn_of_old(port):
    """With the WebSockets that uvicorn took by default until 0.50."""
    warnings.simplefilter("ignore", DeprecationWarning)
    from uvicorn.protocols.websockets import auto, websockets_impl

    auto.AutoWebSocketsProtocol = websockets_impl.WebSocketProtocol
    serving._DONE.clear()
    serving.install("uvicorn")
    uvicorn(port, ws="websockets")


def gunicorn(port, application, **options):
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self):
            settings = {
                "bind": f"127.0.0.1:{port}",
                "control_socket_disable": True,
                "graceful_timeout": 1,
                **options,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self):
            return application

    Application().run()


def hypercorn(port):
    import hypercorn.asyncio
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    asyncio.run(hypercorn.asyncio.serve(asgi, config))


def daphne(port):
    from daphne.server import Server

    Server(asgi, endpoints=[f"tcp:{port}:interface=127.0.0.1"]).run()


def waitress(port):
    from waitress import serve

    serve(
        wsgi, host="127.0.0.1", port=port, max_request_header_size=8192, max_request_body_size=100
    )


def werkzeug(port):
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", port, wsgi, threaded=True)


def werkzeug_debugger(port):
    """As `flask run --debug` has it: the debugger stands around the guard."""
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", port, shield(wsgi), threaded=True, use_debugger=True)


def wsgiref(port):
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", port, wsgi).serve_forever()


def runserver(port):
    from django.core.servers.basehttp import run

    run("127.0.0.1", port, wsgi, threading=True)


KINDS = {
    "uvicorn-h11": lambda port: uvicorn(port, http="h11"),
    "uvicorn-httptools": lambda port: uvicorn(port, http="httptools"),
    "uvicorn-old": uvicorn_of_old,
    "uvicorn-full": lambda port: uvicorn(port, limit_concurrency=1),
    "gunicorn-sync": lambda port: gunicorn(port, wsgi),
    "gunicorn-gthread": lambda port: gunicorn(port, wsgi, worker_class="gthread", threads=2),
    "gunicorn-asgi": lambda port: gunicorn(port, asgi, worker_class="asgi"),
    "gunicorn-uvicorn": lambda port: gunicorn(
        port, asgi, worker_class="uvicorn_worker.UvicornWorker"
    ),
    "hypercorn": hypercorn,
    "daphne": daphne,
    "waitress": waitress,
    "werkzeug": werkzeug,
    "werkzeug-debugger": werkzeug_debugger,
    "wsgiref": wsgiref,
    "runserver": runserver,
}

if __name__ == "__main__":
    kind, port = sys.argv[1:]
    sys.argv[1:] = []  # some servers read them
    serving.install_everywhere()
    KINDS[kind](int(port))
