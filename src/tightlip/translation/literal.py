"""Is this text a literal of the application? Proved by place and identity, never by its look.

The text is a literal if the very string object stands in the expression that raised:

(a) as a constant inside the expression under way, in an application frame of the traceback,
    the innermost first, so that words through a helper count;
(b) as what a dotted name in that expression leads to, through modules, classes and Enums, if the
    defining code binds that name straight to that constant;
(c) as the value of a local in that expression that was bound straight from the constant; a
    local or global that holds the raised exception itself counts by the words of the call that
    made it;
(d) as a constant in the exception class's own code, or a class attribute bound to it.

The proof is overruled where the text is the text, an argument or an attribute of another
exception in the chain.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, TypeAlias

from tightlip.source import is_application
from tightlip.translation.bytecode import (
    Step,
    class_code,
    code_of,
    constants,
    module_code,
    paths,
)
from tightlip.translation.chain import related, text_of

Place: TypeAlias = tuple[FrameType, int]
"""A frame and the byte offset of the instruction under way in it."""

_DEEPEST_DETAIL = 6
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a text may leave as a literal, and why not."""

    declared: bool
    reason: str = ""
    source: str | None = None


def places_of(exception: BaseException) -> list[Place]:
    """Return the application's places in the traceback of `exception`, the innermost first."""
    places = []
    traceback = exception.__traceback__
    while traceback is not None:
        places.append((traceback.tb_frame, traceback.tb_lasti))
        traceback = traceback.tb_next
    return [place for place in reversed(places) if is_application(place[0].f_code.co_filename)]


def live_places(frame: FrameType | None) -> list[Place]:
    """Return the application's places in the running stack from `frame` outwards."""
    places = []
    while frame is not None:
        if is_application(frame.f_code.co_filename):
            places.append((frame, frame.f_lasti))
        frame = frame.f_back
    return places


def source_of(places: list[Place], exception: BaseException | None = None) -> str | None:
    """Return `file:line` of the innermost place."""
    if not places:
        return None
    frame, _ = places[0]
    line = frame.f_lineno
    traceback = exception.__traceback__ if exception is not None else None
    while traceback is not None:
        if traceback.tb_frame is frame:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f"{frame.f_code.co_filename}:{line}"


def prove(value: Any, exception: BaseException | None, places: list[Place]) -> Verdict:
    """Decide whether `value` may leave as words that the application's author wrote.

    A dict or list may if all that it holds may: each text is proved for itself, as is each
    number, by a constant of the same value in the expression.
    """
    source = source_of(places, exception)
    if value is None or value is True or value is False:
        return Verdict(declared=True)
    if isinstance(value, dict | list | tuple):
        for member in _members(value):
            verdict = _prove_one(member, exception, places)
            if verdict is not None:
                return Verdict(declared=False, reason=verdict, source=source)
        return Verdict(declared=True)
    reason = _prove_one(value, exception, places)
    return Verdict(declared=reason is None, reason=reason or "", source=source)


def _members(value: Any) -> Iterator[Any]:
    """Yield keys and values to the leaves; a member that is too deep or too many is a lump."""
    left = _MOST_VALUES
    open_values = [(value, 0)]
    while open_values:
        current, depth = open_values.pop()
        left -= 1
        if left < 0 or depth > _DEEPEST_DETAIL:
            yield object()
            return
        if type(current) is dict:
            open_values.extend((key, depth + 1) for key in current)
            open_values.extend((member, depth + 1) for member in current.values())
        elif type(current) is list or type(current) is tuple:
            open_values.extend((member, depth + 1) for member in current)
        else:
            yield current


def _prove_one(value: Any, exception: BaseException | None, places: list[Place]) -> str | None:
    """Return why `value` is no literal, or None if it is one."""
    if value is None or value is True or value is False:
        return None
    text = value._value_ if isinstance(value, Enum) else value
    if type(text) is int or type(text) is float:
        found = any(_holds_number(text, place) for place in places)
        return None if found else "a number that is no constant in the expression that raised"
    if type(text) is not str:
        return f"a value of the type {type(text).__name__}, which is no text that was written here"
    if not any(_stands_at(value, place, exception) for place in places) and not (
        exception is not None and _stands_in_class(value, type(exception))
    ):
        return "no literal of the application stands where this text was raised"
    if text and any(_says(text, other) for other in _others(exception)):
        return "another exception in the chain says the same"
    return None


def _others(exception: BaseException | None) -> Iterable[BaseException]:
    if exception is None:
        current = sys.exception()
        return () if current is None else (current, *related(current))
    return related(exception)


def _says(text: str, other: BaseException) -> bool:
    """Tell whether `text` is the text, an argument or an attribute of `other`."""
    if any(type(argument) is str and argument == text for argument in other.args):
        return True
    attributes = getattr(other, "__dict__", {})
    if any(type(value) is str and value == text for value in attributes.values()):
        return True
    return text_of(other) == text


def _holds_number(number: float, place: Place) -> bool:
    frame, instruction = place
    steps = code_of(frame.f_code).under_way(instruction)
    return any(
        type(constant) is type(number) and constant == number for constant in constants(steps)
    )


