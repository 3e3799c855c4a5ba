from __future__ import annotations

import traceback

import pytest

from tightlip.incidents.stack_trace import stack_trace


def caused():
    try:
        int("x")
    except ValueError as error:
        raise KeyError("no") from error


def during():
    try:
        int("x")
    except ValueError:
        raise KeyError("no")


def hidden():
    try:
        int("x")
    except ValueError:
        raise KeyError("no") from None


@pytest.mark.parametrize("function", [caused, during, hidden])
def test_it_reads_as_python_prints_it(record, raised, function):
    error = raised(function)
    printed = "".join(traceback.format_exception(error)).splitlines()
    wanted = [line for line in printed if set(line.strip()) - set("^~") or not line]
    told = stack_trace(record(error)).replace("raised.<locals>.", "")  # names are qualified ones
    assert told.splitlines() == wanted


def test_the_members_of_a_group_come_before_it(record):
    group = ExceptionGroup("both", [ValueError("one"), KeyError("two")])
    lines = stack_trace(record(group)).splitlines()
    told = [line for line in lines if line and "member" not in line]
    assert told == ["ValueError: one", "KeyError: 'two'", "ExceptionGroup: both (2 sub-exceptions)"]


def test_it_says_where_frames_were_left_out(record, raised):
    def deeper(depth):
        return deeper(depth - 1) if depth else int("x")

    text = stack_trace(record(raised(lambda: deeper(100))))
    assert text.count("  File ") == 50
    assert "more frames]" in text.splitlines()[21]


def test_an_incident_without_an_exception_has_none(record):
    assert not stack_trace(record())
