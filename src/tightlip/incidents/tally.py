"""Tally: counts what comes into a store in one transaction, so that each count is written once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tightlip.incidents.tables import Tables

_MINUTE = 60_000_000


class Tally:
    """The counts of one transaction.

    Args:
        tables: The store.

    Attributes:
        faults: Of each fault, how many there are, and when the first and the last of them was.
        minutes: How many there are of each fault in each minute.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._known: dict[str, int] = {}
        self.faults: dict[int, tuple[int, int, int]] = {}
        self.minutes: Counter[tuple[int, int]] = Counter()

    def fault(self, summary: dict[str, Any], time: int) -> int:
        """Return the number of the fault of `summary`; a new one has no incidents yet."""
        fingerprint: str = summary["fingerprint"]
        number = self._known.get(fingerprint)
        if number is None:
            self._tables.run(
                "INSERT INTO faults (fingerprint, type, place, incidents, first_time, last_time) "
                "VALUES (?, ?, ?, 0, ?, ?) ON CONFLICT (fingerprint) DO NOTHING",
                fingerprint,
                str(summary.get("exception.type") or summary.get("error.type") or ""),
                _place(summary),
                time,
                time,
            )
            number = self._tables.number("SELECT id FROM faults WHERE fingerprint = ?", fingerprint)
            self._known[fingerprint] = number
        return number

    def add(self, fault: int, time: int, incidents: int) -> None:
        """Count incidents of a fault at `time`, in microseconds since 1970."""
        before, first, last = self.faults.get(fault, (0, time, time))
        self.faults[fault] = before + incidents, min(first, time), max(last, time)
        self.minutes[fault, time // _MINUTE] += incidents

    def write(self) -> None:
        """Add the counts to those of the store."""
        for fault, (incidents, first, last) in self.faults.items():
            self._tables.run(
                "UPDATE faults SET incidents = incidents + ?, "
                "first_time = CASE WHEN first_time > ? THEN ? ELSE first_time END, "
                "last_time = CASE WHEN last_time < ? THEN ? ELSE last_time END WHERE id = ?",
                incidents,
                *(first, first, last, last),
                fault,
            )
        for (fault, minute), incidents in self.minutes.items():
            self._tables.run(
                "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (fault, minute) "
                "DO UPDATE SET incidents = counters.incidents + excluded.incidents",
                fault,
                minute,
                incidents,
            )


def _place(summary: dict[str, Any]) -> str:
    """Return where a fault is: the function that failed, or, without an exception, the route."""
    if "exception.type" in summary:
        return str(summary.get("code.function.name") or "")
    where = [summary.get("http.request.method"), summary.get("http.route")]
    return " ".join(str(part) for part in where if part) if where[1] else ""
