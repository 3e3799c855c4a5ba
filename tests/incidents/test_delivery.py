from __future__ import annotations

import errno
import os
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from tightlip.incidents import delivery as module
from tightlip.incidents.delivery import (
    Delivery,
    NoRoomError,
    PostponedError,
    RefusedError,
    told_of,
)
from tightlip.incidents.incident import Incident

CANARY = "canary-5d21"


def incident(number=0):
    return Incident({"reference": f"REFERENCE{number:03}", "fingerprint": "v1:0"})


def eventually(delivery, condition):
    """Wait until `condition` holds; the condition is asked at each turn of the thread."""
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError((delivery.delivered, delivery.dropped))


class Taker:
    """Takes what is delivered, after the faults that it is told to have."""

    def __init__(self, *faults):
        self.faults = list(faults)
        self.calls = []

    def __call__(self, incidents):
        self.calls.append([each.reference for each in incidents])
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                raise fault


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(module.standard_error, "write_line", lines.append)
    return lines


def test_what_is_put_is_delivered_in_its_order():
    taker = Taker()
    delivery = Delivery("test", taker)
    for number in range(5):
        delivery.put(incident(number))
    delivery.close()
    assert taker.calls == [[f"REFERENCE{number:03}"] for number in range(5)]
    assert (delivery.delivered, +delivery.dropped) == (5, {})


def test_what_failed_is_tried_again_behind_the_others_until_it_is_taken(told):
    taker = Taker(ConnectionRefusedError(111, "no"), None, OSError("again"))
    delivery = Delivery("test", taker, first_pause=0.01)
    delivery.put(incident(0))
    delivery.put(incident(1))
    eventually(delivery, lambda: delivery.delivered == 2)
    assert sorted({call[0] for call in taker.calls}) == ["REFERENCE000", "REFERENCE001"]
    assert len(taker.calls) == 4
    assert told == [
        (
            "tightlip: the sink test fails with ConnectionRefusedError: Connection refused; "
            "incidents wait for it"
        )
    ]


def test_a_receiver_that_hangs_holds_nobody_back_and_what_finds_no_room_is_refused(told):
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(incidents):
        hangs.set()
        goes_on.wait(30)

    delivery = Delivery("test", hang, most=3)
    delivery.put(incident(0))
    assert hangs.wait(10)
    for number in (1, 2, 3):
        delivery.put(incident(number))
    with pytest.raises(NoRoomError, match="3 incidents wait for the sink test"):
        delivery.put(incident(4))
    assert delivery.dropped == {"no_room": 1}
    goes_on.set()
    eventually(delivery, lambda: delivery.delivered == 4)


def test_what_waits_is_bounded_in_bytes_too(monkeypatch):
    goes_on = threading.Event()
    delivery = Delivery("test", lambda incidents: goes_on.wait(30))
    monkeypatch.setattr(module, "_MOST_BYTES", 10)
    with pytest.raises(NoRoomError):
        delivery.put(incident())
    goes_on.set()


def test_what_the_receiver_refuses_is_dropped_and_the_rest_goes_on(told):
    taker = Taker(RefusedError("status 400"))
    delivery = Delivery("test", taker)
    delivery.put(incident(0))
    delivery.put(incident(1))
    eventually(delivery, lambda: delivery.delivered == 1)
    assert delivery.dropped == {"refused": 1}
    assert told == [
        (
            "tightlip: the sink test has not got 1 incidents so far, of late REFERENCE000: "
            "tightlip.incidents.delivery.RefusedError: status 400"
        )
    ]


def test_of_a_batch_that_is_refused_only_the_culprit_is_dropped(told):
    hold = threading.Event()

    def deliver(incidents):
        hold.wait(10)
        if any(each.reference == "REFERENCE002" for each in incidents):
            raise RefusedError("status 400")

    delivery = Delivery("test", deliver, at_once=10)
    for number in range(5):
        delivery.put(incident(number))
    hold.set()
    eventually(delivery, lambda: delivery.delivered == 4)
    eventually(delivery, lambda: delivery.dropped == {"refused": 1})


