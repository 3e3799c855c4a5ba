"""Summary: what is kept of every incident, also of those whose report was thinned out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tightlip.incidents.encoding import JSON

KEYS = (
    "schema_version",
    "reference",
    "fingerprint",
    "time",
    "event_name",
    "severity_number",
    "severity_text",
    "error.type",
    "error.code",
    "exception.type",
    "code.file.path",
    "code.function.name",
    "code.line.number",
    "http.response.status_code",
    "http.request.method",
    "http.route",
    "service.name",
    "service.version",
    "host.name",
    "process.pid",
    "trace_id",
    "span_id",
)
"""No message and no value that a client sent is among them: only what is open in any case."""

NEAREST_REPORT = "nearest_report"
"""The key of a summary that stands for its report: the reference of the fullest like it."""

COUNTED = "counted"
"""The key of a summary that stands for many incidents, of which only the number is known."""

ASIDE = "aside"
"""The key under which a frame tells the store what to do with an incident, and not what it is."""

OUTLETS = "outlets"
"""Within it: the names of the outlets that are to get the incident."""

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def summarise(incident: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what of `incident` every record has."""
    return {key: incident[key] for key in KEYS if key in incident}


def read_summary(data: bytes) -> tuple[dict[str, Any], int]:
    """Return the summary that a frame holds, and its time in microseconds since 1970.

    Raises:
        ValueError: It is none.
    """
    summary = json.loads(data)
    if type(summary) is not dict:
        raise ValueError("a summary is an object")
    for key in ("reference", "fingerprint", "time"):
        if type(summary.get(key)) is not str:
            raise ValueError(f"a summary has a text {key}")
    counted = summary.get(COUNTED, 1)
    if type(counted) is not int or counted < 1:
        raise ValueError("a summary counts from one on")
    return summary, microseconds(summary["time"])


def microseconds(time: str) -> int:
    """Return a time of RFC 3339 in microseconds since 1970.

    Raises:
        ValueError: It is none, or has no offset from UTC.
    """
    parsed = datetime.fromisoformat(time)
    if parsed.tzinfo is None:
        raise ValueError("a time says how far it is from UTC")
    return (parsed - _START) // _MICROSECOND


def moment(microseconds: int) -> str:
    """Return microseconds since 1970 as a time of RFC 3339, in UTC."""
    time = _START + microseconds * _MICROSECOND
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
