"""Alerting: what deserves to be known at once, decided as incidents are taken in, each once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.outbox import Outbox
from tightlip.incidents.outlet import Takes
from tightlip.incidents.summary import KEYS, moment

if TYPE_CHECKING:
    from tightlip.incidents.database import Database

_MINUTE = 60_000_000
_USUAL_OF = 60
"""Minutes before a spike, over which the usual number is the mean."""
_QUIET = 60 * _MINUTE
"""After a spike, for so long no other one of its fault is told."""
_KEPT = 1000


class Occasion(StrEnum):
    """Why there is an alert."""

    NEW = "new"
    """A fault that was never seen before."""
    REGRESSION = "regression"
    """A fault that somebody had resolved was seen again."""
    SPIKE = "spike"
    """A fault happens far more often than it usually does."""


class Alert(NamedTuple):
    """An alert, as a receiver gets it.

    Attributes:
        identity: The same each time that it is sent.
        document: The alert as JSON in one line of ASCII: open words only.
    """

    identity: str
    document: str


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert, as the page shows it.

    Attributes:
        occasion: Why it was made.
        outlet: Whom it is for.
        time: When its incident happened (RFC 3339).
        sent_time: When the receiver got it; empty if it has not.
        fingerprint: Of the fault.
        type: The class of the exception, or the status of the answer.
        place: The function that failed, where one is known.
        group: The number of the fault's group.
        reference: Of one incident; empty if none was kept.
    """

    occasion: Occasion
    outlet: str
    time: str
    sent_time: str
    fingerprint: str
    type: str
    place: str
    group: int
    reference: str


class _Before(NamedTuple):
    """A fault, before what was just read is counted."""

    fingerprint: str
    type: str
    place: str
    state: str
    state_time: int
    last_time: int
    incidents: int


class Watch:
    """Watches one transaction that takes incidents in; without outlets for alerts it does nothing.

    Args:
        database: The store's tables.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outlets: list[tuple[int, dict[str, Any]]] = [
            (number, json.loads(settings))
            for number, settings in database.run(
                "SELECT id, settings FROM outlets WHERE takes = ?", Takes.ALERTS.value
            )
        ]
        self._before: dict[int, _Before] = {}

    def note(self, faults: Iterable[int]) -> None:
        """Remember how these faults stood."""
        if not self._outlets:
            return
        for fault in faults:
            row = self._database.one(
                "SELECT fingerprint, type, place, state, state_time, last_time, incidents "
                "FROM faults WHERE id = ?",
                fault,
            )
            if row is not None:
                self._before[fault] = _Before(*row)

    def decide(
        self,
        minutes: Mapping[tuple[int, int], int],
        last_times: Mapping[int, int],
        latest: Mapping[int, Mapping[str, Any]],
    ) -> None:
        """Make the alerts, once all is counted.

        Args:
            minutes: What was counted of each fault in each minute.
            last_times: When each fault was seen last.
            latest: The summary of one incident of each fault.
        """
        for fault, before in self._before.items():
            if before.state == "muted":
                continue
            time = last_times[fault]
            occasions: list[tuple[Occasion, dict[str, JSON]]] = []
            if not before.incidents:
                occasions.append((Occasion.NEW, {}))
            elif before.state == "resolved" and before.last_time <= before.state_time < time:
                occasions.append((Occasion.REGRESSION, {"resolved": moment(before.state_time)}))
            counted = [minute for number, minute in minutes if number == fault]
            for number, settings in self._outlets:
                spike = self._spike(number, settings, fault, max(counted))
                told = [*occasions, (Occasion.SPIKE, spike)] if spike else occasions
                for occasion, facts in told:
                    if occasion in settings["occasions"]:
                        self._make(number, occasion, (fault, time), facts, latest.get(fault, {}))

    def _spike(
        self, number: int, settings: dict[str, Any], fault: int, minute: int
    ) -> dict[str, JSON]:
        """Return what tells of a spike; nothing where there is none, or it was told already."""
        now = self._count(fault, minute, minute)
        if now < settings["spike_from"]:
            return {}
        usual = self._count(fault, minute - _USUAL_OF, minute - 1) / _USUAL_OF
        if now < usual * settings["spike_times"] or self._database.one(
            "SELECT 1 FROM alerts WHERE fault = ? AND outlet = ? AND occasion = ? AND time > ?",
            fault,
            number,
            Occasion.SPIKE.value,
            minute * _MINUTE - _QUIET,
        ):
            return {}
        return {"minute": moment(minute * _MINUTE), "in_minute": now, "usual": round(usual, 2)}

    def _count(self, fault: int, first: int, last: int) -> int:
        return self._database.number(
            "SELECT sum(incidents) FROM counters WHERE fault = ? AND minute BETWEEN ? AND ?",
            fault,
            first,
            last,
        )

    def _make(
        self,
        number: int,
        occasion: Occasion,
        seen: tuple[int, int],
        facts: dict[str, JSON],
        latest: Mapping[str, Any],
    ) -> None:
        fault, time = seen
        before = self._before[fault]
        identity = sha256(f"{occasion} {before.fingerprint} {time}".encode()).hexdigest()[:24]
        document = encode(
            {
                "schema_version": 1,
                "id": f"alert_{identity}",
                "alert": occasion.value,
                "time": moment(time),
                "fingerprint": before.fingerprint,
                "type": before.type,
                "place": before.place,
                "incidents": self._database.number(
                    "SELECT incidents FROM faults WHERE id = ?", fault
                ),
                **facts,
                "incident": {key: latest[key] for key in KEYS if latest.get(key)},
            }
        )
        made = self._database.run(
            "INSERT INTO alerts (outlet, fault, occasion, time, sent_time, document) "
            "VALUES (?, ?, ?, ?, 0, ?)",
            number,
            fault,
            occasion.value,
            time,
            document,
        )
        item = made.lastrowid or 0
        Outbox(self._database).put_for(number, item, time_ns() // 1000)
        self._database.run("DELETE FROM alerts WHERE id <= ?", item - _KEPT)


def find_alert(database: Database, number: int) -> Alert | None:
    """Return the alert of this number, or None."""
    row = database.one("SELECT document FROM alerts WHERE id = ?", number)
    return None if row is None else Alert(str(json.loads(row[0])["id"]), str(row[0]))


def latest_alerts(database: Database, limit: int) -> list[SentAlert]:
    """Return the last alerts, the newest first.

    Raises:
        StoreError: The database is locked or damaged.
    """
    with database.told():
        return [
            SentAlert(
                Occasion(occasion),
                outlet,
                moment(time),
                moment(sent) if sent else "",
                fingerprint,
                kind,
                place,
                group,
                str(json.loads(document)["incident"].get("reference", "")),
            )
            for occasion, outlet, time, sent, fingerprint, kind, place, group, document in (
                database.run(
                    "SELECT occasion, outlets.name, alerts.time, sent_time, fingerprint, type, "
                    "place, faults.id, document FROM alerts "
                    "JOIN outlets ON outlets.id = alerts.outlet "
                    "JOIN faults ON faults.id = alerts.fault ORDER BY alerts.id DESC LIMIT ?",
                    limit,
                )
            )
        ]
