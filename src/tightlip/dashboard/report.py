"""An incident, arranged for reading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tightlip.incidents.compartments import CLOSED_PART
from tightlip.incidents.incident import Incident

_RELATIONS = {
    "raised": "Raised",
    "cause": "Caused by",
    "context": "While handling",
    "suppressed_context": "Hidden behind it",
    "member": "Member of the group",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One place on the way of an exception.

    Attributes:
        function: The function.
        place: File and line.
        source: The line itself.
        is_application: Whether it is the application's own.
        locals: The local variables, as the record describes them.
    """

    function: str
    place: str
    source: str
    is_application: bool
    locals: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Frames:
    """Neighbouring frames, all of the application or all of libraries."""

    are_application: bool
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Words that did not leave: where they were to stand, why not, and what would declare them."""

    where: str
    text: str
    reason: str
    source: str
    advice: str


@dataclass(frozen=True, slots=True)
class Link:
    """One exception of the chain.

    Attributes:
        relation: How it stands to the one before.
        type: Its class.
        message: Its text.
        notes: What was added to it (PEP 678).
        attributes: What it holds beside its arguments, as the record describes it.
        frames: Its frames, outermost first.
        raised_in: The innermost frame of the application, or None.
    """

    relation: str
    type: str
    message: str
    notes: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    frames: tuple[Frames, ...]
    raised_in: Frame | None

    @property
    def count(self) -> int:
        """How many frames it has."""
        return sum(len(group.frames) for group in self.frames)


@dataclass(frozen=True, slots=True)
class Report:
    """An incident's parts in the order of the page; texts as they stand in the record."""

    reference: str
    time: str
    severity: str
    fingerprint: str
    links: tuple[Link, ...]
    withheld: tuple[Words, ...]
    facts: tuple[tuple[str, str], ...]
    request: tuple[tuple[str, str], ...]
    told: str
    body: str
    notes: tuple[str, ...]
    closed_part: str
    record: str


def arrange(incident: Incident) -> Report:
    """Arrange `incident`."""
    record: dict[str, Any] = incident.as_dict()
    answer = record.get("answer") or {
        "status": record.get("http.response.status_code", ""),
        "code": record.get("error.code", ""),
    }
    return Report(
        reference=incident.reference,
        time=record.get("time", ""),
        severity=record.get("severity_text", ""),
        fingerprint=incident.fingerprint,
        links=tuple(_link(exception) for exception in record.get("exceptions", ())),
        withheld=tuple(_words(words) for words in record.get("withheld", ())),
        facts=tuple((name, _listed(fact)) for name, fact in record.get("facts", {}).items()),
        request=tuple(_request(record)),
        told=f"{answer.get('status', '')} {answer.get('code', '')}".strip(),
        body=_plain(answer.get("body", "")),
        notes=tuple(map(_plain, record.get("notes", ()))),
        closed_part=_plain(record.get(CLOSED_PART, "")),
        record=json.dumps(record, indent=2, ensure_ascii=False),
    )


def texts_of(incident: Incident | None) -> Iterator[str]:
    """Yield the texts of an incident that no client may see: of exceptions, and withheld ones.

    They come also in the form that they have inside JSON.
    """
    record: dict[str, Any] = incident.as_dict() if incident is not None else {}
    texts = [exception.get("exception.message", "") for exception in record.get("exceptions", ())]
    # A withheld body is a whole answer: what leaks in it is marked by its parts.
    texts += [
        words.get("text", "")
        for words in record.get("withheld", ())
        if words.get("where") != "body"
    ]
    for text in texts:
        yield text
        yield json.dumps(text, ensure_ascii=False)[1:-1]


def _words(words: dict[str, Any]) -> Words:
    return Words(*(words.get(name, "") for name in ("where", "text", "reason", "source", "advice")))


def _link(exception: dict[str, Any]) -> Link:
    frames = [_frame(frame) for frame in exception.get("frames", ())]
    application = [frame for frame in frames if frame.is_application]
    return Link(
        relation=_RELATIONS.get(exception.get("relation", ""), "Beside it"),
        type=exception.get("exception.type", ""),
        message=exception.get("exception.message", ""),
        notes=tuple(map(_plain, exception.get("exception.notes", ()))),
        attributes=_rows(exception.get("exception.attributes", {})),
        frames=tuple(
            Frames(are_application, tuple(members))
            for are_application, members in groupby(frames, lambda frame: frame.is_application)
        ),
        raised_in=application[-1] if application else None,
    )


def _frame(frame: dict[str, Any]) -> Frame:
    return Frame(
        function=frame.get("code.function.name", ""),
        place=f"{frame.get('code.file.path', '')}:{frame.get('code.line.number', '')}",
        source=frame.get("source", ""),
        is_application=bool(frame.get("application")),
        locals=_rows(frame.get("locals", {})),
    )


def _rows(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _plain(value)) for name, value in values.items())


def _request(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        if name.startswith(("http.request.", "http.route", "url.", "client.", "user_agent")):
            yield name, _listed(value)


def _listed(value: Any) -> str:
    """Return a list, which nearly always has one member, without its brackets."""
    return ", ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
