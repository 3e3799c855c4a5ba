"""The servers on which the applications of the contract run, each in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
import waitress
from waitress import wasyncore


@contextmanager
def asgi(application: Any) -> Iterator[int]:
    """Serve by uvicorn; give its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http="h11", log_config=None, server_header=False, lifespan="auto"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        thread.join(0.005)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@contextmanager
def wsgi(application: Any) -> Iterator[int]:
    """Serve by waitress; give its port."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(application, sockets, listen="127.0.0.1:0", ident="")
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            wasyncore.loop(timeout=0.05, map=sockets, count=1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        ended.set()
        thread.join(20)
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)


BY_PROTOCOL = {"asgi": asgi, "wsgi": wsgi}
