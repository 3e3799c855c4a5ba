"""Incidents as OpenTelemetry log records, sent by OTLP to a collector."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tightlip.incidents.compartments import wants_closed
from tightlip.incidents.delivery import OutsideSink
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.incident import Incident
from tightlip.incidents.posting import refuse_bad_url
from tightlip.incidents.sink import refuse_unknown
from tightlip.incidents.stack_trace import stack_trace
from tightlip.incidents.summary import microseconds
from tightlip.incidents.visible import visible_line, visible_record

_SCOPE = "tightlip"
_AT_ONCE = 64
_OF_RESOURCE = ("service.name", "service.version", "host.name", "process.pid")
_OF_RECORD = frozenset(
    {"event_name", "severity_number", "severity_text", "time", "trace_id", "span_id", *_OF_RESOURCE}
)
_OURS = {
    "error.code": "tightlip.error.code",
    "fingerprint": "tightlip.fingerprint",
    "reference": "tightlip.reference",
    "schema_version": "tightlip.schema_version",
}


class NotExportedError(Exception):
    """The exporter says that it could not hand the records over; its own log says why."""


class OpenTelemetrySink(OutsideSink):
    """Emits each incident as a log record, with the attributes of the semantic conventions.

    `exception.type` and `exception.stacktrace` tell the fault (of `exception.message` see
    `closed`), the record belongs to the trace of its request, and `log.record.uid` is the
    reference: records with the same one may be removed as duplicates.

    Args:
        endpoint: The address of the collector for logs, such as `http://collector:4318/v1/logs`.
            Without it, the environment says it (`OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` and its like).
        headers: More headers of the requests to it.
        provider: A `LoggerProvider` of the application, to be used instead of one of our own.
            What becomes of a record is then its processors' affair.
        closed: Whether messages, locals and what the client sent go there too.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        provider: Any = None,
        closed: bool = False,
    ) -> None:
        address = endpoint or ("provider" if provider else _address_of_environment())
        super().__init__("opentelemetry", address, closed=closed, at_once=_AT_ONCE)
        self._endpoint = endpoint
        self._headers = headers
        self._provider = provider
        self._pipeline: tuple[int, _Pipeline] | None = None

    def close(self) -> None:
        """Export what waits, as far as that takes no more than five seconds."""
        super().close()
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None and pipeline[0] == os.getpid():
            pipeline[1].close()

    def deliver(self, incidents: Sequence[Incident]) -> None:
        """Export `incidents` together.

        Raises:
            NotExportedError: It could not be done.
        """
        if self._provider is not None:
            _emit(self._provider, incidents)
            return
        # A connection cannot be shared with the process that this one was forked from.
        if self._pipeline is None or self._pipeline[0] != os.getpid():
            pipeline = _Pipeline(self._endpoint, self._headers, incidents[0])
            self._pipeline = os.getpid(), pipeline
        self._pipeline[1].deliver(incidents)


class _Pipeline:
    """A provider of our own, and an exporter that says whether it could hand the records over.

    The SDK's batch processor would drop what cannot be sent, and its simple one would not tell.

    Args:
        endpoint: See `OpenTelemetrySink`.
        headers: The same.
        incident: One incident of this process, which names its resource.
    """

    def __init__(
        self, endpoint: str | None, headers: Mapping[str, str] | None, incident: Incident
    ) -> None:
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
        from opentelemetry.sdk.resources import Resource

        resource: dict[str, Any] = {
            name: incident[name] for name in _OF_RESOURCE if name in incident
        }
        self._exporter: Any = OTLPLogExporter(endpoint, headers=dict(headers) if headers else None)
        self._collected = _Collected()
        self._provider = LoggerProvider(Resource.create(resource), shutdown_on_exit=False)
        collected: Any = self._collected
        self._provider.add_log_record_processor(SimpleLogRecordProcessor(collected))

    def deliver(self, incidents: Sequence[Incident]) -> None:
        """Export `incidents`.

        Raises:
            NotExportedError: It could not be done.
        """
        from opentelemetry import context

        self._collected.records.clear()
        _emit(self._provider, incidents)
        suppress: Any = vars(context).get("_SUPPRESS_INSTRUMENTATION_KEY", "suppress")
        token = context.attach(context.set_value(suppress, True))  # noqa: FBT003 - a value
        try:
            result = self._exporter.export(self._collected.records)
        finally:
            context.detach(token)
        if result.name != "SUCCESS":
            raise NotExportedError

    def close(self) -> None:
        """Let go of the connection; what hangs in it ends."""
        self._exporter.shutdown()


