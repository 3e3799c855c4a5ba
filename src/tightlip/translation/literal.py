"""Is this text a literal of the application? Proved by place and identity, never by its look.

The text is a literal if the very string object stands in the expression that raised:

(a) as a constant inside the expression under way, in an application frame of the traceback,
    the innermost first, so that words through a helper count;
(b) as what a dotted name in that expression leads to, through modules, classes and Enums, if the
    defining code binds that name straight to that constant;
(c) as the value of a local in that expression that was bound straight from the constant; a
    local or global that holds the raised exception itself counts by the words of the call that
    made it;
(d) as a constant in the code of the exception class's own methods, a default of theirs, or a
    class attribute bound to it.

What does not count, however it looks: a text that was computed, even from constants; an item of
a container; a default of another function; a constant in a function that has returned. An
expression that raises an exception of another class gives no words to this one.

The proof is overruled where the text is the text, an argument or an attribute of another
exception in the chain.

Strings that look like identifiers are interned, so an equal text from elsewhere may be the same
object: it passes where an author wrote these very words into the expression. Numbers are proved
by value in the same places.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.util import resolve_name
from inspect import CO_OPTIMIZED
from types import FrameType, MemberDescriptorType, ModuleType
from typing import Any

from tightlip.slots import arguments_of, attributes_of, is_a
from tightlip.source import is_application
from tightlip.translation.binding import (
    attribute_of,
    class_binds,
    class_says,
    enum_binds,
    gives,
    is_equal,
    is_same,
    plain,
)
from tightlip.translation.bytecode import Code, DottedName, Step, code_of, module_code
from tightlip.translation.chain import related, text_of
from tightlip.translation.inspection import (
    class_members,
    class_name,
    class_order,
    module_members,
)
from tightlip.translation.places import Place, live_places, places_of, source_of

__all__ = ["Place", "Verdict", "live_places", "places_of", "prove", "source_of"]

_DEEPEST_DETAIL = 6
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a text may leave as a literal, and why not."""

    declared: bool
    reason: str = ""
    source: str | None = None


def prove(value: Any, exception: BaseException | None, places: list[Place]) -> Verdict:
    """Decide whether `value` may leave as words that the application's author wrote.

    A dict, list or tuple may if all that it holds may, keys included: each text and each number
    is proved for itself. None, True and False say nothing and may. Never raises: what cannot be
    proved is not declared.

    Args:
        value: The detail that is to leave.
        exception: The exception that brings it; None for words that are sent, not raised.
        places: Where it was raised (`places_of`) or is being sent (`live_places`).
    """
    try:
        source = source_of(places, exception)
        for member in _members(value):
            reason = _objection(member, exception, places)
            if reason is not None:
                return Verdict(declared=False, reason=reason, source=source)
    except Exception as fault:  # foreign code objects, loaders and mappings may fail in any way
        return Verdict(declared=False, reason=f"the proof failed: {class_name(type(fault))}")
    return Verdict(declared=True, source=source)


def _members(value: Any) -> Iterator[Any]:
    """Yield keys and values to the leaves; a member that is too deep or too many is a lump."""
    left = _MOST_VALUES
    open_values = [(value, 0)]
    while open_values:
        current, depth = open_values.pop()
        left -= 1
        if left < 0 or depth > _DEEPEST_DETAIL:
            current = object()
            open_values.clear()
        if type(current) is dict:
            open_values.extend((key, depth + 1) for key in current)
            open_values.extend((member, depth + 1) for member in current.values())
        elif type(current) is list or type(current) is tuple:
            open_values.extend((member, depth + 1) for member in current)
        else:
            yield current


def _objection(value: Any, exception: BaseException | None, places: list[Place]) -> str | None:
    """Return why `value` is no literal, or None if it is one."""
    if value is None or value is True or value is False:
        return None
    text = plain(value)
    if type(text) is not str and type(text) is not int and type(text) is not float:
        name = class_name(type(text))
        return f"a value of the type {name}, which is no text that was written here"
    search = _Search(value, exception)
    if not any(search.stands_at(place) for place in places) and not search.stands_in_class():
        kind = "literal" if type(text) is str else "number"
        return f"no {kind} of the application stands where this was raised"
    if text and type(text) is str and any(_says(text, other) for other in _others(exception)):
        return "another exception in the chain says the same"
    return None


def _others(exception: BaseException | None) -> Iterable[BaseException]:
    if exception is not None:
        return related(exception)
    current = sys.exception()
    return () if current is None else (current, *related(current))


def _says(text: str, other: BaseException) -> bool:
    """Tell whether `text` is the text, an argument or an attribute of `other`."""
    own = (*arguments_of(other), *dict.values(attributes_of(other)))
    if any(_reads(value, text) for value in own):
        return True
    for base in class_order(type(other)):
        for name, held in class_members(base).items():
            if type(held) is MemberDescriptorType:
                try:
                    held = held.__get__(other)  # noqa: PLW2901 - what the slot holds
                except AttributeError:  # an empty slot
                    continue
            if not name.startswith("__") and _reads(held, text):
                return True
    return _reads(text_of(other), text)


