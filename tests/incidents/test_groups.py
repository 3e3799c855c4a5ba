"""Groups: what incidents of one fingerprint have in common, and what was decided."""

from __future__ import annotations

import pytest

from tightlip.incidents.entry import prepare
from tightlip.incidents.framing import Frame
from tightlip.incidents.groups import State
from tightlip.incidents.span import BARS, Span, span_of
from tightlip.incidents.store import Store
from tightlip.incidents.summary import microseconds

NOON = microseconds("2026-05-01T12:00:00Z")


@pytest.fixture
def groups(directory, summary):
    """Groups of three incidents of one fault, and of one of another."""
    directory.make()
    told = {"http.request.method": "GET", "http.route": "/prices"}
    entries, _ = prepare(
        [
            Frame(summary("AAAAAAAAAAAA", "2026-05-01T11:00:00Z", **told), b""),
            Frame(summary("BBBBBBBBBBBB", "2026-05-01T11:59:30Z", **told), b""),
            Frame(summary("CCCCCCCCCCCC", "2026-05-01T11:59:40Z", **told), b""),
            Frame(summary("DDDDDDDDDDDD", "2026-05-01T11:30:00Z", fingerprint="v1:1"), b""),
        ]
    )
    with Store(directory.store) as store:
        assert store.add("spool", range(1), entries)
        yield store.groups


def test_the_last_seen_comes_first_with_its_newest_incident(groups):
    found = groups.find(span=span_of(1440, NOON), limit=10)
    assert [(group.fingerprint, group.incidents) for group in found] == [("v1:0", 3), ("v1:1", 1)]
    assert found[0].reference == "CCCCCCCCCCCC"
    assert found[0].first_time == "2026-05-01T11:00:00.000000Z"
    assert [group.fingerprint for group in groups.find(span=span_of(1440, NOON), limit=1)] == [
        "v1:0"
    ]


def test_a_trend_counts_in_equal_parts_of_the_span(groups):
    span = span_of(96, NOON)
    (first, _) = groups.find(span=span, limit=10)
    assert len(first.trend) == BARS
    assert {number: count for number, count in enumerate(first.trend) if count} == {17: 1, 47: 2}
    assert sum(groups.trend(span)) == 4


def test_what_was_seen_before_the_span_is_left_out(groups):
    assert [group.fingerprint for group in groups.find(span=span_of(10, NOON), limit=10)] == [
        "v1:0"
    ]
    assert sum(groups.trend(span_of(10, NOON))) == 2


@pytest.mark.parametrize("minutes", [1, 47, 48, 60, 1440, 525_600])
def test_every_minute_of_a_span_has_a_part(minutes):
    span = span_of(minutes, NOON)
    assert span.last - span.first + 1 == minutes
    assert span.bar(span.first) == 0
    assert span.bar(span.last) < BARS
    assert span == Span(span.first, NOON // 60_000_000)


def test_a_resolved_group_regresses_with_the_next_incident_alone(groups):
    span = span_of(1440, NOON)
    number = groups.by_fingerprint("v1:0", span).number
    assert groups.decide(number, State.RESOLVED, NOON)
    assert groups.get(number, span).state is State.RESOLVED
    assert groups.decide(number, State.RESOLVED, microseconds("2026-05-01T11:59:35Z"))
    assert groups.get(number, span).state is State.REGRESSED
    assert groups.states() == {
        State.OPEN: 1,
        State.RESOLVED: 0,
        State.MUTED: 0,
        State.REGRESSED: 1,
    }


def test_nobody_decides_that_a_group_regresses(groups):
    with pytest.raises(ValueError, match="by itself"):
        groups.decide(1, State.REGRESSED, NOON)
    assert not groups.decide(99, State.MUTED, NOON)


@pytest.mark.parametrize(
    ("text", "found"), [("VALUE", 2), ("v1:0", 1), ("%", 0), ("_", 0), ("!", 0), ("'", 0)]
)
def test_a_text_is_looked_for_as_it_stands(groups, text, found):
    assert len(groups.find(text=text, span=span_of(1440, NOON), limit=10)) == found
