"""Capture: an occurrence becomes a record: bounded, scrubbed, and free of live objects."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

from tightlip.exchange import Headers, Request
from tightlip.incidents import fingerprint
from tightlip.incidents.cutting import LARGEST_RECORD, fitted
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.exceptions import Exceptions
from tightlip.incidents.incident import (
    ERROR,
    FATAL,
    SCHEMA_VERSION,
    WARN,
    Incident,
    Occurrence,
    now,
)
from tightlip.incidents.lines import lines_of
from tightlip.incidents.scrubbing import UNSEARCHED, Scrubber, is_harmless, scrub_query
from tightlip.incidents.secrets.addresses import without_path_secrets
from tightlip.incidents.secrets.found import SCRUBBED, Found
from tightlip.incidents.secrets.names import is_secret_name
from tightlip.incidents.values import Values
from tightlip.incidents.visible import storable
from tightlip.incidents.ways import Walks

_LONGEST_NAME = 256
_LONGEST_VALUE = 2048
_LONGEST_BODY = 16_384
_LONGEST_WORDS = 8192
_LONGEST_HEADER = 1024
_MOST_HEADERS = 64
_MOST_HEADER_BYTES = 8192
_MOST_ITEMS = 50
SEVERITY_TEXTS = {WARN: "WARN", ERROR: "ERROR", FATAL: "FATAL"}
_SERVER_ERROR = 500
_MOST_KNOWN = 1024

_NO_TOKEN = re.compile("[^!#$%&'*+.^_`|~0-9a-z-]")
"""What stands in no name of a header (RFC 9110, section 5.6.2): no server lets it in."""
_headers: dict[bytes, tuple[str, bool]] = {}


def capture(
    occurrence: Occurrence,
    is_application: Callable[[str], bool],
    resource: dict[str, JSON],
    walks: Walks | None = None,
    *,
    source_lines: bool = True,
) -> Incident:
    """Return the incident of `occurrence`.

    Args:
        occurrence: What happened.
        is_application: Tells whether a code file is the application's own.
        resource: What is the same for all incidents: service, version, host.
        walks: Where its tracebacks may have been walked through before.
        source_lines: Whether the source lines of frames are told.
    """
    scrubber = Scrubber()
    exceptions = Exceptions(
        scrubber,
        Values(scrubber, is_application),
        is_application,
        walks or Walks(),
        source_lines=source_lines,
    )
    exception = occurrence.exception
    if exception is not None:
        exceptions.read(exception)
    severity = severity_of(occurrence)
    fields: dict[str, JSON] = {
        "schema_version": SCHEMA_VERSION,
        "reference": occurrence.reference,
        "fingerprint": "",
        "time": now(),
        "event_name": storable(occurrence.event),
        "severity_number": severity,
        "severity_text": SEVERITY_TEXTS[severity],
        "error.type": str(occurrence.status) if occurrence.status else "_OTHER",
        "error.code": storable(occurrence.code),
    }
    if exceptions.records:
        first: Any = exceptions.records[0]
        fields["error.type"] = fields["exception.type"] = first["exception.type"]
        fields["exception.message"] = first["exception.message"]
    place = exceptions.place
    if place is not None:
        fields["code.file.path"] = place.path
        fields["code.function.name"] = place.function
        fields["code.line.number"] = place.line_number
    if occurrence.status:
        fields["http.response.status_code"] = occurrence.status
    if occurrence.request is not None:
        _add_request(fields, occurrence.request, scrubber)
    fields.update(resource)
    fields["process.pid"] = os.getpid()
    fields["thread.name"] = storable(threading.current_thread().name)[:_LONGEST_NAME]
    add_trace(fields)
    _add_answer(fields, occurrence, scrubber)
    fields["exceptions"] = exceptions.records
    finished = scrubber.finish(fields)
    # It is no secret, whatever else has the same text: by it the incident is found.
    finished["reference"] = occurrence.reference
    finished["fingerprint"] = _fingerprint(occurrence, exceptions)
    if scrubber.failed:
        finished["scrubbing"] = (
            "the search for secrets failed; what it could not search is not kept"
        )
    if finished is fields and not scrubber.failed:
        line, parts = lines_of(fields, exceptions.frames)
        if len(line) <= LARGEST_RECORD:
            return Incident(fields, line, parts)
    # Where a secret was taken out, it may stand in the text of a frame, too.
    return Incident(*fitted(finished, encode(finished)))


def severity_of(occurrence: Occurrence) -> int:
    """Return OpenTelemetry's number for how severe an occurrence is."""
    if occurrence.event.startswith("lifespan"):
        return FATAL
    return ERROR if occurrence.status >= _SERVER_ERROR or not occurrence.status else WARN


