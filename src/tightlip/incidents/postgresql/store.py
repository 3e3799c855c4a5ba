"""Store: the incidents of several hosts, in partitions of a day each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from tightlip.incidents.postgresql.address import Address
from tightlip.incidents.postgresql.tables import PostgresqlTables, is_there
from tightlip.incidents.records import Records
from tightlip.incidents.retention import Retention
from tightlip.incidents.store import Outgoing
from tightlip.incidents.tally import Tally
from tightlip.incidents.told import ToldCounts

_DAY = 86_400_000_000  # microseconds
_MINUTE = 60_000_000
_AHEAD = 3  # days for which there are partitions in advance
_COUNTERS = 400  # days for which counts by the minute are kept
_STEP = 5000
_EPOCH = date(1970, 1, 1)
_PARTITIONED = ("incidents", "reports", "closed")

_INCOMING = (
    "CREATE TEMPORARY TABLE incoming (number bigint, reference text, fault bigint, time bigint, "
    "summary text, report bytea, closed bytea) ON COMMIT DROP"
)
_TAKE_IN = """
WITH added AS (
    INSERT INTO incidents
    SELECT nextval('numbers'), reference, fault, time, summary
    FROM (SELECT * FROM incoming ORDER BY number OFFSET 0) AS ordered
    ON CONFLICT (reference, time) DO NOTHING
    RETURNING id, reference, fault, time
), with_report AS (
    INSERT INTO reports
    SELECT id, added.fault, added.time, report FROM added JOIN incoming USING (reference)
    WHERE report IS NOT NULL
), with_closed AS (
    INSERT INTO closed
    SELECT id, added.time, closed FROM added JOIN incoming USING (reference)
    WHERE closed IS NOT NULL
)
SELECT fault, time FROM added
"""


class PostgresqlStore(Records):
    """The incidents of several hosts; for one thread at a time. It is a context manager.

    Its methods raise `StoreError` where the database cannot be used.

    Args:
        address: Where the database is; the tables are made if they are missing.
    """

    def __init__(self, address: Address) -> None:
        self.database = PostgresqlTables(address)
        super().__init__(self.database)
        self._days: set[int] = set()

    def take_in(
        self, origin: str, read: Callable[[int, int], Outgoing], *, with_closed: bool, now: int
    ) -> int:
        """Take in what a directory has more of, together with how far it has come.

        One that comes again is known by its reference, and neither kept nor counted twice.

        Args:
            origin: The name of the directory's store.
            read: Returns what it has after the given rows.
            with_closed: Whether the closed part is kept here, too.
            now: The time, in microseconds since 1970.

        Returns:
            How much was read; 0 where there is nothing more.
        """
        run, one = self.database.run, self.database.one
        with self.database.told(), self.database.transaction():
            run("INSERT INTO origins (name) VALUES (?) ON CONFLICT DO NOTHING", origin)
            row = one("SELECT position, counted FROM origins WHERE name = ?", origin)
            assert row is not None
            outgoing = read(*row)
            if not outgoing.rows and not outgoing.counts:
                return 0
            days = {time // _DAY for _, _, time, *_ in outgoing.rows}
            self._make_days(days | set(range(now // _DAY, now // _DAY + _AHEAD)))
            tally = Tally(self.database)
            run(_INCOMING)
            rows = list(_incoming(outgoing.rows, tally, with_closed=with_closed))
            self.database.copy("COPY incoming FROM STDIN", rows)
            for fault, time in run(_TAKE_IN):
                tally.add(fault, time, 1)
            for _, summary, time, incidents in outgoing.counts:
                tally.add(tally.fault(summary, time), time, incidents)
            tally.write()
            run(
                "UPDATE origins SET position = ?, counted = ? WHERE name = ?",
                outgoing.rows[-1][0] if outgoing.rows else row[0],
                outgoing.counts[-1][0] if outgoing.counts else row[1],
                origin,
            )
        return len(outgoing.rows) + len(outgoing.counts)

    def take_told(self, origin: str, told: ToldCounts, *, with_declared: bool) -> None:
        """Take in what a directory's clients were told, in place of what was known of it.

        Args:
            origin: The name of the directory's store.
            told: What stands in it.
            with_declared: Whether what is declared there is taken, too.
        """
        with self.database.told(), self.database.transaction():
            ToldCounts(self.database).take_over(origin, told, with_declared=with_declared)

    def sweep(self, retention: Retention, now: int) -> bool:
        """Let go of one partition, or of some counts, that need not be kept; tell whether it did.

        Args:
            retention: What is kept; its `bytes` do not count here.
            now: The time, in microseconds since 1970.
        """
        incidents = retention.incident_days
        reports = min(incidents, retention.report_days)
        closed = min(reports, retention.closed_days)
        with self.database.told(), self.database.transaction():
            self.database.run("SET LOCAL lock_timeout = '2s'")
            self._make_days(set(range(now // _DAY, now // _DAY + _AHEAD)))
            for table, days in zip(_PARTITIONED, (incidents, reports, closed), strict=True):
                for day in self._partitions(table):
                    if (day + 1) * _DAY <= now - days * _DAY:
                        self.database.run(f"DROP TABLE {_partition(table, day)}")
                        self._days.discard(day)
                        return True
            gone = self.database.run(
                "DELETE FROM counters WHERE ctid = ANY (ARRAY ("
                "SELECT ctid FROM counters WHERE minute < ? LIMIT ?))",
                (now - _COUNTERS * _DAY) // _MINUTE,
                _STEP,
            )
            told = ToldCounts(self.database).sweep(now, now - incidents * _DAY)
            return gone.rowcount + told > 0

    def _make_days(self, days: set[int]) -> None:
        """Make the partitions of these days, as far as they are missing."""
        for day in sorted(days - self._days):
            for table in _PARTITIONED:
                self.database.run(
                    f"CREATE TABLE IF NOT EXISTS {_partition(table, day)} PARTITION OF {table} "
                    f"FOR VALUES FROM ({day * _DAY}) TO ({(day + 1) * _DAY})"
                )
        self._days |= days

    def _partitions(self, table: str) -> list[int]:
        """Return the days of which a table has a partition, the oldest first."""
        names = self.database.run(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid "
            "WHERE inhparent = to_regclass(?) ORDER BY relname",
            table,
        ).fetchall()
        return [(date.fromisoformat(name[len(table) + 1 :]) - _EPOCH).days for (name,) in names]


class PostgresqlPlace:
    """A database to which several hosts send what they have recorded.

    Args:
        url: Its address.

    Raises:
        ValueError: It is none.
    """

    def __init__(self, url: str) -> None:
        self._address = Address(url)

    @property
    def name(self) -> str:
        """The address without the password."""
        return self._address.name

    def is_there(self) -> bool:
        """Tell whether anything was ever sent there."""
        return is_there(self._address)

    @contextmanager
    def opened(self, tell: Callable[[str], object]) -> Iterator[Records]:  # noqa: ARG002 - nothing is met here that a host has not told
        """Open it; see `Place`."""
        with PostgresqlStore(self._address) as store:
            yield store

    def looks(self, tell: Callable[[str], object]) -> Iterator[Records]:
        """Open it once; see `Place`."""
        with self.opened(tell) as records:
            while True:
                yield records

    @contextmanager
    def measured(self, tell: Callable[[str], object]) -> Iterator[tuple[Records, int]]:
        """Open it; what waits, waits at the hosts; see `Place`."""
        with self.opened(tell) as records:
            yield records, 0


def _incoming(
    rows: Sequence[tuple[Any, ...]], tally: Tally, *, with_closed: bool
) -> Iterator[tuple[object, ...]]:
    for number, fields, time, summary, report, closed in rows:
        kept = closed if with_closed or closed is None else b""
        yield number, fields["reference"], tally.fault(fields, time), time, summary, report, kept


def _partition(table: str, day: int) -> str:
    return f'"{table}_{_EPOCH + timedelta(days=day)}"'
