"""Incidents to Sentry, or to whatever speaks its protocol."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tightlip.detection.raises import is_open
from tightlip.incidents.compartments import wants_closed
from tightlip.incidents.delivery import OutsideSink
from tightlip.incidents.encoding import JSON
from tightlip.incidents.incident import ERROR, FATAL, Incident, now
from tightlip.incidents.posting import post
from tightlip.incidents.sink import refuse_unknown
from tightlip.incidents.visible import visible_record, visible_text
from tightlip.slots import attributes_of

_TIMEOUT = 10.0
_CLIENT = "tightlip"
_IDENTITIES = uuid.UUID("6d1f2c1e-9a43-5c0e-8f0b-6c1f3a7be1d4")
_FRAMEWORKS = frozenset(
    {
        "aiohttp",
        "asgi",
        "bottle",
        "django",
        "falcon",
        "fastapi",
        "flask",
        "litestar",
        "pyramid",
        "quart",
        "sanic",
        "starlette",
        "tornado",
        "wsgi",
    }
)
"""Where the SDK's integrations say they caught an exception that a framework let through."""

_LONGEST_TAG = 200  # develop.sentry.dev, "Tags"

_MARK = "__tightlip_tells__"

_speaks_once = threading.Event()


class NoAddressError(Exception):
    """Nobody has said where incidents go; it may be said later."""


class SentrySink(OutsideSink):
    """Sends each incident as one event: our fingerprint groups it, our reference is a tag.

    The event's id follows from the reference, so that one that was sent twice is one event.

    An exception that leaves a shielded request is told once: what the SDK's integration of the
    framework would send of it is held back, for ours stands in its place, and so is what is logged
    of it afterwards. What the application
    captures itself, and what happens outside of requests, is sent as ever. The logger `tightlip`
    makes no events of its own.

    Args:
        dsn: Where incidents go. Without it: the variable `SENTRY_DSN`, or what the application gave
            to `sentry_sdk.init`, which also tell the release and the environment.
        closed: Whether messages, locals and what the client sent go there too.
    """

    def __init__(self, dsn: str | None = None, *, closed: bool = False) -> None:
        super().__init__("sentry", dsn or os.environ.get("SENTRY_DSN", ""), closed=closed)
        self._dsn = dsn
        _speak_once()

    def deliver(self, incidents: Sequence[Incident]) -> None:
        """Send `incidents`, an event each.

        Raises:
            NoAddressError: Nobody has said where to.
        """
        import sentry_sdk
        from sentry_sdk.envelope import Envelope
        from sentry_sdk.utils import Dsn

        options = sentry_sdk.get_client().options
        dsn = self._dsn or os.environ.get("SENTRY_DSN") or options.get("dsn")
        if not dsn:
            raise NoAddressError(
                "neither the option dsn nor SENTRY_DSN nor sentry_sdk.init has one"
            )
        auth = Dsn(dsn).to_auth(_CLIENT)
        headers = {
            "Content-Type": "application/x-sentry-envelope",
            "X-Sentry-Auth": auth.to_header(),
        }
        for incident in incidents:
            made: Any = event(incident)
            for key in ("release", "environment"):
                value = options.get(key) or os.environ.get(f"SENTRY_{key.upper()}")
                if value:
                    made.setdefault(key, str(value))
            envelope = Envelope(headers={"event_id": made["event_id"], "sent_at": now()})
            envelope.add_event(made)
            post(auth.get_api_url(), envelope.serialize(), headers, _TIMEOUT)


def open(options: Mapping[str, object]) -> SentrySink:  # noqa: A001 - the seam's name for it
    """Return a sink that sends to Sentry.

    Raises:
        ValueError: If an option is unknown, or is not what it should be.
        ImportError: If Sentry's SDK is not installed.
    """
    refuse_unknown(options, ("dsn", "closed"), "sentry")
    closed = wants_closed(options, "sentry")
    try:
        utils: Any = importlib.import_module("sentry_sdk.utils")
    except ImportError:
        raise ImportError(
            "the sink 'sentry' needs Sentry's SDK: pip install 'tightlip[sentry]'"
        ) from None
    dsn = options.get("dsn")
    if dsn is not None:
        try:
            utils.Dsn(str(dsn))
        except utils.BadDsn:  # which repeats what it was given
            raise ValueError(
                "the sink 'sentry' has a wrong dsn: copy it from the project's settings"
            ) from None
    return SentrySink(None if dsn is None else str(dsn), closed=closed)


