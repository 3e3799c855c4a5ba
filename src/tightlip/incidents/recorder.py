"""Recorder: capture, scrub, hand to the sinks; what nobody takes goes to standard error."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

from tightlip.incidents import instruments, standard_error
from tightlip.incidents.archive import Archive
from tightlip.incidents.capture import capture
from tightlip.incidents.delivery import OutsideSink, kind_of
from tightlip.incidents.encoding import JSON
from tightlip.incidents.fingerprint import VERSION
from tightlip.incidents.incident import ERROR, SCHEMA_VERSION, Incident, Occurrence, now
from tightlip.incidents.keeping import Keeping
from tightlip.incidents.metrics import COUNTS
from tightlip.incidents.objects import class_name
from tightlip.incidents.pacing import Throttle
from tightlip.incidents.patience import patiently
from tightlip.incidents.sink import Sink
from tightlip.incidents.visible import storable, visible_line
from tightlip.incidents.ways import Walks
from tightlip.source import is_application as is_application_file

if TYPE_CHECKING:
    from tightlip.incidents.told import Key

_OTHER_PLACE = "; TIGHTLIP_DIRECTORY or Shield(directory=...) names another place"

_recording: ContextVar[bool] = ContextVar("tightlip_recording", default=False)


class Recorder:
    """Makes the record of a failure before its answer leaves.

    Args:
        sinks: Where incidents go; each gets every incident.
        archive: Where they are kept; without one, the sinks are all there is.
        service_name: The record's `service.name`.
        service_version: The record's `service.version`.
        source_lines: Whether incidents hold the source lines of frames.
        is_application: Tells whether a code file is the application's own.

    Attributes:
        failures: How often each sink failed, by its class, and each kind of fault of our own.
    """

    def __init__(  # noqa: PLR0913 - each is said by name
        self,
        sinks: Sequence[Sink],
        *,
        archive: Archive | None = None,
        service_name: str | None = None,
        service_version: str | None = None,
        source_lines: bool = True,
        is_application: Callable[[str], bool] = is_application_file,
    ) -> None:
        self.failures: Counter[str] = Counter()
        self._sinks = tuple(sinks)
        self._sends = [
            (sink, sink.send if _is_prompt(sink) else patiently("tightlip-sink", sink.send))
            for sink in self._sinks
        ]
        self._archive = archive
        self._keeping = None
        if archive is not None:
            outlets = [sink.outlet for sink in self._sinks if isinstance(sink, OutsideSink)]
            self._keeping = Keeping(archive, self._captured, [outlet.name for outlet in outlets])
            for outlet in outlets:
                archive.attach(outlet)
        instruments.offer(None if archive is None else archive.directory)
        self._directory = "" if archive is None else str(archive.directory.path)
        self._source_lines = source_lines
        self._is_application = is_application
        self._warnings = Throttle()
        self._lock = threading.Lock()
        self._resource: dict[str, JSON] = {}
        if service_name is not None:
            self._resource["service.name"] = storable(service_name)
        if service_version is not None:
            self._resource["service.version"] = storable(service_version)
        self._resource["host.name"] = storable(socket.gethostname())

    def record(self, occurrence: Occurrence) -> bool:
        """Record `occurrence`; tell whether it will be found by its reference.

        With an archive, that is whether the archive keeps it; else, whether a sink has taken it.
        What neither keeps is written to standard error in one line, as the last place.

        Nothing is raised, whatever the occurrence, the sinks or our own code do. An occurrence
        inside a sink goes to no sink, so that no incident begets incidents.
        """
        start = time.perf_counter()
        try:
            is_nested = _recording.get()
            if is_nested:
                self._count("nested")
            incident, is_kept = self._keep(occurrence)
            if incident is None:
                self._measure(occurrence, time.perf_counter() - start)
                return False
            token = _recording.set(True)
            try:
                is_taken = not is_nested and self._send(incident, is_kept=is_kept)
            finally:
                _recording.reset(token)
            if not is_kept and not is_taken:
                is_taken = standard_error.write_line(incident.as_json())
            self._measure(occurrence, time.perf_counter() - start)
        except BaseException:  # the answer must leave; without a record it leaves without reference
            return False
        return is_taken if self._keeping is None else is_kept

    def told(self, key: Key, reference: str | None) -> None:
        """Count an error that a client was told, where there is an archive."""
        if self._archive is not None:
            self._archive.told(key, reference or "")

    def _measure(self, occurrence: Occurrence, seconds: float) -> None:
        COUNTS.recorded(occurrence, seconds)
        if instruments.offer():
            instruments.took(seconds)

    @property
    def reduced(self) -> Counter[str]:
        """How many incidents were not kept in full, by the reason."""
        return Counter() if self._keeping is None else self._keeping.storms.reduced.copy()

    def close(self) -> None:
        """Close every sink."""
        for sink in self._sinks:
            try:
                sink.close()
            except Exception as fault:  # the others are to be closed too
                self._sink_failed(sink, fault)

    def _captured(self, occurrence: Occurrence, walks: Walks | None = None) -> Incident:
        try:
            return capture(
                occurrence,
                self._is_application,
                self._resource,
                walks,
                source_lines=self._source_lines,
            )
        except BaseException as fault:  # a fault of our own: what is certain is kept
            self._count("capture")
            return _bare(occurrence, fault)

    def _keep(self, occurrence: Occurrence) -> tuple[Incident | None, bool]:
        """Return the record, where there is more than a count, and whether it is in the archive."""
        if self._keeping is None:
            return self._captured(occurrence), False
        try:
            incident, is_kept, fault = self._keeping.keep(occurrence)
        except BaseException as error:  # a fault of our own: the sinks are left
            incident, is_kept, fault = self._captured(occurrence), False, error
        if fault is not None:
            self._count("archive")
            happened = f"incidents cannot be kept in {self._directory}"
            self._warn("archive", happened, fault, _OTHER_PLACE)
        return incident, is_kept

    def _send(self, incident: Incident, *, is_kept: bool) -> bool:
        taken = False
        for sink, send in self._sends:
            if is_kept and isinstance(sink, OutsideSink):
                continue  # it gets it from the archive
            try:
                send(incident)
                taken = True
            except BaseException as fault:  # foreign code; the next sink may take it
                self._sink_failed(sink, fault)
        return taken

    def _sink_failed(self, sink: Sink, fault: BaseException) -> None:
        name = class_name(type(sink))
        self._count(name)
        self._warn(name, f"the sink {name} failed", fault)

    def _warn(self, what: str, happened: str, fault: BaseException, advice: str = "") -> None:
        """Tell standard error of a fault, at most once a minute."""
        if self._warnings.allows(what):
            line = f"tightlip: {happened} with {kind_of(fault)}{advice}"
            standard_error.write_line(visible_line(line))

    def _count(self, what: str) -> None:
        with self._lock:
            self.failures[what] += 1


def _is_prompt(sink: Sink) -> bool:
    """Tell whether a sink is one of ours: they bound by themselves how long they take."""
    return isinstance(sink, OutsideSink) or type(sink).__module__.startswith(f"{__package__}.")


def _bare(occurrence: Occurrence, fault: BaseException) -> Incident:
    """Return what is certain of an occurrence that could not be captured."""
    exception = occurrence.exception
    fields: dict[str, JSON] = {
        "schema_version": SCHEMA_VERSION,
        "reference": occurrence.reference,
        "fingerprint": f"{VERSION}:uncaptured",
        "time": now(),
        "event_name": storable(occurrence.event),
        "severity_number": ERROR,
        "severity_text": "ERROR",
        "error.code": storable(occurrence.code),
        "http.response.status_code": occurrence.status,
        "notes": [f"the report could not be made: {storable(class_name(type(fault)))} was raised"],
    }
    if exception is not None:
        fields["error.type"] = fields["exception.type"] = storable(class_name(type(exception)))
    return Incident(fields)
