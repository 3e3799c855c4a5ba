"""An incident for a developer's eyes: what the client saw, and beside it what happened."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from io import StringIO
from typing import TYPE_CHECKING, Any

from tightlip.incidents import standard_error
from tightlip.incidents.compartments import CLOSED_PART
from tightlip.incidents.encoding import JSON
from tightlip.incidents.incident import ERROR
from tightlip.incidents.visible import visible_line, visible_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_TRAILING = re.compile(r" +$", re.MULTILINE)
_WIDTH = 100
_NARROW = 60
_LONGEST_VALUE = 200
_LONGEST_TEXT = 2000
_MOST_LOCALS = 12
_RELATIONS = {
    "cause": "caused by",
    "context": "while this was being handled",
    "suppressed_context": "hidden behind it by its author",
    "member": "one of its members",
}


def show(incident: Mapping[str, JSON]) -> None:
    """Write `incident` to standard error, in colours where it is a terminal that has them.

    Raises:
        OSError: If standard error takes nothing.
    """
    stream = sys.stderr
    text = render(incident, width=_terminal_width(), color=_wants_color())
    encoding = getattr(stream, "encoding", None) or "utf-8"
    data = text.encode(encoding, "backslashreplace")
    if stream is not None:
        stream.flush()
    while data:
        data = data[os.write(2, data) :]


def render(incident: Mapping[str, JSON], *, width: int = _WIDTH, color: bool = False) -> str:
    """Return `incident` as a page of text, `width` columns wide.

    Whatever a client or a library put into the record, no control character and no character
    that turns the direction of writing comes out; the page's own colours are the only escapes.
    """
    from rich.console import Console, Group

    console = Console(
        file=StringIO(),
        width=max(width, _NARROW),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    page = _Page(incident)
    console.print(Group(*page.parts()))
    written = console.file
    assert isinstance(written, StringIO)
    return _TRAILING.sub("", written.getvalue())


def _wants_color() -> bool:
    """Tell whether colours are welcome (no-color.org: any value of NO_COLOR but an empty one)."""
    return (
        standard_error.is_terminal()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def _terminal_width() -> int:
    try:
        return os.get_terminal_size(2).columns or _WIDTH
    except OSError:
        return _WIDTH


class _Page:
    """Lays out one incident."""

    def __init__(self, incident: Mapping[str, JSON]) -> None:
        self._fields: dict[str, Any] = {key: incident[key] for key in incident}

    def parts(self) -> list[RenderableType]:
        from rich.console import Group
        from rich.padding import Padding
        from rich.rule import Rule

        inside: list[RenderableType] = [self._sides()]
        for words in self._fields.get("withheld") or ():
            inside += self._withheld(words)
        for record in self._fields.get("exceptions") or ():
            inside += self._exception(record)
        for note in self._fields.get("notes") or ():
            inside.append(_text(f"note: {visible_line(note)}", "yellow"))
        if CLOSED_PART in self._fields:
            told = visible_line(str(self._fields[CLOSED_PART]))
            inside.append(_text(f"closed part: {told}", "yellow"))
        return [
            Rule(self._title(), style=self._style(), align="left"),
            # Nothing but the title begins a line: no text can pass for another incident.
            Padding(Group(*inside), (0, 0, 0, 2)),
            Rule(style=self._style()),
        ]

    def _style(self) -> str:
        severity = self._fields.get("severity_number")
        return "red" if isinstance(severity, int) and severity >= ERROR else "yellow"

    def _title(self) -> Text:
        fields = self._fields
        route = fields.get("http.route") or fields.get("url.path") or ""
        what = " ".join(
            part for part in (_line(fields.get("http.request.method")), _line(route)) if part
        )
        words = [
            _line(fields.get("reference")),
            _line(fields.get("severity_text")),
            what or _line(fields.get("event_name")),
            _line(fields.get("time")),
        ]
        return _text("  ".join(word for word in words if word), f"bold {self._style()}")

    def _sides(self) -> RenderableType:
        from rich.table import Table

        table = Table(box=None, expand=True, padding=(0, 2, 0, 0))
        table.add_column("The client saw", ratio=1, overflow="fold", header_style="bold green")
        table.add_column("What happened", ratio=1, overflow="fold", header_style="bold")
        happened = [self._failure()]
        if "code.file.path" in self._fields:
            happened.append(
                f"at {_line(self._fields['code.file.path'])}:{self._fields.get('code.line.number')}"
            )
        happened += [
            f"{visible_line(name)} = {_listed(fact)}"
            for name, fact in (self._fields.get("facts") or {}).items()
        ]
        table.add_row(_text(self._seen()), _text("\n".join(happened)))
        return table

    def _seen(self) -> str:
        """Return what the client saw; a summary has the status and the code, and no body."""
        fields = self._fields
        answer = fields.get("answer") or {}
        status = answer.get("status") or fields.get("http.response.status_code") or "no status"
        code = _line(answer.get("code") or fields.get("error.code"))
        return f"{status} {code}\n{_block(answer.get('body'))}".rstrip()

    def _failure(self) -> str:
        """Return the exception; a summary has no message, and is known by its fault's report."""
        kind = self._fields.get("exception.type")
        if kind is None:
            return "words that nobody declared"
        message = _block(self._fields.get("exception.message"))
        return f"{_line(kind)}: {message}" if message else _line(kind)

    def _withheld(self, words: dict[str, Any]) -> list[RenderableType]:
        from rich.padding import Padding

        place = f" at {_line(words['source'])}" if words.get("source") else ""
        parts: list[RenderableType] = [
            _text(f"withheld from the {_line(words.get('where'))}{place}", "bold yellow"),
            Padding(_text(_block(words.get("text"))), (0, 0, 0, 4), expand=False),
            Padding(
                _text(f"because {_line(words.get('reason'))}", "dim"), (0, 0, 0, 2), expand=False
            ),
        ]
        if words.get("advice"):
            parts += [
                Padding(
                    _text("to let these words leave, declare them:", "dim"),
                    (0, 0, 0, 2),
                    expand=False,
                ),
                Padding(_text(_block(words["advice"]), "green"), (0, 0, 0, 4), expand=False),
            ]
        return parts

    def _exception(self, record: dict[str, Any]) -> list[RenderableType]:
        from rich.padding import Padding

        relation = _RELATIONS.get(str(record.get("relation")))
        heading = _text(f"{relation}: " if relation else "", "dim")
        heading.append(_line(record.get("exception.type")), "bold red")
        message = _block(record.get("exception.message"))
        parts: list[RenderableType] = [_text(""), heading]
        if message:
            parts.append(Padding(_text(message), (0, 0, 0, 4), expand=False))
        parts += [
            Padding(_text(_block(note), "italic"), (0, 0, 0, 4), expand=False)
            for note in record.get("exception.notes") or ()
        ]
        parts += _values(record.get("exception.attributes"), indent=4)
        frames = record.get("frames") or []
        # A chain that never enters the application is shown by its last frame.
        shown = {index for index, frame in enumerate(frames) if frame.get("application")}
        shown = shown or {len(frames) - 1}
        skipped = 0
        for index, frame in enumerate(frames):
            if record.get("omitted_frames_after") == index:
                skipped += int(record.get("omitted_frames") or 0)
            if index not in shown:
                skipped += 1
                continue
            parts += [*_gap(skipped), *self._frame(frame, last=index == max(shown))]
            skipped = 0
        return parts + _gap(skipped)

    def _frame(self, frame: dict[str, Any], *, last: bool) -> list[RenderableType]:
        from rich.padding import Padding

        own = bool(frame.get("application"))
        place = _text("", "" if own else "dim")
        place.append(
            f"{_line(frame.get('code.file.path'))}:{frame.get('code.line.number')}",
            "bold cyan" if own else "",
        )
        place.append(f" in {_line(frame.get('code.function.name'))}")
        parts: list[RenderableType] = [Padding(place, (0, 0, 0, 2), expand=False)]
        if frame.get("source"):
            parts.append(
                Padding(
                    _text(_line(frame["source"]), "bold" if own else ""), (0, 0, 0, 6), expand=False
                )
            )
        return parts + (_values(frame.get("locals"), indent=6) if last else [])


def _values(values: Any, *, indent: int) -> list[RenderableType]:
    """Return the names and values of local variables or attributes, one a line."""
    from rich.padding import Padding

    if not isinstance(values, dict):
        return []
    return [
        Padding(
            _text(f"{visible_line(name)} = {'None' if value is None else _line(value)}", "dim"),
            (0, 0, 0, indent),
            expand=False,
        )
        for name, value in list(values.items())[:_MOST_LOCALS]
    ]


def _gap(frames: int) -> list[RenderableType]:
    if not frames:
        return []
    what = "frame" if frames == 1 else "frames"
    return [_text(f"  … {frames} {what} of libraries or left out", "dim")]


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(text, style=style, overflow="fold")


def _line(value: Any) -> str:
    """Return a value of the record in one line that cannot be mistaken for another."""
    if value is None:
        return ""
    text = visible_line(value if isinstance(value, str) else str(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _listed(fact: Any) -> str:
    """Return a fact in one line; of a list its members."""
    return _line(", ".join(map(_line, fact)) if isinstance(fact, list) else fact)


def _block(value: Any) -> str:
    """Return a text of the record with its line breaks, which the page indents."""
    text = visible_text(value if isinstance(value, str) else _line(value))
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