def event(incident: Incident) -> dict[str, JSON]:
    """Return `incident` as an event of Sentry (develop.sentry.dev, "Event Payloads")."""
    fields = visible_record(incident.as_dict(), visible_text)
    severity = incident.severity_number
    tags: dict[str, JSON] = {
        "tightlip.reference": incident.reference,
        "tightlip.fingerprint": incident.fingerprint,
    }
    for key in ("error.code", "http.request.method", "http.response.status_code"):
        if key in fields:
            tags[key] = str(fields[key])[:_LONGEST_TAG]
    told: dict[str, JSON] = {
        "event_id": uuid.uuid5(_IDENTITIES, incident.reference).hex,
        "timestamp": fields.get("time"),
        "platform": "python",
        "level": "fatal" if severity >= FATAL else "error" if severity >= ERROR else "warning",
        "logger": "tightlip",
        "fingerprint": [incident.fingerprint],
        "tags": tags,
        "contexts": _contexts(fields),
    }
    for ours, theirs in (
        ("http.route", "transaction"),
        ("host.name", "server_name"),
        ("service.version", "release"),
    ):
        if fields.get(ours):
            told[theirs] = fields[ours]
    records: Any = fields.get("exceptions")
    if records:
        values = [_exception(index, record) for index, record in enumerate(records)]
        told["exception"] = {"values": list(reversed(values))}  # the one at hand comes last
    else:
        told["logentry"] = {
            "formatted": f"{fields.get('event_name')}: "
            f"{fields.get('error.code') or fields.get('http.response.status_code')}"
        }
    if "url.path" in fields:
        told["request"] = _request(fields)
    return told


def _contexts(fields: dict[str, JSON]) -> dict[str, JSON]:
    ours: dict[str, JSON] = {
        key: fields[key]
        for key in ("answer", "withheld", "facts", "notes", "event_name", "nearest_report")
        if fields.get(key)
    }
    contexts: dict[str, JSON] = {"tightlip": ours}
    if fields.get("trace_id") and fields.get("span_id"):
        contexts["trace"] = {"trace_id": fields["trace_id"], "span_id": fields["span_id"]}
    return contexts


def _exception(index: int, record: dict[str, Any]) -> dict[str, JSON]:
    module, _, name = record["exception.type"].rpartition(".")
    mechanism: dict[str, JSON] = {"type": "tightlip", "handled": False, "exception_id": index}
    if "parent" in record:
        mechanism.update(type="chained", parent_id=record["parent"], source=record["relation"])
    told: dict[str, JSON] = {"type": name, "mechanism": mechanism}
    if module:
        told["module"] = module
    if "exception.message" in record:
        told["value"] = record["exception.message"]
    if record.get("frames"):
        told["stacktrace"] = {"frames": [_frame(frame) for frame in record["frames"]]}
    return told


def _frame(frame: dict[str, Any]) -> dict[str, JSON]:
    told: dict[str, JSON] = {
        "abs_path": frame["code.file.path"],
        "filename": frame["code.file.path"],
        "function": frame["code.function.name"],
        "lineno": frame["code.line.number"],
        "in_app": frame["application"],
    }
    for ours, theirs in (("source", "context_line"), ("locals", "vars")):
        if frame.get(ours):
            told[theirs] = frame[ours]
    return told


def _request(fields: dict[str, JSON]) -> dict[str, JSON]:
    prefix = "http.request.header."
    headers: list[JSON] = []
    for key, values in fields.items():
        if key.startswith(prefix) and type(values) is list:
            headers += [[key.removeprefix(prefix), value] for value in values]
    return {
        "method": fields.get("http.request.method"),
        "url": fields["url.path"],
        "query_string": fields.get("url.query"),
        "headers": headers,
    }


def _speak_once() -> None:
    """Have the SDK leave to us what we tell of; asking again is harmless."""
    from sentry_sdk.integrations import logging
    from sentry_sdk.scope import add_global_event_processor

    for name in ("ignore_logger", "ignore_logger_for_sentry_logs"):  # the second one is newer
        ignore = getattr(logging, name, None)
        if ignore is not None:
            ignore("tightlip")
    if not _speaks_once.is_set():
        _speaks_once.set()
        add_global_event_processor(_unless_told_by_us)


def _unless_told_by_us(event: Any, hint: Any) -> Any:
    """Return `event`, or None where an incident will tell of the same exception."""
    try:
        if not hint or not hint.get("exc_info"):
            return event
        marks = attributes_of(hint["exc_info"][1])
        mechanism = event["exception"]["values"][-1].get("mechanism") or {}
        leaves = mechanism.get("handled") is False and mechanism.get("type") in _FRAMEWORKS
        if leaves and _in_a_shielded_request():
            marks[_MARK] = True  # a framework may log it too, which is an event of its own
    except (AttributeError, KeyError, IndexError, TypeError):  # an event of another form
        return event
    return None if _MARK in marks else event


def _in_a_shielded_request() -> bool:
    """Tell whether a guard serves a request here.

    Before Python 3.12 only the stack knows, and a framework may have left it for a thread: then
    both reports are sent, and none is lost.
    """
    if is_open():
        return True
    frame: Any = sys._getframe(1)  # noqa: SLF001 - the one way to the stack
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith("tightlip.protocols."):
            return True
        frame = frame.f_back
    return False
