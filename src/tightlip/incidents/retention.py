"""Retention: what of the store is let go, by age, by room, and by what it can still tell."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tightlip.incidents.told import ToldCounts

if TYPE_CHECKING:
    from tightlip.incidents.database import Database

_DAY = 86_400_000_000  # microseconds
_MINUTE = 60_000_000
_COUNTERS = 400  # days for which counts by the minute are kept
_STEP = 500
"""Rows that one transaction lets go, so that whoever wants to write waits for milliseconds."""
_PAGES = 500
_ENDS = 2
_REPORT = ("DELETE FROM closed WHERE incident = ?", "DELETE FROM reports WHERE incident = ?")


@dataclass(frozen=True, slots=True)
class Retention:
    """How much is kept, and for how long.

    Args:
        closed_days: How long the closed part of reports is kept: messages, values, source lines,
            headers, bodies.
        report_days: How long their open part is kept: types, frames, what was withheld and how
            to declare it, the error as it was sent.
        incident_days: How long the summaries are kept; those of the first and the last incident
            of each fault are kept for good, and so are the counts of faults.
        bytes: How large the store may grow. Beyond it, every second of the reports of the fault
            that has the most is let go, then every second summary: the first and the last stay,
            and of what lies between them a sample.
    """

    closed_days: int = 14
    report_days: int = 90
    incident_days: int = 90
    bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value < 1:
                raise ValueError(f"{field.name} = {value!r}: give a whole number from 1")


def sweep(database: Database, retention: Retention, now: int) -> int:
    """Let go of what need not be kept, at most 500 rows; return how many there were.

    It is called again until it returns 0.

    Args:
        database: The store's tables.
        retention: What is kept.
        now: The time, in microseconds since 1970.

    Raises:
        StoreError: The database is locked, full or damaged.
    """
    with database.told():
        gone = (
            _old_closed(database, now - retention.closed_days * _DAY)
            or _old_reports(database, now - retention.report_days * _DAY)
            or _old_incidents(database, now - retention.incident_days * _DAY)
            or _old_counted(database, now - retention.incident_days * _DAY)
            or _old_counters(database, (now - _COUNTERS * _DAY) // _MINUTE)
            or _old_told(database, now, now - retention.incident_days * _DAY)
        )
        if not gone and size(database) > retention.bytes:
            gone = _every_second_report(database) or _every_second_incident(database)
            gone = gone or _oldest_reports(database)
        database.give_back(_PAGES)
    return gone


def size(database: Database) -> int:
    """Return how many bytes of the file are in use."""
    pages = database.number("PRAGMA page_count") - database.number("PRAGMA freelist_count")
    return pages * database.number("PRAGMA page_size")


def _old_closed(database: Database, before: int) -> int:
    with database.transaction():
        return database.run(
            "DELETE FROM closed WHERE incident IN "
            "(SELECT incident FROM closed WHERE time < ? ORDER BY time LIMIT ?)",
            before,
            _STEP,
        ).rowcount


def _old_reports(database: Database, before: int) -> int:
    return _delete_reports(
        database, "SELECT incident FROM reports WHERE time < ? ORDER BY time LIMIT ?", before
    )


def _oldest_reports(database: Database) -> int:
    return _delete_reports(database, "SELECT incident FROM reports ORDER BY time LIMIT ?")


def _old_incidents(database: Database, before: int) -> int:
    return _delete_incidents(
        database,
        "SELECT id FROM incidents AS old WHERE time < ? "
        "AND EXISTS (SELECT 1 FROM incidents WHERE fault = old.fault "
        "AND (time, id) < (old.time, old.id)) "
        "AND EXISTS (SELECT 1 FROM incidents WHERE fault = old.fault "
        "AND (time, id) > (old.time, old.id)) "
        "ORDER BY time LIMIT ?",
        before,
    )


def _old_counted(database: Database, before: int) -> int:
    with database.transaction():
        return database.run(
            "DELETE FROM counted WHERE id IN (SELECT id FROM counted WHERE time < ? LIMIT ?)",
            before,
            _STEP,
        ).rowcount


def _old_counters(database: Database, before: int) -> int:
    with database.transaction():
        return database.run(
            "DELETE FROM counters WHERE (fault, minute) IN "
            "(SELECT fault, minute FROM counters WHERE minute < ? LIMIT ?)",
            before,
            _STEP,
        ).rowcount


def _old_told(database: Database, now: int, before: int) -> int:
    with database.transaction():
        return ToldCounts(database).sweep(now, before)


def _every_second_report(database: Database) -> int:
    fault = _largest(database, "reports")
    return 0 if fault is None else _delete_reports(database, _second_of("reports"), fault)


def _every_second_incident(database: Database) -> int:
    fault = _largest(database, "incidents")
    return 0 if fault is None else _delete_incidents(database, _second_of("incidents"), fault)


def _largest(database: Database, table: str) -> int | None:
    """Return the fault that has the most rows; None if none has more than its first and last."""
    row = database.one(
        f"SELECT fault, count(*) AS rows FROM {table} GROUP BY fault ORDER BY rows DESC LIMIT 1"  # noqa: S608 - a constant
    )
    return None if row is None or row[1] <= _ENDS else int(row[0])


def _second_of(table: str) -> str:
    """Return what selects every second row of a fault, but neither its first nor its last."""
    row = "incident" if table == "reports" else "id"
    return (
        f"SELECT {row} FROM (SELECT {row}, row_number() OVER (ORDER BY time, {row}) AS number, "  # noqa: S608 - a constant
        f"count(*) OVER () AS rows FROM {table} WHERE fault = ?) "
        "WHERE number % 2 = 0 AND number < rows LIMIT ?"
    )


def _delete_reports(database: Database, selected: str, *values: object) -> int:
    return _delete(database, _REPORT, selected, *values)


def _delete_incidents(database: Database, selected: str, *values: object) -> int:
    return _delete(database, (*_REPORT, "DELETE FROM incidents WHERE id = ?"), selected, *values)


def _delete(database: Database, statements: tuple[str, ...], selected: str, *values: object) -> int:
    with database.transaction():
        rows = database.run(selected, *values, _STEP).fetchall()
        for row in rows:
            for statement in statements:
                database.run(statement, *row)
    return len(rows)