def _add_request(fields: dict[str, JSON], request: Request, scrubber: Scrubber) -> None:
    """Add the request under the names of OpenTelemetry's HTTP and client attributes."""
    text = scrubber.text
    if request.method:
        fields["http.request.method"] = text(request.method, _LONGEST_NAME)
    if request.route is not None:
        fields["http.route"] = text(request.route, _LONGEST_VALUE)
    fields["url.scheme"] = text(request.scheme, _LONGEST_NAME)
    fields["url.path"] = text(_path(request, scrubber), _LONGEST_VALUE)
    if request.query:
        fields["url.query"] = text(_query(request, scrubber), _LONGEST_VALUE)
    if request.client is not None:
        _add_client(fields, request.client, scrubber)
    fields["network.protocol.version"] = text(request.http_version, _LONGEST_NAME)
    fields["http.request.body.size"] = request.body_size
    _add_headers(fields, request.headers, scrubber)


def _add_client(fields: dict[str, JSON], client: str, scrubber: Scrubber) -> None:
    address, _, port = client.rpartition(":")
    if port.isascii() and port.isdigit() and address:
        fields["client.address"] = scrubber.text(address.strip("[]"), _LONGEST_NAME)
        fields["client.port"] = int(port[:5])
    else:
        fields["client.address"] = scrubber.text(client, _LONGEST_NAME)


def _add_headers(fields: dict[str, JSON], headers: Headers, scrubber: Scrubber) -> None:
    """Add the headers, within a bound that leaves no client the room to crowd out the rest."""
    left = _MOST_HEADER_BYTES
    for index, (raw_name, raw_value) in enumerate(headers):
        left -= len(raw_name) + len(raw_value[:_LONGEST_HEADER])
        if left < 0 or index == _MOST_HEADERS:
            fields["omitted_headers"] = len(headers) - index
            break
        key, secret = _header(raw_name)
        if secret:
            value = SCRUBBED if raw_value else ""
            _gather(scrubber.found, raw_value[:_LONGEST_HEADER].decode("latin-1"))
        else:
            # Cut in bytes with room to spare: the text is searched before it is shortened.
            text = raw_value[: _LONGEST_HEADER * 20].decode("latin-1")
            value = scrubber.text(text, _LONGEST_HEADER)
        if key == "http.request.header.user-agent":
            fields["user_agent.original"] = value
            continue
        values = fields.setdefault(key, [])
        if type(values) is list:
            values.append(value)


def _header(raw_name: bytes) -> tuple[str, bool]:
    """Return the record's key for a header, and whether its value is a secret."""
    known = _headers.get(raw_name)
    if known is None:
        name = raw_name[:_LONGEST_NAME].decode("latin-1").lower()
        known = f"http.request.header.{_NO_TOKEN.sub('_', name)}", is_secret_name(name)
        if len(_headers) >= _MOST_KNOWN:  # clients choose the names: the memory has a bound
            _headers.clear()
        _headers[raw_name[:_LONGEST_NAME]] = known
    return known


def _gather(found: Found, value: str) -> None:
    """Tell what of a secret header's value may stand elsewhere: credentials, each cookie."""
    found.add(value.rpartition(" ")[2])
    for pair in value.split(";")[:_MOST_ITEMS]:
        found.add(pair.partition("=")[2])


