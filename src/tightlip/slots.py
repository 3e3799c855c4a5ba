"""Slots: what the interpreter keeps of an exception or a class, whatever is put before it.

A class may define `__cause__`, `__traceback__` or `__class__` as a property: reading the attribute
would run it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GetSetDescriptorType, TracebackType
from typing import Any, TypeGuard, TypeVar

_Instance = TypeVar("_Instance")

_MOST_BASES = 32
_SLOTS = BaseException.__dict__


def is_a(value: object, cls: type[_Instance] | tuple[type[_Instance], ...]) -> TypeGuard[_Instance]:
    """Tell whether `value` is an instance of `cls`, whatever `value.__class__` pretends.

    `isinstance` asks that too, and raises what it raises.
    """
    return issubclass(type(value), cls)


_namespace_of: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__


def class_members(cls: type) -> dict[str, Any]:
    """Return what a class itself holds by its names, what its bases hold not among it.

    A name of a subclass of `str` is left out: a look-up beside it may run its `__eq__`.
    """
    return {name: held for name, held in _namespace_of(cls).items() if type(name) is str}


class_order: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
"""Returns a class and its bases in the order of attribute look-up."""


def dictionary_reader(cls: type) -> Callable[[Any], object] | None:
    """Return what reads the dictionary of an instance of `cls`; None where it has none.

    Where a class puts something else in the place of `__dict__`, that is not asked.
    """
    for base in (class_order(cls) or ())[:_MOST_BASES]:
        kept = class_members(base).get("__dict__")
        if type(kept) is GetSetDescriptorType and kept.__objclass__ is base:
            return kept.__get__
    return None


arguments_of: Callable[[BaseException], tuple[Any, ...]] = _SLOTS["args"].__get__
"""Returns its `args`."""

attributes_of: Callable[[BaseException], dict[str, Any]] = _SLOTS["__dict__"].__get__
"""Returns its `__dict__`."""

cause_of: Callable[[BaseException], BaseException | None] = _SLOTS["__cause__"].__get__
"""Returns what it was raised from."""

context_of: Callable[[BaseException], BaseException | None] = _SLOTS["__context__"].__get__
"""Returns what was being handled when it was raised."""

suppresses_context: Callable[[BaseException], bool] = _SLOTS["__suppress_context__"].__get__
"""Tells whether its author has cut off what was being handled."""

traceback_of: Callable[[BaseException], TracebackType | None] = _SLOTS["__traceback__"].__get__
"""Returns its traceback."""

set_traceback: Callable[[BaseException, TracebackType | None], None] = _SLOTS[
    "__traceback__"
].__set__
"""Replaces its traceback."""

members_of: Callable[[BaseException], tuple[BaseException, ...]] = BaseExceptionGroup.__dict__[
    "exceptions"
].__get__
"""Returns the members of a group; of nothing else it may be asked."""
