from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

from tightlip.incidents.archive import Archive
from tightlip.incidents.courier import Courier
from tightlip.incidents.delivery import PostponedError, RefusedError
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.encoding import encode
from tightlip.incidents.outlet import Outlet, Takes
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.sink import open_sink
from tightlip.incidents.summary import ASIDE, OUTLETS, summarise

RECORDS = """
import os, sys, time
from tightlip.incidents.archive import archive_at
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.sink import open_sink

directory, url, count = sys.argv[1:]
sink = open_sink(("webhook", {"url": url}))
recorder = Recorder([sink], archive=archive_at(PrivateDirectory(directory)))
for number in range(int(count)):
    reference = new_reference()
    error = ValueError("planted words")
    if recorder.record(Occurrence(reference, None, error, 500, f"CODE_{number}", b"{}")):
        os.write(1, reference.encode())
os.write(1, b"." * 12)
while True:
    time.sleep(0.01)
"""


@pytest.fixture
def directory(tmp_path):
    directory = PrivateDirectory(tmp_path / "private")
    directory.make()
    return directory


def started(directory, receiver, count):
    return subprocess.Popen(
        [sys.executable, "-c", RECORDS, str(directory.path), f"{receiver.url}/", str(count)],
        stdout=subprocess.PIPE,
    )


def acknowledged(process):
    """Return the references that a process has said, once it has said all."""
    references = []
    while (reference := process.stdout.read(12).decode()) != "." * 12:
        assert len(reference) == 12, "the process has ended"
        references.append(reference)
    return references


def killed(process):
    process.kill()
    assert process.wait() == -9
    process.stdout.close()


def delivered(directory, count):
    """Wait until the store knows that so many were delivered; return the state of the outlet."""
    with open_store(directory, print) as store:
        waits_until(lambda: sum(state.delivered for state in store.outbox.states()) >= count)
        return store.outbox.states()[0]


def received(receiver):
    return [json.loads(body)["reference"] for _, _, body in receiver.requests]


def waits_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_what_a_killed_process_had_for_a_sink_that_was_down_is_sent_by_the_next(
    directory, receiver
):
    receiver.stop()
    process = started(directory, receiver, 30)
    references = acknowledged(process)
    killed(process)
    assert len(references) == 30
    receiver.start()
    process = started(directory, receiver, 0)  # it has no incident of its own
    acknowledged(process)
    state = delivered(directory, 30)
    killed(process)
    assert (state.waiting, state.dropped) == (0, 0)
    assert set(received(receiver)) == set(references)
    assert b"planted" not in b"".join(body for _, _, body in receiver.requests)
    for _, headers, body in receiver.requests:
        assert headers["Idempotency-Key"] == f'"{json.loads(body)["reference"]}"'


def test_several_processes_send_each_incident_once(directory, receiver):
    processes = [started(directory, receiver, 15) for _ in range(3)]
    references = [reference for process in processes for reference in acknowledged(process)]
    assert delivered(directory, 45).waiting == 0
    for process in processes:
        killed(process)
    assert sorted(received(receiver)) == sorted(references)


def put(directory, record, outlet, count=1):
    """Take incidents into the store that wait for an outlet; return them."""
    incidents = [record(ValueError("planted"), code=f"CODE_{n}") for n in range(count)]
    archive = Archive(directory)
    for incident in incidents:
        summary = {**summarise(incident.fields), ASIDE: {OUTLETS: [outlet]}}
        archive.append(encode(summary), incident.as_json())
    archive.close()
    with open_store(directory, print) as store:
        drain(directory, store)
    return incidents


class Receiver:
    """A function of ours that takes incidents, or does not."""

    def __init__(self, fails=()):
        self.calls = []
        self.fails = fails

    def __call__(self, incidents):
        self.calls.append([incident["error.code"] for incident in incidents])
        for incident in incidents:
            fault = self.fails and self.fails(incident["error.code"], len(self.calls))
            if fault:
                raise fault


def brought(directory, deliver, *, at_once=1, until=lambda state: not state.waiting):
    """Let a courier send what waits; return the state of its outlet, and what was told."""
    told = []
    outlet = Outlet("here", Takes.INCIDENTS, deliver, at_once=at_once)
    courier = Courier(directory, outlet, told.append, first_pause=0.01)
    courier.wake()
    with open_store(directory, print) as store:
        waits_until(lambda: until(store.outbox.states()[0]))
        state = store.outbox.states()[0]
    courier.end()
    courier.join(time.monotonic() + 5)
    return state, told