def _stands_at(value: Any, place: Place, exception: BaseException | None) -> bool:
    frame, instruction = place
    steps = code_of(frame.f_code).under_way(instruction)
    if any(constant is value for constant in constants(steps)):
        return True
    variables = frame.f_locals
    for path in paths(steps):
        first, *attributes = path
        if first not in variables or variables is frame.f_globals:
            if _global_leads_to(value, first, attributes, frame, exception):
                return True
        elif attributes:
            if _attributes_lead_to(value, variables[first], attributes, exception):
                return True
        elif _local_is(value, first, variables[first], frame.f_code, exception):
            return True
    return False


def _local_is(
    value: Any, name: str, held: Any, code: CodeType, exception: BaseException | None
) -> bool:
    """Place (c): a local that was bound straight from the constant, or to the exception."""
    for step in code_of(code).bindings(name):
        if held is value and step.operation == "LOAD_CONST" and step.argument is value:
            return True
        if held is exception is not None and _was_made_with(value, step, code):
            return True
    return False


def _was_made_with(value: Any, step: Step, code: CodeType) -> bool:
    """Tell whether the call at `step` holds the text `value` as a constant.

    By equality: the code of a module that is read again holds equal constants, not the same.
    """
    if not step.operation.startswith("CALL") or step.span is None:
        return False
    return any(
        type(constant) is type(value) and constant == value
        for constant in constants(code_of(code).inside(step.span))
    )


def _global_leads_to(
    value: Any,
    name: str,
    attributes: list[str],
    frame: FrameType,
    exception: BaseException | None,
) -> bool:
    """Place (b), from a global of the frame's module on."""
    if name.startswith("__") or name not in frame.f_globals:
        return False
    owner = frame.f_globals[name]
    if attributes:
        return _attributes_lead_to(value, owner, attributes, exception)
    module = sys.modules.get(frame.f_globals.get("__name__", ""))
    return module is not None and _module_binds(module, name, owner, value, exception)


def _attributes_lead_to(
    value: Any, owner: Any, attributes: list[str], exception: BaseException | None
) -> bool:
    """Place (b), from an object on: follow the names, and see whether the last is `value`."""
    *way, last = attributes
    for attribute in way:
        owner = _attribute(owner, attribute)
    if isinstance(owner, ModuleType):
        return _module_binds(owner, last, owner.__dict__.get(last), value, exception)
    if isinstance(owner, Enum):
        return last == "value" and owner._value_ is value and _enum_binds(owner)
    cls = owner if isinstance(owner, type) else type(owner)
    return _class_binds(cls, last, value)


def _attribute(owner: Any, name: str) -> Any:
    """Look up an attribute without running the code of a descriptor."""
    if isinstance(owner, ModuleType):
        return owner.__dict__.get(name)
    if isinstance(owner, type):
        members = type.__getattribute__(owner, "__dict__").get("_member_map_")
        if isinstance(members, dict) and name in members:
            return members[name]
        for base in owner.__mro__:
            if name in base.__dict__:
                return base.__dict__[name]
    return None


def _module_binds(
    module: ModuleType, name: str, held: Any, value: Any, exception: BaseException | None
) -> bool:
    if name.startswith("__") or held is None or (held is not value and held is not exception):
        return False
    code = module_code(module)
    if code is None or not is_application(code.co_filename):
        return False
    table = code_of(code)
    for step in table.bindings(name):
        if held is value and step.operation == "LOAD_CONST" and step.argument == value:
            return True
        if held is exception and _was_made_with(value, step, code):
            return True
    original = table.imports.get(name)
    if original is None:
        return False
    return any(
        _module_binds(other, original, held, value, exception)
        for other in list(sys.modules.values())
        if isinstance(other, ModuleType)
        and other is not module
        and other.__dict__.get(original) is held
    )


def _class_binds(cls: type, name: str, value: Any) -> bool:
    """Tell whether a class of the application binds `name` to the constant `value`."""
    if name.startswith("__"):
        return False
    member = _attribute(cls, name)
    if isinstance(member, Enum) and member is value:
        return _enum_binds(member)
    for base in cls.__mro__:
        if base.__dict__.get(name) is value:
            return _binds(base, name, value)
    return False


def _enum_binds(member: Enum) -> bool:
    return _binds(type(member), member._name_, member._value_)


def _binds(cls: type, name: str, value: Any) -> bool:
    module = sys.modules.get(cls.__module__)
    code = class_code(module, cls.__qualname__) if module is not None else None
    if code is None or not is_application(code.co_filename):
        return False
    return any(
        step.operation == "LOAD_CONST" and step.argument == value
        for step in code_of(code).bindings(name)
    )


def _stands_in_class(value: Any, cls: type) -> bool:
    """Place (d): the exception class's own words."""
    for base in cls.__mro__:
        attributes: Mapping[str, Any] = base.__dict__
        for name, held in attributes.items():
            if held is value and not name.startswith("__") and _binds(base, name, value):
                return True
            if (
                isinstance(held, FunctionType)
                and is_application(held.__code__.co_filename)
                and any(constant is value for constant in constants(code_of(held.__code__).steps))
            ):
                return True
    return False
