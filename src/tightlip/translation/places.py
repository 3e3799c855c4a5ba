"""Where an exception was raised: the application's frames, and what was under way in them."""

from __future__ import annotations

from types import FrameType
from typing import TypeAlias

from tightlip.slots import traceback_of
from tightlip.source import is_application, is_ours

Place: TypeAlias = tuple[FrameType, int]
"""A frame and the byte offset of the instruction under way in it."""

_MOST_FRAMES = 2000


def places_of(exception: BaseException) -> list[Place]:
    """Return the application's places in the traceback of `exception`, the innermost first.

    A place that stands in it more than once is returned once: by recursion, or because one
    exception object was raised again and again and its traceback grew.
    """
    places: dict[tuple[int, int], Place] = {}
    traceback = traceback_of(exception)
    for _ in range(_MOST_FRAMES):
        if traceback is None:
            break
        frame, instruction = traceback.tb_frame, traceback.tb_lasti
        if _is_of_application(frame):
            places.setdefault((id(frame.f_code), instruction), (frame, instruction))
        traceback = traceback.tb_next
    return list(reversed(places.values()))


def _is_of_application(frame: FrameType) -> bool:
    """Tell whether the application's source runs in `frame`.

    Code that is run in names of its own, which are no module's, is data, whatever file it names.
    """
    return "__name__" in frame.f_globals and is_application(frame.f_code.co_filename)


def live_places(frame: FrameType | None) -> list[Place]:
    """Return the application's places in the running stack from `frame` outwards.

    They end where Tightlip called the application: what stands around the server is not part
    of the exchange.
    """
    places: list[Place] = []
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    while frame is not None and not is_ours(frame.f_code.co_filename):
        if _is_of_application(frame) and len(places) < _MOST_FRAMES:
            places.append((frame, frame.f_lasti))
        frame = frame.f_back
    return places


def source_of(places: list[Place], exception: BaseException | None = None) -> str | None:
    """Return `file:line` of the innermost place."""
    if not places:
        return None
    frame, instruction = places[0]
    line = frame.f_lineno
    traceback = traceback_of(exception) if exception is not None else None
    for _ in range(_MOST_FRAMES):
        if traceback is None:
            break
        if traceback.tb_frame is frame and traceback.tb_lasti == instruction:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f"{frame.f_code.co_filename}:{line}"
