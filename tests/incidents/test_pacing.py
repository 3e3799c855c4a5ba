from __future__ import annotations

import random

import pytest

from tightlip.incidents import pacing
from tightlip.incidents.pacing import Pauses, Throttle


def test_pauses_double_up_to_a_minute_and_begin_anew():
    pauses = Pauses(1.0)
    for usual in (1, 2, 4, 8, 16, 32, 60, 60):
        assert usual * 0.75 <= pauses.next() <= usual * 1.25
    pauses.reset()
    assert pauses.next() <= 1.25


def test_pauses_part():
    assert len({Pauses().next() for _ in range(100)}) > 10


def test_the_numbers_of_an_application_stay_its_own():
    before = random.getstate()
    Pauses().next()
    assert random.getstate() == before


@pytest.fixture
def clock(monkeypatch):
    moment = [0.0]
    monkeypatch.setattr(pacing.time, "monotonic", lambda: moment[0])
    return moment


def test_a_line_of_each_kind_passes_once_a_minute(clock):
    throttle = Throttle()
    assert [throttle.allows("a"), throttle.allows("b"), throttle.allows("a")] == [True, True, False]
    clock[0] = 59.9
    assert not throttle.allows("a")
    clock[0] = 60.0
    assert throttle.allows("a")


def test_what_is_remembered_is_bounded(clock):
    throttle = Throttle()
    assert all(throttle.allows(str(number)) for number in range(1000))
    assert len(throttle._passed) <= 64