def test_what_waits_is_sent_in_its_order_and_together(directory, record):
    put(directory, record, "here", 5)
    receiver = Receiver()
    state, told = brought(directory, receiver, at_once=2)
    assert receiver.calls == [["CODE_0", "CODE_1"], ["CODE_2", "CODE_3"], ["CODE_4"]]
    assert (state.delivered, state.dropped, state.fault) == (5, 0, "")
    assert state.delivered_time
    assert told == []


def test_what_the_receiver_refuses_is_dropped_and_the_rest_sent(directory, record):
    put(directory, record, "here", 3)
    refuse = Receiver(lambda code, _: RefusedError("status 400") if code == "CODE_1" else None)
    state, told = brought(directory, refuse, at_once=3)
    assert refuse.calls[0] == ["CODE_0", "CODE_1", "CODE_2"]
    assert sorted(refuse.calls[1:]) == [["CODE_0"], ["CODE_1"], ["CODE_2"]]
    assert (state.delivered, state.dropped) == (2, 1)
    assert "RefusedError: status 400" in told[0]


def test_what_fails_always_does_not_stop_the_rest(directory, record):
    put(directory, record, "here", 3)
    fails = Receiver(lambda code, _: OSError() if code == "CODE_0" else None)
    state, told = brought(directory, fails, until=lambda state: state.delivered == 2)
    assert (state.waiting, state.dropped) == (1, 0)
    assert "planted" not in "".join(told)


def test_a_receiver_that_asks_to_wait_is_left_alone_and_asked_again(directory, record):
    put(directory, record, "here")
    asks = Receiver(lambda _, call: PostponedError(0.05) if call == 1 else None)
    state, _ = brought(directory, asks)
    assert len(asks.calls) == 2
    assert state.delivered == 1


def test_what_retention_has_let_go_is_counted(directory, record):
    first, _ = put(directory, record, "here", 2)
    with open_store(directory, print) as store:
        store.database.run("DELETE FROM incidents WHERE reference = ?", first.reference)
    receiver = Receiver()
    state, _ = brought(directory, receiver)
    assert receiver.calls == [["CODE_1"]]
    assert (state.delivered, state.dropped) == (1, 1)


def test_what_has_waited_for_too_long_is_counted_and_let_go(directory, record):
    put(directory, record, "here")
    with open_store(directory, print) as store:
        store.database.run("UPDATE outbox SET time = 0")
    receiver = Receiver()
    state, _ = brought(directory, receiver, until=lambda state: state.dropped)
    assert receiver.calls == []
    assert state.waiting == 0


def test_an_outlet_that_no_process_has_any_more_is_forgotten(directory, record):
    put(directory, record, "gone")
    with open_store(directory, print) as store:
        store.database.run("UPDATE outlets SET seen_time = 0")
        store.outbox.open(Outlet("here", Takes.INCIDENTS, print), time.time_ns() // 1000)
        assert [state.name for state in store.outbox.states()] == ["here"]
        assert store.database.number("SELECT count(*) FROM outbox") == 0


def test_while_one_process_sends_another_waits(directory, record):
    put(directory, record, "here")
    goes_on, begun = threading.Event(), threading.Event()

    def hang(incidents):
        begun.set()
        goes_on.wait(10)

    outlet = Outlet("here", Takes.INCIDENTS, hang)
    courier = Courier(directory, outlet, print)
    courier.wake()
    assert begun.wait(10)
    receiver = Receiver()
    other = Courier(directory, Outlet("here", Takes.INCIDENTS, receiver), print)
    other.end()  # it looks once
    other._run()
    assert receiver.calls == []
    goes_on.set()
    courier.end()
    courier.join(time.monotonic() + 5)
    with open_store(directory, print) as store:
        assert store.outbox.states()[0].delivered == 1


def test_a_sink_gets_from_memory_what_no_directory_keeps(tmp_path, receiver, record, occurrence):
    sink = open_sink(("webhook", {"url": receiver.url}))
    (tmp_path / "file").write_text("")
    archive = Archive(PrivateDirectory(tmp_path / "file"))
    assert not Recorder([sink], archive=archive).record(occurrence)
    assert json.loads(receiver.wait(1)[0][2])["reference"] == occurrence.reference
    sink.close()


@pytest.fixture
def occurrence():
    from tightlip.incidents.incident import Occurrence
    from tightlip.incidents.reference import new_reference

    return Occurrence(new_reference(), None, ValueError("planted"), 500, "X", b"{}")
