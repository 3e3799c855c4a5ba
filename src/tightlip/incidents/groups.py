"""Groups: incidents of one fingerprint, with what people decided about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from tightlip.incidents.encoding import JSON
from tightlip.incidents.span import BARS, Span
from tightlip.incidents.summary import moment
from tightlip.incidents.tables import Tables

_MINUTE = 60_000_000
_LIKE = re.compile("[!%_]")
"""What has a meaning of its own in a pattern of LIKE."""

FAULT = (
    "fingerprint, type, place, incidents, first_time, last_time, "
    "(SELECT reference FROM incidents WHERE fault = faults.id ORDER BY time DESC, id DESC LIMIT 1)"
)
"""What is selected of a fault, in the order of `Fault`; its times are in microseconds."""

_STATE = "CASE WHEN state = 'resolved' AND last_time > state_time THEN 'regressed' ELSE state END"
_COLUMNS = f"id, {_STATE}, {FAULT}"


class State(StrEnum):
    """What is to be done about a group."""

    OPEN = "open"
    """Nobody has decided anything."""
    RESOLVED = "resolved"
    """Somebody has mended it, and it was not seen since."""
    MUTED = "muted"
    """Somebody has decided that it needs no look."""
    REGRESSED = "regressed"
    """It was seen after somebody had mended it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What incidents of one fingerprint have in common.

    Attributes:
        fingerprint: The fingerprint.
        type: The class of the exception, or the status of the answer.
        place: The function that failed, where one is known; without an exception the route.
        incidents: How often it happened.
        first_time: When it was first seen, in UTC (RFC 3339).
        last_time: When it was last seen.
        reference: The newest of its incidents that is kept.
    """

    fingerprint: str
    type: str
    place: str
    incidents: int
    first_time: str
    last_time: str
    reference: str | None

    def as_dict(self) -> dict[str, JSON]:
        """Return it as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Group(Fault):
    """A fault, as people look at it.

    Attributes:
        number: The group's number in this store.
        state: What is to be done about it.
        trend: How often it happened in each part of the span of time that was asked for.
    """

    number: int
    state: State
    trend: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, JSON]:
        """Return it as JSON values."""
        return {**asdict(self), "state": self.state.value, "trend": list(self.trend)}


class Groups:
    """Reads groups from a store, and keeps what was decided about them.

    Its methods raise `StoreError` where the database is locked, full or damaged.

    Args:
        tables: The store.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(
        self, *, state: State | None = None, text: str = "", span: Span, limit: int
    ) -> list[Group]:
        """Return the groups that were seen in `span`, the last seen first.

        Args:
            state: Only those of this state; without it all but the muted ones.
            text: Only those whose type, place or fingerprint holds this, in any case.
            span: The span of time, also of the trend.
            limit: At most so many.
        """
        conditions = ["last_time >= ?"]
        values: list[object] = [span.first * _MINUTE]
        if state is None:
            conditions.append("state != 'muted'")
        else:
            conditions.append(f"{_STATE} = ?")
            values.append(state.value)
        if text:
            conditions.append("lower(type || ' ' || place || ' ' || fingerprint) LIKE ? ESCAPE '!'")
            escaped = _LIKE.sub(r"!\g<0>", text.lower())
            values.append(f"%{escaped}%")
        with self._tables.told():
            rows = self._tables.run(
                f"SELECT {_COLUMNS} FROM faults WHERE {' AND '.join(conditions)} "  # noqa: S608 - constants
                "ORDER BY last_time DESC, id DESC LIMIT ?",
                *values,
                limit,
            ).fetchall()
            return [self._group(row, span) for row in rows]

    def get(self, number: int, span: Span) -> Group | None:
        """Return one group, or None."""
        return self._one("id", number, span)

    def by_fingerprint(self, fingerprint: str, span: Span) -> Group | None:
        """Return the group of `fingerprint`, or None."""
        return self._one("fingerprint", fingerprint, span)

    def decide(self, number: int, state: State, now: int) -> bool:
        """Keep what was decided about a group at `now`; tell whether there is such a group.

        Raises:
            ValueError: `regressed` is nothing that people decide.
        """
        if state is State.REGRESSED:
            raise ValueError("a group regresses by itself")
        with self._tables.told():
            changed = self._tables.run(
                "UPDATE faults SET state = ?, state_time = ? WHERE id = ?",
                state.value,
                now,
                number,
            )
            return changed.rowcount > 0

    def trend(self, span: Span) -> tuple[int, ...]:
        """Return how many incidents happened in each part of `span`."""
        with self._tables.told():
            rows = self._tables.run(
                "SELECT minute, sum(incidents) FROM counters WHERE minute BETWEEN ? AND ? "
                "GROUP BY minute",
                span.first,
                span.last,
            )
            return _bars(rows, span)

    def states(self) -> dict[State, int]:
        """Return how many groups there are of each state."""
        with self._tables.told():
            rows = self._tables.run(f"SELECT {_STATE}, count(*) FROM faults GROUP BY 1")  # noqa: S608 - a constant
            counts = {State(state): count for state, count in rows}
        return {state: counts.get(state, 0) for state in State}

    def _one(self, column: str, value: object, span: Span) -> Group | None:
        with self._tables.told():
            row = self._tables.one(
                f"SELECT {_COLUMNS} FROM faults WHERE {column} = ?",  # noqa: S608 - constants
                value,
            )
            return None if row is None else self._group(row, span)

    def _group(self, row: tuple[Any, ...], span: Span) -> Group:
        number, state, *columns = row
        counted = self._tables.run(
            "SELECT minute, incidents FROM counters WHERE fault = ? AND minute BETWEEN ? AND ?",
            number,
            span.first,
            span.last,
        )
        fault = fault_of(columns)
        return Group(**asdict(fault), number=number, state=State(state), trend=_bars(counted, span))


def fault_of(row: Sequence[Any]) -> Fault:
    """Return the fault of which `FAULT` was selected."""
    fingerprint, kind, place, incidents, first, last, reference = row
    return Fault(fingerprint, kind, place, incidents, moment(first), moment(last), reference)


def _bars(counted: Any, span: Span) -> tuple[int, ...]:
    bars = [0] * BARS
    for minute, incidents in counted:
        bars[span.bar(minute)] += int(incidents)  # PostgreSQL's sums have another type
    return tuple(bars)
