"""Incidents to PostgreSQL, for several hosts: sent from the store of each one's directory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tightlip.incidents import standard_error
from tightlip.incidents.compartments import wants_closed
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Incident
from tightlip.incidents.objects import class_name
from tightlip.incidents.pacing import Pauses, Throttle
from tightlip.incidents.retention import Retention
from tightlip.incidents.sink import refuse_unknown
from tightlip.incidents.tables import StoreError
from tightlip.incidents.visible import visible_line

if TYPE_CHECKING:
    from tightlip.incidents.postgresql.address import Address
    from tightlip.incidents.postgresql.store import PostgresqlStore

_BETWEEN_SWEEPS = 3600.0
_LAST_WAIT = 5.0  # seconds that the end of the process may wait for the last incidents
_AT_ONCE = 500


class NotFedError(Exception):
    """The sink was given an incident by itself, and takes them from a directory alone."""


class PostgresqlSink:
    """Sends what stands in the store of a directory; how far it has come, the database knows.

    Args:
        address: Where the database is.
        with_closed: Whether the closed part of reports is sent, too.
    """

    def __init__(self, address: Address, *, with_closed: bool) -> None:
        self._address = address
        self._with_closed = with_closed
        self._thread: threading.Thread | None = None
        self._begin_anew()

    def send(self, incident: Incident) -> None:
        """Refuse `incident`.

        Raises:
            NotFedError: In any case.
        """
        raise NotFedError(
            f"{incident.reference}: the sink 'postgresql' takes incidents from a directory alone"
        )

    def wake(self, directory: PrivateDirectory, retention: Retention) -> None:
        """Send what `directory` has more of, without keeping the caller."""
        if self._process != os.getpid():  # the thread, and its connection, are the parent's
            self._begin_anew()
        self._directory, self._retention = directory, retention
        if self._thread is None and not self._is_ending.is_set():
            self._thread = threading.Thread(
                target=self._run, name="tightlip-postgresql", daemon=True
            )
            self._thread.start()
        self._new.set()

    def close(self) -> None:
        """Send what is left, as far as that takes no more than five seconds."""
        thread = self._thread
        if thread is None or self._process != os.getpid():
            return
        self._is_ending.set()
        self._new.set()
        thread.join(_LAST_WAIT)
        self._thread = None

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._thread = None
        self._new = threading.Event()
        self._is_ending = threading.Event()
        self._warnings = Throttle()
        self._told: tuple[int, ...] = ()
        self._swept = -_BETWEEN_SWEEPS

    def _run(self) -> None:
        pauses = Pauses()
        while True:
            self._new.wait()
            self._new.clear()
            is_last = self._is_ending.is_set()
            try:
                self._forward()
                pauses.reset()
            except BaseException as error:  # they wait in the directory until it can be done
                self._tell(error)
                self._is_ending.wait(pauses.next())
                self._new.set()
            if is_last:
                return

    def _forward(self) -> None:
        from tightlip.incidents.drainer import open_store
        from tightlip.incidents.postgresql.store import PostgresqlStore
        from tightlip.incidents.told import ToldCounts

        with (
            open_store(self._directory, standard_error.write_line) as store,
            PostgresqlStore(self._address) as receiving,
        ):
            origin = store.origin()
            while receiving.take_in(
                origin,
                lambda row, counted: store.outgoing(row, counted, _AT_ONCE),
                with_closed=self._with_closed,
                now=time.time_ns() // 1000,
            ):
                pass
            told = store.last_told()
            if told != self._told:
                is_declared = told[1:] != self._told[1:]
                receiving.take_told(origin, ToldCounts(store.database), with_declared=is_declared)
                self._told = told
            self._sweep(receiving)

    def _sweep(self, receiving: PostgresqlStore) -> None:
        if time.monotonic() - self._swept < _BETWEEN_SWEEPS or self._is_ending.is_set():
            return
        while receiving.sweep(self._retention, time.time_ns() // 1000):
            if self._is_ending.is_set():
                return
        self._swept = time.monotonic()

    def _tell(self, error: BaseException) -> None:
        """Write to standard error what hinders it, at most once a minute."""
        if self._warnings.allows():
            said = f": {error}" if isinstance(error, StoreError) else ""
            line = (
                f"{self._address.name} has not got all incidents: {class_name(type(error))}{said}"
            )
            standard_error.write_line(visible_line(f"tightlip: {line}"))


def open(options: Mapping[str, object]) -> PostgresqlSink:  # noqa: A001 - the seam's name for it
    """Return a sink that sends to the database of `url`.

    Raises:
        ValueError: An option is unknown, or has the wrong form.
        ImportError: psycopg is not installed.
    """
    refuse_unknown(options, ("url", "closed"), "postgresql")
    try:
        from tightlip.incidents.postgresql.address import Address
    except ImportError:
        raise ImportError(
            "the sink 'postgresql' needs psycopg: pip install 'tightlip[postgresql]'"
        ) from None
    url = options.get("url")
    if type(url) is not str:
        raise ValueError(
            "the sink 'postgresql' needs a url, such as postgresql://user@host:5432/database"
        )
    try:
        address = Address(url)
    except ValueError as error:
        raise ValueError(f"the sink 'postgresql' has a url that cannot be used: {error}") from None
    return PostgresqlSink(address, with_closed=wants_closed(options, "postgresql"))
