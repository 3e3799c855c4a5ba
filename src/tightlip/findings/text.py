"""Text: results for people, a place and an excerpt each, and a sentence that sums them up."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from tightlip.findings.result import Fault, Result, Summary, printable

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_DIM = "\x1b[2m"
_MATCH = "\x1b[1;31m"
_SEVERITY = {
    "low": "\x1b[36m",
    "medium": "\x1b[33m",
    "high": "\x1b[31m",
    "critical": "\x1b[1;31m",
}
_WIDE = frozenset("WF")


class TextReport:
    """Prints results as text.

    Args:
        has_colors: Whether it is read on a terminal that shows colours.
    """

    def __init__(self, *, has_colors: bool = False) -> None:
        self._has_colors = has_colors

    def begin(self) -> str:
        """Return what stands before the results."""
        return ""

    def result(self, result: Result) -> str:
        """Return the lines that tell of one result."""
        place = result.path if result.part is None else f"{result.path}#{result.part}"
        place = f"{printable(place)}:{result.start.line}:{result.start.column}"
        severity = self._in(_SEVERITY[result.severity], result.severity)
        kind = f"{result.rule} ({result.category}, {severity})"
        lines = [f"{self._in(_BOLD, place)}: {kind}: {result.says}"]
        if result.exchange:
            lines.append(self._in(_DIM, f"  in {result.exchange}"))
        excerpt = result.excerpt
        lines.append(f"  {excerpt.before}{self._in(_MATCH, excerpt.match)}{excerpt.after}")
        marks = "^" * max(1, _cells(excerpt.match))
        lines.append(f"  {' ' * _cells(excerpt.before)}{self._in(_MATCH, marks)}")
        return "".join(f"{line}\n" for line in lines)

    def end(self, summary: Summary, faults: Iterable[Fault]) -> str:  # noqa: ARG002 - all reports have it
        """Return what stands behind the results."""
        return ""

    def _in(self, color: str, text: str) -> str:
        return f"{color}{text}{_RESET}" if self._has_colors else text


def summary_line(summary: Summary) -> str:
    """Return the sentence that sums a scan up."""
    found = sum(summary.findings.values())
    if found:
        each = [f"{count} {name}" for name, count in summary.findings.items() if count]
        said = f"{_counted(found, 'finding')} in {_counted(summary.leaking, 'file')}"
        said += f" ({', '.join(each)})"
    else:
        said = "No findings"
    said += f"; {_counted(summary.files, 'file')} read"
    if summary.binaries:
        said += f", {summary.binaries} of them passed over as binary"
    if summary.links:
        said += f"; {_counted(summary.links, 'link')} not followed"
    if summary.faults:
        said += f"; {_counted(summary.faults, 'error')}"
    return f"{said}."


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _cells(text: str) -> int:
    """Return how many columns of a terminal `text` takes, about."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
