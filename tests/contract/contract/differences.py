"""The tables of differences in `docs/frameworks.md`: which cells may differ, how, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol, TypeVar

DOCUMENT = Path(__file__).parents[3] / "docs" / "frameworks.md"


class Cause(Protocol):
    """What a table speaks of: a cause with a name, and the names of its answers."""

    @property
    def name(self) -> str: ...

    @property
    def answers(self) -> tuple[str, ...]: ...


Asked = TypeVar("Asked", bound=Cause)


@dataclass(frozen=True)
class Difference:
    """A row of the table.

    Attributes:
        applications: The names of those of whom it speaks, as of the files in `applications/`.
        causes: Patterns of the names of causes.
        answers: The names of the answers in `answers/`; none where the cell is left out.
        why: The reason.
    """

    applications: tuple[str, ...]
    causes: tuple[str, ...]
    answers: tuple[str, ...]
    why: str

    def covers(self, framework: str, cause: Cause) -> bool:
        """Tell whether this row speaks of the cell."""
        named = any(fnmatchcase(cause.name, pattern) for pattern in self.causes)
        return framework in self.applications and named


def _quoted(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


class Differences:
    """A table of differences.

    Args:
        column: How its first column is called.
    """

    def __init__(self, column: str) -> None:
        table = re.compile(
            rf"^\| {column} \| causes \| answer \| why \|\n\|[-| ]+\|\n((?:\|.*\n)+)",
            re.MULTILINE,
        )
        (rows,) = table.findall(DOCUMENT.read_text(encoding="utf-8"))
        cells = [
            [cell.strip() for cell in row.strip("|").split(" | ")] for row in rows.splitlines()
        ]
        self.rows = [Difference(*map(_quoted, row[:3]), row[3]) for row in cells]

    def answers_to(self, cause: Cause, framework: str) -> tuple[str, ...]:
        """Return the names of the answers that are right in a cell; none where it is left out."""
        for difference in self.rows:
            if difference.covers(framework, cause):
                return difference.answers
        return cause.answers

    def cells_of(self, framework: str, causes: Sequence[Asked]) -> list[Asked]:
        """Return the causes that are asked of an application."""
        return [cause for cause in causes if self.answers_to(cause, framework)]

    def check(self, frameworks: Sequence[str], causes: Sequence[Cause], answers: Path) -> None:
        """See that the table is right: whom and what it names is there, and no cell has two rows.

        Args:
            frameworks: The names of all applications.
            causes: All causes.
            answers: The folder of the answers: each is asked for.
        """
        for row in self.rows:
            assert set(row.applications) <= set(frameworks), row
            assert row.why, row
            for pattern in row.causes:
                named = [cause for cause in causes if fnmatchcase(cause.name, pattern)]
                assert named, (row, pattern)
        for framework in frameworks:
            for cause in causes:
                rows = [row for row in self.rows if row.covers(framework, cause)]
                assert len(rows) <= 1, (framework, cause.name, rows)
        named = {name for one in (*causes, *self.rows) for name in one.answers}
        named = {name for name in named if not name.isdecimal()}  # the answer, with that status
        assert named == {path.stem for path in answers.iterdir()}
