"""Frames: the places that tracebacks lead through, each read once in a process."""

from __future__ import annotations

import linecache
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from tightlip.incidents.compartments import OPEN_OF_FRAME, apart
from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.scrubbing import UNSEARCHED, scrub_source
from tightlip.incidents.visible import storable

_MOST_PLACES = 8192
_LONGEST_LINE = 300
_LONGEST_PATH = 1024
_BYTES_OF_AN_INSTRUCTION = 2


class Shown(NamedTuple):
    """A place under OpenTelemetry's names; it is one for all incidents.

    Attributes:
        fields: It, which nobody may change.
        whole: The same as JSON.
        open: What is open of it, as JSON.
        closed: The rest.
    """

    fields: dict[str, JSON]
    whole: str
    open: str
    closed: str


class Place:
    """One instruction of one code object: what never changes about a frame.

    Attributes:
        code: The code object; held, so that its identity stays its own.
        path: The file, as the code object tells it.
        module: The module's name, as its globals tell it.
        function: The qualified name of the function.
        line_number: The line, from 1.
        relative_line: The line, from 0 at the function's first line.
        line: The source, stripped and scrubbed; empty where there is none.
        expression: The source of the instruction's expression (PEP 657), as far as it stands in
            the first line; empty where Python does not tell.
    """

    __slots__ = (
        "_shown",
        "code",
        "expression",
        "function",
        "line",
        "line_number",
        "module",
        "path",
        "relative_line",
    )

    def __init__(self, frame: FrameType, code: CodeType, line_number: int, offset: int) -> None:
        self.code = code
        self.path = storable(str.__str__(code.co_filename))[:_LONGEST_PATH]
        self.function = storable(str.__str__(code.co_qualname))[:_LONGEST_PATH]
        self.line_number = line_number
        self.relative_line = line_number - code.co_firstlineno
        module = dict.get(frame.f_globals, "__name__")
        self.module = storable(module)[:_LONGEST_PATH] if type(module) is str else "?"
        self.line = _source(self.path, line_number, frame.f_globals)
        self.expression = _expression(code, offset)
        self._shown: dict[tuple[bool, bool], Shown] = {}

    def shown(self, *, application: bool, with_source: bool) -> Shown:
        """Return how this place is shown.

        Args:
            application: Whether it is the application's own.
            with_source: Whether its source line is told.
        """
        key = application, with_source
        shown = self._shown.get(key)
        if shown is None:
            fields: dict[str, JSON] = {
                "code.file.path": self.path,
                "code.function.name": self.function,
                "code.line.number": self.line_number,
            }
            if with_source:
                fields["source"] = self.line
            fields["application"] = application
            part, rest = apart(fields, OPEN_OF_FRAME)
            shown = Shown(fields, encode(fields), encode(part), encode(rest))
            self._shown[key] = shown
        return shown


_places: dict[tuple[int, int], Place] = {}


def place_at(traceback: TracebackType) -> Place:
    """Return the place of the first frame of `traceback`."""
    frame = traceback.tb_frame
    code = frame.f_code
    key = (id(code), traceback.tb_lasti)
    place = _places.get(key)
    if place is None:
        place = Place(frame, code, traceback.tb_lineno or 0, traceback.tb_lasti)
        if len(_places) >= _MOST_PLACES:  # code made by `exec` has no end
            _places.clear()
        _places[key] = place
    return place


def _expression(code: CodeType, offset: int) -> str:
    """Return the part of the source line, at most, that the instruction at `offset` is made of."""
    try:
        at = max(offset, 0) // _BYTES_OF_AN_INSTRUCTION
        line, last, start, end = next(islice(code.co_positions(), at, None))
        if line is None or start is None or end is None:
            return ""
        # The source was read just before, for this line.
        text = linecache.getline(code.co_filename, line).encode("utf-8", "surrogatepass")
        text = text[start:end] if last == line else text[start:]
        return text.decode("utf-8", "replace")
    except Exception:  # a loader is foreign code, and code may be made by hand
        return ""


def _source(path: str, line_number: int, module: dict[str, Any]) -> str:
    try:
        linecache.lazycache(path, module)
        line = linecache.getline(path, line_number)
    except Exception:  # a loader is foreign code, and a path may be anything
        return ""
    line = line.strip()
    if not line:
        return ""
    try:
        return scrub_source(line)[:_LONGEST_LINE]
    except Exception:  # what could not be searched is not kept
        return UNSEARCHED