def _path(request: Request, scrubber: Scrubber) -> str:
    try:
        return without_path_secrets(
            request.path[: _LONGEST_VALUE * 10], request.route, scrubber.found
        )
    except Exception:  # a fault of ours must not keep what it could not search
        scrubber.failed = True
        return UNSEARCHED


def _query(request: Request, scrubber: Scrubber) -> str:
    try:
        query = request.query[: _LONGEST_VALUE * 10].decode("latin-1")
        return scrub_query(query, scrubber.found, request.path[:_LONGEST_VALUE])
    except Exception:  # a fault of ours must not keep what it could not search
        scrubber.failed = True
        return UNSEARCHED


def add_trace(fields: dict[str, JSON]) -> None:
    """Add the identity of OpenTelemetry's current span, if that library is in use."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return
    try:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            fields["trace_id"] = format(context.trace_id, "032x")
            fields["span_id"] = format(context.span_id, "016x")
    except Exception:  # foreign code, and the incident is worth more than its trace
        fields["trace_id"] = None


def _add_answer(fields: dict[str, JSON], occurrence: Occurrence, scrubber: Scrubber) -> None:
    text = scrubber.text
    fields["answer"] = {
        "status": occurrence.status,
        "code": storable(occurrence.code),
        "body": _body(occurrence, scrubber),
    }
    withheld: list[JSON] = []
    for words in occurrence.withheld[:_MOST_ITEMS]:
        entry: dict[str, JSON] = {
            "where": text(words.where, _LONGEST_NAME),
            "text": text(words.text, _LONGEST_WORDS),
            "reason": text(words.reason, _LONGEST_VALUE),
        }
        if words.source is not None:
            entry["source"] = text(words.source, _LONGEST_VALUE)
        if words.advice is not None:
            entry["advice"] = text(words.advice, _LONGEST_WORDS)
        withheld.append(entry)
    fields["withheld"] = withheld
    facts: dict[str, JSON] = {}
    for name, fact in list(occurrence.facts.items())[:_MOST_ITEMS]:
        if isinstance(fact, str):
            facts[text(name, _LONGEST_NAME)] = text(fact, _LONGEST_VALUE)
        elif isinstance(fact, tuple):
            facts[text(name, _LONGEST_NAME)] = [
                text(str(item), _LONGEST_VALUE) for item in tuple(dict.fromkeys(fact))[:_MOST_ITEMS]
            ]
        else:
            facts[text(name, _LONGEST_NAME)] = int(fact)
    fields["facts"] = facts
    fields["notes"] = [text(note, _LONGEST_VALUE) for note in occurrence.notes[:_MOST_ITEMS]]


def _body(occurrence: Occurrence, scrubber: Scrubber) -> str:
    """Return the answer's body; one that differs from a known one by its reference is known."""
    body = storable(occurrence.answer[: _LONGEST_BODY * 2].decode("utf-8", "backslashreplace"))
    try:
        known = len(body) <= _LONGEST_BODY and is_harmless(body.replace(occurrence.reference, ""))
    except Exception:  # the search of the whole record will tell of it
        known = False
    return body if known else scrubber.text(body, _LONGEST_BODY)


def _fingerprint(occurrence: Occurrence, exceptions: Exceptions) -> str:
    given = occurrence.fingerprint or fingerprint.given_by(occurrence.exception)
    if given is not None:
        return fingerprint.given(given)
    if exceptions.trails:
        return fingerprint.of_exceptions(exceptions.trails, occurrence.facts)
    return worded_fingerprint(occurrence)


def worded_fingerprint(occurrence: Occurrence) -> str:
    """Return the fingerprint of an occurrence without an exception."""
    route = ""
    if occurrence.request is not None:
        route = f"{occurrence.request.method} {occurrence.request.route or ''}"
    words = [f"{words.where}: {words.reason}" for words in occurrence.withheld]
    return fingerprint.of_words(occurrence.event, str(occurrence.status), route, *words)
