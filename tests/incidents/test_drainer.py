from __future__ import annotations

import os
import threading

import pytest

from tightlip.incidents.drainer import Drained, drain, open_store, replace_damaged
from tightlip.incidents.framing import frame
from tightlip.incidents.records import Kept
from tightlip.incidents.spool import Spool


@pytest.fixture
def spool(directory):
    return Spool(directory)


@pytest.fixture
def store(directory):
    with open_store(directory, print) as store:
        yield store


def names(directory):
    return {path.name for path in directory.spools.iterdir()}


def references(store):
    return {found.reference for found in store.newest()}


def test_what_a_living_process_has_written_is_taken_in_once_and_its_spool_stays(
    directory, spool, store, summary
):
    spool.append(frame(summary("A")))
    spool.append(frame(summary("B")))
    assert drain(directory, store) == Drained(incidents=2)
    assert drain(directory, store) == Drained()
    spool.append(frame(summary("C")))
    assert drain(directory, store) == Drained(incidents=1)
    assert references(store) == {"A", "B", "C"}
    assert names(directory) == {spool.name}


def test_the_spool_of_a_dead_process_is_removed_once_all_of_it_is_in_the_store(
    directory, spool, store, summary
):
    spool.append(frame(summary("A")))
    name = spool.name
    drain(directory, store)
    spool.append(frame(summary("B")))
    spool.end()
    assert drain(directory, store, live=False) == Drained(incidents=1)
    assert names(directory) == set()
    assert store.position(name) == 0
    assert references(store) == {"A", "B"}


def test_one_spool_alone_or_the_dead_alone_can_be_drained(directory, store, summary):
    first, second, dead = Spool(directory), Spool(directory), Spool(directory)
    for spool, reference in ((first, "A"), (second, "B"), (dead, "C")):
        spool.append(frame(summary(reference)))
    dead.end()
    drain(directory, store, only=first.name)
    assert references(store) == {"A"}
    drain(directory, store, live=False)
    assert references(store) == {"A", "C"}
    assert drain(directory, store, only="gone.spool") == Drained()


def test_a_torn_tail_is_cut_when_its_process_is_dead_and_waited_for_while_it_lives(
    directory, spool, store, summary
):
    spool.append(frame(summary("A")))
    path = directory.spools / spool.name
    with path.open("ab") as file:
        file.write(frame(summary("B"))[:-1])
    assert drain(directory, store) == Drained(incidents=1)
    with path.open("ab") as file:
        file.write(frame(summary("B"))[-1:] + frame(summary("C"))[:30])
    assert drain(directory, store) == Drained(incidents=1)
    spool.end()
    assert drain(directory, store) == Drained(torn=1)
    assert references(store) == {"A", "B"}
    assert names(directory) == set()


def test_a_damaged_frame_is_set_aside_and_the_rest_is_read(directory, spool, store, summary):
    good, bad = frame(summary("A")), bytearray(frame(summary("B")))
    bad[-2] ^= 1
    spool.append(good)
    spool.append(bytes(bad))
    spool.append(frame(b'{"no": "incident"}'))
    spool.append(frame(summary("C")))
    assert drain(directory, store) == Drained(incidents=2, damages=2)
    assert drain(directory, store) == Drained()
    assert references(store) == {"A", "C"}
    aside = {path.name: path.read_bytes() for path in directory.damaged.iterdir()}
    assert aside == {
        f"{spool.name}.{len(good)}": bytes(bad),
        f"{spool.name}.{len(good) + len(bad)}": frame(b'{"no": "incident"}'),
    }
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in directory.damaged.iterdir())
    assert store.kept() == Kept(2, 0, 2)


def test_damage_longer_than_any_frame_ends_nothing(directory, spool, store, summary, monkeypatch):
    monkeypatch.setattr("tightlip.incidents.drainer._PIECE", 1000)
    spool.append(b"x" * 2500)
    spool.append(frame(summary("A")))
    drained = drain(directory, store)
    assert drained.incidents == 1
    assert sum(len(path.read_bytes()) for path in directory.damaged.iterdir()) == 2500


def test_a_spool_is_read_in_pieces(directory, spool, store, summary, monkeypatch):
    monkeypatch.setattr("tightlip.incidents.drainer._PIECE", 1000)
    for number in range(20):
        spool.append(frame(summary(f"R{number}")))
    assert drain(directory, store) == Drained(incidents=20)
    assert len(references(store)) == 20


def test_many_that_drain_at_once_take_each_incident_in_once(directory, summary, monkeypatch):
    monkeypatch.setattr("tightlip.incidents.drainer._PIECE", 1000)
    spools = [Spool(directory) for _ in range(3)]
    for number in range(60):
        spools[number % 3].append(frame(summary(f"R{number}")))
    spools[0].end()
    faults = []

    def work():
        try:
            with open_store(directory, print) as store:
                drain(directory, store)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with open_store(directory, print) as store:
        assert store.count() == 60
        assert store.kept() == Kept(60, 0, 0)


def test_a_spool_without_a_name_is_left_to_its_process_for_an_hour(directory, store):
    new = directory.spools / "1-1-1.new"
    new.touch()
    drain(directory, store)
    assert new.exists()
    os.utime(new, (0, 0))
    drain(directory, store)
    assert not new.exists()


def test_a_damaged_store_is_set_aside_and_what_is_in_spools_is_read_again(
    directory, spool, summary
):
    spool.append(frame(summary("A")))
    with open_store(directory, print) as store:
        drain(directory, store)
    directory.store.write_bytes(b"no database" * 1000)
    told = []
    with open_store(directory, told.append) as store:
        assert drain(directory, store) == Drained(incidents=1)
        assert references(store) == {"A"}
    (line,) = told
    (aside,) = directory.damaged.glob("incidents-*.sqlite3")
    assert str(aside) in line
    assert aside.read_bytes().startswith(b"no database")


def test_damage_within_a_store_is_found_and_a_sound_one_is_left(directory, spool, summary):
    told = []
    for number in range(200):
        spool.append(frame(summary(f"R{number}")))
    with open_store(directory, told.append) as store:
        drain(directory, store)
    replace_damaged(directory, told.append)
    assert told == []
    content = bytearray(directory.store.read_bytes())
    content[4096 * 3 :] = os.urandom(len(content) - 4096 * 3)
    directory.store.write_bytes(content)
    replace_damaged(directory, told.append)
    assert len(told) == 1
    assert "is damaged: it was set aside" in told[0]
    with open_store(directory, told.append) as store:
        assert drain(directory, store).incidents == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look at another's record")
def test_what_root_makes_belongs_to_the_owner_of_the_directory(directory, summary):
    directory.path.mkdir(mode=0o700)
    os.chown(directory.path, 12345, 12346)
    directory.make()
    (directory.spools / "1-1-1.spool").write_bytes(b"damage" + frame(summary("A")))
    with open_store(directory, print) as store:
        assert drain(directory, store) == Drained(incidents=1, damages=1)
        made = [directory.path, *directory.path.rglob("*")]
        assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(12345, 12346)}
        assert len(made) > 5
