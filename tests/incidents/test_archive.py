from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time

import pytest

from tightlip.incidents.archive import Archive, archive_at
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.pacing import Pauses
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.retention import Retention
from tightlip.incidents.sinks.memory import MemorySink
from tightlip.incidents.summary import moment
from tightlip.incidents.told import Key, Kind

# From 3.12 on, Python warns of every fork of a process that has threads, as ours has.
WARNINGS = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def stored(directory):
    """Return what is in the store, without draining."""
    with open_store(directory, print) as store:
        return {found.reference for found in store.newest()}


def occurrence(exception=None):
    return Occurrence(new_reference(), None, exception, 500, "INTERNAL_SERVER_ERROR", b"{}")


@pytest.fixture
def archive(directory):
    archive = Archive(directory)
    yield archive
    archive.close()


def test_an_incident_comes_into_the_store_by_itself(archive, directory, summary):
    archive.append(summary("A").decode())
    until(lambda: directory.store.exists() and stored(directory) == {"A"})
    archive.append(
        summary("B").decode(), '{"reference":"B","fingerprint":"v1:0","severity_number":17}'
    )
    until(lambda: stored(directory) == {"A", "B"})
    with open_store(directory, print) as store:
        assert store.find("B").as_json().startswith('{"reference":"B"')


def test_closing_moves_what_is_left_and_leaves_no_spool(archive, directory, summary):
    for number in range(50):
        archive.append(summary(f"R{number}").decode())
    archive.close()
    assert len(stored(directory)) == 50
    assert list(directory.spools.iterdir()) == []


def test_a_large_spool_is_removed_while_its_process_lives(archive, directory, summary, monkeypatch):
    monkeypatch.setattr("tightlip.incidents.archive._WORTH_REMOVING", 1000)
    for number in range(20):
        archive.append(summary(f"R{number}").decode())
    until(lambda: not list(directory.spools.iterdir()))
    archive.append(summary("LAST").decode())
    until(lambda: len(stored(directory)) == 21)


def test_what_dead_processes_left_is_taken_in_too(archive, directory, summary):
    run("archive.append(sys.argv[2]); os._exit(0)", directory, summary("DEAD").decode())
    archive.append(summary("A").decode())
    until(lambda: directory.store.exists() and stored(directory) == {"A", "DEAD"})
    until(lambda: len(list(directory.spools.iterdir())) == 1)


def test_a_store_that_cannot_be_used_leaves_incidents_in_the_spool_and_is_told_of(
    archive, directory, summary, capfd, monkeypatch
):
    monkeypatch.setattr("tightlip.incidents.archive.Pauses", lambda: Pauses(0.01))
    directory.make()
    directory.store.mkdir()
    archive.append(summary("A").decode())
    error = ""

    def told():
        nonlocal error
        error += capfd.readouterr().err
        return "incidents wait in" in error

    until(told)
    assert str(directory.store) in error
    directory.store.rmdir()
    archive.append(summary("B").decode())
    until(lambda: stored(directory) == {"A", "B"})
    assert error.count("\n") == 1


def test_the_end_waits_neither_for_more_incidents_nor_for_the_next_try(
    archive, directory, summary, capfd, monkeypatch
):
    monkeypatch.setattr("tightlip.incidents.archive._BETWEEN_DRAINS", 3600.0)
    archive.append(summary("A").decode())
    until(lambda: directory.store.exists() and stored(directory) == {"A"})
    archive.append(summary("B").decode())
    archive.append(summary("C").decode())
    archive.close()
    assert stored(directory) == {"A", "B", "C"}
    monkeypatch.setattr("tightlip.incidents.archive.Pauses", lambda: Pauses(3600.0))
    failing = Archive(directory)
    aside = directory.store.rename(directory.store.with_suffix(".aside"))
    directory.store.mkdir()
    failing.append(summary("D").decode())
    until(lambda: "incidents wait in" in capfd.readouterr().err)
    directory.store.rmdir()
    aside.rename(directory.store)
    failing.close()
    assert stored(directory) == {"A", "B", "C", "D"}


def test_a_store_that_is_damaged_is_replaced(archive, directory, summary, capfd):
    directory.make()
    directory.store.write_bytes(b"no database" * 1000)
    archive.append(summary("A").decode())
    archive.close()
    assert stored(directory) == {"A"}
    assert "it was set aside" in capfd.readouterr().err