def _reads(value: Any, text: str) -> bool:
    return is_a(value, str) and str.__eq__(value, text)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where the names of an expression are looked up, and how constants are told to be the value.

    The code of a running function holds the very constant; that of a module, which is read
    again, an equal one.
    """

    table: Code
    global_names: dict[str, Any]
    local_names: Mapping[str, Any]
    matches: Callable[[Any, Any], bool]


class _Search:
    """The search for one value in the expressions that brought it."""

    def __init__(self, value: Any, exception: BaseException | None) -> None:
        self.value = value
        self.exception = exception
        self._seen: set[tuple[int, str]] = set()

    def stands_at(self, place: Place) -> bool:
        """Places (a), (b) and (c): the expression under way in a frame."""
        frame, instruction = place
        table = code_of(frame.f_code)
        expression = table.under_way(instruction)
        if expression.raised and self._is_another(_follow(expression.raised, frame)):
            return False
        if any(is_same(constant, self.value) for constant in expression.constants):
            return True
        if not expression.paths:
            return False
        is_function = frame.f_code.co_flags & CO_OPTIMIZED
        scope = _Scope(table, frame.f_globals, frame.f_locals if is_function else {}, is_same)
        return any(self._leads_here(path, scope) for path in expression.paths)

    def stands_in_class(self) -> bool:
        """Place (d): the exception class's own words."""
        return self.exception is not None and any(
            class_says(base, name, held, self.value)
            for base in class_order(type(self.exception))
            for name, held in class_members(base).items()
        )

    def _is_another(self, raised: Any) -> bool:
        """Tell whether `raised` is an exception class, and not that of this exception."""
        return (
            self.exception is not None
            and is_a(raised, type)
            and issubclass(raised, BaseException)
            and not any(base is raised for base in class_order(type(self.exception)))
        )

    def _leads_here(self, path: DottedName, scope: _Scope) -> bool:
        """Tell whether a dotted name leads to the value, or to the exception made with it."""
        first, *attributes = path
        names = scope.local_names if first in scope.local_names else scope.global_names
        if first not in names:
            return False
        if not attributes:
            if names is scope.global_names:
                return self._module_binds(names, first)
            return self._is_bound(first, names[first], scope)
        *way, last = attributes
        owner = names[first]
        for attribute in way:
            owner = attribute_of(owner, attribute)
        if is_a(owner, ModuleType):
            return self._module_binds(module_members(owner), last)
        if is_a(owner, Enum) and last == "value":
            return plain(owner) is self.value and enum_binds(owner)
        return class_binds(owner if is_a(owner, type) else type(owner), last, self.value)

    def _module_binds(self, members: dict[str, Any], name: str) -> bool:
        """Place (b), its end: a module of the application binds `name` to the value."""
        if name.startswith("__") or name not in members or (id(members), name) in self._seen:
            return False
        self._seen.add((id(members), name))
        held = members[name]
        if held is not self.value and held is not self.exception:
            return False
        code = module_code(members)
        if code is None or not is_application(code.co_filename):
            return False
        return self._is_bound(name, held, _Scope(code_of(code), members, {}, is_equal))

    def _is_bound(self, name: str, held: Any, scope: _Scope) -> bool:
        """Tell whether `name` was bound straight to the constant, or to the exception's call."""
        if held is self.value:
            if any(gives(step, self.value, scope.matches) for step in scope.table.bindings(name)):
                return True
        elif held is None or held is not self.exception:
            return False
        elif any(self._made(step, scope) for step in scope.table.bindings(name)):
            return True
        for module, original in scope.table.sources(name):
            imported = _imported(module, scope.global_names.get("__package__"))
            if is_a(imported, ModuleType) and self._module_binds(
                module_members(imported), original
            ):
                return True
        return False

    def _made(self, call: Step, scope: _Scope) -> bool:
        """Tell whether the value stands in the call that made the exception."""
        expression = scope.table.made_by(call)
        search = _Search(self.value, None)
        return any(scope.matches(constant, self.value) for constant in expression.constants) or any(
            search._leads_here(path, scope) for path in expression.paths
        )


def _imported(module: str, package: Any) -> object:
    """Return the module that an import of `module` in `package` bound, or None."""
    try:
        return sys.modules.get(resolve_name(module, package))
    except ImportError:  # a relative import outside a package: it bound nothing
        return None


def _follow(path: DottedName, frame: FrameType) -> Any:
    """Return what a dotted name that begins with a global or builtin leads to."""
    first, *attributes = path
    owner = frame.f_globals.get(first, frame.f_builtins.get(first))
    for attribute in attributes:
        owner = attribute_of(owner, attribute)
    return owner
