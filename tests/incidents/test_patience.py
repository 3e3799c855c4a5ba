from __future__ import annotations

import contextvars
import logging
import os
import threading

import pytest

from tightlip.incidents.archive import Archive
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.patience import LeftBehindError, Patience
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.sink import open_sink
from tightlip.incidents.sinks.memory import MemorySink


class Waits:
    """Counts for how many calls this thread waited in vain; others of the process wait, too."""

    def __init__(self, monkeypatch):
        self.in_vain = 0
        wait = threading.Event.wait
        ours = threading.get_ident()

        def counted(event, timeout=None):
            done = wait(event, timeout)
            self.in_vain += not done and threading.get_ident() == ours
            return done

        monkeypatch.setattr(threading.Event, "wait", counted)


class Hanging(logging.Handler):
    """A handler that sleeps until it is told to go on: for longer than any test."""

    def __init__(self):
        super().__init__()
        self.goes_on = threading.Lock()
        self.goes_on.acquire()
        self.records = []

    def emit(self, record):
        self.goes_on.acquire(timeout=30)
        self.goes_on.release()
        self.records.append(record)


class HangingSink:
    """A sink of an application's own that hangs until it is told to go on."""

    def __init__(self):
        self.goes_on = threading.Event()
        self.taken = []
        self.context = None
        self.at_once = threading.Semaphore(1)

    def send(self, incident):
        assert self.at_once.acquire(blocking=False)
        self.context = variable.get(None)
        self.goes_on.wait(30)
        self.taken.append(incident.reference)
        self.at_once.release()

    def close(self):
        pass


variable = contextvars.ContextVar("variable")


def test_a_sink_of_ones_own_that_hangs_costs_one_wait_and_gets_all_later(tmp_path, monkeypatch):
    monkeypatch.setattr("tightlip.incidents.standard_error.write_line", lambda line: True)
    sink = HangingSink()
    archive = Archive(PrivateDirectory(tmp_path))
    monkeypatch.setattr(archive, "_wake", lambda: None)
    monkeypatch.setattr(
        "tightlip.incidents.patience.Patience.__init__.__kwdefaults__", {"longest": 0.05}
    )
    recorder = Recorder([sink], archive=archive)
    variable.set("of the request")
    references = [new_reference() for _ in range(5)]
    waits = Waits(monkeypatch)
    for reference in references:
        assert recorder.record(Occurrence(reference, None, None, 500, "X", b"{}"))
    monkeypatch.undo()
    assert waits.in_vain == 1
    assert recorder.failures.total() == 5
    sink.goes_on.set()
    for _ in range(1000):
        if len(sink.taken) == 5:
            break
        threading.Event().wait(0.01)
    assert sink.taken == references
    assert sink.context == "of the request"


def test_what_a_sink_of_ones_own_raises_is_its_failure_as_before(capfd):
    class Failing:
        def send(self, incident):
            raise BaseException(incident.reference)

        def close(self):
            pass

    sinks = [Failing(), MemorySink()]
    recorder = Recorder(sinks)
    assert recorder.record(Occurrence(new_reference(), None, None, 500, "X", b"{}"))
    assert len(sinks[1]) == 1
    assert [name.rpartition(".")[2] for name in recorder.failures] == ["Failing"]


def test_a_handler_that_hangs_costs_one_wait_and_loses_no_record(logger, tmp_path, monkeypatch):
    handler = Hanging()
    logger.addHandler(handler)
    told = []
    monkeypatch.setattr("tightlip.incidents.standard_error.write_line", told.append)
    archive = Archive(PrivateDirectory(tmp_path))
    monkeypatch.setattr(archive, "_wake", lambda: None)
    recorder = Recorder([open_sink("logging")], archive=archive)
    waits = Waits(monkeypatch)
    references = [new_reference() for _ in range(5)]
    for reference in references:
        assert recorder.record(Occurrence(reference, None, ValueError(), 500, "X", b"{}"))
    assert handler.records == []  # all five answers would have left by now
    assert waits.in_vain == 1
    assert list(recorder.failures.values()) == [5]
    assert "LeftBehindError" in told[0]
    with open_store(archive.directory, print) as store:
        drain(archive.directory, store)
        assert all(store.find(reference) for reference in references)
    handler.goes_on.release()
    while len(handler.records) < 5:
        os.sched_yield()


def test_what_hung_is_trusted_again_once_it_is_prompt():
    patience, goes_on, done = Patience("test", longest=0.05), threading.Lock(), []
    goes_on.acquire()
    with pytest.raises(LeftBehindError):
        patience.call(goes_on.acquire)
    with pytest.raises(LeftBehindError):
        patience.call(lambda: done.append(1))
    goes_on.release()
    while not done or patience._is_behind:
        os.sched_yield()
    patience._longest = 30.0
    patience.call(lambda: done.append(2))
    assert done == [1, 2]


def test_a_call_has_the_callers_context_and_its_fault_is_the_callers():
    variable = contextvars.ContextVar("variable")
    variable.set("here")
    seen = []
    patience = Patience("test")
    patience.call(lambda: seen.append((variable.get(), threading.current_thread().name)))
    assert seen == [("here", "test")]
    with pytest.raises(KeyError):
        patience.call(lambda: {}["x"])


def test_where_no_thread_can_be_started_it_is_called_at_once(monkeypatch):
    def refuse(thread):
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = []
    Patience("test").call(lambda: done.append(1))
    assert done == [1]


def test_who_waits_for_himself_is_left_behind():
    patience = Patience("test")
    with pytest.raises(LeftBehindError):
        patience.call(lambda: patience.call(print))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_a_thread_of_its_own():
    patience = Patience("test")
    patience.call(lambda: None)
    child = os.fork()
    if not child:
        done = []
        try:
            patience.call(lambda: done.append(1))
        finally:
            os._exit(0 if done else 1)
    assert os.waitpid(child, 0)[1] == 0