def test_what_need_not_be_kept_is_let_go(archive, directory, summary):
    archive.retention = Retention(report_days=1)
    archive.append(summary("0LD").decode(), "{}")
    archive.close()
    archive = Archive(directory)
    archive.append(summary("NEW", moment(time.time_ns() // 1000)).decode(), "{}")
    archive.retention = Retention(report_days=1)
    until(lambda: stored(directory) == {"0LD", "NEW"})
    archive.close()
    with open_store(directory, print) as store:
        assert store.kept().reports == 1


def test_there_is_one_archive_for_all_that_keep_theirs_in_one_place(directory):
    assert archive_at(directory) is archive_at(PrivateDirectory(directory.path))


def test_a_kept_incident_is_found_as_soon_as_it_was_acknowledged(archive, directory):
    recorder = Recorder([], archive=archive)
    wanted = occurrence(ValueError("boom"))
    assert recorder.record(wanted)
    with open_store(directory, print) as store:
        drain(directory, store)
        found = store.find(wanted.reference)
    assert found["exception.message"] == "boom"
    assert found["answer"] == {"status": 500, "code": "INTERNAL_SERVER_ERROR", "body": "{}"}


def test_sinks_get_what_the_archive_keeps_and_a_sink_that_fails_takes_nothing_from_it(
    archive, capfd
):
    class Failing:
        def send(self, incident):
            raise OSError

        def close(self): ...

    sink = MemorySink()
    assert Recorder([Failing(), sink], archive=archive).record(occurrence())
    assert len(sink) == 1
    assert Recorder([Failing()], archive=archive).record(occurrence())
    assert '"reference"' not in capfd.readouterr().err


@pytest.mark.parametrize("sinks", [[MemorySink()], []], ids=["sink", "none"])
def test_what_cannot_be_kept_goes_to_the_sinks_else_to_standard_error_and_has_no_reference(
    directory, sinks, capfd
):
    directory.path.write_text("no directory")
    recorder = Recorder(sinks, archive=Archive(directory))
    lost = occurrence(ValueError("boom"))
    assert not recorder.record(lost)
    error = capfd.readouterr().err
    assert f"incidents cannot be kept in {directory.path} with FileExistsError" in error
    assert "TIGHTLIP_DIRECTORY or Shield(directory=...) names another place" in error
    if sinks:
        assert [found.reference for found in sinks[0].incidents] == [lost.reference]
        assert lost.reference not in error
    else:
        assert lost.reference in error
    assert not recorder.record(occurrence())
    assert "cannot be kept" not in capfd.readouterr().err
    assert recorder.failures == {"archive": 2}


def test_a_directory_that_cannot_be_is_told_of_as_such(directory, capfd):
    directory.path.write_text("no directory")
    archive = Archive(directory)
    archive.told(Key("SOLD_OUT", 409, "POST /orders", Kind.DECLARED), "")
    archive.close()
    error = capfd.readouterr().err
    assert f"incidents cannot be kept in {directory.path}: " in error
    assert "wait in" not in error


def run(body, directory, *arguments):
    code = """
import os, resource, signal, sys, threading, time
from tightlip.incidents.archive import archive_at
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
directory = PrivateDirectory(sys.argv[1])
archive = archive_at(directory)
recorder = Recorder([], archive=archive)
def record():
    reference = new_reference()
    kept = recorder.record(
        Occurrence(reference, None, ValueError("boom"), 500, "INTERNAL_SERVER_ERROR", b"{}")
    )
    return reference if kept else None
""" + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, *WARNINGS, "-c", code, str(directory.path), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def test_the_end_of_a_process_moves_all_into_the_store(directory):
    done = run("print(record())", directory)
    assert done.stderr == ""
    assert stored(directory) == {done.stdout.strip()}
    assert list(directory.spools.iterdir()) == []


def test_forked_workers_keep_theirs_before_and_after_the_fork(directory):
    done = run(
        """
        said = [record()]
        for _ in range(2):
            if not os.fork():
                mine = [record() for _ in range(3)]
                time.sleep(0.2)  # its own thread drains
                mine.append(record())
                os.write(1, "".join(f"{reference}\\n" for reference in mine).encode())
                os._exit(0)
        said.append(record())
        os.wait(), os.wait()
        print(*said, sep="\\n")
        """,
        directory,
    )
    assert done.stderr == ""
    acknowledged = set(done.stdout.split())
    assert len(acknowledged) == 10
    with open_store(directory, print) as store:
        drain(directory, store)
        assert {found.reference for found in store.newest()} == acknowledged
        assert store.count() == 10


def test_without_a_descriptor_left_nothing_is_acknowledged_and_afterwards_it_goes_on(directory):
    done = run(
        """
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        held = []
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        assert record() is None
        for descriptor in held:
            os.close(descriptor)
        print(record())
        """,
        directory,
    )
    assert "Too many open files" in done.stderr
    assert '"exception.message":"boom"' in done.stderr
    assert stored(directory) == {done.stdout.strip()}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_on_a_full_disk_the_reserve_takes_the_last_and_what_was_acknowledged_is_found(directory):
    directory.make()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(directory.path)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount")
    try:
        done = run(
            """
            kept = [record()]
            time.sleep(0.3)
            filler = open(directory.path / "filler", "wb", buffering=0)
            try:
                while filler.write(bytes(1 << 12)):
                    pass
            except OSError:
                pass
            assert directory.reserve.exists()
            while directory.reserve.exists():
                kept.append(record())
            assert None not in kept
            while kept[-1] is not None:
                kept.append(record())
            print(*kept[:-1])
            os._exit(0)
            """,
            directory,
        )
        acknowledged = set(done.stdout.split())
        assert len(acknowledged) > 20
        assert "No space left on device" in done.stderr
        (directory.path / "filler").unlink()
        with open_store(directory, print) as store:
            assert drain(directory, store).damages == 0
            assert {found.reference for found in store.newest()} == acknowledged
    finally:
        subprocess.run(["umount", str(directory.path)], check=True)
