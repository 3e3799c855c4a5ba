"""`tightlip serve`: serves a shielded application, with the server's own words set right."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import click

_SERVERS = ("uvicorn", "granian", "hypercorn", "gunicorn")
_FORKING = frozenset({"granian", "gunicorn"})
_ASGI_ONLY = frozenset({"uvicorn"})
_LOG_LEVELS = ("critical", "error", "warning", "info", "debug")


@click.command(
    name="serve",
    epilog="Exit codes: 0 or that of the signal: the server was told to stop; 2 it could not run.",
)
@click.argument("target", metavar="MODULE:APP")
@click.option(
    "--server",
    type=click.Choice(_SERVERS),
    default="uvicorn",
    show_default=True,
    help="The server. uvicorn serves ASGI, the others WSGI too.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen there."
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="How many processes serve.",
)
@click.option("--reload", is_flag=True, help="Start again when a file changes, for development.")
@click.option("--factory", is_flag=True, help="APP is a function that makes the application.")
@click.option(
    "--app-dir",
    "directory",
    default=".",
    show_default=True,
    metavar="DIRECTORY",
    type=click.Path(exists=True, file_okay=False),
    help="Look for MODULE there.",
)
@click.option("--log-level", type=click.Choice(_LOG_LEVELS), default="info", show_default=True)
@click.option("--access-log/--no-access-log", default=True, help="Log each request.  [default: on]")
@click.option(
    "--certificate",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="The certificate for TLS.",
)
@click.option(
    "--key", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="Its key."
)
def command(target: str, server: str, **settings: Any) -> None:
    """Serve the application APP of MODULE in its shield.

    MODULE alone stands for MODULE:app. It is shielded if it is not yet, and the server speaks
    declared words too: what it answers to requests that never reach the application, and no
    banner. A line at the start says what the server still says by itself.

    \b
    tightlip serve shop.main:app
    tightlip serve shop.main:app --server gunicorn --workers 4 --host 0.0.0.0
    tightlip serve shop.main:create_app --factory --reload

    A server's own command line serves a shielded application as well, with all of its options.
    """  # noqa: D301 - click wants the control character itself
    if (settings["certificate"] is None) != (settings["key"] is None):
        raise click.UsageError("TLS takes both --certificate and --key.")
    if settings["reload"] and settings["workers"] > 1:
        raise click.UsageError("--reload is for one worker: leave out --workers.")
    module = _module_of(server)
    _try_certificate(settings["certificate"], settings["key"])
    from tightlip import target as targets
    from tightlip.serving import ServerOptions, install

    directory = str(Path(settings["directory"]).resolve())
    sys.path.insert(0, directory)
    targets.choose(target, is_factory=settings.pop("factory"))
    is_asgi = _examine(server)
    if not is_asgi and server in _ASGI_ONLY:
        raise click.ClickException(
            f"{target} is a WSGI application, and {server} serves ASGI. Run:\n\n"
            f"    tightlip serve {target} --server gunicorn"
        )
    _try_address(settings["host"], settings["port"])
    options = ServerOptions(**{**settings, "directory": directory, "is_asgi": is_asgi})
    left = install(server)
    _tell(target, server, options, module.STILL_SAYS, left)
    try:
        code = module.run(targets.LOADER, options)
    except SystemExit as end:  # servers have codes of their own
        code = end.code
    if code:
        raise click.ClickException(f"{server} ended with code {code}; see above.")


def _try_certificate(certificate: str | None, key: str | None) -> None:
    """See to it that a server can read them: each would fail in a way of its own."""
    if certificate is None:
        return
    import ssl

    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:  # an `SSLError` is one
        raise click.ClickException(
            f"{certificate} and {key} are no certificate and its key in PEM: {error}."
        ) from None


def _try_address(host: str, port: int) -> None:
    """See to it that a server can listen there: each would fail in a way of its own."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            if os.name == "posix":  # elsewhere the option would let two programs share the port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise click.ClickException(
            f"Nothing can listen at {host}, port {port}: {error.strerror or error}."
        ) from None


def _module_of(server: str) -> Any:
    from tightlip.plugins import find

    try:
        return find("servers", server)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "tightlip":
            raise  # any other package is the server, or what it brings along
        raise click.ClickException(
            f'{server} is not installed. Run:\n\n    pip install "tightlip[{server}]"'
        ) from None


def _examine(server: str) -> bool:
    """Find the application before the server starts; tell whether it is ASGI's."""
    from tightlip import target as targets
    from tightlip.responder.policy import ConfigurationError

    try:
        return targets.examine_apart() if server in _FORKING else targets.examine()
    except (targets.TargetError, ConfigurationError) as error:
        raise click.ClickException(str(error)) from None
    except Exception as error:  # the application's own fault, for the developer's terminal
        raise click.ClickException(targets.print_fault(error)) from None


def _tell(target: str, server: str, options: Any, still: str, left: tuple[str, ...]) -> None:
    scheme = "https" if options.certificate else "http"
    known = " ".join(filter(None, [still, *(f"{fault}." for fault in left)]))
    click.echo(
        f"Serving {target} in its shield by {server} at {scheme}://{options.address}\n"
        f"{known or f'Nothing that is known is left in the own words of {server}.'}",
        err=True,
    )
