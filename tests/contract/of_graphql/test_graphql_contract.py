"""GraphQL: every library, every cause, debug off and on: one answer."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.applications import load
from contract.client import exchange
from contract.differences import Differences
from contract.graphql_causes import CAUSES
from contract.graphql_client import listen, picture_of_events, picture_of_result
from contract.picture import TELLING, Cell
from contract.servers import asgi
from tightlip import Shield
from tightlip.incidents.sinks.memory import MemorySink

APPLICATIONS = Path(__file__).parent / "applications"
LIBRARIES = sorted(path.stem for path in APPLICATIONS.glob("*.py"))
ANSWERS = Path(__file__).parent / "answers"
DIFFERENCES = Differences("library")
REFERENCE = re.compile(r'"reference": ?"([^"]+)"')


def golden(name, cause):
    """The one picture that all libraries must give; a status stands for that of the cause with it."""
    if name.isdecimal():
        (usual,) = cause.answers
        return f"{name}\n{golden(usual, cause).partition(chr(10))[2]}"
    return (ANSWERS / f"{name}.txt").read_text(encoding="utf-8")


@contextmanager
def serving(library, *, debug, introspection):
    sink = MemorySink()
    module = load(APPLICATIONS / f"{library}.py")
    shield = Shield(sinks=[sink])
    with asgi(module.build(shield, debug=debug, introspection=introspection)) as port:
        yield library, debug, port, sink


@pytest.fixture(scope="module")
def library(request):
    """An application of the contract on its real server, started once for its causes."""
    name, debug, introspection = request.param
    with serving(name, debug=debug, introspection=introspection) as served:
        yield served


@pytest.mark.parametrize(
    ("library", "cause"),
    [
        pytest.param(
            (library, debug, introspection),
            cause,
            id=f"{library}-{'debug' if debug else 'production'}-{cause.name}",
        )
        for library in LIBRARIES
        for debug in (False, True)
        for introspection in (True, False)
        for cause in DIFFERENCES.cells_of(library, CAUSES)
        if cause.introspection is introspection
    ],
    indirect=["library"],
)
def test_each_cell_of_the_contract_of_graphql(library, cause, matrix):
    name, debug, port, sink = library
    if cause.subscription:
        received = listen(port, cause.subscription)
        everything, shown = "\n".join(received), picture_of_events(received)
    else:
        answer = exchange(port, cause.request)
        everything, shown = answer.everything, picture_of_result(answer)
    found = TELLING.search(everything)
    names = DIFFERENCES.answers_to(cause, name)
    pictures = [golden(one, cause) for one in names]
    matrix[name, debug, cause.name] = Cell(
        shown,
        tells=found is not None,
        is_other=shown not in pictures,
        is_explained=names != cause.answers,
    )
    assert found is None, f"{found[0]!r} in {everything}"
    assert shown in pictures, "\n".join([shown, "in place of", *pictures])
    for reference in REFERENCE.findall(everything):
        assert sink.find(reference) is not None


def test_the_table_names_what_there_is_and_every_answer_is_one_to_a_cause():
    DIFFERENCES.check(LIBRARIES, CAUSES, ANSWERS)
