"""Incidents through Python's own logging: one line of JSON each, or a page in a terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from tightlip.incidents import standard_error
from tightlip.incidents.incident import ERROR, FATAL, Incident
from tightlip.incidents.patience import Patience
from tightlip.incidents.promptness import handed_over
from tightlip.incidents.sink import refuse_unknown

LOGGER = "tightlip"


class NotTakenError(Exception):
    """Nothing took the line."""


class LoggingSink:
    """Logs every incident to the logger `tightlip`.

    The message is one line of ASCII and has no arguments, so nothing raw is ever formatted,
    also not by logging's own report of a handler that failed. The record's attribute
    `tightlip_incident` is the incident as a dictionary, for formatters of structured logs.

    Where standard error is a terminal, one readable rendering goes there, and handlers that
    write to a terminal are passed over. Where no handler takes the record, standard error gets
    the line: the client has been given a reference to it.

    A handler that hangs is left behind (`patience`): no answer waits for it. One that surely has
    room for the line is called at once, which spares a change of threads.
    """

    def __init__(self) -> None:
        self._logger = logging.getLogger(LOGGER)
        self._patience = Patience("tightlip-logging")

    def send(self, incident: Incident) -> None:
        """Log `incident`.

        Raises:
            NotTakenError: If no handler and no standard error took it.
            LeftBehindError: If a handler takes too long.
        """
        level = _level(incident.severity_number)
        handlers = list(_handlers(self._logger, level)) if self._logger.isEnabledFor(level) else []
        record = None
        if handlers:
            record = self._logger.makeRecord(
                LOGGER,
                level,
                LOGGER,
                0,
                incident.as_json(),
                (),
                None,
                extra={"tightlip_incident": incident.fields.copy()},
            )
        shown = standard_error.is_terminal() and _show(incident)
        if shown:
            handlers = [handler for handler in handlers if not _writes_to_terminal(handler)]
        hand_over = partial(self._hand_over, incident, record, handlers, shown=shown)
        length = len(incident.as_json())
        may_wait = not handlers and not shown and not standard_error.has_room(length)
        if may_wait or not handed_over(handlers, length, hand_over):
            self._patience.call(hand_over)

    def close(self) -> None:
        """Leave the handlers to whoever made them."""

    def _hand_over(
        self,
        incident: Incident,
        record: logging.LogRecord | None,
        handlers: Sequence[logging.Handler],
        *,
        shown: bool,
    ) -> None:
        if record is not None and handlers and self._logger.filter(record):
            for handler in handlers:
                handler.handle(record)
            return
        if not shown and not standard_error.write_line(incident.as_json()):
            raise NotTakenError("no handler of logging takes incidents, nor does standard error")


def open(options: Mapping[str, object]) -> LoggingSink:  # noqa: A001 - the seam's name for it
    """Return a sink that logs to the logger `tightlip`.

    Raises:
        ValueError: If an option is given: there is none.
    """
    refuse_unknown(options, (), "logging")
    return LoggingSink()


def _level(severity: int) -> int:
    if severity >= FATAL:
        return logging.CRITICAL
    return logging.ERROR if severity >= ERROR else logging.WARNING


def _handlers(logger: logging.Logger, level: int) -> Iterator[logging.Handler]:
    """Yield the handlers that take a record of `level`, as `Logger.callHandlers` finds them."""
    current: logging.Logger | None = logger
    while current is not None:
        yield from (handler for handler in current.handlers if level >= handler.level)
        current = current.parent if current.propagate else None


def _writes_to_terminal(handler: logging.Handler) -> bool:
    console = getattr(handler, "console", None)
    if console is not None:  # rich's handler and its like
        return bool(getattr(console, "is_terminal", False))
    is_terminal = getattr(getattr(handler, "stream", None), "isatty", None)
    return callable(is_terminal) and bool(is_terminal())


def _show(incident: Incident) -> bool:
    """Show `incident` in the terminal, and tell whether that could be done."""
    from tightlip.incidents import terminal

    try:
        terminal.show(incident)
    except Exception:  # a page that cannot be drawn is replaced by the line
        return False
    return True
