"""Recorder: capture, scrub, hand to the sinks; what nobody takes goes to standard error."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import ContextVar

from tightlip.incidents import standard_error
from tightlip.incidents.capture import capture
from tightlip.incidents.incident import ERROR, JSON, SCHEMA_VERSION, Incident, Occurrence, now
from tightlip.incidents.sink import Sink
from tightlip.incidents.values import class_name
from tightlip.incidents.visible import storable
from tightlip.source import is_application as is_application_file

_BETWEEN_WARNINGS = 60.0

_recording: ContextVar[bool] = ContextVar("tightlip_recording", default=False)


class Recorder:
    """Makes the record of a failure before its answer leaves.

    Args:
        sinks: Where incidents go; each gets every incident.
        service_name: The record's `service.name`.
        service_version: The record's `service.version`.
        is_application: Tells whether a code file is the application's own.

    Attributes:
        failures: How often each sink failed, by its class, and each kind of fault of our own.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        service_name: str | None = None,
        service_version: str | None = None,
        is_application: Callable[[str], bool] = is_application_file,
    ) -> None:
        self.failures: Counter[str] = Counter()
        self._sinks = tuple(sinks)
        self._is_application = is_application
        self._warned: dict[str, float] = {}
        self._lock = threading.Lock()
        self._resource: dict[str, JSON] = {}
        if service_name is not None:
            self._resource["service.name"] = storable(service_name)
        if service_version is not None:
            self._resource["service.version"] = storable(service_version)
        self._resource["host.name"] = storable(socket.gethostname())

    def record(self, occurrence: Occurrence) -> bool:
        """Record `occurrence`; tell whether a sink, or else standard error, has taken it.

        Nothing is raised, whatever the occurrence, the sinks or our own code do. An occurrence
        inside a sink goes to standard error alone, so that no incident begets incidents.
        """
        try:
            incident = self._captured(occurrence)
            if _recording.get():
                self._count("nested")
                return standard_error.write_line(incident.as_json())
            token = _recording.set(True)
            try:
                taken = self._send(incident)
            finally:
                _recording.reset(token)
            return taken or standard_error.write_line(incident.as_json())
        except BaseException:  # the answer must leave; without a record it leaves without reference
            return False

    def close(self) -> None:
        """Close every sink."""
        for sink in self._sinks:
            try:
                sink.close()
            except Exception as fault:  # the others are to be closed too
                self._sink_failed(sink, fault)

    def _captured(self, occurrence: Occurrence) -> Incident:
        try:
            return capture(occurrence, self._is_application, self._resource)
        except BaseException as fault:  # a fault of our own: what is certain is kept
            self._count("capture")
            return _bare(occurrence, fault)

    def _send(self, incident: Incident) -> bool:
        taken = False
        for sink in self._sinks:
            try:
                sink.send(incident)
                taken = True
            except BaseException as fault:  # foreign code; the next sink may take it
                self._sink_failed(sink, fault)
        return taken

    def _sink_failed(self, sink: Sink, fault: BaseException) -> None:
        name = class_name(type(sink))
        self._count(name)
        now = time.monotonic()
        if now - self._warned.get(name, -_BETWEEN_WARNINGS) >= _BETWEEN_WARNINGS:
            self._warned[name] = now
            kind = class_name(type(fault))
            standard_error.write_line(f"tightlip: the sink {name} failed with {kind}")

    def _count(self, what: str) -> None:
        with self._lock:
            self.failures[what] += 1


def _bare(occurrence: Occurrence, fault: BaseException) -> Incident:
    """Return what is certain of an occurrence that could not be captured."""
    exception = occurrence.exception
    fields: dict[str, JSON] = {
        "schema_version": SCHEMA_VERSION,
        "reference": occurrence.reference,
        "fingerprint": "v1:uncaptured",
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
