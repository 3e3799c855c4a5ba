from __future__ import annotations

import pytest

from tightlip.incidents import recognition as module
from tightlip.incidents.recognition import Recognition
from tightlip.incidents.recognition import trace_of as trace_with
from tightlip.incidents.ways import Walks, Way


def trace_of(error):
    return trace_with(error, Walks())


def fail(kind=ValueError, depth=0, value="x"):
    if depth:
        return fail(kind, depth - 1, value)
    if kind is KeyError:
        raise KeyError(value)
    raise kind(value)


def chained(how, value="x"):
    try:
        fail(KeyError, value=value)
    except KeyError as error:
        if how == "cause":
            raise ValueError(value) from error
        if how == "hidden":
            raise ValueError(value) from None
        raise ValueError(value)


def grouped(*members):
    raised = []
    for kind in members:
        try:
            fail(kind)
        except Exception as error:
            raised.append(error)
    raise ExceptionGroup("many", raised)


FAULTS = {
    "ValueError": fail,
    "TypeError": lambda: fail(TypeError),
    "KeyError": lambda: fail(KeyError),
    "recursion": lambda: fail(ValueError, 3),
    "cause": lambda: chained("cause"),
    "hidden": lambda: chained("hidden"),
    "context": lambda: chained("context"),
    "group": lambda: grouped(KeyError, TypeError),
    "another group": lambda: grouped(TypeError, KeyError),
    "larger group": lambda: grouped(TypeError, KeyError, KeyError),
}


def test_different_faults_have_different_keys(raised):
    keys = {name: trace_of(raised(function)).key for name, function in FAULTS.items()}
    assert len(set(keys.values())) == len(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_the_same_fault_has_the_same_key_each_time(raised, name):
    first, second = (trace_of(raised(FAULTS[name])).key for _ in range(2))
    assert first == second


@pytest.mark.parametrize("depth", [4, 50, 400])
def test_neither_values_nor_the_depth_of_a_recursion_count(raised, depth):
    keys = [
        trace_of(raised(lambda depth=depth, value=value: fail(ValueError, depth, value))).key
        for depth, value in ((3, "one"), (depth, "two"))
    ]
    assert keys[0] == keys[1]


def test_a_key_that_is_equal_means_a_fingerprint_that_is_equal(raised, record):
    """Whatever the key leaves out must be out of the fingerprint too."""
    by_key: dict = {}
    for function in (*FAULTS.values(), *(lambda d=d: fail(ValueError, d) for d in (2, 5, 9))):
        for _ in range(2):
            error = raised(function)
            by_key.setdefault(trace_of(error).key, set()).add(record(error).fingerprint)
    assert all(len(fingerprints) == 1 for fingerprints in by_key.values())


def test_a_cycle_of_causes_ends(raised):
    first, second = raised(fail), raised(lambda: fail(TypeError))
    first.__cause__, second.__cause__ = second, first
    assert trace_of(first).key != trace_of(second).key


def test_where_too_many_stand_behind_it_nothing_is_said(raised):
    error = raised(fail)
    last = error
    for _ in range(40):
        last.__cause__ = ValueError()
        last = last.__cause__
    assert trace_of(error) is None


def test_what_was_learnt_is_recalled_and_the_oldest_forgotten(raised, record, monkeypatch):
    monkeypatch.setattr(module, "_MOST_KNOWN", 4)
    recognition = Recognition()
    error = raised(fail)
    trace = trace_of(error)
    assert recognition.recall(trace) is None
    recognition.learn(trace, record(error).fields)
    common = recognition.recall(trace_of(raised(fail))).fields
    assert common["exception.type"] == "ValueError"
    assert common["code.function.name"] == "fail"
    assert not {"reference", "time", "exception.message", "http.route"} & common.keys()
    others = [raised(FAULTS[name]) for name in ("cause", "hidden", "context", "group")]
    for other in others:
        recognition.learn(trace_of(other), record(other).fields)
    assert recognition.recall(trace) is None
    assert recognition.recall(trace_of(others[-1])).fields["exception.type"] == "ExceptionGroup"


def test_what_was_learnt_keeps_its_code_alive_so_that_no_other_takes_its_identity():
    recognition = Recognition()
    space = {}
    exec("def made(): raise ValueError", space)
    try:
        space["made"]()
    except ValueError as error:
        trace = trace_of(error)
        recognition.learn(trace, {"fingerprint": "v1:0"})
    ((_, held),) = recognition._known.values()
    (way,) = (each for each in held if isinstance(each, Way))
    assert space["made"].__code__ in way.code
    assert ValueError in held
