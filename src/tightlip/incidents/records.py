"""Records: what a store tells, whichever database holds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple, Self

from tightlip.incidents.alerting import SentAlert
from tightlip.incidents.encoding import JSON
from tightlip.incidents.groups import FAULT, Fault, Groups, fault_of
from tightlip.incidents.incident import Incident
from tightlip.incidents.outbox import OutletState
from tightlip.incidents.packing import unpack
from tightlip.incidents.span import Span
from tightlip.incidents.summary import NEAREST_REPORT
from tightlip.incidents.tables import EVERY, Tables
from tightlip.incidents.told import Told, ToldCounts


class Kept(NamedTuple):
    """How much a store holds: incidents, full reports, and places of spools without any."""

    incidents: int
    reports: int
    damages: int


class Found(NamedTuple):
    """One incident.

    Attributes:
        incident: Its record; its summary, where the report was thinned out.
        report: The nearest full report of the same fault, where it has none of its own.
    """

    incident: Incident
    report: Incident | None


def look_up(find: Callable[[str], Incident | None], reference: str) -> Found | None:
    """Return the incident that `find` knows under `reference`, with the nearest report."""
    incident = find(reference)
    if incident is None:
        return None
    nearest = incident.get(NEAREST_REPORT)
    return Found(incident, find(nearest) if isinstance(nearest, str) else None)


def leads_on(incident: Incident, report: Incident) -> str:
    """Return the sentence that stands between a summary and the report that it leads to."""
    return (
        f"{incident.reference} was one of many alike, and has no report of its own. What follows "
        "is that of another incident, with another answer, request and values. The nearest report "
        f"of the same fault is {report.reference}:"
    )


class Records:
    """What is kept, to read; for one thread at a time. It is a context manager.

    Its methods raise `StoreError` where the database cannot be used.

    Args:
        tables: The store.

    Attributes:
        groups: The incidents of each fault, with what was decided about them.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.groups = Groups(tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._tables.close()

    def find(self, reference: str) -> Incident | None:
        """Return the incident of `reference`, or None.

        Where its report was thinned out, it is its summary, and under `nearest_report` stands
        the reference of the same fault's report that is nearest in time. Where its closed part
        is gone or cannot be read, `closed_part` says so.
        """
        with self._tables.told():
            row = self._tables.one(
                "SELECT incidents.fault, incidents.time, summary, reports.body, closed.body "
                "FROM incidents "
                "LEFT JOIN reports ON reports.incident = id AND reports.time = incidents.time "
                "LEFT JOIN closed ON closed.incident = id AND closed.time = incidents.time "
                "WHERE reference = ?",
                reference,
            )
            if row is None:
                return None
            fault, time, summary, report, closed = row
            if report is not None:
                return unpack(summary, report, closed)
            fields: dict[str, JSON] = json.loads(summary)
            nearest = self._nearest(fields.pop(NEAREST_REPORT, None), fault, time)
            if nearest is not None:
                fields[NEAREST_REPORT] = nearest
            return Incident(fields)

    def newest(
        self, limit: int | None = None, *, fingerprint: str | None = None
    ) -> Iterator[Incident]:
        """Yield the summaries of incidents, the newest first.

        Args:
            limit: How many at the most; None for all.
            fingerprint: Only those of this fault.
        """
        of_fault, values = "", []
        if fingerprint is not None:
            of_fault = "WHERE fault = (SELECT id FROM faults WHERE fingerprint = ?) "
            values.append(fingerprint)
        with self._tables.told():
            for (summary,) in self._tables.run(
                f"SELECT summary FROM incidents {of_fault}ORDER BY time DESC, id DESC LIMIT ?",  # noqa: S608 - a constant
                *values,
                EVERY if limit is None else limit,
            ):
                yield Incident(json.loads(summary))

    def last_row(self) -> int:
        """Return the number of the row that was taken in last; 0 if there is none."""
        with self._tables.told():
            return self._tables.number("SELECT max(id) FROM incidents")

    def after(self, row: int) -> list[tuple[int, Incident]]:
        """Return what was taken in after the row of this number, in that order."""
        with self._tables.told():
            return [
                (number, Incident(json.loads(summary)))
                for number, summary in self._tables.run(
                    "SELECT id, summary FROM incidents WHERE id > ? ORDER BY id", row
                )
            ]

    def count(self) -> int:
        """Return how many incidents happened, those included that are kept no more."""
        with self._tables.told():
            return self._tables.number("SELECT sum(incidents) FROM faults")

    def kept(self) -> Kept:
        """Return how much is kept."""
        number = self._tables.number
        with self._tables.told():
            return Kept(
                number("SELECT count(*) FROM incidents"),
                number("SELECT count(*) FROM reports"),
                number("SELECT count(*) FROM damages"),
            )

    def bytes(self) -> int:
        """Return how much room it takes."""
        with self._tables.told():
            return self._tables.bytes()

    def outlets(self) -> tuple[OutletState, ...]:
        """Return how the receivers fare that get incidents from here."""
        return ()

    def alerts(self, limit: int) -> list[SentAlert]:  # noqa: ARG002 - whoever has some, says so
        """Return the alerts that were made here, the latest first."""
        return []

    def faults(self, limit: int | None = None) -> list[Fault]:
        """Return the faults, the one that was last seen first."""
        with self._tables.told():
            rows = self._tables.run(
                f"SELECT {FAULT} FROM faults ORDER BY last_time DESC, id DESC LIMIT ?",  # noqa: S608 - a constant
                EVERY if limit is None else limit,
            ).fetchall()
        return [fault_of(row) for row in rows]

    def told(self, span: Span) -> list[Told]:
        """Return what clients were told, and what is declared and they never were.

        Args:
            span: The span of time of the trends.
        """
        return ToldCounts(self._tables).read(span)

    def _nearest(self, named: object, fault: int, time: int) -> str | None:
        """Return the reference of the report that was named, if it is kept, or of the nearest."""
        row = self._tables.one(
            "SELECT reference FROM incidents JOIN reports "
            "ON incident = id AND reports.time = incidents.time WHERE reference = ?",
            named if isinstance(named, str) else "",
        ) or self._tables.one(
            "SELECT reference FROM ("
            "SELECT * FROM (SELECT incident, time FROM reports WHERE fault = ? AND time <= ? "
            "ORDER BY time DESC LIMIT 1) AS before UNION ALL "
            "SELECT * FROM (SELECT incident, time FROM reports WHERE fault = ? AND time > ? "
            "ORDER BY time LIMIT 1) AS later) AS near "
            "JOIN incidents ON id = near.incident AND incidents.time = near.time "
            "ORDER BY abs(near.time - ?) LIMIT 1",
            *(fault, time, fault, time, time),
        )
        return None if row is None else str(row[0])
