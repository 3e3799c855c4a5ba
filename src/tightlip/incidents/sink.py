"""Sink: whatever takes incidents, and how one is chosen by name."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from tightlip import plugins
from tightlip.incidents import sinks
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Incident
from tightlip.incidents.retention import Retention

_SEAM = "incidents.sinks"
_A_PAIR = 2


@runtime_checkable
class Sink(Protocol):
    """Takes incidents.

    One of ours may be called from several threads at once. Any other is called in a thread of its
    own, and is left behind where it takes too long.
    """

    def send(self, incident: Incident) -> None:
        """Take `incident`, or raise: what was not taken goes to the next place."""
        ...

    def close(self) -> None:
        """Write out what is still held, and release what is open."""
        ...


@runtime_checkable
class Follower(Protocol):
    """A sink that takes its incidents from the directory, once the store there has them."""

    def wake(self, directory: PrivateDirectory, retention: Retention) -> None:
        """Take what the store of `directory` has more of, without keeping the caller.

        It is called after each drain, and twice a minute.
        """
        ...

    def close(self) -> None:
        """Take what is left, within a few seconds."""
        ...


def open_sink(spec: object) -> Sink:
    """Return the sink that `spec` tells of.

    Args:
        spec: A sink; the name of one, such as `"logging"`; or a name and its options, such as
            `("memory", {"limit": 100})`.

    Raises:
        TypeError: If it is none of these.
        ValueError: If no sink has the name, or it has no such option.
        ImportError: If the sink needs a library that is not installed.
    """
    name, options = spec, {}
    if isinstance(spec, tuple) and len(spec) == _A_PAIR and isinstance(spec[1], Mapping):
        name, options = spec[0], dict(spec[1])
    if isinstance(name, str):
        module: Any = plugins.find(_SEAM, name)
        if module is None:
            raise ValueError(f"there is no sink {name!r}: choose one of {', '.join(known_sinks())}")
        opened: Sink = module.open(options)
        return opened
    if not isinstance(spec, type) and isinstance(spec, Sink):
        return spec
    raise TypeError(
        f"{spec!r} is no sink: give the name of one ({', '.join(known_sinks())}), a pair of name "
        "and options, or an object with send(incident) and close()"
    )


def known_sinks() -> tuple[str, ...]:
    """Return the names of all sinks: ours, and those that are installed."""
    from importlib.metadata import entry_points  # only for this list: it takes long to import

    ours = {module.name for module in pkgutil.iter_modules(sinks.__path__)}
    installed = {entry_point.name for entry_point in entry_points(group=f"tightlip.{_SEAM}")}
    return tuple(sorted(ours | installed))


def refuse_unknown(options: Mapping[str, object], known: tuple[str, ...], sink: str) -> None:
    """Raise where `options` hold a key that the sink does not know.

    Raises:
        ValueError: With the keys that it knows.
    """
    for key in options:
        if key not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ValueError(f"the sink {sink!r} has no option {key!r}: {takes}")


def default_sinks() -> list[Sink]:
    """Return the sinks of a Shield for which none were chosen."""
    return [_Chosen()]


class _Chosen:
    """Sends through structlog where the application has configured it, else through logging.

    The choice is made at each incident: an application may set up its logging after its shield.
    """

    def __init__(self) -> None:
        self._logging = open_sink("logging")
        self._structlog: Sink | None = None

    def send(self, incident: Incident) -> None:
        library: Any = sys.modules.get("structlog")
        if library is None or not library.is_configured():
            self._logging.send(incident)
            return
        if self._structlog is None:
            self._structlog = open_sink("structlog")
        self._structlog.send(incident)

    def close(self) -> None:
        self._logging.close()
