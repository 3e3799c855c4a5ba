"""Is this text a literal of the application? Proved by place and identity, never by its look.

The text is a literal if the very string object stands in the expression that raised:

(a) as a constant inside the expression under way, in an application frame of the traceback,
    the innermost first, so that words through a helper count;
(b) as what a dotted name in that expression leads to, through modules, classes and Enums, if the
    defining code binds that name straight to that constant;
(c) as the value of a local in that expression that was bound straight from the constant, or
    from such a name; as a default of its function; or by a function around it. A name that holds
    the raised exception itself counts by the words of the call that made it;
(d) as a constant in the code of the exception class's own methods and properties, a default of
    theirs, or a class attribute bound to it;
(e) in the call by which a function of the application, called in that expression, makes and
    returns an exception of this class.

Where (b), (c) or (d) lead to a table in place of the text (a dict, list or tuple, and what a
module or class makes by calling a class: a data class, a partial), the text counts if the table
holds the very string now, and the code that made the table has the constant. Names of keyword
arguments count for the keys of a detail alone.

What does not count, however it looks: a text that was computed, even from constants; a key of a
table; a constant in a function that has returned anything but the exception. An expression that
raises an exception of another class gives no words to this one.

The proof is overruled where the text is the text, an argument or an attribute of another
exception in the chain.

Strings that look like identifiers are interned, so an equal text from elsewhere may be the same
object: it passes where an author wrote these very words into the expression. Numbers are proved
by value in the same places.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import partial
from importlib.util import resolve_name
from inspect import CO_OPTIMIZED
from types import CodeType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, NamedTuple

from tightlip.slots import arguments_of, attributes_of, class_members, class_order, is_a
from tightlip.source import is_application
from tightlip.translation.binding import (
    attribute_of,
    class_binds,
    class_makes,
    class_says,
    enum_binds,
    follow,
    function_of,
    gives,
    is_class,
    is_equal,
    is_same,
    looked_up,
    plain,
)
from tightlip.translation.bytecode import (
    Code,
    DottedName,
    Expression,
    Step,
    code_of,
    first_of,
    module_code,
)
from tightlip.translation.chain import related, text_of
from tightlip.translation.inspection import (
    class_name,
    held_in,
    module_members,
)
from tightlip.translation.places import Place, live_places, places_of, source_of

__all__ = ["Place", "Verdict", "live_places", "places_of", "prove", "source_of"]

_DEEPEST_DETAIL = 6
_MOST_VALUES = 200
_MOST_NAMES = 500
_TABLES = (dict, list, tuple)
_NO_TABLES = (str, int, float, type, ModuleType, FunctionType)


class Verdict(NamedTuple):
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
        for member, is_key in _members(value):
            reason = _objection(_Search(member, exception, is_key=is_key), places)
            if reason is not None:
                return Verdict(declared=False, reason=reason, source=source)
    except Exception as fault:  # foreign code objects, loaders and mappings may fail in any way
        return Verdict(declared=False, reason=f"the proof failed: {class_name(type(fault))}")
    return Verdict(declared=True, source=source)


def _members(value: Any) -> Iterator[tuple[Any, bool]]:
    """Yield values to the leaves, and keys, marked as such.

    A member that is too deep or too many is a lump.
    """
    left = _MOST_VALUES
    open_values = [(value, 0, False)]
    while open_values:
        current, depth, is_key = open_values.pop()
        left -= 1
        if left < 0 or depth > _DEEPEST_DETAIL:
            current = object()
            open_values.clear()
        if type(current) is dict:
            open_values.extend((key, depth + 1, True) for key in current)
            open_values.extend((member, depth + 1, False) for member in current.values())
        elif type(current) is list or type(current) is tuple:
            open_values.extend((member, depth + 1, False) for member in current)
        else:
            yield current, is_key


def _objection(search: _Search, places: list[Place]) -> str | None:
    """Return why the value of `search` is no literal, or None if it is one."""
    value, exception = search.value, search.exception
    if value is None or value is True or value is False:
        return None
    text = plain(value)
    if type(text) is not str and type(text) is not int and type(text) is not float:
        name = class_name(type(text))
        return f"a value of the type {name}, which is no text that was written here"
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


class _Scope(NamedTuple):
    """Where the names of an expression are looked up, and how constants are told to be the value.

    The code of a running function holds the very constant; that of a module, which is read
    again, an equal one. `code` is there where the scope is that of a running function.
    """

    table: Code
    global_names: dict[str, Any]
    local_names: Mapping[str, Any]
    matches: Callable[[Any, Any], bool]
    code: CodeType | None = None


class _Search:
    """The search for one value in the expressions that brought it."""

    def __init__(self, value: Any, exception: BaseException | None, *, is_key: bool) -> None:
        self.value = value
        self.exception = exception
        self.is_key = is_key
        self._open: set[tuple[int, str]] = set()
        self._left = _MOST_NAMES

    def stands_at(self, place: Place) -> bool:
        """Places (a), (b) and (c): the expression under way in a frame."""
        frame, instruction = place
        table = code_of(frame.f_code)
        expression = table.under_way(instruction)
        if expression.raised and self._is_another(follow(expression.raised, frame.f_globals)):
            return False
        is_function = frame.f_code.co_flags & CO_OPTIMIZED
        names = frame.f_locals if is_function else {}
        scope = _Scope(table, frame.f_globals, names, is_same, frame.f_code)
        return self._stands_in(expression, scope)

    def _stands_in(self, expression: Expression, scope: _Scope) -> bool:
        """Tell whether the value is written in an expression, or what a name in it leads to."""
        if any(scope.matches(constant, self.value) for constant in expression.constants):
            return True
        if self.is_key and any(is_equal(name, self.value) for name in expression.keywords):
            return True
        if any(self._leads_here(path, scope) for path in expression.paths):
            return True
        made_by = follow(first_of(expression.paths), scope.global_names)
        return self.exception is not None and self._is_made_by(made_by)

    def stands_in_class(self) -> bool:
        """Place (d): the exception class's own words."""
        return self.exception is not None and any(
            class_says(base, name, held, self.value)
            or (
                type(held) in _TABLES
                and not name.startswith("__")
                and class_makes(base, name, self.value)
                and self._holds(held)
            )
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

    def _is_made_by(self, function: Any) -> bool:
        """Place (e): a function of the application returns the exception made with the value."""
        function = function_of(function)
        if type(function) is not FunctionType:
            return False
        code = function.__code__
        with self._opened(code, "") as is_new:
            if not is_new or not is_application(code.co_filename):
                return False
            table = code_of(code)
            scope = _Scope(table, function.__globals__, {}, is_same)
            for expression in table.returned:
                maker = follow(first_of(expression.paths), function.__globals__)
                if self._is_made_by(maker):
                    return True
                if maker is type(self.exception) and (
                    self._stands_in(expression, scope)
                    or any(
                        gives(step, self.value, is_same)
                        for path in expression.paths
                        for step in table.bindings(path[0])
                    )
                ):
                    return True
        return False

    def _leads_here(self, path: DottedName, scope: _Scope) -> bool:
        """Tell whether a dotted name leads to the value, or to what was made with it."""
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
            owner = attribute_of(looked_up(owner), attribute)
        if is_a(owner, ModuleType):
            return self._module_binds(module_members(owner), last)
        if is_a(owner, Enum) and last == "value":
            return plain(owner) is self.value and enum_binds(owner)
        if class_binds(owner, last, self.value):
            return True
        cls = looked_up(owner)
        if last.startswith("__"):
            return False
        held = attribute_of(cls, last)
        return _is_table(held) and class_makes(cls, last, self.value) and self._holds(held)

    def _holds(self, container: Any) -> bool:
        """Tell whether `container` is the exception, or holds the value."""
        if container is self.exception:
            return True
        held = list(held_in(container))
        if any(is_key is self.is_key and is_same(member, self.value) for member, is_key in held):
            return True
        # The constant beside the exception could be its key.
        return self.exception is not None and (
            any(member is self.exception for member, _ in held)
            and not any(is_key and is_equal(member, self.value) for member, is_key in held)
        )

    def _module_binds(self, members: dict[str, Any], name: str) -> bool:
        """Place (b), its end: a module of the application binds `name` to the value."""
        if name.startswith("__") or name not in members:
            return False
        held = members[name]
        if held is not self.value and not _is_table(held):
            return False
        code = module_code(members)
        if code is None or not is_application(code.co_filename):
            return False
        return self._is_bound(name, held, _Scope(code_of(code), members, {}, is_equal))

    def _is_bound(self, name: str, held: Any, scope: _Scope) -> bool:
        """Tell whether `name` was bound to the constant, or to a call or display with it."""
        with self._opened(scope.table, name) as is_new:
            if not is_new:
                return False
            steps = scope.table.bindings(name)
            if held is self.value:
                if any(gives(step, self.value, scope.matches) for step in steps):
                    return True
                if scope.code is not None and self._is_bound_outside(name, held, scope):
                    return True
            elif not _is_table(held):
                return False
            elif any(
                self._stands_in(self._made(step, held, scope), scope) for step in steps
            ) and self._holds(held):
                return True
            if any(self._is_read_by(step, scope) for step in steps):
                return True
            package = scope.global_names.get("__package__")
            for module, original in scope.table.sources(name):
                imported = _imported(module, package)
                if is_a(imported, ModuleType) and self._module_binds(
                    module_members(imported), original
                ):
                    return True
        return False

    def _made(self, step: Step, held: Any, scope: _Scope) -> Expression:
        """Return what made `held`.

        A module is made before the first request, and the call of a class keeps what it is
        given. Any other call may have chosen a text or brought that of an exception: what
        stands in one counts only where it made the exception at hand.
        """
        if held is self.exception:
            return scope.table.made_by(step)
        if scope.code is not None:
            return scope.table.made_by(step, lambda _: False)
        return scope.table.made_by(step, partial(is_class, names=scope.global_names))

    def _is_read_by(self, step: Step, scope: _Scope) -> bool:
        return any(self._leads_here(path, scope) for path in scope.table.read_by(step).paths)

    def _is_bound_outside(self, name: str, held: Any, scope: _Scope) -> bool:
        """Tell whether a local of a function is a default of it, or bound by a function around."""
        code = scope.code
        module = module_code(scope.global_names)
        if code is None or module is None:
            return False
        around = code.co_qualname
        while around:
            around = around.rpartition(".")[0].removesuffix(".<locals>")
            bodies = code_of(module).bodies(around) if around else (module,)
            for table in map(code_of, bodies):
                if name in code.co_freevars:
                    outside = _Scope(table, scope.global_names, {}, is_equal)
                    if self._is_bound(name, held, outside):
                        return True
                elif name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
                    defaults = table.defaults_of(code.co_qualname)
                    if any(is_equal(constant, self.value) for constant in defaults):
                        return True
        return False

    @contextmanager
    def _opened(self, table: object, name: str) -> Iterator[bool]:
        """Tell whether this name of this code may be looked at: it is not, further up."""
        key = (id(table), name)
        self._left -= 1
        is_new = key not in self._open and self._left >= 0
        self._open.add(key)
        try:
            yield is_new
        finally:
            if is_new:
                self._open.discard(key)


def _imported(module: str, package: Any) -> object:
    """Return the module that an import of `module` in `package` bound, or None."""
    try:
        return sys.modules.get(resolve_name(module, package))
    except ImportError:  # a relative import outside a package: it bound nothing
        return None


def _is_table(held: Any) -> bool:
    """Tell whether `held` may hold a text, or be the exception."""
    return held is not None and not is_a(held, _NO_TABLES)
