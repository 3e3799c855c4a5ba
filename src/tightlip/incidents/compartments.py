"""Compartments: which part of an incident is open, and which is kept closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.incident import Incident, Parts
from tightlip.incidents.summary import KEYS, NEAREST_REPORT, summarise

OPEN = frozenset({*KEYS, NEAREST_REPORT, "scrubbing"})
"""The fields that are open as they stand."""

OPEN_FACTS = frozenset(
    {
        "categories",
        "db.collection.name",
        "db.columns",
        "db.constraint.name",
        "db.failure.kind",
        "db.response.status_code",
        "network.failure.kind",
        "rules",
    }
)
"""The facts about a failure that are names and codes, and never a value."""

OPEN_OF_EXCEPTION = frozenset(
    {
        "exception.type",
        "relation",
        "parent",
        "omitted_links",
        "omitted_members",
        "omitted_frames",
        "omitted_frames_after",
    }
)

OPEN_OF_FRAME = frozenset(
    {"code.file.path", "code.function.name", "code.line.number", "application"}
)
"""Without the source: the line that raises may hold the whole message."""

OPEN_OF_WITHHELD = frozenset({"where", "reason", "source", "advice"})
"""Without the text that was withheld."""

BETWEEN_PARTS = "\n"
"""Stands in a spool between the open compartment of a report and the closed one."""

CLOSED_PART = "closed_part"
"""The key of an incident that tells what hinders the reading of its closed compartment."""

_OPEN_OF_SUCCESS = frozenset({"status", "code"})
_OPEN_OF_ERROR = _OPEN_OF_SUCCESS | {"body"}
_FIRST_ERROR = 400


def wants_closed(options: Mapping[str, object], sink: str) -> bool:
    """Return whether the option `closed` asks for the closed compartment, too.

    Raises:
        ValueError: It is neither True nor False.
    """
    closed = options.get("closed", False)
    if closed is True or closed is False:
        return closed
    raise ValueError(f"the sink {sink!r} has closed = {closed!r}: give True or False")


def open_part(incident: Incident) -> Incident:
    """Return what of `incident` may leave the house: the open compartment.

    That is what is named here, and nothing that merely is not forbidden: a field that is new
    stays closed until it is put on a list. Messages, locals, source lines, headers, the path and
    the query are closed. The body of an answer is open where it is an error, which holds declared
    words only; what a user is sent on success is closed.
    """
    return Incident(split(incident.fields)[0])


def split(fields: Mapping[str, JSON]) -> tuple[dict[str, JSON], dict[str, JSON]]:
    """Return the open compartment of a record, and the closed one: all that is not in it.

    They share what they have with the record.

    Raises:
        AttributeError, TypeError: It has not the form of a record.
    """
    part, rest = apart(fields, OPEN)
    answer: Any = rest.get("answer")
    if type(answer) is dict:
        part["answer"], rest["answer"] = apart(answer, _open_of_answer(answer))
    withheld: Any = rest.get("withheld")
    if type(withheld) is list:
        part["withheld"], rest["withheld"] = _each(withheld, OPEN_OF_WITHHELD)
    exceptions: Any = rest.get("exceptions")
    if type(exceptions) is list:
        part["exceptions"], rest["exceptions"] = opened, closed = _each(
            exceptions, OPEN_OF_EXCEPTION
        )
        for known, hidden in zip(opened, closed, strict=True):
            frames = hidden.get("frames")
            if type(frames) is list:
                known["frames"], hidden["frames"] = _each(frames, OPEN_OF_FRAME)
    facts: Any = rest.get("facts")
    if type(facts) is dict:
        part["facts"], rest["facts"] = apart(facts, OPEN_FACTS)
    return part, rest


def apart(
    item: Mapping[str, JSON], allowed: frozenset[str]
) -> tuple[dict[str, JSON], dict[str, JSON]]:
    """Return what of `item` has a key that is `allowed`, and what has not."""
    part: dict[str, JSON] = {}
    rest: dict[str, JSON] = {}
    for key, value in item.items():
        if key in allowed:
            part[key] = value
        else:
            rest[key] = value
    return part, rest


def parts_of(incident: Incident) -> Parts:
    """Return the parts of `incident` as JSON."""
    known = incident.parts
    if known is not None:
        return known
    part, rest = split(incident.fields)
    summary = summarise(part)
    others = {key: value for key, value in part.items() if key not in summary}
    return Parts(encode(summary), encode(others), encode(rest))


def joined(part: Mapping[str, JSON], rest: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the record whose compartments these are.

    Raises:
        AttributeError, TypeError, ValueError: They do not belong to each other.
    """
    whole = dict(part)
    for key, value in rest.items():
        known = whole.get(key)
        if type(known) is dict and type(value) is dict:
            whole[key] = joined(known, value)
        elif type(known) is list and type(value) is list:
            pairs: Any = zip(known, value, strict=True)
            whole[key] = [joined(*pair) for pair in pairs]
        else:
            whole[key] = value
    return whole


def _open_of_answer(answer: Mapping[str, JSON]) -> frozenset[str]:
    status = answer.get("status")
    is_error = type(status) is int and status >= _FIRST_ERROR
    return _OPEN_OF_ERROR if is_error else _OPEN_OF_SUCCESS


def _each(items: list[Any], allowed: frozenset[str]) -> tuple[list[Any], list[Any]]:
    """Return what of each item is allowed, and what is not."""
    pairs = [apart(item, allowed) for item in items]
    return [part for part, _ in pairs], [rest for _, rest in pairs]
