"""Tasks done here and in other processes; whole runs of the command are in `tests/cli`."""

from __future__ import annotations

from dataclasses import dataclass

from tightlip.captures import workers
from tightlip.captures.outcome import Outcome
from tightlip.captures.workers import available_processors, outcomes_of


@dataclass(frozen=True)
class Small:
    """A task that tells its number, or fails."""

    path: str
    size: int = 1

    def run(self, inspector):
        if self.path == "bad":
            raise KeyError("secret words")
        return Outcome(self.path)


def test_outcomes_come_in_order_and_pauses_where_they_are(inspector):
    tasks = [Small("a"), None, Small("b")]
    found = [outcome and outcome.path for outcome in outcomes_of(iter(tasks), inspector, 2)]
    assert found == ["a", None, "b"]


def test_a_fault_of_ours_is_told_without_words_and_ends_nothing(inspector):
    bad, good = outcomes_of(iter([Small("bad"), Small("good")]), inspector, 1)
    assert [str(fault) for fault in bad.faults] == [
        "bad: could not be scanned, by a fault of Tightlip: KeyError"
    ]
    assert good.path == "good"


def test_little_work_starts_no_process(inspector, monkeypatch):
    monkeypatch.setattr(workers, "_shared", lambda *_: iter(()))
    tasks = [Small("a", workers.WORTH_SHARING - 1), Small("b")]
    assert len(list(outcomes_of(iter(tasks), inspector, 2))) == 2
    assert len(list(outcomes_of(iter([*tasks, Small("c")]), inspector, 2))) == 2
    assert len(list(outcomes_of(iter([*tasks, Small("c")]), inspector, 1))) == 3


def test_tasks_are_taken_only_as_they_are_needed(inspector):
    taken = []

    def tasks():
        for number in range(100):
            taken.append(number)
            yield Small(str(number))

    outcomes = outcomes_of(tasks(), inspector, 1)
    next(outcomes)
    assert taken == [0]
    outcomes.close()


def test_at_least_one_processor_is_there():
    assert available_processors() >= 1
