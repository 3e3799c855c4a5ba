"""Every framework, every cause, debug off and on: one answer."""

from __future__ import annotations

from pathlib import Path

from contract.causes import CAUSES
from contract.client import exchange
from contract.differences import Differences
from contract.picture import ANSWERS, TELLING, Cell, golden, picture

FRAMEWORKS = sorted(path.stem for path in (Path(__file__).parent / "applications").glob("*.py"))
DIFFERENCES = Differences("application")


def test_each_cell_of_the_contract(served, cause, matrix, told):
    answer = exchange(served.port, *cause.requests)
    shown = picture(answer)
    found = TELLING.search(answer.everything)
    names = DIFFERENCES.answers_to(cause, served.framework)
    pictures = [golden(name, is_head=cause.is_head) for name in names]
    matrix[served.framework, served.debug, cause.name] = Cell(
        shown,
        tells=found is not None,
        is_other=shown not in pictures,
        is_explained=names != cause.answers,
    )
    assert found is None, f"{found[0]!r} in {answer.everything}"
    assert shown in pictures, "\n".join([shown, "in place of", *pictures])
    for reference in answer.values("x-error-reference"):
        assert served.sink.find(reference) is not None
    if answer.status >= 400 and answer.values("x-error-reference"):
        assert told
    assert len(told) == len(set(told)), "an error was counted twice"


def test_the_table_names_what_there_is_and_every_answer_is_one_to_a_cause():
    DIFFERENCES.check(FRAMEWORKS, CAUSES, ANSWERS)
