"""What classes of the application bind, and whether a name is bound straight to a constant."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

from tightlip.slots import class_members, class_order, is_a
from tightlip.source import is_application
from tightlip.translation.bytecode import (
    Code,
    DottedName,
    Step,
    code_of,
    constants,
    module_code,
)
from tightlip.translation.inspection import (
    module_members,
    own_attributes,
    qualified_name,
)


def plain(value: Any) -> Any:
    """Return what `value` is on the wire: an Enum member counts by its value.

    A member that is a string of its own, other than its value, is no text that was written.
    """
    if not is_a(value, Enum):
        return value
    held = object.__getattribute__(value, "_value_")
    if is_a(value, str) and not (type(held) is str and str.__eq__(value, held)):
        return value
    return held


def is_same(constant: Any, value: Any) -> bool:
    """Tell whether `constant` is `value` itself; a number is, by its value."""
    return constant is value or (type(value) is not str and is_equal(constant, value))


def is_equal(constant: Any, value: Any) -> bool:
    """Tell whether `constant` equals `value`, without asking a foreign `__eq__`."""
    return (
        type(constant) is type(value)
        and (type(value) is str or type(value) is int or type(value) is float)
        and bool(constant == value)
    )


def attribute_of(owner: Any, name: str) -> Any:
    """Look up an attribute of a module or class, without running the code of a descriptor."""
    if is_a(owner, ModuleType):
        return module_members(owner).get(name)
    if is_a(owner, type):
        for base in class_order(owner):
            members = class_members(base)
            enumerated = members.get("_member_map_")
            if type(enumerated) is dict and name in enumerated:
                return enumerated[name]
            if name in members:
                return members[name]
    return None


def gives(step: Step, value: Any, matches: Callable[[Any, Any], bool] = is_equal) -> bool:
    """Tell whether `step` loads a constant that matches `value`, or a tuple with one."""
    if step.operation != "LOAD_CONST":
        return False
    held = step.argument if type(step.argument) is tuple else (step.argument,)
    return any(matches(constant, value) for constant in held)


def class_binds(owner: Any, name: str, value: Any) -> bool:
    """Tell whether a class of the application binds `name` to the value.

    An instance counts by its class, also where it has a copy of what the class was declared
    with, as instances of data classes have.
    """
    if name.startswith("__"):
        return False
    cls = owner if is_a(owner, type) else type(owner)
    if attribute_of(cls, name) is not value:
        return cls is not owner and any(
            own == name and held is value and _binds(base, name, value)
            for own, held in own_attributes(owner)
            for base in class_order(cls)
        )
    if is_a(value, Enum):
        return enum_binds(value)
    return any(
        _binds(base, name, value) for base in class_order(cls) if name in class_members(base)
    )


def class_makes(cls: type, name: str, value: Any) -> bool:
    """Tell whether a class of the application binds `name` to a display or call with the value."""
    return any(
        is_equal(constant, value)
        for base in class_order(cls)
        if name in class_members(base)
        for body in _bodies(base)
        for step in body.bindings(name)
        for constant in body.made_by(step, makes=partial(is_class, names=_names(base))).constants
    )


def follow(path: DottedName | None, names: Mapping[str, Any]) -> Any:
    """Return what a dotted name that begins with one of `names`, or a builtin, leads to."""
    if path is None:
        return None
    first, *attributes = path
    owner = names.get(first, vars(builtins).get(first))
    for attribute in attributes:
        owner = attribute_of(looked_up(owner), attribute)
    return owner


def is_class(path: DottedName | None, names: Mapping[str, Any]) -> bool:
    """Tell whether a dotted name leads to a class, whose call keeps what it is given."""
    return is_a(follow(path, names), type)


def looked_up(owner: Any) -> Any:
    """Return where an attribute of `owner` is looked up: a module or class, or its class."""
    return owner if is_a(owner, (type, ModuleType)) else type(owner)


def enum_binds(member: Enum) -> bool:
    """Tell whether an Enum of the application binds `member` to its value, a constant."""
    return _binds(type(member), object.__getattribute__(member, "_name_"), plain(member))


def _binds(cls: type, name: str, value: Any) -> bool:
    return any(gives(step, value) for body in _bodies(cls) for step in body.bindings(name))


def _bodies(cls: type) -> Iterator[Code]:
    """Yield the code of the class, where that is the application's."""
    code = module_code(_names(cls))
    if code is not None and is_application(code.co_filename):
        yield from map(code_of, code_of(code).bodies(qualified_name(cls)))


def _names(cls: type) -> dict[str, Any]:
    """Return the names of the module that the class was defined in."""
    name = class_members(cls).get("__module__")
    module = sys.modules.get(name) if type(name) is str else None
    return module_members(module) if is_a(module, ModuleType) else {}


def _is_exception_beside(raised: Any, cls: type) -> bool:
    """Tell whether `raised` is an exception class, and neither `cls` nor above or below it."""
    return (
        is_a(raised, type)
        and issubclass(raised, BaseException)
        and not any(base is raised for base in class_order(cls))
        and not any(base is cls for base in class_order(raised))
    )


def function_of(member: Any) -> Any:
    """Return the function behind a class method, a static method or a property."""
    if type(member) is property:
        return member.fget
    return member.__func__ if type(member) in (classmethod, staticmethod) else member


def class_says(cls: type, name: str, held: Any, value: Any) -> bool:
    """Tell whether a member of an exception class holds the value as the class's own words."""
    if held is value and not name.startswith("__"):
        return _binds(cls, name, value)
    function = function_of(held)
    if type(function) is not FunctionType or not is_application(function.__code__.co_filename):
        return False
    if not function.__code__.co_qualname.startswith(f"{qualified_name(cls)}."):
        return False
    table = code_of(function.__code__)
    names = function.__globals__
    steps = table.without_raises(lambda raised: _is_exception_beside(follow(raised, names), cls))
    if any(is_same(constant, value) for constant in constants(steps)):
        return True
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return any(default is value for default in defaults) and any(
        is_equal(constant, value) for body in _bodies(cls) for constant in constants(body.steps)
    )
