"""Stack trace: the exceptions of an incident as text, in the form that Python gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tightlip.incidents.encoding import JSON

_BETWEEN = {
    "cause": "\nThe above exception was the direct cause of the following exception:\n",
    "context": "\nDuring handling of the above exception, another exception occurred:\n",
}
_GROUPED = "\nThe exception above is a member of the following group:\n"


def stack_trace(incident: Mapping[str, JSON]) -> str:
    """Return the exceptions of `incident` as `traceback` would print them, the cause first.

    What a compartment left out is left out here: a message, or the line of source.
    """
    records: Any = incident.get("exceptions")
    if type(records) is not list or not records:
        return ""
    lines: list[str] = []
    for index in _order(records):
        record = records[index]
        lines += _one(record)
        if index:
            lines.append(_BETWEEN.get(record["relation"], _GROUPED))
    return "\n".join(lines)


def _order(records: list[Any]) -> list[int]:
    """Return the indices in the order of telling: each before what it led to."""
    told: list[int] = []
    waiting = [0]
    while waiting:
        index = waiting.pop()
        told.append(index)
        waiting += [
            at
            for at, record in enumerate(records)
            if record.get("parent") == index and record.get("relation") != "suppressed_context"
        ]
    return told[::-1]


def _one(record: dict[str, Any]) -> list[str]:
    frames = record.get("frames") or []
    lines = ["Traceback (most recent call last):"] if frames else []
    for position, frame in enumerate(frames):
        if position and position == record.get("omitted_frames_after"):
            lines.append(f"  [{record['omitted_frames']} more frames]")
        path, line = frame["code.file.path"], frame["code.line.number"]
        lines.append(f'  File "{path}", line {line}, in {frame["code.function.name"]}')
        if frame.get("source"):
            lines.append(f"    {frame['source']}")
    message = record.get("exception.message")
    lines.append(f"{record['exception.type']}: {message}" if message else record["exception.type"])
    return lines
