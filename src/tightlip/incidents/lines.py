"""Lines: a record as JSON, whole and in parts, around frames that are JSON already.

Frames make most of a record, and are the same at each failure but for their locals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tightlip.incidents.compartments import OPEN, OPEN_OF_EXCEPTION, apart, split
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.incident import Parts

_NESTED = ("answer", "withheld", "facts")


class EncodedFrames(NamedTuple):
    """The frames of a way as JSON, without their locals; nobody may change them.

    Attributes:
        whole: Each frame.
        open: What is open of all of them, as a member of their exception.
        closed: What is closed of each.
    """

    whole: list[str]
    open: str
    closed: list[str]


class Frames(NamedTuple):
    """The frames of one exception.

    Attributes:
        encoded: They, without their locals.
        with_locals: The indices of those that have locals in the record.
    """

    encoded: EncodedFrames
    with_locals: Sequence[int]


def lines_of(fields: dict[str, JSON], frames: Sequence[Frames]) -> tuple[str, Parts]:
    """Return a record as JSON, as `encode` does but for the order of its members, and in parts.

    Args:
        fields: A record, as it was captured, whole.
        frames: The frames of each of its exceptions.

    Raises:
        ValueError, TypeError: As `encode`.
    """
    flat, others = apart(fields, OPEN)
    records: Any = others.pop("exceptions")
    exceptions = [_exception(*pair) for pair in zip(records, frames, strict=True)]
    whole = list_of("exceptions", [each[0] for each in exceptions])
    opened = list_of("exceptions", [each[1] for each in exceptions])
    closed = list_of("exceptions", [each[2] for each in exceptions])
    nested = {name: others.pop(name) for name in _NESTED}
    part, rest = split(nested)
    summary, hidden, known = encode(flat), encode(others), encode(part)
    told = known if part == nested else encode(nested)
    return f"{summary[:-1]},{hidden[1:-1]},{told[1:-1]},{whole}}}", Parts(
        summary, f"{known[:-1]},{opened}}}", f"{hidden[:-1]},{encode(rest)[1:-1]},{closed}}}"
    )


def list_of(name: str, items: Iterable[str]) -> str:
    """Return a list, whose items are JSON already, as a member of an object."""
    return f'"{name}":[{",".join(items)}]'


def _exception(record: dict[str, JSON], frames: Frames) -> tuple[str, str, str]:
    """Return an exception as JSON: all of it, what is open, and what is closed."""
    part, rest = apart(record, OPEN_OF_EXCEPTION)
    records: Any = rest.pop("frames")
    opened, hidden = encode(part), encode(rest)
    whole, closed = frames.encoded.whole.copy(), frames.encoded.closed.copy()
    for index in frames.with_locals:
        known = f'"locals":{encode(records[index]["locals"])}'
        whole[index] = _with(whole[index], known)
        closed[index] = _with(closed[index], known)
    return (
        f"{opened[:-1]},{hidden[1:-1]},{list_of('frames', whole)}}}",
        f"{opened[:-1]},{frames.encoded.open}}}",
        f"{hidden[:-1]},{list_of('frames', closed)}}}",
    )


def _with(item: str, member: str) -> str:
    """Return an object with one more member."""
    return f"{{{member}}}" if item == "{}" else f"{item[:-1]},{member}}}"
