"""Frames: the places that a traceback leads through, each read once in a process."""

from __future__ import annotations

import linecache
from types import CodeType, FrameType, TracebackType
from typing import Any

from tightlip.incidents.incident import JSON
from tightlip.incidents.scrubbing import UNSEARCHED, scrub_source
from tightlip.incidents.visible import storable

_MOST_PLACES = 8192
_LONGEST_LINE = 300
_LONGEST_PATH = 1024
_FARTHEST = 20_000  # no recursion goes deeper; a tampered one ends here


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
    """

    __slots__ = (
        "_application",
        "_library",
        "code",
        "function",
        "line",
        "line_number",
        "module",
        "path",
        "relative_line",
    )

    def __init__(self, frame: FrameType, code: CodeType, line_number: int) -> None:
        self.code = code
        self.path = storable(str.__str__(code.co_filename))[:_LONGEST_PATH]
        self.function = storable(str.__str__(code.co_qualname))[:_LONGEST_PATH]
        self.line_number = line_number
        self.relative_line = line_number - code.co_firstlineno
        module = dict.get(frame.f_globals, "__name__")
        self.module = storable(module)[:_LONGEST_PATH] if type(module) is str else "?"
        self.line = _source(self.path, line_number, frame.f_globals)
        self._library: dict[str, JSON] = {
            "code.file.path": self.path,
            "code.function.name": self.function,
            "code.line.number": line_number,
            "source": self.line,
            "application": False,
        }
        self._application: dict[str, JSON] = {**self._library, "application": True}

    def record(self, *, application: bool) -> dict[str, JSON]:
        """Return this place under OpenTelemetry's names, with its source line.

        The mapping is one for all incidents: nobody may change it.
        """
        return self._application if application else self._library


_places: dict[tuple[int, int], Place] = {}


def walk(traceback: TracebackType | None) -> list[tuple[Place, FrameType]]:
    """Return the places of `traceback` with their frames, outermost first.

    Frames hold the objects of a request: whoever takes them lets them go before answering.
    """
    steps: list[tuple[Place, FrameType]] = []
    known = _places
    while traceback is not None and len(steps) < _FARTHEST:
        frame = traceback.tb_frame
        code = frame.f_code
        key = (id(code), traceback.tb_lasti)
        place = known.get(key)
        if place is None:
            place = Place(frame, code, traceback.tb_lineno or 0)
            if len(known) >= _MOST_PLACES:  # code made by `exec` has no end
                known.clear()
            known[key] = place
        steps.append((place, frame))
        traceback = traceback.tb_next
    return steps


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
