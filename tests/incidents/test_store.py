from __future__ import annotations

import sqlite3
import stat

import pytest
from zstandard import ZstdCompressor

from tightlip.incidents import migrations
from tightlip.incidents.database import DamagedStoreError
from tightlip.incidents.entry import prepare
from tightlip.incidents.framing import Damage, Frame
from tightlip.incidents.packing import PAST_RETENTION, UNREADABLE
from tightlip.incidents.records import Kept
from tightlip.incidents.span import BARS, span_of
from tightlip.incidents.store import Store
from tightlip.incidents.summary import microseconds
from tightlip.incidents.tables import StoreError

REPORT = b'{"reference":"%s","fingerprint":"v1:0","severity_number":17,"exception.message":"boom"}'


@pytest.fixture
def store(directory):
    directory.make()
    with Store(directory.store) as store:
        yield store


@pytest.fixture
def keep(store, summary):
    """Put an incident into the store, with or without its report."""

    def put(reference, *arguments, report=True, **more):
        body = REPORT % reference.encode() if report else b""
        entries, refused = prepare([Frame(summary(reference, *arguments, **more), body)])
        assert not refused
        start = store.position("spool")
        assert store.add("spool", range(start, start + 1), entries)

    return put


def test_an_incident_is_found_by_its_reference_with_its_whole_report(store, keep):
    keep("AAAAAAAAAAAA")
    found = store.find("AAAAAAAAAAAA")
    assert found["exception.message"] == "boom"
    assert found.as_json().encode() == REPORT % b"AAAAAAAAAAAA"
    assert store.find("BBBBBBBBBBBB") is None


def test_reports_are_kept_compressed_and_all_of_it_for_this_user_alone(store, keep, directory):
    keep("AAAAAAAAAAAA")
    ((body,),) = store.database.run("SELECT body FROM reports")
    assert body.startswith(b"\x28\xb5\x2f\xfd")  # RFC 8878, section 3.1.1
    for path in directory.path.glob("incidents.sqlite3*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert store.database.one("PRAGMA journal_mode") == ("wal",)
    assert store.database.one("PRAGMA synchronous") == (2,)


def test_a_summary_leads_to_the_report_that_it_names_else_to_the_nearest_of_its_fault(store, keep):
    keep("FIRST0000000", "2026-05-01T12:00:00Z")
    keep("SECOND000000", "2026-05-01T12:10:00Z")
    keep("0THER0000000", "2026-05-01T12:04:00Z", fingerprint="v1:1")
    early, late = "2026-05-01T12:04:00Z", "2026-05-01T12:06:00Z"
    keep("EARLY0000000", early, report=False)
    keep("LATE00000000", late, report=False)
    keep("NAMES0000000", early, report=False, nearest_report="SECOND000000")
    keep("NAMESN0THING", late, report=False, nearest_report="G0NE00000000")
    nearest = {
        reference: store.find(reference)["nearest_report"]
        for reference in ("EARLY0000000", "LATE00000000", "NAMES0000000", "NAMESN0THING")
    }
    assert nearest == {
        "EARLY0000000": "FIRST0000000",
        "LATE00000000": "SECOND000000",
        "NAMES0000000": "SECOND000000",
        "NAMESN0THING": "SECOND000000",
    }
    assert store.find("EARLY0000000")["time"] == early
    keep("L0NE00000000", report=False, fingerprint="v1:2", nearest_report="G0NE00000000")
    assert "nearest_report" not in store.find("L0NE00000000")


def test_counts_are_kept_for_each_fault_and_minute(store, keep):
    keep("A", "2026-05-01T12:00:59.999999Z")
    keep("B", "2026-05-01T12:00:00+00:00")
    keep("C", "2026-05-01T14:01:00+02:00")
    keep("D", "2026-05-01T12:00:30Z", fingerprint="v1:1", **{"exception.type": "KeyError"})
    keep("", "2026-05-01T12:01:10Z", report=False, counted=40)
    span = span_of(BARS, microseconds("2026-05-01T12:01:00Z"))
    assert store.groups.by_fingerprint("v1:0", span).trend[-3:] == (0, 2, 41)
    assert store.groups.by_fingerprint("v1:1", span).trend[-3:] == (0, 1, 0)
    assert store.count() == 44
    assert store.kept() == Kept(incidents=4, reports=4, damages=0)
    first, second = store.faults()
    assert (first.fingerprint, first.incidents, first.type) == ("v1:0", 43, "ValueError")
    assert first.first_time == "2026-05-01T12:00:00.000000Z"
    assert first.last_time == "2026-05-01T12:01:10.000000Z"
    assert first.reference == "C"
    assert (second.incidents, second.type) == (1, "KeyError")
    assert [fault.fingerprint for fault in store.faults(1)] == ["v1:0"]


def test_the_newest_come_first_and_those_of_one_fault_alone(store, keep):
    keep("A", "2026-05-01T12:00:01Z")
    keep("C", "2026-05-01T12:00:03Z", fingerprint="v1:1")
    keep("B", "2026-05-01T12:00:02Z")
    assert [found.reference for found in store.newest()] == ["C", "B", "A"]
    assert [found.reference for found in store.newest(2)] == ["C", "B"]
    assert [found.reference for found in store.newest(fingerprint="v1:0")] == ["B", "A"]
    assert [found.reference for _, found in store.after(1)] == ["C", "B"]
    assert store.after(store.last_row()) == []


def test_a_part_of_a_spool_is_taken_in_once(store, summary):
    first, _ = prepare([Frame(summary("A"), b"")])
    second, _ = prepare([Frame(summary("B"), b"")])
    assert store.add("spool", range(10), first)
    assert not store.add("spool", range(10), second)
    assert store.position("spool") == 10
    assert store.add("spool", range(10, 12), second)
    assert store.count() == 2
    store.forget("spool")
    assert store.position("spool") == 0


def test_an_incident_that_comes_again_is_not_counted_again(store, keep):
    keep("A")
    keep("A")
    assert store.count() == 1
    assert store.kept() == Kept(1, 1, 0)


def test_all_of_a_part_is_taken_in_or_nothing(store, summary, monkeypatch):
    entries, _ = prepare([Frame(summary("A"), b""), Frame(summary("B"), b"")])
    broken = entries[1]._replace(text=object())
    with pytest.raises(StoreError, match="cannot be used"):
        store.add("spool", range(10), [entries[0], broken], [Damage(3, b"xx")])
    assert store.kept() == Kept(0, 0, 0)
    assert (store.position("spool"), store.count()) == (0, 0)
    assert store.add("spool", range(10), entries, [Damage(3, b"xx")])
    assert store.kept() == Kept(2, 0, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"reference":"A","fingerprint":"v1:0","time":"yesterday"}',
        b'{"reference":"A","fingerprint":"v1:0","time":"2026-05-01T12:00:00"}',
        b'{"reference":"A","fingerprint":3,"time":"2026-05-01T12:00:00Z"}',
        b'{"reference":"","fingerprint":"v1:0","time":"2026-05-01T12:00:00Z","counted":0}',
        b"[" * 100_000,
    ],
)
def test_a_frame_that_holds_no_incident_is_refused(data):
    frame = Frame(data, b"")
    assert prepare([frame]) == ([], [frame])


