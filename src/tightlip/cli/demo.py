"""`tightlip demo`: a small real API, its leaking twin, and a page that shows both."""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tightlip.demo.servers import Running

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_EXTRA = frozenset(
    {"fastapi", "starlette", "pydantic", "uvicorn", "sqlalchemy", "httpx", "jinja2", "psycopg"}
)


@click.command(name="demo")
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen there."
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The page's port, or the next free one; 0 for any.",
)
@click.option(
    "--database",
    metavar="URL",
    help="Use this PostgreSQL database, in a schema of its own that is removed at the end. "
    "Without it: SQLite in a temporary file.",
)
@click.option(
    "--open/--no-open",
    "show",
    default=None,
    help="Open the page in a browser. Without either: where there is a terminal and a desktop.",
)
def command(host: str, port: int, database: str | None, *, show: bool | None) -> None:
    """Show the failures of a real API, bare and shielded.

    The same shop (accounts, orders, payments on a real database) runs twice: bare, and in
    shield(app). Press a failure on the page to see what either twin tells the client, and the
    incident's report. Ctrl-C stops all of it and removes the shop's data; the incidents stay, and
    `tightlip incidents` shows them.
    """
    try:
        from tightlip.demo.database import DatabaseUnavailableError
        from tightlip.demo.servers import NoPortError, run
        from tightlip.demo.serving import StartError
        from tightlip.incidents.directory import NoDirectoryError
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        raise click.ClickException(
            f"The demo needs {missing}, which is not installed. Run:\n\n"
            f'    pip install "tightlip[demo]"'
        ) from None
    for number in _STOPPING:
        signal.signal(number, _end)
    try:
        with run(host, port, database) as running:
            _tell(running, host, port)
            if _is_to_be_shown(show):
                click.launch(running.entrance)
            while True:  # in steps, since not every system lets a signal end a plain wait
                threading.Event().wait(0.5)
    except (DatabaseUnavailableError, NoDirectoryError, NoPortError, StartError) as error:
        raise click.ClickException(str(error)) from None


def _tell(running: Running, host: str, port: int) -> None:
    if port not in {0, running.port}:
        click.echo(f"Port {port} is taken, so the page is at {running.port}.")
    click.echo(
        f"\n"
        f"  Open    {click.style(running.entrance, bold=True)}\n"
        f"\n"
        f"  Bare        {running.bare}  the shop as it is, debug=True\n"
        f"  Shielded    {running.shielded}  the same shop in shield(app)\n"
        f"  Database    {running.database}\n"
        f"\n"
        f"  Incidents   {running.dashboard}\n"
        f"              kept in {running.directory}\n"
        f"\n"
        f"  They show up here too; `tightlip incidents` has them all, also later.\n"
        f"  Ctrl-C stops all of it and removes the shop's data.\n"
    )
    if not _is_loopback(host):
        click.echo(
            "Whoever can reach this address sees the reports, with locals and source lines. "
            "Leave --host out to keep them on this machine.",
            err=True,
        )
    sys.stdout.flush()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_to_be_shown(show: bool | None) -> bool:  # noqa: FBT001 - the option's three values
    if show is not None:
        return show
    # Without a desktop, a browser would take the terminal over.
    desktop = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return sys.stdout.isatty() and desktop


def _end(number: int, _frame: FrameType | None) -> None:
    for each in _STOPPING:  # being told twice is no reason to leave the database behind
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
