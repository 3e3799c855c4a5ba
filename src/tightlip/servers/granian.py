"""granian: its banner. What it answers by itself is written in its binary, out of reach."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian.server import mp, mt

from tightlip.serving import end_by_signals
from tightlip.substitution import UnknownFunctionError, substitute

if TYPE_CHECKING:
    from tightlip.serving import ServerOptions

STILL_SAYS = (
    "granian answers requests that cannot be read in its binary: 400, 414 or 431 with an empty "
    "body; a proxy in front keeps them from it. A WSGI stream that breaks ends as if it were whole."
)

_NAMELESS = (b"server", b"")
_SECONDS_TO_STOP = 30  # as long as gunicorn waits for a worker


def install() -> Iterator[str]:
    """Take the name out of granian's banner; yield what could not be replaced.

    It writes `server: granian` where an application sends no `server` of its own; so each sends
    an empty one.
    """
    for module in (mp, mt):
        for name, parameters, make in (
            ("_asgi_call_wrap", "callback scope_opts state access_log_fmt", _nameless_asgi),
            ("_wsgi_call_wrap", "callback scope_opts access_log_fmt", _nameless_wsgi),
        ):
            try:
                substitute(module, name, parameters, make)
            except UnknownFunctionError as fault:
                yield str(fault)


def _nameless_asgi(wrap: Callable[..., Any]) -> Callable[..., Any]:
    def replaced(callback: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        @wraps(callback)
        async def application(scope: Any, receive: Any, send: Any) -> None:
            async def nameless(message: Any) -> None:
                if message["type"].endswith(".response.start"):
                    headers = [*message.get("headers", ()), _NAMELESS]
                    message = {**message, "headers": headers}
                await send(message)

            await callback(scope, receive, nameless)

        return wrap(application, *arguments, **named)

    return replaced


def _nameless_wsgi(wrap: Callable[..., Any]) -> Callable[..., Any]:
    def replaced(callback: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        @wraps(callback)
        def application(environ: Any, start_response: Callable[..., Any]) -> Any:
            def nameless(status: str, headers: Any, exc_info: Any = None) -> Any:
                return start_response(status, [*headers, ("server", "")], exc_info)

            return callback(environ, nameless)

        return wrap(application, *arguments, **named)

    return replaced


def run(loader: str, options: ServerOptions) -> None:
    """Serve what `loader` names until the process is told to stop."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    parent = os.getpid()

    def forked() -> None:
        if os.getppid() == parent:  # a worker, and no process of the application's
            end_by_signals()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forked)
    Granian(
        loader,
        factory=True,
        interface=Interfaces.ASGI if options.is_asgi else Interfaces.WSGI,
        address=options.host,
        port=options.port,
        workers=options.workers,
        reload=options.reload,
        reload_paths=[Path(options.directory)] if options.reload else None,
        log_level=LogLevels(options.log_level),
        log_access=options.access_log,
        ssl_cert=Path(options.certificate) if options.certificate else None,
        ssl_key=Path(options.key) if options.key else None,
        workers_kill_timeout=_SECONDS_TO_STOP,
    ).serve()
