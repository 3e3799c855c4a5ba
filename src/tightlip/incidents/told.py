"""Told: which errors clients were told, where and how often; and which ones are declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from tightlip.incidents.encoding import JSON
from tightlip.incidents.metrics import MOST_LABELS, OTHER
from tightlip.incidents.span import BARS, Span
from tightlip.incidents.summary import moment
from tightlip.incidents.tables import Tables

MOST_DECLARED = 2000

_DAY = 86_400_000_000  # microseconds
_MINUTE = 60_000_000
_FINE = 8 * _DAY  # for so long, answers are counted by the minute, and then by the hour
_COUNTERS = 400 * _DAY
_LATE = 3_600_000_000  # how much later than it was told a count may come into the other store
_STEP = 500


class Kind(StrEnum):
    """Who chose the words of an error."""

    DECLARED = "declared"
    """An author, as an error of the catalog."""
    LITERAL = "literal"
    """An author, at the place that raised it; its code is the standard one."""
    STANDARD = "standard"
    """Nobody: a declaration would tell the client more."""


class Key(NamedTuple):
    """What answers have in common that are counted together.

    Attributes:
        code: The code of the error.
        status: Its status.
        route: The method and the route's template.
        kind: Who chose its words.
    """

    code: str
    status: int
    route: str
    kind: Kind


class Count(NamedTuple):
    """How many answers there were, when the last was, and the newest incident behind one."""

    answers: int
    last_time: int
    reference: str


class Declaration(NamedTuple):
    """A declared error of an application: its words are the template of its message."""

    code: str
    status: int
    message: str
    place: str


class Told(NamedTuple):
    """How often clients of one route were told one code.

    Attributes:
        code: The code of the error.
        status: Its status.
        route: The method and the route's template; empty where none had matched.
        kind: Who chose its words.
        answers: How often; 0 for a declared error that was never sent.
        last_time: When that was last, in UTC (RFC 3339).
        reference: The newest incident behind it; empty where none was recorded.
        message: The template of the message, of a declared error.
        place: File and line of the declaration.
        trend: How often in each part of the span of time that was asked for.
    """

    code: str
    status: int
    route: str
    kind: Kind
    answers: int
    last_time: str
    reference: str
    message: str = ""
    place: str = ""
    trend: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, JSON]:
        """Return it as JSON values."""
        return {**self._asdict(), "kind": self.kind.value, "trend": list(self.trend)}


Row: TypeAlias = tuple[Key, Count]


def bounded(key: Key, is_known: Callable[[Key], bool], known: int) -> Key:
    """Return `key`, or one that is less exact, where very many are known already."""
    if known < MOST_LABELS or is_known(key):
        return key
    key = key._replace(route=OTHER)
    if known < 2 * MOST_LABELS or is_known(key):
        return key
    return Key(OTHER, 0, OTHER, key.kind)


class ToldCounts:
    """The counts of a store; for one thread at a time, and inside of a transaction to write.

    Args:
        tables: The store.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, counts: Mapping[Key, Count], now: int) -> None:
        """Add what a process has counted until `now`, in microseconds since 1970."""
        for key, count in counts.items():
            kept = bounded(key, self._knows, self._tables.number("SELECT count(*) FROM told"))
            row = self._row("", kept)
            self._write(row, count, "told.answers + excluded.answers")
            self._tables.run(
                "INSERT INTO told_minutes VALUES (?, ?, ?) ON CONFLICT (told, minute) "
                "DO UPDATE SET answers = told_minutes.answers + excluded.answers",
                self._number(row),
                now // _MINUTE,
                count.answers,
            )

    def declare(self, declarations: Sequence[Declaration], now: int) -> None:
        """Keep which errors an application declares, seen at `now`."""
        for declaration in declarations:
            self._tables.run(
                "INSERT INTO declared VALUES (?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET "
                "status = excluded.status, message = excluded.message, place = excluded.place, "
                "seen_time = excluded.seen_time",
                *declaration,
                now,
            )

    def take_over(self, origin: str, other: ToldCounts, *, with_declared: bool) -> None:
        """Keep what another store has counted, in place of what was known of it.

        Args:
            origin: The name of the other store.
            other: What stands in it.
            with_declared: Whether what is declared there is taken, too.
        """
        tables, theirs = self._tables, other._tables
        numbers: dict[int, int] = {}
        known = tables.number("SELECT max(last_time) FROM told WHERE origin = ?", origin)
        changed = theirs.run(
            f"SELECT id, {_COLUMNS} FROM told WHERE last_time >= ?",  # noqa: S608 - a constant
            known - _LATE,
        ).fetchall()
        for number, *columns in changed:
            key, count = _read(columns)
            row = self._row(origin, key)
            self._write(row, count, "excluded.answers")
            numbers[number] = self._number(row)
        latest = tables.number(
            "SELECT max(minute) FROM told_minutes JOIN told ON id = told WHERE origin = ?", origin
        )
        for told, minute, answers in theirs.run(
            "SELECT told, minute, answers FROM told_minutes WHERE minute >= ?", latest
        ):
            if told in numbers:
                tables.run(
                    "INSERT INTO told_minutes VALUES (?, ?, ?) ON CONFLICT (told, minute) "
                    "DO UPDATE SET answers = excluded.answers",
                    *(numbers[told], minute, answers),
                )
        if not with_declared:
            return
        for *declaration, seen in theirs.run(
            "SELECT code, status, message, place, seen_time FROM declared"
        ):
            self.declare([Declaration(*declaration)], seen)

    def read(self, span: Span) -> list[Told]:
        """Return what clients were told, the most frequent first; then what they never were.

        Args:
            span: The span of time of the trends.
        """
        with self._tables.told():
            rows = self._tables.run(f"SELECT id, {_COLUMNS} FROM told").fetchall()  # noqa: S608 - a constant
            trends = self._trends(span)
            declared = {
                row[0]: Declaration(*row)
                for row in self._tables.run("SELECT code, status, message, place FROM declared")
            }
        found: dict[Key, Told] = {}
        for number, *columns in rows:
            key, count = _read(columns)
            trend = trends.get(number, (0,) * BARS)
            found[key] = _joined(found.get(key), key, count, trend, declared)
        sent = {key.code for key in found}
        never = [
            Told(code, each.status, "", Kind.DECLARED, 0, "", "", each.message, each.place)
            for code, each in declared.items()
            if code not in sent
        ]
        return sorted((*found.values(), *never), key=_order)

    def sweep(self, now: int, forget: int) -> int:
        """Count what is old by the hour, and let go of what is older; tell how much that was.

        Args:
            now: The time, in microseconds since 1970.
            forget: The time before which a declaration that was not seen since is forgotten.
        """
        run = self._tables.run
        gone = run("DELETE FROM declared WHERE seen_time < ?", forget).rowcount
        old = run(
            "SELECT told, minute, answers FROM told_minutes WHERE minute BETWEEN ? AND ? "
            "AND minute / 60 * 60 != minute LIMIT ?",
            *((now - 2 * _FINE) // _MINUTE, (now - _FINE) // _MINUTE),
            _STEP,
        ).fetchall()
        for told, minute, answers in old:
            run("DELETE FROM told_minutes WHERE told = ? AND minute = ?", told, minute)
            run(
                "INSERT INTO told_minutes VALUES (?, ?, ?) ON CONFLICT (told, minute) "
                "DO UPDATE SET answers = told_minutes.answers + excluded.answers",
                *(told, minute - minute % 60, answers),
            )
        gone += run(
            "DELETE FROM told_minutes WHERE (told, minute) IN "
            "(SELECT told, minute FROM told_minutes WHERE minute < ? LIMIT ?)",
            (now - _COUNTERS) // _MINUTE,
            _STEP,
        ).rowcount
        return gone + len(old)

    def _trends(self, span: Span) -> dict[int, tuple[int, ...]]:
        trends: dict[int, list[int]] = {}
        for told, bar, answers in self._tables.run(
            "SELECT told, (minute - ?) * ? / ? AS bar, sum(answers) FROM told_minutes "
            "WHERE told IN (SELECT id FROM told) AND minute BETWEEN ? AND ? GROUP BY told, bar",
            *(span.first, BARS, span.last - span.first + 1),
            *(span.first, span.last),
        ):
            trends.setdefault(told, [0] * BARS)[bar] = int(answers)  # a Decimal, of PostgreSQL
        return {told: tuple(trend) for told, trend in trends.items()}

    def _knows(self, key: Key) -> bool:
        return self._number(self._row("", key)) > 0

    @staticmethod
    def _row(origin: str, key: Key) -> tuple[object, ...]:
        return (origin, key.code, key.status, key.route, key.kind.value)

    def _number(self, row: tuple[object, ...]) -> int:
        return self._tables.number(
            "SELECT id FROM told WHERE origin = ? AND code = ? AND status = ? AND route = ? "
            "AND kind = ?",
            *row,
        )

    def _write(self, row: tuple[object, ...], count: Count, answers: str) -> None:
        self._tables.run(
            "INSERT INTO told (origin, code, status, route, kind, answers, last_time, reference) "  # noqa: S608 - constants
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (origin, code, status, route, kind) "
            f"DO UPDATE SET answers = {answers}, "
            "last_time = CASE WHEN excluded.last_time > told.last_time THEN excluded.last_time "
            "ELSE told.last_time END, "
            "reference = CASE WHEN excluded.reference = '' THEN told.reference "
            "ELSE excluded.reference END",
            *row,
            *count,
        )


_COLUMNS = "code, status, route, kind, answers, last_time, reference"


def told_by(
    told: Iterable[Told], name: Callable[[Told], str], most: int
) -> list[tuple[str, tuple[int, ...]]]:
    """Return the trends of what was told, added up by a name of each, the greatest first.

    Args:
        told: What clients were told, with its trends.
        name: What is told apart.
        most: How many names there are at the most; the rest is one more, `all others`.
    """
    sums: dict[str, list[int]] = {}
    for each in told:
        if any(each.trend):
            sums[name(each)] = _added(sums.get(name(each)), each.trend)
    ranked = sorted(sums.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    rest = None
    for _, trend in ranked[most:]:
        rest = _added(rest, trend)
    found = [(each, tuple(trend)) for each, trend in ranked[:most]]
    return found if rest is None else [*found, ("all others", tuple(rest))]


def _added(trend: Sequence[int] | None, other: Sequence[int]) -> list[int]:
    return list(other) if trend is None else [a + b for a, b in zip(trend, other, strict=True)]


def _read(columns: Sequence[Any]) -> Row:
    code, status, route, kind, answers, last_time, reference = columns
    return Key(code, status, route, Kind(kind)), Count(answers, last_time, reference)


def _joined(
    before: Told | None,
    key: Key,
    count: Count,
    trend: tuple[int, ...],
    declared: Mapping[str, Declaration],
) -> Told:
    """Return the count of one host together with those of others."""
    answers, last_time, reference = count.answers, moment(count.last_time), count.reference
    if before is not None:
        answers += before.answers
        trend = tuple(_added(before.trend, trend))
        if before.last_time > last_time:
            last_time, reference = before.last_time, before.reference or reference
        else:
            reference = reference or before.reference
    own = declared.get(key.code) if key.kind is Kind.DECLARED else None
    message, place = ("", "") if own is None else (own.message, own.place)
    return Told(*key, answers, last_time, reference, message, place, trend)


def _order(told: Told) -> tuple[int, str, str]:
    return -told.answers, told.code, told.route
