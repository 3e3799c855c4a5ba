"""Exceptions: one exception and all that stand behind it, as records without live objects."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from tightlip.incidents.encoding import JSON
from tightlip.incidents.frames import Place
from tightlip.incidents.lines import Frames
from tightlip.incidents.objects import class_name
from tightlip.incidents.scrubbing import Scrubber
from tightlip.incidents.values import Values
from tightlip.incidents.ways import Walks
from tightlip.slots import (
    arguments_of,
    attributes_of,
    cause_of,
    class_members,
    class_order,
    context_of,
    members_of,
    suppresses_context,
    traceback_of,
)

MOST_LINKS = 10
LONGEST_MESSAGE = 8192

_MOST_EXCEPTIONS = 30
_MOST_MEMBERS = 10
_LAST_LINKS = 3
_MOST_NOTES = 10
_LONGEST_NOTE = 1024
_LONGEST_NAME = 512
_FARTHEST = 10_000
# Where libraries hold the values of a statement, without the names that would tell of secrets.
_UNNAMED = frozenset(
    """
    parameters params args kwargs values bindings binds rows data distilled_parameters
    multiparams compiled_parameters effective_parameters seq_of_parameters vars
    """.split()  # noqa: SIM905 - a column of words reads better than a list of quoted ones
)


class Trail(NamedTuple):
    """What of one exception tells its fault from others.

    Attributes:
        type: The full name of the exception's class.
        places: The application's places, outermost first, without those that a framework stands
            behind, as behind a middleware; the last ones of libraries if it has none.
        application: Whether they are the application's.
    """

    type: str
    places: tuple[Place, ...]
    application: bool


class Link(NamedTuple):
    """An exception on its way into the record."""

    exception: BaseException
    relation: str
    parent: int | None


class Exceptions:
    """Reads an exception with its causes, contexts and members.

    Args:
        scrubber: Takes every text.
        values: Describes arguments and locals.
        is_application: Tells whether a code file is the application's own.
        walks: Where the tracebacks may have been walked through before.
        source_lines: Whether the source lines of frames are told.

    Attributes:
        records: One mapping for each exception; the first is the one at hand, each other names
            the index of its `parent` and its `relation` to it.
        frames: For each record, its frames as JSON, without their locals.
        trails: What their fingerprint is made of.
        place: Where the one at hand was raised, the application's innermost place if it has one.
    """

    def __init__(
        self,
        scrubber: Scrubber,
        values: Values,
        is_application: Callable[[str], bool],
        walks: Walks,
        *,
        source_lines: bool = True,
    ) -> None:
        self.records: list[JSON] = []
        self.frames: list[Frames] = []
        self.trails: list[Trail] = []
        self.place: Place | None = None
        self._shown: set[int] = set()
        self._has_own = False
        self._scrubber = scrubber
        self._values = values
        self._is_application = is_application
        self._walks = walks
        self._source_lines = source_lines

    def read(self, exception: BaseException) -> None:
        """Read `exception` and all that stand behind it: at most 30, each once."""
        seen = {id(exception)}
        waiting = [Link(exception, "raised", None)]
        while waiting and len(self.records) < _MOST_EXCEPTIONS:
            start = waiting.pop(0)
            chain, hidden, omitted = _chain(start, seen, len(self.records))
            visible = True
            for link in chain:
                index = len(self.records)
                visible = visible and link.relation != "suppressed_context"
                record = self._record(link, visible=visible)
                self.records.append(record)
                waiting += self._members(link.exception, seen, index, record)
            waiting += hidden
            if omitted:
                last = self.records[len(self.records) - len(chain)]
                if type(last) is dict:
                    last["omitted_links"] = omitted

    def _members(
        self, exception: BaseException, seen: set[int], index: int, record: dict[str, JSON]
    ) -> list[Link]:
        if not issubclass(type(exception), BaseExceptionGroup):
            return []
        members = [member for member in members_of(exception) if id(member) not in seen]
        if len(members) > _MOST_MEMBERS:
            record["omitted_members"] = len(members) - _MOST_MEMBERS
        links = []
        for member in members[:_MOST_MEMBERS]:
            if id(member) not in seen:
                seen.add(id(member))
                links.append(Link(member, "member", index))
        return links

    def _record(self, link: Link, *, visible: bool) -> dict[str, JSON]:
        exception = link.exception
        scrubber = self._scrubber
        name = class_name(type(exception))
        is_plain = _text_is_plain(type(exception))
        record: dict[str, JSON] = {
            "exception.type": scrubber.text(name, _LONGEST_NAME),
            "exception.message": scrubber.text(
                self._message(exception, is_plain=is_plain), LONGEST_MESSAGE
            ),
            "relation": link.relation,
        }
        if link.parent is not None:
            record["parent"] = link.parent
        arguments = arguments_of(exception)
        if arguments and not (is_plain and len(arguments) == 1 and type(arguments[0]) is str):
            record["exception.args"] = self._values.value(arguments)
        attributes = self._values.attributes(exception)
        if attributes:
            record["exception.attributes"] = attributes
        notes = self._notes(exception)
        if notes:
            record["exception.notes"] = notes
        trail = self._add_frames(record, name, traceback_of(exception))
        if visible:  # what an author cut off by `from None` is no part of the fault
            self.trails.append(trail)
        return record

    def _message(self, exception: BaseException, *, is_plain: bool) -> str:
        """Return the exception's text; its own code runs only where it has some, and guarded."""
        try:
            arguments = arguments_of(exception)
            if is_plain:
                if not arguments:
                    return ""
                if len(arguments) == 1 and type(arguments[0]) is str:
                    return arguments[0]
                if len(arguments) > 1:
                    return ", ".join(self._values.in_words(argument) for argument in arguments)
            return str.__str__(str(exception))
        except BaseException as fault:  # foreign code may raise anything; none of it is ours
            return f"<no text: {class_name(type(fault))} was raised while it was asked for>"

    def _notes(self, exception: BaseException) -> list[JSON]:
        try:
            notes = dict.get(attributes_of(exception), "__notes__")
        except Exception:  # a damaged exception has no notes
            return []
        if type(notes) is not list and type(notes) is not tuple:
            return []
        return [
            self._scrubber.text(str.__str__(note), _LONGEST_NOTE)
            for note in notes[:_MOST_NOTES]
            if issubclass(type(note), str)
        ]

    def _add_frames(
        self, record: dict[str, JSON], name: str, traceback: TracebackType | None
    ) -> Trail:
        way, frames = self._walks.walk(traceback)
        telling = way.telling(self._is_application, with_source=self._source_lines)
        if self.place is None and telling.places:
            self.place = telling.places[-1]
        if telling.omitted:
            record["omitted_frames"] = telling.omitted
            record["omitted_frames_after"] = telling.omitted_after
        shown: list[Any] = telling.frames.copy()
        with_locals: list[int] = []
        own = telling.with_locals_of_application
        for position, index in telling.with_locals if own or not self._has_own else ():
            frame = frames[index]
            if id(frame) in self._shown:  # a frame stands in the tracebacks of cause and effect
                continue
            self._shown.add(id(frame))
            local = self._locals(frame, own=own)
            if local:
                shown[position] = {**shown[position], "locals": local}
                with_locals.append(position)
        self._has_own = self._has_own or telling.application
        record["frames"] = shown
        self.frames.append(Frames(telling.encoded, with_locals))
        return Trail(name, telling.places, telling.application)

    def _locals(self, frame: FrameType, *, own: bool) -> dict[str, JSON]:
        """Return the local variables of a function's frame."""
        try:
            variables = frame.f_locals
            if not own:
                variables = {
                    name: value for name, value in variables.items() if name not in _UNNAMED
                }
            return self._values.variables(variables)
        except Exception as fault:  # another thread may change what is read here
            return {"...": f"<no locals: {class_name(type(fault))} was raised>"}


