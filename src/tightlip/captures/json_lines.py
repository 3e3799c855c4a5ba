"""JSON lines: one text a line in, one verdict a line out.

A line in is an object with `id` (anything), `text` (a string), and, where it is known,
`content_type` (a string), `status` (a whole number) and `kind` (`body` or `header`). A line out is
an object with `id`, `leak` (true or false) and `findings`: objects with `rule`, `category`, `start`
and `end`, in characters of `text`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from tightlip.detection.reading import Reading
from tightlip.findings.finding import Finding

LONGEST_LINE = 256 << 20
"""How many bytes a line may have."""

_FIRST_STATUS, _LAST_STATUS = 100, 999


class LineError(ValueError):
    """A line is not of the form; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one line asks about.

    Attributes:
        id: What the answer repeats.
        text: The text to scan.
        reading: What is known of it.
    """

    id: Any
    text: str
    reading: Reading


def asked(line: bytes, known: Reading) -> Asked:
    """Return what `line` asks; where it is silent, `known` counts.

    Raises:
        LineError: The line is no JSON, or not of the form.
    """
    table = _table(line)
    if "id" not in table:
        raise LineError("has no id")
    text = table.get("text")
    if not isinstance(text, str):
        raise LineError("has no text" if text is None else "has a text that is no string")
    reading = known
    content_type = table.get("content_type")
    if content_type is not None:
        if not isinstance(content_type, str):
            raise LineError("has a content_type that is no string")
        reading = replace(reading, content_type=content_type)
    status = table.get("status")
    if status is not None:
        is_status = isinstance(status, int) and not isinstance(status, bool)
        if not is_status or not _FIRST_STATUS <= status <= _LAST_STATUS:
            raise LineError("has a status that is no HTTP status, such as 500")
        reading = replace(reading, status=status)
    kind = table.get("kind")
    if kind is not None:
        if kind not in ("body", "header"):
            raise LineError("has a kind other than body and header")
        reading = replace(reading, kind=kind)
    return Asked(table["id"], text, reading)


def answered(about: Asked, findings: Iterable[Finding]) -> str:
    """Return the line that answers, in ASCII and without its line break."""
    told = [
        {
            "rule": finding.rule,
            "category": finding.category.value,
            "start": finding.start,
            "end": finding.end,
        }
        for finding in findings
    ]
    answer = {"id": about.id, "leak": bool(told), "findings": told}
    return json.dumps(answer, separators=(",", ":"))


def whole_lines(read: Callable[[], bytes | None]) -> Iterator[tuple[bytes, int] | None]:
    """Yield pieces that end where a line ends, each with how many lines too long came before it.

    Args:
        read: Gives the next bytes, none at the end, or None to be passed on: nothing is there yet.
    """
    held: list[bytes] = []
    length = 0
    skipped = 0
    is_skipping = False
    while (data := read()) != b"":
        if data is None:
            yield None
            continue
        if is_skipping:
            end = data.find(b"\n") + 1
            if not end:
                continue
            data = data[end:]
            is_skipping = False
        end = data.rfind(b"\n") + 1
        if end:
            yield b"".join((*held, data[:end])), skipped
            held, length, skipped = [], 0, 0
            data = data[end:]
        held.append(data)
        length += len(data)
        if length > LONGEST_LINE:
            held, length = [], 0
            skipped += 1
            is_skipping = True
    rest = b"".join(held)
    if rest or skipped:
        yield rest, skipped


def _table(line: bytes) -> dict[str, Any]:
    try:
        table = json.loads(line.decode("utf-8"), parse_constant=_refuse, parse_float=_number)
    except UnicodeDecodeError:
        raise LineError("is not UTF-8") from None
    except RecursionError:
        raise LineError("is nested too deeply") from None
    except ValueError as error:
        raise LineError(f"is no JSON: {error}") from None
    if not isinstance(table, dict):
        raise LineError("is no object with id and text")
    return table


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number
