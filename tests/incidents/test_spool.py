from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
import threading

import pytest

from tightlip.incidents.framing import frame, read
from tightlip.incidents.spool import Spool, lock


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.spools.glob("*.spool")}


def is_locked(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        lock(descriptor)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def test_nothing_is_made_before_the_first_frame(directory):
    Spool(directory)
    assert not directory.path.exists()


def test_frames_stand_one_after_the_other_in_a_file_of_the_process(directory):
    spool = Spool(directory)
    spool.append(frame(b"1"))
    spool.append(frame(b"2", b"two"))
    assert contents(directory) == {spool.name: frame(b"1") + frame(b"2", b"two")}
    assert spool.name.startswith(f"{os.getpid()}-")
    assert spool.size == len(frame(b"1") + frame(b"2", b"two"))


def test_all_of_it_is_this_users_alone_whatever_the_umask(directory):
    before = os.umask(0)
    try:
        Spool(directory).append(frame(b"1"))
    finally:
        os.umask(before)
    for path in (directory.path, *directory.path.rglob("*")):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_the_file_is_locked_while_its_process_writes_to_it_and_free_when_it_is_ended(directory):
    spool = Spool(directory)
    spool.append(frame(b"1"))
    (path,) = directory.spools.iterdir()
    assert is_locked(path)
    spool.end()
    assert spool.name is None
    assert not is_locked(path)
    spool.append(frame(b"2"))
    assert len(contents(directory)) == 2


def test_a_file_that_is_large_enough_is_followed_by_another(directory):
    spool = Spool(directory, largest=100)
    for number in range(10):
        spool.append(frame(b"%d" % number, b"x" * 20))
    files = contents(directory)
    assert len(files) == 5
    assert max(map(len, files.values())) <= 100
    found = [f.summary for data in files.values() for f in read(data, is_all=True).frames]
    assert sorted(found) == [b"%d" % number for number in range(10)]


def test_a_frame_that_is_larger_than_the_file_may_be_is_taken_all_the_same(directory):
    spool = Spool(directory, largest=10)
    spool.append(frame(b"x" * 50))
    assert contents(directory) == {spool.name: frame(b"x" * 50)}


def test_many_threads_append_whole_frames(directory):
    spool = Spool(directory)

    def work(letter):
        for number in range(200):
            spool.append(frame(b"%s%d" % (letter, number), letter * number))

    threads = [threading.Thread(target=work, args=(letter,)) for letter in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (data,) = contents(directory).values()
    reading = read(data, is_all=True)
    assert reading.damages == []
    assert len({found.summary for found in reading.frames}) == 800


def test_a_write_that_was_cut_short_is_taken_back(directory, monkeypatch):
    spool = Spool(directory)
    spool.append(frame(b"1"))
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:5]))
    with pytest.raises(OSError, match="No space") as caught:
        spool.append(frame(b"2"))
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    spool.append(frame(b"3"))
    assert contents(directory) == {spool.name: frame(b"1") + frame(b"3")}


def test_a_full_disk_gets_the_reserve_and_the_frame_is_kept(directory, monkeypatch):
    spool = Spool(directory)
    spool.append(frame(b"1"))
    assert directory.reserve.stat().st_size == 1 << 20
    write = os.write

    def full(descriptor, data):
        if directory.reserve.exists():
            raise OSError(errno.ENOSPC, "full")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    spool.append(frame(b"2"))
    assert not directory.reserve.exists()
    assert contents(directory) == {spool.name: frame(b"1") + frame(b"2")}


def test_a_file_that_cannot_be_written_to_is_given_up_for_another(directory, monkeypatch):
    spool = Spool(directory)
    spool.append(frame(b"1"))
    first = spool.name

    def broken(descriptor, data):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "write", broken)
    with pytest.raises(OSError, match="broken"):
        spool.append(frame(b"2"))
    monkeypatch.undo()
    spool.append(frame(b"3"))
    assert contents(directory) == {first: frame(b"1"), spool.name: frame(b"3")}


def test_a_handler_of_a_signal_in_the_midst_of_an_append_is_told_not_blocked(
    directory, monkeypatch
):
    monkeypatch.setattr("tightlip.incidents.spool._LONGEST_WAIT", 0.01)
    spool = Spool(directory)
    spool.append(frame(b"1"))
    write = os.write
    told = []

    def interrupted(descriptor, data):
        monkeypatch.setattr(os, "write", write)
        try:
            spool.append(frame(b"of the handler"))
        except OSError as error:
            told.append(error.errno)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", interrupted)
    spool.append(frame(b"2"))
    assert told == [errno.EDEADLK]
    assert contents(directory) == {spool.name: frame(b"1") + frame(b"2")}


BEGINNING = """
import os, sys, threading
from pathlib import Path
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.framing import frame
from tightlip.incidents.spool import Spool
spool = Spool(PrivateDirectory(sys.argv[1]))
"""


def command(body, directory):
    code = BEGINNING + textwrap.dedent(body)
    # From 3.12 on, Python warns of every fork of a process that has threads.
    warnings = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")
    return [sys.executable, *warnings, "-c", code, str(directory.path)]


def test_a_fork_and_its_fork_write_to_files_of_their_own_and_hold_no_other_lock(directory):
    program = """
        spool.append(frame(b"parent"))
        name = spool.name
        child = os.fork()
        if not child:
            assert spool.name is None
            spool.append(frame(b"child"))
            if not os.fork():
                spool.append(frame(b"grandchild"))
                os._exit(0)
            assert os.wait()[1] == 0
            print("done", flush=True)
            sys.stdin.read()
            os._exit(0)
        spool.append(frame(b"parent again"))
        print(name, flush=True)
        os._exit(0)
    """
    with subprocess.Popen(
        command(program, directory), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        said = {process.stdout.readline().strip(), process.stdout.readline().strip()}
        assert process.wait(20) == 0
        (name,) = said - {"done"}
        files = contents(directory)
        # The child lives on, and the lock has gone with the parent all the same.
        assert not is_locked(directory.spools / name)
        assert [is_locked(directory.spools / other) for other in files].count(True) == 1
    assert files.pop(name) == frame(b"parent") + frame(b"parent again")
    assert sorted(files.values(), key=len) == [frame(b"child"), frame(b"grandchild")]


def test_a_child_can_append_that_was_forked_while_another_thread_held_the_lock(directory):
    program = """
        spool.append(frame(b"1"))
        inside, go_on = threading.Event(), threading.Event()
        write = os.write
        def slow(descriptor, data):
            if data == frame(b"slow"):
                inside.set()
                go_on.wait(0.2)
            return write(descriptor, data)
        os.write = slow
        thread = threading.Thread(target=spool.append, args=(frame(b"slow"),))
        thread.start()
        inside.wait()
        child = os.fork()
        if not child:
            spool.append(frame(b"child"))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
        spool.append(frame(b"2"))
    """
    subprocess.run(command(program, directory), check=True, timeout=60)
    assert sorted(contents(directory).values(), key=len) == [
        frame(b"child"),
        frame(b"1") + frame(b"slow") + frame(b"2"),
    ]
