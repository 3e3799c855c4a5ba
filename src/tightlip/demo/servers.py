"""Four servers: the page, the shielded shop, the incident page, and the bare shop by itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from tightlip.dashboard.access import TOKEN, Rules
from tightlip.dashboard.application import create_dashboard
from tightlip.demo.bare import bare_twin
from tightlip.demo.database import open_database
from tightlip.demo.page.application import Twins, create_page
from tightlip.demo.page.entrance import Entrance
from tightlip.demo.record import Record
from tightlip.demo.serving import serving
from tightlip.demo.shop.application import create_application, create_shield
from tightlip.incidents.directory import private_directory
from tightlip.incidents.sinks.memory import MemorySink

_MOST_INCIDENTS = 200
_PORTS_TRIED = 100
_LAST_PORT = 65535
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - named, not bound
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class NoPortError(Exception):
    """No port can be listened on; the message says why."""


@dataclass(frozen=True, slots=True)
class Running:
    """What runs where.

    Attributes:
        page: The address of the page.
        entrance: The same for its visitor, whom it leads on to the incident page.
        bare: The address of the application without a shield.
        shielded: The address of the application with it.
        database: What the database is.
        port: The port of the page.
        incidents: The last incidents of the shielded application.
        directory: Where all of them are kept.
        dashboard: The address of the page that shows them, with what opens it.
    """

    page: str
    entrance: str
    bare: str
    shielded: str
    database: str
    port: int
    incidents: MemorySink
    directory: str
    dashboard: str


@contextmanager
def run(host: str, port: int, database: str | None) -> Iterator[Running]:
    """Run the demo until the context is left; then stop and remove everything.

    Args:
        host: The address to listen on.
        port: The port of the page, or the next free one; 0 for any.
        database: The address of a PostgreSQL database; SQLite without one.

    Raises:
        NoPortError: Nothing can listen at `host`.
        DatabaseUnavailableError: The database cannot be used.
        StartError: A server did not start.
        NoDirectoryError: Nothing says where incidents are to be kept.
    """
    with ExitStack() as stack:
        page_socket = stack.enter_context(closing(_listen(host, port)))
        page_port = page_socket.getsockname()[1]
        # The others follow, or stand anywhere where no numbers are left.
        following = page_port + 1 if port and page_port + _PORTS_TRIED < _LAST_PORT else 0
        bare_socket = stack.enter_context(closing(_listen(host, following)))
        shielded_socket = stack.enter_context(closing(_listen(host, following)))
        dashboard_socket = stack.enter_context(closing(_listen(host, following)))
        # Bound and not listening, the port of the payment gateway refuses every connection.
        gateway_socket = stack.enter_context(closing(socket.socket()))
        gateway_socket.bind(("127.0.0.1", 0))
        gateway = f"http://127.0.0.1:{gateway_socket.getsockname()[1]}"
        opened = stack.enter_context(open_database(database))
        stack.enter_context(bare_twin(bare_socket, opened.source, gateway))
        incidents = MemorySink(_MOST_INCIDENTS)
        shielded = create_shield(["logging", incidents])(
            create_application(opened.open_session, gateway)
        )
        directory = private_directory()
        hosts = ["*"] if host in _WILDCARDS else [*_LOCAL_NAMES, host]
        rules = Rules(hosts=hosts)
        twins = Twins(
            _address(host, bare_socket),
            _address(host, shielded_socket),
            Record(incidents, directory),
            Entrance(_address(host, dashboard_socket), rules.token),
        )
        page = create_page(twins, hosts)
        dashboard = create_dashboard(directory, rules)
        stack.enter_context(serving(shielded, shielded_socket))
        stack.enter_context(serving(dashboard, dashboard_socket))
        stack.enter_context(serving(page, page_socket))
        yield Running(
            page=_address(host, page_socket),
            entrance=f"{_address(host, page_socket)}/?{TOKEN}={rules.token}",
            bare=twins.bare,
            shielded=twins.shielded,
            database=opened.description,
            port=page_port,
            incidents=incidents,
            directory=str(directory.path),
            dashboard=f"{twins.entrance.address}/?{TOKEN}={rules.token}",
        )


def _listen(host: str, port: int) -> socket.socket:
    """Listen at `port`, or at the next free one."""
    last = min(port + _PORTS_TRIED, _LAST_PORT + 1) if port else 1
    problem: OSError | None = None
    for candidate in range(port, last):
        try:
            return _listen_at(host, candidate)
        except PermissionError as error:
            problem = error
        except socket.gaierror as error:
            raise NoPortError(f"There is no address {host!r} to listen on.") from error
        except OSError as error:
            problem = error
    reason = problem.strerror if problem is not None else "no port is left"
    raise NoPortError(f"Nothing can listen on {host} from port {port} on: {reason}.")


def _listen_at(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere the option would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _address(host: str, listener: socket.socket) -> str:
    reachable = _WILDCARDS.get(host, host)
    shown = f"[{reachable}]" if ":" in reachable else reachable
    return f"http://{shown}:{listener.getsockname()[1]}"
