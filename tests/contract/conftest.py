"""The fixture that serves an application of the contract, and the matrix that is printed."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.applications import load
from contract.causes import CAUSES
from contract.differences import Differences
from contract.picture import Cell
from contract.servers import BY_PROTOCOL
from tightlip import Shield
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.sinks.memory import MemorySink

APPLICATIONS = Path(__file__).parent / "applications"
FRAMEWORKS = sorted(path.stem for path in APPLICATIONS.glob("*.py"))
MATRIX = pytest.StashKey[dict[tuple[str, bool, str], Cell]]()


@dataclass
class Served:
    """An application of the contract that is being served."""

    framework: str
    debug: bool
    protocol: str
    port: int
    sink: MemorySink


@contextmanager
def serving(framework: str, *, debug: bool):
    module = load(APPLICATIONS / f"{framework}.py")
    sink = MemorySink()
    application = Shield(sinks=[sink])(module.build(debug))
    serve = module.serve if module.PROTOCOL == "own" else BY_PROTOCOL[module.PROTOCOL]
    with serve(application) as port:
        yield Served(framework, debug, module.PROTOCOL, port, sink)


class Running:
    """Keeps the application that was asked for last: the cells of one come in a row."""

    def __init__(self) -> None:
        self._key: tuple[str, bool] | None = None
        self._served: Served | None = None
        self._stack = ExitStack()

    def get(self, framework: str, *, debug: bool) -> Served:
        if self._key != (framework, debug):
            self._stack.close()
            self._served = self._stack.enter_context(serving(framework, debug=debug))
            self._key = framework, debug
        return self._served

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def running():
    with closing(Running()) as running:
        yield running


@pytest.fixture
def served(request, running):
    """An application of the contract on its real server, started once for all its causes."""
    framework, debug = request.param
    return running.get(framework, debug=debug)


@pytest.fixture
def told(monkeypatch):
    """The keys of the errors that were counted meanwhile."""
    keys = []
    monkeypatch.setattr(Recorder, "told", lambda _, key, __: keys.append(key))
    return keys


def pytest_generate_tests(metafunc):
    if "served" not in metafunc.fixturenames:
        return
    differences = Differences("application")
    cells = [
        pytest.param((framework, debug), cause, id=f"{framework}-{_mode(debug=debug)}-{cause.name}")
        for framework in FRAMEWORKS
        for debug in (False, True)
        for cause in differences.cells_of(framework, CAUSES)
    ]
    metafunc.parametrize(("served", "cause"), cells, indirect=["served"])


def _mode(*, debug: bool) -> str:
    return "debug" if debug else "production"


@pytest.fixture(scope="session")
def matrix(request):
    """What each cell gave, for the summary."""
    return request.config.stash.setdefault(MATRIX, {})


def pytest_terminal_summary(terminalreporter, config):
    """Print what the contract is about: how many answers there are to one cause."""
    cells = config.stash.get(MATRIX, {})
    if not cells:
        return
    causes = {cause for _, _, cause in cells}
    terminalreporter.write_sep("-", "the contract")
    terminalreporter.write_line(
        f"{len(cells)} cells ({len({framework for framework, _, _ in cells})} applications, "
        f"{len(causes)} causes, debug off and on): "
        f"{sum(cell.tells for cell in cells.values())} tell of internals or of the stack, "
        f"{sum(cell.is_other for cell in cells.values())} have another shape, "
        f"{sum(cell.is_explained for cell in cells.values())} differ for a reason in the table"
    )
    for cause in sorted(causes):
        shown = {cell.shown for (_, _, asked), cell in cells.items() if asked == cause}
        if len(shown) > 1:
            terminalreporter.write_line(f"{len(shown)} answers to: {cause}")
