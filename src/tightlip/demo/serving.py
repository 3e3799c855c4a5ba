"""Serving: a server in a thread, for as long as a context lasts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tightlip.dashboard.serving import STOP_TIMEOUT, quiet_server

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp

START_TIMEOUT = 20.0
"""Seconds that a server may take to start, or, once its answers have ended, to stop."""


class StartError(Exception):
    """A server did not start."""


@contextmanager
def serving(
    application: ASGIApp, listener: socket.socket, *, banner: bool = False
) -> Iterator[None]:
    """Serve `application` in a thread with an event loop of its own.

    Only in the main thread does uvicorn take the signals of the process for itself. What the
    application's failures write to the server's log is left out: the page shows it.

    Args:
        application: What is served.
        listener: The socket that is listened on.
        banner: Whether answers carry the server's banner.

    Raises:
        StartError: The server did not start.
    """
    server = quiet_server(application, server_header=banner)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + START_TIMEOUT
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            server.should_exit = True
            raise StartError("A server of the demo did not start.")
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STOP_TIMEOUT + START_TIMEOUT)
