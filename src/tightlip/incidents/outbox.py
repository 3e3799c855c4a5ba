"""Outbox: what receivers elsewhere have not got yet, kept in the store until they have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from tightlip.incidents.encoding import JSON
from tightlip.incidents.outlet import Outlet, Takes
from tightlip.incidents.summary import moment

if TYPE_CHECKING:
    from tightlip.incidents.database import Database

_DAY = 86_400_000_000  # microseconds
KEPT_DAYS = 7
"""How long something waits for a receiver, and an outlet for a process that has it."""


class Waiting(NamedTuple):
    """Something that a receiver has not got yet.

    Attributes:
        item: The number of the incident, or of the alert.
        tries: How often it was tried.
        time: Since when it waits, in microseconds since 1970.
    """

    item: int
    tries: int
    time: int


@dataclass(frozen=True, slots=True)
class OutletState:
    """How a receiver fares.

    Attributes:
        name: The name of its outlet.
        takes: What it is given.
        waiting: How much waits for it.
        delivered: How much it has got.
        dropped: How much it will not get.
        delivered_time: When it got something last (RFC 3339); empty if never.
        fault: What went wrong last; empty if that was mended since.
    """

    name: str
    takes: Takes
    waiting: int
    delivered: int
    dropped: int
    delivered_time: str
    fault: str

    def as_dict(self) -> dict[str, JSON]:
        """Return it as JSON values."""
        return {**asdict(self), "takes": self.takes.value}


class Outbox:
    """Reads and writes what waits; its methods raise what `sqlite3` does.

    Args:
        database: The store's tables.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, int] = {}

    def open(self, outlet: Outlet, now: int) -> int:
        """Make `outlet` known to the store, at `now`, and return its number there.

        What has waited too long is let go, and so are outlets that no process has any more.
        """
        run = self._database.run
        with self._database.transaction():
            number = self._number(outlet.name, outlet.takes, now)
            run(
                "UPDATE outlets SET seen_time = ?, settings = ? WHERE id = ?",
                now,
                outlet.settings,
                number,
            )
            oldest = now - KEPT_DAYS * _DAY
            old = run("DELETE FROM outbox WHERE outlet = ? AND time < ?", number, oldest)
            if old.rowcount:
                run("UPDATE outlets SET dropped = dropped + ? WHERE id = ?", old.rowcount, number)
            for (gone,) in run("SELECT id FROM outlets WHERE seen_time < ?", oldest).fetchall():
                run("DELETE FROM outbox WHERE outlet = ?", gone)
                run("DELETE FROM outlets WHERE id = ?", gone)
        return number

    def put(self, names: Iterable[str], item: int, now: int) -> None:
        """Have an incident wait for the outlets of these names; within a transaction."""
        for name in names:
            self.put_for(self._number(name, Takes.INCIDENTS, now), item, now)

    def put_for(self, number: int, item: int, now: int) -> None:
        """Have something wait for the outlet of this number; within a transaction."""
        self._database.run("INSERT INTO outbox VALUES (?, 0, ?, ?)", number, item, now)

    def next(self, number: int, most: int) -> list[Waiting]:
        """Return what is to be sent next: what was tried before comes last, and alone."""
        rows = [
            Waiting(item, tries, time)
            for item, tries, time in self._database.run(
                "SELECT item, tries, time FROM outbox WHERE outlet = ? "
                "ORDER BY outlet, tries, item LIMIT ?",
                number,
                most,
            )
        ]
        if rows and rows[0].tries:
            return rows[:1]
        return [row for row in rows if not row.tries]

    def delivered(self, number: int, waiting: Sequence[Waiting], now: int) -> None:
        """Know that a receiver has got something."""
        run = self._database.run
        with self._database.transaction():
            self._remove(number, waiting)
            run(
                "UPDATE outlets SET delivered = delivered + ?, delivered_time = ?, fault = '' "
                "WHERE id = ?",
                len(waiting),
                now,
                number,
            )
            for item, _, _ in waiting:
                run(
                    "UPDATE alerts SET sent_time = ? WHERE id = ? AND outlet = ?", now, item, number
                )

    def dropped(self, number: int, waiting: Sequence[Waiting], fault: str) -> None:
        """Know that a receiver will not get something, and why."""
        with self._database.transaction():
            self._remove(number, waiting)
            self._database.run(
                "UPDATE outlets SET dropped = dropped + ?, fault = ? WHERE id = ?",
                len(waiting),
                fault,
                number,
            )

    def failed(self, number: int, waiting: Sequence[Waiting], fault: str) -> None:
        """Put what was not taken behind all that was tried less often."""
        run = self._database.run
        with self._database.transaction():
            for item, tries, _ in waiting:
                run(
                    "UPDATE outbox SET tries = tries + 1 "
                    "WHERE outlet = ? AND tries = ? AND item = ?",
                    number,
                    tries,
                    item,
                )
            run("UPDATE outlets SET fault = ? WHERE id = ?", fault, number)

    def states(self) -> list[OutletState]:
        """Return how the receivers fare, by their names."""
        return [
            OutletState(name, Takes(takes), waiting, done, lost, moment(at) if at else "", fault)
            for name, takes, waiting, done, lost, at, fault in self._database.run(
                "SELECT name, takes, (SELECT count(*) FROM outbox WHERE outlet = outlets.id), "
                "delivered, dropped, delivered_time, fault FROM outlets ORDER BY name"
            )
        ]

    def _remove(self, number: int, waiting: Sequence[Waiting]) -> None:
        for item, tries, _ in waiting:
            self._database.run(
                "DELETE FROM outbox WHERE outlet = ? AND tries = ? AND item = ?",
                number,
                tries,
                item,
            )

    def _number(self, name: str, takes: Takes, now: int) -> int:
        number = self._numbers.get(name)
        if number is None:
            self._database.run(
                "INSERT INTO outlets (name, takes, seen_time) VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO NOTHING",
                name,
                takes.value,
                now,
            )
            number = self._database.number("SELECT id FROM outlets WHERE name = ?", name)
            self._numbers[name] = number
        return number
