"""Outcome: what came of scanning one piece of the inputs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tightlip.findings.position import START, Position
from tightlip.findings.result import Fault, Result


@dataclass(slots=True)
class Outcome:
    """What came of one piece of work.

    Attributes:
        path: The file that it was about, or the last of several.
        results: What was found.
        faults: What could not be read.
        answers: Lines to be written as they are.
        is_leaking: Whether a line of JSON lines has a finding.
        continues: Whether positions count from where the piece before it ended.
        travelled: The piece's own length, where one follows that continues it.
        files: How many files were begun.
        binaries: How many files were passed over, since they hold no text.
        links: How many links in directories were not followed.
        progress: How many bytes of the files themselves were read.
    """

    path: str = ""
    results: list[Result] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    answers: str = ""
    is_leaking: bool = False
    continues: bool = False
    travelled: Position = START
    files: int = 0
    binaries: int = 0
    links: int = 0
    progress: int = 0

    def add(self, other: Outcome) -> None:
        """Take in what came of a further piece."""
        self.path = other.path
        self.results += other.results
        self.faults += other.faults
        self.answers += other.answers
        self.is_leaking |= other.is_leaking
        self.files += other.files
        self.binaries += other.binaries
        self.links += other.links
        self.progress += other.progress


class Continuity:
    """Tells where the pieces of a long text stand in it, as they come in turn."""

    def __init__(self) -> None:
        self._end = START

    def placed(self, outcome: Outcome) -> Outcome:
        """Return `outcome` with its positions counted from the beginning of the file."""
        if not outcome.continues:
            self._end = outcome.travelled
            return outcome
        begin = self._end
        self._end = outcome.travelled.behind(begin)
        outcome.results = [
            replace(result, start=result.start.behind(begin), end=result.end.behind(begin))
            for result in outcome.results
        ]
        outcome.faults = [
            fault if fault.line is None else replace(fault, line=fault.line + begin.line - 1)
            for fault in outcome.faults
        ]
        return outcome
