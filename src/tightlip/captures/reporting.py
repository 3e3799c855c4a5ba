"""Reporting: what comes of a scan is written as it comes, and summed up at the end."""

from __future__ import annotations

from typing import Protocol, TextIO

from tightlip.captures.outcome import Outcome
from tightlip.captures.progress import Progress
from tightlip.findings.result import Fault, Result, Summary
from tightlip.findings.text import summary_line

CLEAN, FOUND, COULD_NOT_RUN = 0, 1, 2
"""The exit codes."""

_MOST_FAULTS_KEPT = 1000
_SEVERITIES = ("critical", "high", "medium", "low")


class Report(Protocol):
    """A form in which results are printed."""

    def begin(self) -> str:
        """Return what stands before the results."""
        ...

    def result(self, result: Result) -> str:
        """Return the text of one result."""
        ...

    def end(self, summary: Summary, faults: list[Fault]) -> str:
        """Return what stands behind the results."""
        ...


class Reporter:
    """Writes results to one stream, and faults to another.

    Args:
        report: The form of the results; None where only answers to JSON lines are written.
        output: Where the results go.
        errors: Where faults go, and the progress, if there is one.
        progress: Tells on a terminal how far the scan is.
        has_summary: Whether a sentence at the end sums the scan up.

    Attributes:
        summary: What was read in all.
    """

    def __init__(
        self,
        report: Report | None,
        output: TextIO,
        errors: TextIO,
        *,
        progress: Progress | None = None,
        has_summary: bool = False,
    ) -> None:
        self.summary = Summary(findings=dict.fromkeys(_SEVERITIES, 0))
        self._report = report
        self._output = output
        self._errors = errors
        self._progress = progress
        self._has_summary = has_summary
        self._faults: list[Fault] = []
        self._is_leaking = False
        self._last_path: str | None = None

    def begin(self) -> None:
        """Write what stands before the results."""
        if self._report is not None:
            self._write(self._report.begin())

    def add(self, outcome: Outcome) -> None:
        """Write what came of one piece of work."""
        summary = self.summary
        summary.files += outcome.files
        summary.binaries += outcome.binaries
        summary.links += outcome.links
        summary.faults += len(outcome.faults)
        self._is_leaking |= outcome.is_leaking
        self._write(outcome.answers)
        for result in outcome.results:
            summary.findings[result.severity] += 1
            if result.path != self._last_path:
                summary.leaking += 1
                self._last_path = result.path
        if self._report is not None:
            self._write("".join(map(self._report.result, outcome.results)))
        for fault in outcome.faults:
            self._tell(str(fault))
        self._faults += outcome.faults[: _MOST_FAULTS_KEPT - len(self._faults)]
        if self._progress is not None:
            self._progress.advance(outcome.progress)

    def end(self) -> None:
        """Write what stands behind the results."""
        self.clear()
        if self._report is not None:
            self._write(self._report.end(self.summary, self._faults))
        if self._has_summary:
            self._tell(summary_line(self.summary))

    def clear(self) -> None:
        """Take the bar of the progress away."""
        if self._progress is not None:
            self._progress.clear()

    @property
    def exit_code(self) -> int:
        """The exit code of the scan: what could not be read counts more than what was found."""
        if self.summary.faults:
            return COULD_NOT_RUN
        return FOUND if self._is_leaking or any(self.summary.findings.values()) else CLEAN

    def _write(self, text: str) -> None:
        if text:
            self.clear()
            self._output.write(_encodable(text, self._output))
            self._output.flush()

    def _tell(self, line: str) -> None:
        self.clear()
        self._errors.write(_encodable(f"{line}\n", self._errors))
        self._errors.flush()


def _encodable(text: str, stream: TextIO) -> str:
    """Return `text` with backslash escapes for what the stream's encoding does not have."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text
    return text
