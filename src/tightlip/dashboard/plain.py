"""Plain: each page as text and as Markdown, to paste where it is talked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tightlip.incidents.visible import visible_line, visible_text

if TYPE_CHECKING:
    from tightlip.dashboard.report import Link, Report

_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*[]<|&"})
"""What has a meaning of its own within a line of Markdown: links, pictures, elements, cells."""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as a table of Markdown."""
    lines = [_row(columns), _row(["---"] * len(columns))]
    lines += [_row([_inline(str(cell)) for cell in row]) for row in rows]
    return "\n".join(lines) + "\n"


def columns(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as lines of text, the cells apart by two spaces."""
    return "".join(
        "  ".join(visible_line(str(cell)) for cell in row).rstrip() + "\n" for row in rows
    )


def markdown(report: Report) -> str:
    """Return an incident as Markdown."""
    parts = [
        f"# Incident {report.reference}",
        _list(
            [
                ("Time", report.time),
                ("The client was told", report.told),
                ("Fingerprint", report.fingerprint),
                *report.request,
            ]
        ),
    ]
    if report.closed_part:
        parts.append(f"The closed part of the report is {_inline(report.closed_part)}.")
    for words in report.withheld:
        parts.append(f"## Withheld: {_inline(words.where)}")
        parts.append(_block(words.text))
        parts.append(_list([("Why", words.reason), ("From", words.source)]))
        if words.advice:
            parts += ["To say something here, declare it:", _block(words.advice, "python")]
    if report.facts:
        parts += ["## Facts of the failure", _list(report.facts)]
    for link in report.links:
        parts += _exception(link)
    return "\n\n".join(parts) + "\n"


def _exception(link: Link) -> list[str]:
    parts = [f"## {_inline(link.relation)}: {_inline(link.type)}"]
    if link.message:
        parts.append(_block(link.message))
    parts += map(_block, link.notes)
    if link.attributes:
        parts.append(_list(link.attributes))
    frames = [frame for group in link.frames for frame in group.frames]
    if frames:
        lines = []
        for frame in frames:
            lines.append(f"{frame.place} in {frame.function}")
            if frame.source:
                lines.append(f"    {frame.source}")
        parts.append(_block("\n".join(lines)))
    return parts


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _inline(text: str) -> str:
    """Return a text as it stands, in one line of Markdown."""
    return visible_line(text).translate(_MARKS)


def _list(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {_inline(name)}: {_inline(value)}" for name, value in pairs if value)


def _block(text: str, language: str = "") -> str:
    """Return `text` in a fence that it cannot close."""
    shown = visible_text(text)
    fence = "```"
    while fence in shown:
        fence += "`"
    return f"{fence}{language}\n{shown}\n{fence}"
