from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tightlip.incidents.entry import prepare
from tightlip.incidents.framing import Frame
from tightlip.incidents.packing import PAST_RETENTION
from tightlip.incidents.records import Kept
from tightlip.incidents.retention import Retention, size, sweep
from tightlip.incidents.store import Store
from tightlip.incidents.summary import microseconds, moment

NOW = microseconds("2026-05-01T12:00:00Z")
DAY = 86_400_000_000
DEFAULT = Retention()


@pytest.fixture
def store(directory):
    directory.make()
    with Store(directory.store) as store:
        yield store


@pytest.fixture
def keep(store, summary):
    def put(reference, days_ago, fault="v1:0", report=b"{}"):
        text = summary(reference, moment(NOW - int(days_ago * DAY)), fingerprint=fault)
        entries, _ = prepare([Frame(text, report)])
        start = store.position("spool")
        assert store.add("spool", range(start, start + 1), entries)

    return put


@pytest.fixture
def swept(store):
    def run(retention=DEFAULT):
        total = 0
        while gone := sweep(store.database, retention, NOW):
            assert gone <= 500
            total += gone
        return total

    return run


def references(store):
    return [found.reference for found in store.newest()]


def with_reports(store):
    rows = store.database.run(
        "SELECT reference FROM incidents JOIN reports ON incident = id ORDER BY incidents.time"
    )
    return [reference for (reference,) in rows]


def test_what_is_young_and_has_room_is_kept(store, keep, swept):
    keep("A", 13)
    keep("B", 1)
    assert swept() == 0
    assert store.kept() == Kept(2, 2, 0)


def test_the_closed_part_goes_first_and_the_open_report_stays_and_says_so(store, keep, swept):
    report = b'{"reference":"%s","fingerprint":"v1:0","exception.message":"planted"}'
    for number in range(1200):
        keep(f"OLD{number}", 15, report=report % b"OLD%d" % number)
    keep("YOUNG", 13, report=report % b"YOUNG")
    assert swept() == 1200
    assert store.kept() == Kept(1201, 1201, 0)
    old = store.find("OLD7")
    assert old["closed_part"] == PAST_RETENTION
    assert "planted" not in old.as_json()
    assert store.find("YOUNG")["exception.message"] == "planted"
    assert "closed_part" not in store.find("YOUNG")


def test_reports_go_next_by_age_and_their_summaries_stay(store, keep, swept):
    for days in (89, 60, 31, 29):
        keep(f"D{days}", days)
    assert swept(Retention(report_days=30)) == 7
    assert with_reports(store) == ["D29"]
    assert store.database.number("SELECT count(*) FROM closed") == 0
    assert references(store) == ["D29", "D31", "D60", "D89"]
    assert store.find("D60")["nearest_report"] == "D29"


def test_of_old_summaries_the_first_and_the_last_of_each_fault_stay(store, keep, swept):
    for number, days in enumerate((400, 300, 200, 100)):
        keep(f"A{number}", days)
    keep("B0", 300, "v1:1")
    keep("B1", 200, "v1:1")
    keep("B2", 10, "v1:1")
    swept()
    assert references(store) == ["B2", "A3", "B0", "A0"]
    assert store.count() == 7
    assert {fault.fingerprint: fault.incidents for fault in store.faults()} == {
        "v1:0": 4,
        "v1:1": 3,
    }


def test_counts_by_the_minute_go_after_a_year(store, keep, swept):
    keep("A", 401)
    keep("B", 399)
    swept()
    assert store.database.number("SELECT count(*) FROM counters") == 1


def test_a_budget_is_kept_and_first_and_last_and_a_sample_of_each_fault_stay(store, keep, swept):
    noise = random.Random(1)
    for number in range(300):
        keep(f"MANY{number}", 20 - number / 100, "v1:0", noise.randbytes(4000))
    for number in range(3):
        keep(f"FEW{number}", 10 - number, "v1:1", noise.randbytes(4000))
    budget = 600_000
    assert size(store.database) > 2 * budget
    assert swept(Retention(bytes=budget)) > 0
    assert size(store.database) <= budget
    many = [name for name in with_reports(store) if name.startswith("MANY")]
    assert many[0] == "MANY0"
    assert many[-1] == "MANY299"
    gaps = [int(b[4:]) - int(a[4:]) for a, b in pairwise(many)]
    assert len(many) > 10
    assert max(gaps) < 60
    assert [name for name in with_reports(store) if name.startswith("FEW")] == [
        "FEW0",
        "FEW1",
        "FEW2",
    ]
    assert store.kept().incidents == 303


def test_a_budget_that_reports_alone_cannot_keep_costs_summaries_too(store, keep, swept):
    for number in range(600):
        keep(f"R{number}", 20 - number / 100)
    budget = 200_000
    swept(Retention(bytes=budget))
    assert size(store.database) <= budget
    kept = references(store)
    assert (kept[-1], kept[0]) == ("R0", "R599")
    assert 10 < len(kept) < 600


def test_a_budget_that_nothing_can_keep_ends(store, keep, swept):
    for number in range(5):
        keep(f"R{number}", 20 - number, f"v1:{number}")
    swept(Retention(bytes=1))
    assert store.kept() == Kept(5, 0, 0)


def test_room_goes_back_to_the_disk(store, keep, swept, directory):
    noise = random.Random(1)
    for number in range(200):
        keep(f"R{number}", 40, report=noise.randbytes(8000))
    store.database.run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    before = directory.store.stat().st_size
    swept()
    sweep(store.database, Retention(), NOW)
    store.database.run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert directory.store.stat().st_size < before / 2


@pytest.mark.parametrize("name", ["closed_days", "report_days", "incident_days", "bytes"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "30", True, None])
def test_what_is_no_number_from_one_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} = .*give a whole number from 1"):
        Retention(**{name: value})
