"""Line: an incident in one line of a terminal, and words for such lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tightlip.incidents.visible import visible_line

if TYPE_CHECKING:
    from tightlip.incidents.incident import Incident


def line_of(incident: Incident) -> str:
    """Return an incident in one line: what the client was told, where, and what was behind it."""
    fields = incident.fields
    told = f"{fields.get('http.response.status_code', '-')} {fields.get('error.code', '')}".rstrip()
    route = f"{fields.get('http.request.method', '')} {fields.get('http.route', '')}".strip()
    kind = fields.get("exception.type") or fields.get("event_name")
    parts = [
        incident.reference,
        str(fields.get("time", "")),
        told,
        route or "-",
        f"{kind}{within(fields.get('code.function.name'))}",
    ]
    return "  ".join(visible_line(part) for part in parts)


def within(place: object) -> str:
    """Return where something happened, as the end of a sentence; nothing if that is unknown."""
    return f" in {visible_line(str(place))}" if place else ""
