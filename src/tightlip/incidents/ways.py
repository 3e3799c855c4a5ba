"""Ways: the rows of places that tracebacks lead through, each read and told once in a process."""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from tightlip.incidents.encoding import JSON
from tightlip.incidents.frames import Place, place_at
from tightlip.incidents.lines import EncodedFrames, list_of

MOST_FRAMES = 50

_FIRST_FRAMES = 10
_FRAMES_WITH_LOCALS = 8
_FRAMES_OF_LIBRARIES_WITH_LOCALS = 4
_LIBRARY_PLACES = 5
_FARTHEST = 20_000  # no recursion goes deeper; a tampered one ends here
_MOST_WAYS = 1024
_LONGEST_WAY = 256  # a recursion may end at any depth: longer ways are not remembered
_MOST_TELLINGS = 8
_INSTRUCTION_BITS = 32
_CO_OPTIMIZED = 1  # of functions, and of nothing else (inspect, "code objects bit flags")

# What stands between a server and a handler is the way there, whatever it is made of.
_FRAMEWORKS = frozenset(
    """
    aiohttp asgiref bottle cherrypy django falcon fastapi flask granian graphql grpc gunicorn
    hypercorn litestar pyramid quart rest_framework sanic starlette strawberry tightlip tornado
    uvicorn waitress werkzeug
    """.split()  # noqa: SIM905 - a column of words reads better than a list of quoted ones
)


class Telling(NamedTuple):
    """What never changes about how a record tells a way.

    Attributes:
        places: What tells the fault from others: the application's places, outermost first,
            without those that a framework stands behind, as behind a middleware; the last ones
            of libraries if it has none.
        application: Whether they are the application's.
        frames: The places that are shown, which nobody may change.
        encoded: The same as JSON.
        omitted: How many are not shown.
        omitted_after: How many are shown before those.
        with_locals: Which of those shown are shown with their locals, innermost first: the
            position among them, and in the whole way.
        with_locals_of_application: Whether these are the application's.
    """

    places: tuple[Place, ...]
    application: bool
    frames: list[JSON]
    encoded: EncodedFrames
    omitted: int
    omitted_after: int
    with_locals: list[tuple[int, int]]
    with_locals_of_application: bool


class Way:
    """A row of instructions that an exception passed.

    Attributes:
        code: The code on the way; held, so that its identity stays its own.
        footprint: Equal for ways through the same instructions, however often; as long as the
            code is held, for no others.
    """

    __slots__ = ("_paths", "_places", "_tellings", "code", "footprint")

    def __init__(self, code: list[CodeType], instructions: list[int], places: list[Place]) -> None:
        self.code = code
        steps = [
            (id(passed) << _INSTRUCTION_BITS) + instruction
            for passed, instruction in zip(code, instructions, strict=True)
        ]
        self.footprint = (*dict.fromkeys(steps), *steps[-1:])
        self._places = places
        self._paths = [place.path for place in places]
        self._tellings: dict[tuple[bool, ...], Telling] = {}

    def telling(
        self, is_application: Callable[[str], bool], *, with_source: bool = True
    ) -> Telling:
        """Return how this way is told, given whose code a file is.

        Args:
            is_application: Tells whether a code file is the application's own.
            with_source: Whether source lines are told.
        """
        own = tuple(map(is_application, self._paths))
        key = with_source, *own
        telling = self._tellings.get(key)
        if telling is None:
            if len(self._tellings) >= _MOST_TELLINGS:
                self._tellings.clear()
            telling = self._tellings[key] = _telling(self._places, own, with_source=with_source)
        return telling


def _telling(places: list[Place], own: tuple[bool, ...], *, with_source: bool) -> Telling:
    first = _behind_frameworks(places, own)
    told = tuple(compress(places[first:], own[first:]))
    count = len(places)
    kept = list(range(count))
    if count > MOST_FRAMES:
        kept[_FIRST_FRAMES : count - MOST_FRAMES + _FIRST_FRAMES] = []
    shown = [places[index].shown(application=own[index], with_source=with_source) for index in kept]
    return Telling(
        places=told or tuple(places[-_LIBRARY_PLACES:]),
        application=bool(told),
        frames=[each.fields for each in shown],
        encoded=EncodedFrames(
            [each.whole for each in shown],
            list_of("frames", [each.open for each in shown]),
            [each.closed for each in shown],
        ),
        omitted=count - len(kept),
        omitted_after=_FIRST_FRAMES,
        with_locals=[
            (kept.index(index), index)
            for index in _with_locals(kept, own)
            # The namespace of a class may be any object, and that of a module is full of settings.
            if places[index].code.co_flags & _CO_OPTIMIZED
        ],
        with_locals_of_application=any(own[index] for index in kept),
    )


def _behind_frameworks(places: list[Place], own: tuple[bool, ...]) -> int:
    """Return the index of the first place behind all frameworks that lead to the own code."""
    index = len(places) - 1
    while index >= 0 and not own[index]:
        index -= 1
    while index >= 0 and (own[index] or places[index].module.partition(".")[0] not in _FRAMEWORKS):
        index -= 1
    return index + 1


def _with_locals(kept: list[int], own: tuple[bool, ...]) -> list[int]:
    """Choose the frames whose locals are shown, innermost first: the application's.

    Those of a library say little of a fault, and hold whole requests, applications, and the
    parameters of statements without their names; they are shown only where nothing else is.
    """
    inner = kept[::-1]
    shown = [index for index in inner if own[index]]
    return shown[:_FRAMES_WITH_LOCALS] or inner[:_FRAMES_OF_LIBRARIES_WITH_LOCALS]


_ways: dict[tuple[int, ...], Way] = {}


class Walks:
    """Walks through the tracebacks of one occurrence, each once.

    Frames hold the objects of a request: whoever has walked lets this go before answering.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[TracebackType | None, Way, list[FrameType]]] = {}

    def walk(self, traceback: TracebackType | None) -> tuple[Way, list[FrameType]]:
        """Return the way of `traceback` and the frames on it, outermost first."""
        known = self._known.get(id(traceback))
        if known is None:
            # It is held with the rest, so that its identity stays its own.
            known = self._known[id(traceback)] = (traceback, *_walk(traceback))
        _, way, frames = known
        return way, frames


def _walk(traceback: TracebackType | None) -> tuple[Way, list[FrameType]]:
    frames: list[FrameType] = []
    steps: list[int] = []
    passed = traceback
    for _ in range(_FARTHEST):
        if passed is None:
            break
        frame = passed.tb_frame
        frames.append(frame)
        # One after the other into one list: this is done for every frame of every failure.
        steps.append(id(frame.f_code))
        steps.append(passed.tb_lasti)
        passed = passed.tb_next
    key = tuple(steps)
    way = _ways.get(key)
    if way is None:
        code = [frame.f_code for frame in frames]
        way = Way(code, steps[1::2], _places(traceback))
        if len(code) <= _LONGEST_WAY:
            if len(_ways) >= _MOST_WAYS:  # code made by `exec` has no end
                _ways.clear()
            _ways[key] = way
    return way, frames


def _places(traceback: TracebackType | None) -> list[Place]:
    places: list[Place] = []
    while traceback is not None and len(places) < _FARTHEST:
        places.append(place_at(traceback))
        traceback = traceback.tb_next
    return places
