"""Store: the incidents of one directory, in SQLite: what comes in from spools."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time_ns
from typing import Any, NamedTuple

from tightlip.incidents.alerting import Alert, SentAlert, Watch, find_alert, latest_alerts
from tightlip.incidents.database import Database
from tightlip.incidents.entry import Entry
from tightlip.incidents.framing import Damage
from tightlip.incidents.incident import Incident
from tightlip.incidents.metrics import INCIDENTS, MOST_LABELS, OTHER, Key, status_class
from tightlip.incidents.outbox import Outbox, OutletState
from tightlip.incidents.records import Records
from tightlip.incidents.summary import COUNTED
from tightlip.incidents.tally import Tally
from tightlip.incidents.told import Count, Declaration, ToldCounts
from tightlip.incidents.told import Key as ToldKey


class Outgoing(NamedTuple):
    """What a store has more of than somebody else to whom it is sent.

    Attributes:
        rows: The number of each, its summary and its time; the summary as JSON; the two
            compartments of its report, packed, or None.
        counts: Those that were only counted: a number, their summary and time; how many.
    """

    rows: list[tuple[int, dict[str, Any], int, str, bytes | None, bytes | None]]
    counts: list[tuple[int, dict[str, Any], int, int]]


def _told(summary: dict[str, Any]) -> tuple[str, ...]:
    """Return the labels under which an incident is counted."""
    status = summary.get("http.response.status_code")
    return (
        str(summary.get("error.code") or ""),
        status_class(status if type(status) is int else 0),
        str(summary.get("http.route") or ""),
    )


class Store(Records):
    """The incidents of one directory; for one thread at a time. It is a context manager.

    Its methods raise `StoreError` where the database is locked, full or damaged.

    Args:
        path: The database; it is made if it is missing.

    Attributes:
        database: The tables.

    Raises:
        StoreError: It was made by a newer version, or by another program, or cannot be opened.
        DamagedStoreError: It is no database any more.
    """

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        super().__init__(self.database)

    def position(self, spool: str) -> int:
        """Return how many bytes of `spool` have been taken in."""
        with self.database.told():
            return self.database.number("SELECT position FROM spools WHERE name = ?", spool)

    def add(
        self,
        spool: str,
        part: range,
        entries: Sequence[Entry],
        damages: Sequence[Damage] = (),
    ) -> bool:
        """Take in what stands in a part of `spool`, together with the new position.

        Args:
            spool: The name of the spool.
            part: From where to where the entries were read.
            entries: What was read there.
            damages: What could not be read there, with its places in the spool.

        Returns:
            Whether it was taken in; not if somebody else has done so meanwhile.
        """
        run = self.database.run
        with self.database.told(), self.database.transaction():
            if self.position(spool) != part.start:
                return False
            tally, watch = Tally(self.database), Watch(self.database)
            outbox, now = self.outbox, time_ns() // 1000
            latest: dict[int, dict[str, Any]] = {}
            told: Counter[tuple[str, ...]] = Counter()
            for entry in entries:
                fault, row = self._add(entry, tally)
                latest[fault] = entry.summary
                told[_told(entry.summary)] += entry.summary.get(COUNTED, int(row is not None))
                if row is not None:
                    outbox.put(entry.outlets, row, now)
            for labels, value in told.items():
                if value:
                    self._total(INCIDENTS, labels, value)
            watch.note(tally.faults)
            tally.write()
            last_times = {fault: last for fault, (_, _, last) in tally.faults.items()}
            watch.decide(tally.minutes, last_times, latest)
            for start, data in damages:
                run("INSERT OR IGNORE INTO damages VALUES (?, ?, ?)", spool, start, len(data))
            run(
                "INSERT INTO spools VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET position = excluded.position",
                spool,
                part.stop,
            )
        return True

    def forget(self, spool: str) -> None:
        """Forget the position of a spool that is no more."""
        with self.database.told():
            self.database.run("DELETE FROM spools WHERE name = ?", spool)

    @property
    def outbox(self) -> Outbox:
        """What receivers elsewhere have not got yet."""
        return Outbox(self.database)

    def outlets(self) -> tuple[OutletState, ...]:
        """Return how the receivers elsewhere fare."""
        with self.database.told():
            return tuple(self.outbox.states())

    def incident(self, row: int) -> Incident | None:
        """Return the incident of this row, as `find` does."""
        found = self.database.one("SELECT reference FROM incidents WHERE id = ?", row)
        return None if found is None else self.find(str(found[0]))

    def alert(self, number: int) -> Alert | None:
        """Return the alert of this number, or None."""
        with self.database.told():
            return find_alert(self.database, number)

    def alerts(self, limit: int) -> list[SentAlert]:
        """Return the alerts, the latest first."""
        with self.database.told():
            return latest_alerts(self.database, limit)

    def totals(self) -> dict[Key, float]:
        """Return what was counted of all incidents, and by the processes that recorded them."""
        with self.database.told():
            return {
                (name, tuple(json.loads(labels))): value
                for name, labels, value in self.database.run("SELECT * FROM totals")
            }

    def add_totals(self, counted: Mapping[Key, float]) -> None:
        """Add what a process has counted."""
        with self.database.told(), self.database.transaction():
            for (name, labels), value in counted.items():
                self._total(name, labels, value)

    def add_told(
        self, counts: Mapping[ToldKey, Count], declarations: Sequence[Declaration], now: int
    ) -> None:
        """Add what a process has told its clients until `now`, and what it declares."""
        if not counts and not declarations:
            return
        with self.database.told(), self.database.transaction():
            told = ToldCounts(self.database)
            told.add(counts, now)
            told.declare(declarations, now)

    def last_told(self) -> tuple[int, ...]:
        """Return what changes whenever `add_told` has added something."""
        number = self.database.number
        with self.database.told():
            return (
                number("SELECT sum(answers) FROM told"),
                number("SELECT max(seen_time) FROM declared"),
                number("SELECT count(*) FROM declared"),
            )

    def origin(self) -> str:
        """Return the name of this store, which no other has."""
        with self.database.told():
            row = self.database.one("SELECT name FROM origin")
        return "" if row is None else str(row[0])

    def outgoing(self, row: int, counted: int, limit: int) -> Outgoing:
        """Return what was taken in after the rows of these numbers, at most `limit` of each."""
        with self.database.told():
            rows = self.database.run(
                "SELECT id, incidents.time, summary, reports.body, closed.body FROM incidents "
                "LEFT JOIN reports ON reports.incident = id "
                "LEFT JOIN closed ON closed.incident = id WHERE id > ? ORDER BY id LIMIT ?",
                row,
                limit,
            ).fetchall()
            counts = self.database.run(
                "SELECT id, summary, time, incidents FROM counted WHERE id > ? ORDER BY id LIMIT ?",
                counted,
                limit,
            ).fetchall()
        return Outgoing(
            [
                (number, json.loads(summary), time, summary, report, closed)
                for number, time, summary, report, closed in rows
            ],
            [
                (number, json.loads(summary), time, incidents)
                for number, summary, time, incidents in counts
            ],
        )

    def _add(self, entry: Entry, tally: Tally) -> tuple[int, int | None]:
        """Add an entry; return its fault, and the row of its incident, where it is a new one."""
        summary, time = entry.summary, entry.time
        fault = tally.fault(summary, time)
        counted: int | None = summary.get(COUNTED)
        if counted is not None:
            tally.add(fault, time, counted)
            self.database.run(
                "INSERT INTO counted (time, incidents, summary) VALUES (?, ?, ?)",
                time,
                counted,
                entry.text,
            )
            return fault, None
        added = self.database.run(
            "INSERT OR IGNORE INTO incidents (reference, fault, time, summary) VALUES (?, ?, ?, ?)",
            summary["reference"],
            fault,
            time,
            entry.text,
        )
        if not added.rowcount:
            return fault, None  # from a spool that was put back: it has been counted, too
        tally.add(fault, time, 1)
        if entry.report is not None:
            self.database.run(
                "INSERT INTO reports VALUES (?, ?, ?, ?)",
                added.lastrowid,
                fault,
                time,
                entry.report,
            )
            self.database.run(
                "INSERT INTO closed VALUES (?, ?, ?)", added.lastrowid, time, entry.closed
            )
        return fault, added.lastrowid

    def _total(self, name: str, labels: tuple[str, ...], value: float) -> None:
        run, text = self.database.run, json.dumps(labels)
        update = "UPDATE totals SET value = value + ? WHERE name = ? AND labels = ?"
        if run(update, value, name, text).rowcount:
            return
        if self.database.number("SELECT count(*) FROM totals WHERE name = ?", name) >= MOST_LABELS:
            text = json.dumps((*labels[:-1], OTHER))
            if run(update, value, name, text).rowcount:
                return
        run("INSERT INTO totals VALUES (?, ?, ?)", name, text, value)
