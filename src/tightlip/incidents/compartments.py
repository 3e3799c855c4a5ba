"""Compartments: which part of an incident is open, and which is kept closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tightlip.incidents.encoding import JSON
from tightlip.incidents.incident import Incident
from tightlip.incidents.summary import KEYS, NEAREST_REPORT

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

CLOSED_PART = "closed_part"
"""The key of an incident that tells what hinders the reading of its closed compartment."""

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
    return Incident(open_fields(incident.fields))


def open_fields(fields: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the open compartment of a record; it shares what it has with the record."""
    part: dict[str, JSON] = {key: value for key, value in fields.items() if key in OPEN}
    answer: Any = fields.get("answer")
    if type(answer) is dict:
        part["answer"] = _answer(answer)
    for name, allowed in (("withheld", OPEN_OF_WITHHELD), ("exceptions", OPEN_OF_EXCEPTION)):
        items: Any = fields.get(name)
        if type(items) is list:
            part[name] = [_only(item, allowed) for item in items]
    facts: Any = fields.get("facts")
    if type(facts) is dict:
        part["facts"] = _only(facts, OPEN_FACTS)
    return part


def split(fields: dict[str, JSON]) -> tuple[dict[str, JSON], dict[str, JSON]]:
    """Return the open compartment of a record, and the closed one: all that is not in it.

    Raises:
        AttributeError, TypeError: It has not the form of a record.
    """
    part = open_fields(fields)
    return part, _rest(fields, part)


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


def _rest(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, JSON]:
    """Return what of `whole` is not in `part`, whose other values are the same objects."""
    rest: dict[str, JSON] = {}
    for key, value in whole.items():
        if key not in part:
            rest[key] = value
        elif part[key] is value:
            continue
        elif type(value) is dict:
            rest[key] = _rest(value, part[key])
        else:
            rest[key] = [_rest(*pair) for pair in zip(value, part[key], strict=True)]
    return rest


def _answer(answer: dict[str, JSON]) -> dict[str, JSON]:
    status = answer.get("status")
    is_error = type(status) is int and status >= _FIRST_ERROR
    return _only(answer, frozenset({"status", "code", "body"} if is_error else {"status", "code"}))


def _only(item: dict[str, Any], allowed: frozenset[str]) -> dict[str, JSON]:
    kept: dict[str, JSON] = {key: value for key, value in item.items() if key in allowed}
    if type(item.get("frames")) is list:
        kept["frames"] = [_only(frame, OPEN_OF_FRAME) for frame in item["frames"]]
    return kept
