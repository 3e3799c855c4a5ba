"""Occurrence and Incident: a failure as the responder hands it over, and as it is kept."""

from __future__ import annotations

import marshal
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.encoding import JSON, encode

SCHEMA_VERSION = 1
WARN = 13
ERROR = 17
FATAL = 21


class Occurrence(NamedTuple):
    """A failure as the responder hands it over: live objects, nothing captured yet.

    Attributes:
        reference: The name under which it is recorded.
        request: The request under way, where there is one.
        exception: The exception, with its traceback.
        status: The status that the client was sent; 0 where there was no HTTP answer.
        code: The public code that the client was sent.
        answer: The body that the client was sent.
        withheld: Words that were to leave and did not.
        facts: What a reader of exceptions found, under OpenTelemetry's names.
        notes: Contradictions between rules, and faults of rules, readers and our own code.
        event: The name of the event, after OpenTelemetry's conventions for exceptions.
        fingerprint: What the failure is grouped by, where its author gave it.
    """

    reference: str
    request: Request | None
    exception: BaseException | None
    status: int
    code: str
    answer: bytes
    withheld: tuple[Withheld, ...] = ()
    facts: Mapping[str, str | int | tuple[str, ...]] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    event: str = "http.server.request.exception"
    fingerprint: str | None = None


class Parts(NamedTuple):
    """A record in the parts that a spool keeps of it, each as JSON in one line of ASCII.

    Attributes:
        summary: What is kept of every incident.
        open: What else is open.
        closed: The closed compartment: all the rest.
    """

    summary: str
    open: str
    closed: str


class Incident(Mapping[str, JSON]):
    """A failure as it is kept: captured, bounded and scrubbed; a mapping that never changes.

    The keys are those of OpenTelemetry's semantic conventions where it has them. What the
    mapping gives are copies: no sink can change what the next one gets.

    Args:
        fields: The record; at least `reference`, `fingerprint` and `severity_number`.
        line: The same as JSON in one line of ASCII, where it is known already.
        parts: The same in parts, where they are known already.
    """

    __slots__ = ("_fields", "_line", "_parts")

    def __init__(
        self, fields: dict[str, JSON], line: str | None = None, parts: Parts | None = None
    ) -> None:
        self._fields = fields
        self._parts = parts
        self._line = encode(fields) if line is None else line

    def __getitem__(self, key: str) -> JSON:
        return _copy(self._fields[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"<Incident {self.reference}>"

    @property
    def reference(self) -> str:
        """The name of this incident, which the client was told too."""
        return str(self._fields["reference"])

    @property
    def fingerprint(self) -> str:
        """What this incident has in common with others of the same fault."""
        return str(self._fields["fingerprint"])

    @property
    def severity_number(self) -> int:
        """OpenTelemetry's severity: 13 (WARN), 17 (ERROR) or 21 (FATAL)."""
        number = self._fields["severity_number"]
        return number if isinstance(number, int) else ERROR

    def as_dict(self) -> dict[str, JSON]:
        """Return the record as a fresh dictionary of JSON values."""
        return {key: _copy(value) for key, value in self._fields.items()}

    @property
    def fields(self) -> MappingProxyType[str, JSON]:
        """The record itself, to read."""
        return MappingProxyType(self._fields)

    @property
    def parts(self) -> Parts | None:
        """The record in parts, where they are known."""
        return self._parts

    def as_json(self) -> str:
        """Return the record as one line of JSON, without the line's end.

        The line is pure ASCII: whatever a client sent, it holds no control character, no
        character that turns the direction of writing, and no lone surrogate.
        """
        return self._line


def now() -> str:
    """Return the time in UTC, to the microsecond (RFC 3339)."""
    global _latest  # noqa: PLW0603 - replaced as a whole, whichever thread comes last
    second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    latest = _latest
    if latest[0] != second:
        told = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        latest = _latest = second, told
    return f"{latest[1]}.{nanoseconds // 1000:06d}Z"


_latest = (-1, "")
"""The second that was told last, and its text."""


def _copy(value: JSON) -> JSON:
    if type(value) is list or type(value) is dict:
        copied: JSON = marshal.loads(marshal.dumps(value))  # noqa: S302 - our own bytes: the fastest deep copy of plain values
        return copied
    return value
