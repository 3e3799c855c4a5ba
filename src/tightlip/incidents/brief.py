"""Brief: the record of an occurrence whose report is thinned out: when, where, with what answer."""

from __future__ import annotations

import os

from tightlip.incidents.capture import SEVERITY_TEXTS, add_trace, severity_of
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.incident import Incident, Occurrence, now
from tightlip.incidents.recognition import Common
from tightlip.incidents.scrubbing import Scrubber
from tightlip.incidents.summary import NEAREST_REPORT
from tightlip.incidents.visible import storable

_LONGEST_METHOD = 256
_LONGEST_ROUTE = 2048
_MOST_KNOWN = 1024

_known: dict[tuple[object, ...], Common] = {}


def brief(occurrence: Occurrence, common: Common, nearest_report: str | None) -> Incident:
    """Return the summary of an occurrence.

    Args:
        occurrence: What happened.
        common: What it shares with all others of its fault.
        nearest_report: The reference of a full report of the same fault.
    """
    answered = _answered(occurrence)
    fields: dict[str, JSON] = {
        "reference": occurrence.reference,
        "time": now(),
        "process.pid": os.getpid(),
    }
    add_trace(fields)
    if nearest_report is not None:
        fields[NEAREST_REPORT] = nearest_report
    # The rest is JSON already.
    line = f"{common.line[:-1]},{answered.line[1:-1]},{encode(fields)[1:]}"
    return Incident({**common.fields, **answered.fields, **fields}, line)


def _answered(occurrence: Occurrence) -> Common:
    """Return what an occurrence shares with all others of its route that got the same answer."""
    event, code, status = occurrence.event, occurrence.code, occurrence.status
    request = occurrence.request
    place = ("", None) if request is None else (request.method, request.route)
    key = (event, code, status, *place)
    known = _known.get(key)
    if known is None:
        severity = severity_of(occurrence)
        fields: dict[str, JSON] = {
            "event_name": storable(event),
            "severity_number": severity,
            "severity_text": SEVERITY_TEXTS[severity],
            "error.code": storable(code),
        }
        if status:
            fields["http.response.status_code"] = status
        fields |= _place(*place)
        known = Common(fields, encode(fields))
        if len(_known) >= _MOST_KNOWN:  # clients choose the methods: the memory has a bound
            _known.clear()
        _known[key] = known
    return known


def _place(method: str, route: str | None) -> dict[str, JSON]:
    """Return where a request went."""
    scrubber = Scrubber()
    fields: dict[str, JSON] = {}
    if method:
        fields["http.request.method"] = scrubber.text(method, _LONGEST_METHOD)
    if route is not None:
        fields["http.route"] = scrubber.text(route, _LONGEST_ROUTE)
    return scrubber.finish(fields)
