"""Serving: the incident page as a process of its own."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

from uvicorn import Config, Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp


STOP_TIMEOUT = 2
"""Seconds for answers under way, once a server is told to end."""


def serve(
    application: ASGIApp,
    host: str,
    port: int,
    started: Callable[[str], None],
) -> None:
    """Serve the incident page until the process is told to end.

    Args:
        application: The page.
        host: The address to listen on.
        port: The port; 0 for any.
        started: Is given the page's address once it listens.

    Raises:
        OSError: Nothing can listen there.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with closing(socket.create_server(address[:2], family=family)) as listener:
        shown = f"[{host}]" if ":" in host else host
        started(f"http://{shown}:{listener.getsockname()[1]}")
        quiet_server(application, proxy_headers=False).run([listener])


def quiet_server(application: ASGIApp, *, server_header: bool = False, **settings: Any) -> Server:
    """Return a server that logs nothing.

    Args:
        application: What it serves.
        server_header: Whether answers carry the server's banner.
        settings: What else `uvicorn.Config` takes.
    """
    return Server(
        Config(
            application,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=server_header,
            timeout_graceful_shutdown=STOP_TIMEOUT,
            **settings,
        )
    )