class _Collected:
    """Takes the place of an exporter, and keeps what the SDK has made of the records."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def export(self, batch: Sequence[Any]) -> Any:
        self.records += batch

    def shutdown(self) -> None:
        """Do nothing: nothing is open."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Do nothing: nothing waits here."""
        return timeout_millis >= 0


def open(options: Mapping[str, object]) -> OpenTelemetrySink:  # noqa: A001 - the seam's name
    """Return a sink that exports log records.

    Raises:
        ValueError: If an option is unknown, or is not what it should be.
        ImportError: If OpenTelemetry's SDK and exporter are not installed.
    """
    refuse_unknown(options, ("endpoint", "headers", "provider", "closed"), "opentelemetry")
    endpoint, headers = options.get("endpoint"), options.get("headers")
    provider = options.get("provider")
    if endpoint is not None:
        try:
            refuse_bad_url(str(endpoint))
        except ValueError as error:
            raise ValueError(f"the sink 'opentelemetry' has a wrong endpoint: {error}") from None
    if headers is not None and not (
        isinstance(headers, Mapping)
        and all(isinstance(text, str) for pair in headers.items() for text in pair)
    ):
        raise ValueError("the sink 'opentelemetry' has wrong headers: give a mapping of texts")
    if provider is not None and not callable(getattr(provider, "get_logger", None)):
        raise ValueError("the sink 'opentelemetry' has a wrong provider: give a LoggerProvider")
    closed = wants_closed(options, "opentelemetry")
    needed = "opentelemetry.sdk._logs"
    if provider is None:
        needed = "opentelemetry.exporter.otlp.proto.http._log_exporter"
    try:
        importlib.import_module(needed)
    except ImportError:
        raise ImportError(
            "the sink 'opentelemetry' needs its SDK and its exporter: "
            "pip install 'tightlip[opentelemetry]'"
        ) from None
    return OpenTelemetrySink(
        None if endpoint is None else str(endpoint), headers, provider=provider, closed=closed
    )


def _address_of_environment() -> str:
    names = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _emit(provider: Any, incidents: Sequence[Incident]) -> None:
    from opentelemetry._logs import LogRecord, SeverityNumber

    logger = provider.get_logger(_SCOPE)
    for incident in incidents:
        # Whoever shows what a collector hands on, shows texts as they are, one line an entry.
        fields = visible_record(incident.as_dict(), visible_line)
        record = LogRecord(
            timestamp=microseconds(str(fields["time"])) * 1000 if "time" in fields else None,
            context=_context(fields),
            severity_text=str(fields.get("severity_text", "")),
            severity_number=SeverityNumber(incident.severity_number),
            body=_told(fields),
            attributes=_attributes(fields),
            event_name=str(fields.get("event_name", "")),
        )
        logger.emit(record)


def _context(fields: dict[str, JSON]) -> Any:
    """Return the context of the request's span, where there was one."""
    from opentelemetry import trace
    from opentelemetry.context import Context

    trace_id, span_id = fields.get("trace_id"), fields.get("span_id")
    if type(trace_id) is not str or type(span_id) is not str:
        return Context()
    span = trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False)
    return trace.set_span_in_context(trace.NonRecordingSpan(span), Context())


def _told(fields: dict[str, JSON]) -> str:
    """Return one line for people; what machines read stands in the attributes."""
    place = " ".join(
        str(fields[key]) for key in ("http.request.method", "http.route") if fields.get(key)
    )
    words = [
        fields.get("error.type"),
        place and f"at {place}",
        f"answered {fields.get('error.code') or fields.get('http.response.status_code')}",
    ]
    return ", ".join(str(word) for word in words if word) + f" ({fields['reference']})"


def _attributes(fields: dict[str, JSON]) -> dict[str, Any]:
    attributes: dict[str, Any] = {"log.record.uid": fields["reference"]}
    for key, value in fields.items():
        if key in _OF_RECORD or value is None:
            continue
        if key == "facts" and type(value) is dict:
            attributes.update(value)
        elif key == "exceptions":
            trace = stack_trace(fields)
            if trace:
                attributes["exception.stacktrace"] = trace
        elif key == "answer" and type(value) is dict:
            attributes.update({f"tightlip.answer.{name}": part for name, part in value.items()})
        elif key == "withheld" and type(value) is list:
            # An attribute is a text, or a list of texts: records within are JSON.
            attributes["tightlip.withheld"] = [encode(item) for item in value if type(item) is dict]
        elif type(value) is not dict:
            attributes[_OURS.get(key, key)] = value
    return attributes