def _chain(start: Link, seen: set[int], index: int) -> tuple[list[Link], list[Link], int]:
    """Follow causes and contexts from `start`.

    Returns:
        At most 10 links (the first seven and the last three of more), the contexts beside a
        cause, which Python would not show, and how many links were left out.
    """
    chain = [start]
    hidden: list[Link] = []
    exception = start.exception
    while len(chain) < _FARTHEST:
        cause: BaseException | None = cause_of(exception)
        context: BaseException | None = context_of(exception)
        relation = "cause"
        following = cause
        if cause is None:
            following = context
            relation = "suppressed_context" if suppresses_context(exception) else "context"
        elif context is not None and context is not cause and id(context) not in seen:
            parent = index + len(chain) - 1
            if len(hidden) < MOST_LINKS and len(chain) < MOST_LINKS:
                hidden.append(Link(context, "suppressed_context", parent))
        if following is None or id(following) in seen:
            break
        seen.add(id(following))
        chain.append(Link(following, relation, None))
        exception = following
    if len(chain) == 1 and not hidden:
        return chain, hidden, 0
    omitted = len(chain) - MOST_LINKS
    if omitted > 0:
        chain[MOST_LINKS - _LAST_LINKS : -_LAST_LINKS] = []
        hidden = []
    linked = [
        link if position == 0 else link._replace(parent=index + position - 1)
        for position, link in enumerate(chain)
    ]
    alone = [link for link in hidden if id(link.exception) not in seen]
    seen.update(id(link.exception) for link in alone)
    return linked, alone, max(omitted, 0)


def own_attribute(exception: BaseException, name: str) -> object:
    """Return an attribute of an exception or of its class, without running any code of it."""
    try:
        attributes = attributes_of(exception)
        if dict.__contains__(attributes, name):
            return dict.get(attributes, name)
        for base in class_order(type(exception)):
            namespace = class_members(base)
            if name in namespace:
                return namespace[name]
    except Exception:  # a class in the making
        return None
    return None


def _text_is_plain(cls: type) -> bool:
    """Tell whether the text of the exceptions of `cls` is made by `BaseException` itself."""
    for base in class_order(cls):
        if "__str__" in class_members(base):
            return base is BaseException
    return False
