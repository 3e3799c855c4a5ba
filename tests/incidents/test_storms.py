from __future__ import annotations

import threading

import pytest

from tightlip.incidents import storms as module
from tightlip.incidents.storms import Measure, Storms

REPORT, SUMMARY, COUNT = Measure.REPORT, Measure.SUMMARY, Measure.COUNT


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


class Waiting:
    def __init__(self):
        self.bytes = 0

    def __call__(self):
        return self.bytes


@pytest.fixture
def waiting():
    return Waiting()


@pytest.fixture
def storms(clock, waiting):
    return Storms(waiting)


def happen(storms, fingerprint="v1:0", times=1):
    """Let a fault happen; return the numbers at which it was reported in full."""
    full = []
    for number in range(1, times + 1):
        if storms.measure(fingerprint) is REPORT:
            full.append(number)
            storms.reported(fingerprint, f"{fingerprint}/{number}")
    return full


def test_the_first_ten_are_kept_in_full_and_then_ever_fewer(storms):
    assert happen(storms, times=300) == [*range(1, 11), 16, 32, 64, 128, 256]
    assert storms.reduced == {"fault": 285}
    assert storms.nearest("v1:0") == "v1:0/256"
    assert storms.nearest("v1:1") is None


def test_one_a_minute_is_kept_in_full_whatever_its_number(storms, clock):
    happen(storms, times=100)
    full = []
    for second in range(1, 200):
        clock.now += 1
        full += [second for _ in happen(storms)]
    assert full == [28, 88, 148, 156]  # the 128th, two after a minute each, the 256th


def test_after_a_quiet_minute_a_storm_is_over(storms, clock):
    happen(storms, times=100)
    clock.now += 61
    assert happen(storms, times=20) == [*range(1, 11), 16]


def test_no_fault_is_thinned_for_the_sake_of_another(storms):
    happen(storms, "v1:0", 1000)
    assert happen(storms, "v1:1", 12) == [*range(1, 11)]


def test_too_many_reports_in_a_second_are_thinned_but_not_the_first_of_a_fault(
    storms, clock, monkeypatch
):
    monkeypatch.setattr(module, "_MOST_REPORTS", 5)
    assert happen(storms, times=8) == [1, 2, 3, 4, 5]
    assert storms.reduced == {"rate": 3}
    assert happen(storms, "v1:1", 2) == [1]
    clock.now += 1
    assert happen(storms, times=2) == [1, 2]


def test_where_much_waits_summaries_are_kept_and_then_counts(storms, clock, waiting):
    happen(storms)
    waiting.bytes = 300 << 20
    assert storms.measure("v1:0") is REPORT  # it is looked at once a second
    clock.now += 1
    assert storms.measure("v1:0") is SUMMARY
    assert storms.measure("v1:1") is REPORT
    waiting.bytes = 520 << 20
    clock.now += 1
    assert storms.measure("v1:0") is COUNT
    assert storms.measure("v1:2") is REPORT
    waiting.bytes = 600 << 20
    clock.now += 1
    assert storms.measure("v1:3") is COUNT
    assert storms.reduced == {"backlog": 3}
    waiting.bytes = 0
    clock.now += 1
    assert storms.measure("v1:3") is REPORT


def test_a_fault_whose_report_could_not_be_kept_is_still_a_first(storms):
    assert [storms.measure("v1:0") for _ in range(20)] == [REPORT] * 20


def test_the_memory_of_faults_has_a_bound(storms, monkeypatch):
    monkeypatch.setattr(module, "_MOST_FAULTS", 10)
    for number in range(30):
        happen(storms, f"v1:{number}")
    assert len(storms._faults) == 10
    assert storms.nearest("v1:29") == "v1:29/1"


def test_threads_at_once_are_counted_exactly():
    storms = Storms(lambda: 0)
    storms.measure("v1:0")
    storms.reported("v1:0", "A")
    measures = []

    def work():
        measures.extend([storms.measure("v1:0") for _ in range(500)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert measures.count(REPORT) == 9 + len([16, 32, 64, 128, 256, 512, 1024])
    assert storms.reduced["fault"] == measures.count(SUMMARY) == 2000 - measures.count(REPORT)
