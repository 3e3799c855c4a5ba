"""The servers of this process speak our words: what they write by themselves is replaced."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

from tightlip.plugins import find
from tightlip.responder.policy import Settings, read_policy
from tightlip.responder.responder import Responder

_SEAM = "servers"

LOADED_WITH = {
    "daphne": "daphne.server",
    "granian": "granian.server",
    "gunicorn": "gunicorn.arbiter",
    "hypercorn": "hypercorn.config",
    "uvicorn": "uvicorn.server",
    "waitress": "waitress.server",
    "werkzeug": "werkzeug.serving",
    "wsgiref": "wsgiref.simple_server",
}
"""The module of each server that is loaded where the server is in use, or about to be."""


class ServerOptions(NamedTuple):
    """How a server is to be run; see `tightlip serve --help`.

    Attributes:
        host: The address to listen on.
        port: The port to listen on.
        workers: How many processes serve.
        reload: Whether to start again when a file of `directory` changes.
        directory: Where the application's source stands.
        log_level: `critical`, `error`, `warning`, `info` or `debug`.
        access_log: Whether each request is logged.
        certificate: A file with the certificate for TLS, or None.
        key: A file with its key, or None.
        is_asgi: Whether the application is ASGI's; else it is WSGI's.
    """

    host: str
    port: int
    workers: int
    reload: bool
    directory: str
    log_level: str
    access_log: bool
    certificate: str | None
    key: str | None
    is_asgi: bool = True

    @property
    def address(self) -> str:
        """Host and port as in a URL (RFC 3986, section 3.2.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


_STOPPING = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGQUIT", "SIGTERM") if hasattr(signal, name)
)
_LOGGER = logging.getLogger("tightlip")
_DONE: dict[str, tuple[str, ...]] = {}


def install(server: str) -> tuple[str, ...]:
    """Replace what `server` writes by itself; return what could not be replaced.

    A release of the server may have changed what we know of it. Then this part keeps its own
    words, and a warning says so, once.

    Args:
        server: The name of a module in `tightlip/servers`, such as `waitress`.

    Raises:
        LookupError: There is no such module.
    """
    if server in _DONE:
        return _DONE[server]
    module = find(_SEAM, server)
    if module is None:
        raise LookupError(f"there is no module for the server {server!r} in tightlip.servers")
    left = _DONE[server] = tuple(module.install())
    for fault in left:
        _LOGGER.warning("%s still says some things in its own words: %s", server, fault)
    return left


def end_by_signals() -> dict[signal.Signals, Any]:
    """Let this process end at once where it is told to stop; return what else would be done.

    It is for a worker that has not begun to serve. A fork inherits the handlers of its parent,
    which only note the signal: the worker would go on, and its parent wait for its end.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}  # granian's workers are threads where Python has no global lock
    return {number: signal.signal(number, signal.SIG_DFL) for number in _STOPPING}


def open_responder(settings: Settings) -> Responder:
    """Return the decision point for a framework's own way of shielding.

    The servers of this process speak our words from then on.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    responder = Responder(read_policy(settings))
    install_everywhere()
    return responder


def install_everywhere() -> None:
    """Do the same for every server that this process has loaded, and for those that it loads yet.

    Nothing that goes wrong here may keep an application from its start.
    """
    for server, module in LOADED_WITH.items():
        if module in sys.modules:
            _install_quietly(server)
    if _ARRIVALS not in sys.meta_path:
        sys.meta_path.insert(0, _ARRIVALS)


def _install_quietly(server: str) -> None:
    try:
        install(server)
    except Exception:  # a foreign module may fail in any way
        _LOGGER.warning("%s still speaks in its own words", server, exc_info=True)


class _Arrivals:
    """Waits for servers that are imported after the application, as in `uvicorn.run(app)`."""

    _awaited: ClassVar = {module: server for server, module in LOADED_WITH.items()}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as Python would, and have the server speak our words once it is there."""
        server = self._awaited.get(fullname)
        if server is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        # Each module has a loader of this class for itself; other loaders may serve many.
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _install_quietly(server)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


_ARRIVALS = _Arrivals()
