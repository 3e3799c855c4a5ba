"""Incidents through structlog, in whatever way the application has set it up."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from tightlip.incidents.incident import ERROR, FATAL, Incident
from tightlip.incidents.patience import Patience
from tightlip.incidents.sink import refuse_unknown
from tightlip.incidents.visible import visible_line, visible_record


class FilteredError(Exception):
    """The application's structlog takes no events of this level."""


class StructlogSink:
    """Logs every incident as the event `incident`, its fields as the event's own.

    Bound context variables come with it, as the application's processors see fit. Control
    characters stand as backslash escapes, since not every renderer of structlog escapes them.

    Args:
        library: The module `structlog`.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._patience = Patience("tightlip-structlog")

    def send(self, incident: Incident) -> None:
        """Log `incident`.

        Raises:
            FilteredError: If the logger says that it drops events of this level.
            LeftBehindError: If the application's processors take too long.
        """
        logger = self._library.get_logger("tightlip").bind()
        logger = getattr(logger, "sync_bl", logger)  # the asynchronous logger's other half
        self._patience.call(partial(_log, logger, incident))

    def close(self) -> None:
        """Leave the loggers to whoever made them."""


def open(options: Mapping[str, object]) -> StructlogSink:  # noqa: A001 - the seam's name for it
    """Return a sink that logs through structlog.

    Raises:
        ValueError: If an option is given: there is none.
        ImportError: If structlog is not installed.
    """
    refuse_unknown(options, (), "structlog")
    try:
        library = importlib.import_module("structlog")
    except ImportError:
        raise ImportError(
            "the sink 'structlog' needs structlog: pip install 'tightlip[structlog]'"
        ) from None
    return StructlogSink(library)


def _log(logger: Any, incident: Incident) -> None:
    name = _method(incident.severity_number)
    fields = visible_record(incident.as_dict(), visible_line)
    if _drops(logger, name):
        raise FilteredError(f"structlog is set up to drop events of the level {name}")
    getattr(logger, name)("incident", **fields)


def _method(severity: int) -> str:
    if severity >= FATAL:
        return "critical"
    return "error" if severity >= ERROR else "warning"


def _drops(logger: Any, name: str) -> bool:
    """Tell whether a filtering logger has replaced the method by one that does nothing."""
    method = getattr(type(logger), name, None)
    return getattr(method, "__name__", "") == "_nop"
