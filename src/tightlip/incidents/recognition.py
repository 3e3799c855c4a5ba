"""Recognition: which fault an exception is of, told by the code that it came through."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple, TypeAlias

from tightlip.incidents.encoding import JSON, encode
from tightlip.incidents.summary import summarise
from tightlip.incidents.ways import Walks, Way
from tightlip.slots import cause_of, context_of, members_of, suppresses_context, traceback_of

_MOST_KNOWN = 2048
_MOST_EXCEPTIONS = 30
_MOST_MEMBERS = 30
_OF_A_FAULT = (
    "schema_version",
    "fingerprint",
    "error.type",
    "exception.type",
    "code.file.path",
    "code.function.name",
    "code.line.number",
    "service.name",
    "service.version",
    "host.name",
)

Key: TypeAlias = tuple[object, ...]


class Trace(NamedTuple):
    """The way of an exception and of those behind it.

    Attributes:
        key: Equal for exceptions of the same classes that came through the same instructions,
            however often, and stand to each other in the same way.
        held: The ways, which hold their code, and the classes; while they are held, the identity
            of code and classes in the key is their own. A class is not asked for its hash, which
            a metaclass may define.
    """

    key: Key
    held: list[Way | type]


class Common(NamedTuple):
    """What several incidents have in common, such as those of one fault.

    Attributes:
        fields: It, which nobody may change.
        line: The same as JSON.
    """

    fields: dict[str, JSON]
    line: str


class Recognition:
    """Remembers what incidents of one fault have in common; safe to use from threads."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Common, tuple[Way | type, ...]]] = {}
        self._lock = threading.Lock()

    def recall(self, trace: Trace) -> Common | None:
        """Return what incidents with this trace have in common; None if none was learnt yet."""
        known = self._known.get(trace.key)
        return None if known is None else known[0]

    def learn(self, trace: Trace, incident: Mapping[str, JSON]) -> None:
        """Remember what `incident`, whose exception has this trace, shares with others."""
        summary = summarise(incident)
        fields = {key: summary[key] for key in _OF_A_FAULT if key in summary}
        common = Common(fields, encode(fields))
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                for key in list(islice(self._known, _MOST_KNOWN // 4)):
                    del self._known[key]
            held = {id(each): each for each in trace.held}
            self._known[trace.key] = common, tuple(held.values())


def trace_of(exception: BaseException, walks: Walks) -> Trace | None:
    """Return the trace of `exception`; None where too many stand behind it to tell."""
    order = [exception]
    numbers = {id(exception): 0}
    held: list[Way | type] = []
    parts: list[object] = []
    for current in order:  # it grows while it is read
        way, _ = walks.walk(traceback_of(current))
        held += (way, type(current))
        behind: list[BaseException | None] = [cause_of(current), context_of(current)]
        if issubclass(type(current), BaseExceptionGroup):
            behind += members_of(current)[:_MOST_MEMBERS]
        parts += (id(type(current)), way.footprint, suppresses_context(current))
        for other in behind:
            if other is None:
                parts.append(None)
                continue
            number = numbers.setdefault(id(other), len(order))
            if number == len(order):
                order.append(other)
            parts.append(number)
        if len(order) > _MOST_EXCEPTIONS:
            return None
    return Trace(tuple(parts), held)