def test_a_receiver_that_asks_for_time_gets_it(told):
    waited = []
    taker = Taker(PostponedError(7), None)
    delivery = Delivery("test", taker, first_pause=0.01)
    delivery._rest = waited.append
    delivery.put(incident())
    eventually(delivery, lambda: delivery.delivered == 1)
    assert waited == [7]


def test_pauses_grow_up_to_a_minute(told):
    waited = []
    delivery = Delivery("test", Taker(*[OSError("down")] * 12))
    delivery._rest = waited.append
    delivery.put(incident())
    eventually(delivery, lambda: delivery.delivered == 1)
    assert 0.375 <= waited[0] <= 0.625
    assert 45 <= waited[-1] <= 75
    assert len(waited) == 12


def test_what_fails_for_an_hour_is_given_up_and_counted(told, monkeypatch):
    monkeypatch.setattr(module, "_GIVEN_UP_AFTER", 0.0)
    delivery = Delivery("test", Taker(*[OSError("down")] * 5), first_pause=0.001)
    delivery.put(incident())
    eventually(delivery, lambda: delivery.dropped == {"given_up": 1})
    assert "given_up" not in told[-1]
    assert "REFERENCE000" in told[-1]


def test_closing_waits_no_longer_than_its_bound_and_tells_what_was_not_sent(told, monkeypatch):
    monkeypatch.setattr(module, "_LAST_WAIT", 0.05)
    goes_on = threading.Event()
    delivery = Delivery("test", lambda incidents: goes_on.wait(30))
    delivery.put(incident(0))
    delivery.put(incident(1))
    delivery.close()
    goes_on.set()
    assert delivery.dropped == {"not_sent_at_exit": 2}
    assert "has not got 2 incidents so far, of late REFERENCE000" in told[0]


def test_a_receiver_that_is_down_at_the_end_is_tried_until_the_bound(told, monkeypatch):
    monkeypatch.setattr(module, "_LAST_WAIT", 0.1)
    taker = Taker(*[OSError("down")] * 1000)
    delivery = Delivery("test", taker, first_pause=0.01)
    delivery.put(incident())
    delivery.close()
    eventually(delivery, lambda: delivery.dropped == {"not_sent_at_exit": 1})
    assert len(taker.calls) > 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (PermissionError(errno.EACCES, CANARY), "PermissionError: Permission denied"),
        (socket.gaierror(socket.EAI_NONAME, CANARY), "socket.gaierror"),
        (ssl.SSLCertVerificationError(1, CANARY), "ssl.SSLCertVerificationError"),
        (OSError(CANARY), "OSError"),
    ],
    ids=["system", "name", "certificate", "no number"],
)
def test_only_a_number_of_the_systems_is_told_in_the_systems_words(fault, words):
    assert told_of(fault) == words


def test_it_goes_on_after_it_was_closed():
    taker = Taker()
    delivery = Delivery("test", taker)
    for number in (0, 1):
        delivery.put(incident(number))
        delivery.close()
    assert delivery.delivered == 2


def test_at_exit_what_waits_is_still_sent():
    code = """
import sys, time
from tightlip.incidents.delivery import Delivery
from tightlip.incidents.incident import Incident
def deliver(incidents):
    time.sleep(0.01)
    print(incidents[0].reference, flush=True)
delivery = Delivery("test", deliver)
for number in range(5):
    delivery.put(Incident({"reference": f"R{number}"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["R0", "R1", "R2", "R3", "R4"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork_the_child_sends_its_own_and_none_of_its_parents():
    code = """
import os, threading
from tightlip.incidents.delivery import Delivery
from tightlip.incidents.incident import Incident
parent, free = os.getpid(), threading.Event()
def deliver(incidents):
    if os.getpid() == parent:
        free.wait(10)
    os.write(1, f"{'parent' if os.getpid() == parent else 'child'} {incidents[0].reference}\\n".encode())
delivery = Delivery("test", deliver)
delivery.put(Incident({"reference": "A"}))
delivery.put(Incident({"reference": "B"}))
child = os.fork()
if not child:
    delivery.put(Incident({"reference": "C"}))
    delivery.close()
    os._exit(0)
os.waitpid(child, 0)
free.set()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "child C\nparent A\nparent B\n"
