from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading

import pytest

from tightlip.incidents import recorder as module
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.sinks.memory import MemorySink


class Broken:
    def send(self, incident):
        raise OSError("disk full: secret-detail\x1b[2J")

    def close(self):
        raise OSError


class Exiting:
    def send(self, incident):
        raise SystemExit(3)

    def close(self): ...


def occurrence(exception=None, **more):
    return Occurrence(new_reference(), None, exception, 500, "INTERNAL_SERVER_ERROR", b"{}", **more)


def run(body):
    """Run `body` in a process of its own; return what it writes."""
    code = """
import os, sys
from tightlip.exchange import Request
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
class Broken:
    def send(self, incident): raise OSError("disk full: \\x1b[2J")
    def close(self): ...
def occurrence(text="boom"):
    return Occurrence("K7Q29FMX4D1T", None, ValueError(text), 500, "INTERNAL_SERVER_ERROR", b"{}")
""" + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_an_incident_goes_to_every_sink(capfd):
    first, second = MemorySink(), MemorySink()
    assert Recorder([first, second], service_name="shop", service_version="1.2").record(
        occurrence(ValueError("boom"))
    )
    assert first.incidents == second.incidents
    (incident,) = first.incidents
    assert incident["service.name"] == "shop"
    assert incident["service.version"] == "1.2"
    assert incident["host.name"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("broken", [Broken, Exiting])
def test_a_sink_that_fails_keeps_no_other_from_its_incident(broken, capfd):
    sink = MemorySink()
    recorder = Recorder([broken(), sink])
    for _ in range(3):
        assert recorder.record(occurrence())
    assert len(sink) == 3
    assert recorder.failures == {f"{__name__}.{broken.__name__}": 3}
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "secret-detail" not in error
    assert error.startswith("tightlip: the sink ")


def test_what_no_sink_takes_goes_to_standard_error_as_one_line_of_json():
    done = run("""
        text = "first\\nFORGED line \\x1b[2J \\ud800 \\x00 \\u202e password=hunter" + "2"
        assert Recorder([Broken()]).record(occurrence(text)) is True
        assert Recorder([]).record(occurrence()) is True
    """)
    told, first, second, rest = done.stderr.split(b"\n")
    assert told == b"tightlip: the sink __main__.Broken failed with OSError"
    assert rest == b""
    for line in (first, second):
        assert line.isascii()
        assert line.decode().isprintable()
        assert json.loads(line)["reference"] == "K7Q29FMX4D1T"
    assert b"hunter" not in first
    assert b"FORGED" in first


def test_without_standard_error_the_client_gets_no_reference():
    done = run("""
        os.close(2)
        print(Recorder([Broken()]).record(occurrence()))
    """)
    assert done.stdout == b"False\n"


def test_no_record_is_written_into_a_clients_connection_that_took_standard_errors_number():
    done = run("""
        import socket
        from tightlip.incidents import standard_error
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        os.close(2)
        accepted, _ = listener.accept()
        assert accepted.fileno() == 2
        print(Recorder([Broken()]).record(occurrence()))
        accepted.shutdown(socket.SHUT_RDWR)
        print(client.recv(1000))

        path = "/tmp/" + os.urandom(8).hex()
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        os.unlink(path)
        local, _ = server.accept()
        os.dup2(local.fileno(), 2)
        print(Recorder([Broken()]).record(occurrence()))

        journal, far = socket.socketpair()
        os.dup2(journal.fileno(), 2)
        print(Recorder([]).record(occurrence()))
        print(far.recv(100)[:20])
    """)
    assert done.stdout.splitlines() == [
        b"False",
        b"b''",
        b"False",
        b"True",
        b"""b'{"schema_version":1,'""",
    ]


def test_an_occurrence_inside_a_sink_goes_to_standard_error_alone(capfd):
    class Nesting(MemorySink):
        def send(self, incident):
            super().send(incident)
            assert recorder.record(occurrence(ValueError("inside")))

    sink = Nesting()
    recorder = Recorder([sink])
    assert recorder.record(occurrence(ValueError("outside")))
    assert [incident["exception.message"] for incident in sink.incidents] == ["outside"]
    line = capfd.readouterr().err
    assert json.loads(line)["exception.message"] == "inside"
    assert recorder.failures == {"nested": 1}
    assert recorder.record(occurrence())
    assert len(sink) == 2


def test_a_fault_of_capture_leaves_what_is_certain(monkeypatch):
    def broken(*arguments, **named):
        raise RecursionError("ours")

    monkeypatch.setattr(module, "capture", broken)
    sink = MemorySink()
    recorder = Recorder([sink])
    assert recorder.record(occurrence(ValueError("x")))
    (incident,) = sink.incidents
    assert incident["exception.type"] == "ValueError"
    assert incident["error.code"] == "INTERNAL_SERVER_ERROR"
    assert incident["notes"] == ["the report could not be made: RecursionError was raised"]
    assert recorder.failures == {"capture": 1}


@pytest.mark.parametrize("odd", [None, 3, object()])
def test_nothing_is_raised_whatever_is_handed_over(odd):
    assert Recorder([MemorySink()]).record(odd) in {True, False}


def test_an_is_application_that_fails_costs_only_the_report(raised):
    def broken(filename):
        raise ValueError(filename)

    sink = MemorySink()
    error = raised(lambda: {}["x"])
    assert Recorder([sink], is_application=broken).record(occurrence(error))
    assert sink.incidents[0]["exception.type"] == "KeyError"


def test_the_record_lets_go_of_the_objects_of_the_request():
    import weakref

    class Held:
        pass

    def fail():
        held = Held()
        references.append(weakref.ref(held))
        raise ValueError(held)

    references = []
    sink = MemorySink()
    try:
        fail()
    except ValueError as error:
        Recorder([sink]).record(occurrence(error))
        error.__traceback__ = None
        error.args = ()
    assert references[0]() is None
    assert len(sink) == 1


def test_many_threads_record_at_once(raised):
    sink = MemorySink(10_000)
    recorder = Recorder([sink])

    def work():
        for number in range(100):
            error = raised(lambda number=number: {}[number])
            assert recorder.record(occurrence(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sink) == 400
    assert len({incident.reference for incident in sink.incidents}) == 400


def test_closing_closes_every_sink_also_after_one_that_fails(capfd):
    closed = []

    class Closing(MemorySink):
        def close(self):
            closed.append(self)

    Recorder([Closing(), Broken(), Closing()]).close()
    assert len(closed) == 2


def test_a_fork_records_under_its_own_process_number():
    done = run("""
        from tightlip.incidents.sinks.memory import MemorySink
        sink = MemorySink()
        recorder = Recorder([sink])
        recorder.record(occurrence())
        child = os.fork()
        recorder.record(occurrence())
        assert sink.incidents[-1]["process.pid"] == os.getpid()
        if not child:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    """)
    assert done.stderr == b""
