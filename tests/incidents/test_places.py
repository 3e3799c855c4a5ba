"""Places: looking at one record again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tightlip.incidents.database import Database
from tightlip.incidents.framing import frame
from tightlip.incidents.places import DirectoryPlace
from tightlip.incidents.spool import Spool


@pytest.fixture
def spool(directory):
    return Spool(directory)


def references(records):
    return [incident.reference for incident in records.newest()]


def test_each_look_has_what_was_recorded_until_then(directory, spool, summary, monkeypatch):
    opened = []
    prepare = Database._prepare
    monkeypatch.setattr(
        Database, "_prepare", lambda self: (opened.append(self._path), prepare(self))
    )
    looks = DirectoryPlace(directory).looks(print)
    assert references(next(looks)) == []
    for count in (1, 2):
        spool.append(frame(summary(f"AAAAAAAAAAA{count}")))
        assert len(references(next(looks))) == count
    # Threads that drain for other tests open stores of their own meanwhile.
    assert opened.count(directory.store) == 1
    looks.close()


def test_looks_go_on_in_the_store_that_is_begun_after_a_damaged_one(directory, spool, summary):
    looks = DirectoryPlace(directory).looks(print)
    spool.append(frame(summary("AAAAAAAAAAA1")))
    next(looks)
    aside = directory.damaged / "set-aside"
    for ending in ("-wal", "-shm", ""):
        path = Path(f"{directory.store}{ending}")
        if path.exists():
            path.rename(f"{aside}{ending}")
    spool.append(frame(summary("AAAAAAAAAAA2")))
    assert sorted(references(next(looks))) == ["AAAAAAAAAAA1", "AAAAAAAAAAA2"]
    looks.close()
    with Database(aside) as database:
        assert database.number("SELECT count(*) FROM incidents") == 1