def test_a_store_by_a_newer_version_is_refused_with_what_to_do(directory):
    directory.make()
    Store(directory.store).close()
    with sqlite3.connect(directory.store) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        StoreError, match=r"newer version.*pip install --upgrade tightlip"
    ) as caught:
        Store(directory.store)
    assert not isinstance(caught.value, DamagedStoreError)


def test_a_store_by_an_older_version_is_brought_to_this_one_and_keeps_its_incidents(
    directory, summary, monkeypatch
):
    directory.make()
    entries, _ = prepare([Frame(summary("A"), REPORT % b"A")])
    with Store(directory.store) as store:
        store.add("spool", range(1), entries)
    step = ("ALTER TABLE faults ADD COLUMN later TEXT",)
    monkeypatch.setattr("tightlip.incidents.database.MIGRATIONS", (*migrations.MIGRATIONS, *step))
    with Store(directory.store) as store:
        assert store.database.number("PRAGMA user_version") == len(migrations.MIGRATIONS) + 1
        assert store.database.one("SELECT incidents, later FROM faults") == (1, None)
        assert store.find("A")["exception.message"] == "boom"
    Store(directory.store).close()


def test_reports_of_an_older_version_are_closed_as_a_whole(directory, summary, monkeypatch):
    directory.make()
    monkeypatch.setattr("tightlip.incidents.database.MIGRATIONS", migrations.MIGRATIONS[:2])
    with Store(directory.store) as store:
        run = store.database.run
        run("INSERT INTO faults VALUES (1, 'v1:0', '', '', 1, 0, 0, 'open', 0)")
        run("INSERT INTO incidents VALUES (1, 'A', 1, 0, ?)", summary("A").decode())
        run("INSERT INTO reports VALUES (1, 1, 0, ?)", ZstdCompressor().compress(REPORT % b"A"))
    monkeypatch.undo()
    with Store(directory.store) as store:
        assert store.find("A")["exception.message"] == "boom"
        store.database.run("DELETE FROM closed")
        found = store.find("A")
        assert found["error.code"] == "INTERNAL_SERVER_ERROR"
        assert "boom" not in found.as_json()
        assert found["closed_part"] == PAST_RETENTION


def test_a_closed_part_that_cannot_be_read_costs_no_more_than_itself(store, keep):
    keep("A")
    for body in (b"x", ZstdCompressor().compress(b"[1]"), ZstdCompressor().compress(b"{")):
        store.database.run("UPDATE closed SET body = ?", body)
        found = store.find("A")
        assert found["severity_number"] == 17
        assert found["closed_part"] == UNREADABLE


def test_a_report_that_has_another_form_is_closed_as_a_whole(store, summary):
    entries, _ = prepare([Frame(summary("A"), b'{"exceptions":[1],"x":"planted"}')])
    assert entries[0].report == b""
    store.add("spool", range(1), entries)
    assert store.find("A")["x"] == "planted"


def test_another_programs_database_is_left_alone(directory):
    directory.make()
    connection = sqlite3.connect(directory.store)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(StoreError, match="another program's database: give another directory"):
        Store(directory.store)
    connection = sqlite3.connect(directory.store)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    connection.close()


def test_what_is_no_database_is_damaged(directory):
    directory.make()
    directory.store.write_bytes(b"x" * 4096)
    with pytest.raises(DamagedStoreError, match="is damaged: file is not a database"):
        Store(directory.store)


def test_a_store_that_another_process_holds_says_so(store, directory, monkeypatch):
    monkeypatch.setattr("tightlip.incidents.database._WAIT", 0.01)
    with store.database.transaction(), Store(directory.store) as other:
        with pytest.raises(StoreError, match="database is locked"):
            other.add("spool", range(1), [])
        assert other.find("A") is None
