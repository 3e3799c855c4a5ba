"""Reading: what the pages show, read from the store with all that was recorded until now."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tightlip.incidents.alerting import SentAlert
from tightlip.incidents.groups import Group, State
from tightlip.incidents.outbox import OutletState
from tightlip.incidents.records import look_up
from tightlip.incidents.reference import ALPHABET, LENGTH, read_reference
from tightlip.incidents.span import Span, span_of
from tightlip.incidents.standard_error import write_line
from tightlip.incidents.told import Kind, Told, told_by

if TYPE_CHECKING:
    from tightlip.incidents.incident import Incident
    from tightlip.incidents.places import Place
    from tightlip.incidents.records import Kept, Records

SPANS = {"1h": 60, "24h": 1440, "7d": 10_080, "30d": 43_200, "1y": 525_600}
"""The spans of time that can be asked for, in minutes."""

USUAL_SPAN = "24h"

_MOST_GROUPS = 200
_MOST_INCIDENTS = 100
_MOST_SERIES = 5
_MOST_ALERTS = 50
_LARGEST_NUMBER = 2**63 - 1  # what both databases can look for


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which groups are asked for.

    Attributes:
        state: Those of this state; without it all but the muted ones.
        text: Those that hold this text.
        since: A key of `SPANS`.
    """

    state: State | None = None
    text: str = ""
    since: str = USUAL_SPAN

    @property
    def span(self) -> Span:
        """The span of time up to now."""
        return span_of(SPANS[self.since], _now())

    @property
    def is_narrow(self) -> bool:
        """Whether some groups are left out, beside the muted ones."""
        return self.state is not None or bool(self.text)


@dataclass(frozen=True, slots=True)
class Overview:
    """All groups that were asked for.

    Attributes:
        groups: The groups.
        states: How many groups there are of each state, whether asked for or not.
        trend: What happened meanwhile; in these groups, where not all were asked for.
    """

    groups: tuple[Group, ...]
    states: dict[State, int]
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One incident.

    Attributes:
        incident: Its record; its summary, where the report was thinned out.
        report: The nearest full report of the same fault, where it has none of its own.
        group: The group that it belongs to.
    """

    incident: Incident
    report: Incident | None
    group: Group | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which errors clients were told, the most frequent first, and which they never were."""

    told: tuple[Told, ...]

    @property
    def of_catalog(self) -> tuple[Told, ...]:
        """Those that are declared."""
        return self._of(Kind.DECLARED)

    @property
    def literal(self) -> tuple[Told, ...]:
        """Those whose words an author wrote where they were raised."""
        return self._of(Kind.LITERAL)

    @property
    def standard(self) -> tuple[Told, ...]:
        """Those that stand where none is declared."""
        return self._of(Kind.STANDARD)

    @property
    def declared(self) -> int:
        """How many errors are declared."""
        return len({each.code for each in self.of_catalog})

    @property
    def sent(self) -> int:
        """How many of them were ever sent."""
        return len({each.code for each in self.of_catalog if each.answers})

    @property
    def by_code(self) -> list[tuple[str, tuple[int, ...]]]:
        """The trend of each of the most frequent codes, and of all others together."""
        return told_by(self.told, lambda each: each.code, _MOST_SERIES)

    @property
    def by_route(self) -> list[tuple[str, tuple[int, ...]]]:
        """The same of routes."""
        return told_by(self.told, lambda each: each.route, _MOST_SERIES)

    def _of(self, kind: Kind) -> tuple[Told, ...]:
        return tuple(each for each in self.told if each.kind is kind)


@dataclass(frozen=True, slots=True)
class Health:
    """How the record itself fares.

    Attributes:
        kept: How much is kept.
        happened: How many incidents happened in all.
        waiting: How many bytes wait in spools.
        bytes: How large the store is.
        outlets: How the receivers elsewhere fare.
        alerts: The last alerts.
    """

    kept: Kept
    happened: int
    waiting: int
    bytes: int
    outlets: tuple[OutletState, ...] = ()
    alerts: tuple[SentAlert, ...] = ()


class Reader:
    """Reads the private record.

    Its methods raise `StoreError` or `OSError` where that cannot be read.

    Args:
        place: Where it is.
        own: Where the page keeps what goes wrong with itself.
    """

    def __init__(self, place: Place, own: Place) -> None:
        self._place = place
        self._own = own

    def overview(self, wanted: Wanted) -> Overview:
        """Return the groups that are asked for."""
        with self._opened() as records:
            groups = records.groups
            found = groups.find(
                state=wanted.state, text=wanted.text, span=wanted.span, limit=_MOST_GROUPS
            )
            trend = groups.trend(wanted.span)
            if wanted.is_narrow:
                trend = tuple(map(sum, zip(*(group.trend for group in found), strict=True)))
            return Overview(tuple(found), groups.states(), trend)

    def group(self, number: int, since: str) -> tuple[Group, list[Incident]] | None:
        """Return a group with its newest incidents, or None."""
        if number > _LARGEST_NUMBER:
            return None
        with self._opened() as records:
            group = records.groups.get(number, span_of(SPANS[since], _now()))
            if group is None:
                return None
            newest = records.newest(_MOST_INCIDENTS, fingerprint=group.fingerprint)
            return group, list(newest)

    def decide(self, number: int, state: State) -> bool:
        """Keep what was decided about a group; tell whether there is such a group."""
        if number > _LARGEST_NUMBER:
            return False
        with self._opened() as records:
            return records.groups.decide(number, state, _now())

    def find(self, reference: str) -> Found | None:
        """Return the incident of a reference as a person writes it, or None.

        One of the page's own is found too, also where the record itself cannot be read.
        """
        sought = read_reference(reference)
        if self._own.is_there():
            with self._own.opened(write_line) as records:
                found = look_up(records.find, sought)
            if found is not None:
                return Found(found.incident, found.report, None)
        with self._opened() as records:
            found = look_up(records.find, sought)
            if found is None:
                return None
            span = span_of(SPANS[USUAL_SPAN], _now())
            group = records.groups.by_fingerprint(found.incident.fingerprint, span)
            return Found(found.incident, found.report, group)

    def coverage(self, since: str) -> Coverage:
        """Return which errors clients were told on which routes, and which they never were."""
        with self._opened() as records:
            return Coverage(tuple(records.told(span_of(SPANS[since], _now()))))

    def health(self) -> Health:
        """Return how the record itself fares."""
        with self._place.measured(write_line) as (records, waiting):
            return Health(
                records.kept(),
                records.count(),
                waiting,
                records.bytes(),
                records.outlets(),
                tuple(records.alerts(_MOST_ALERTS)),
            )

    def _opened(self) -> AbstractContextManager[Records]:
        return self._place.opened(write_line)


def may_be_reference(text: str) -> bool:
    """Tell whether a search may be for a reference; some words could be one, too."""
    read = read_reference(text)
    return len(read) == LENGTH and all(character in ALPHABET for character in read)


def _now() -> int:
    return time.time_ns() // 1000
