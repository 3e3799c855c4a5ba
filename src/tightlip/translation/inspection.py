"""Read foreign objects without running their code: no property, `__getattr__` or `__class__`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

from tightlip.slots import class_members, class_order

_MODULE_MEMBERS = vars(ModuleType)["__dict__"]
_CLASS_NAME = type.__dict__["__name__"]
_DEEPEST = 4
_MOST_HELD = 500
_CLASS_QUALIFIED_NAME = type.__dict__["__qualname__"]


def module_members(module: ModuleType) -> dict[str, Any]:
    """Return the names that `module` holds."""
    members: dict[str, Any] = _MODULE_MEMBERS.__get__(module)
    return members


def class_name(cls: type) -> str:
    """Return the name of `cls`."""
    name: str = _CLASS_NAME.__get__(cls)
    return name


def qualified_name(cls: type) -> str:
    """Return the dotted name of `cls` inside its module."""
    name: str = _CLASS_QUALIFIED_NAME.__get__(cls)
    return name


def own_attributes(instance: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values that `instance` itself holds in its `__dict__` and its slots."""
    for base in class_order(type(instance)):
        members = class_members(base)
        own = members.get("__dict__")
        if type(own) is GetSetDescriptorType or type(own) is MemberDescriptorType:
            held = own.__get__(instance)
            if type(held) is dict:
                yield from list(islice(held.items(), _MOST_HELD))
        # Built-in classes have descriptors of this type too, such as that of `__doc__`.
        slots = members.items() if "__slots__" in members else ()
        for name, descriptor in slots:
            if type(descriptor) is MemberDescriptorType:
                try:
                    yield name, descriptor.__get__(instance)
                except AttributeError:  # an empty slot
                    continue


def held_in(container: Any) -> Iterator[tuple[Any, bool]]:
    """Yield what `container` holds, to a depth of 4, and of each whether it is a key or name.

    Containers are dicts, lists, tuples, partials, and instances of classes that are written in
    Python; what an exception holds is its own. At most 500 members are looked at.
    """
    left = _MOST_HELD
    level: list[Any] = [container]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for current in level:
            for member, is_key in _held_by(current):
                left -= 1
                if left < 0:
                    return
                yield member, is_key
                if type(member) is not str:
                    below.append(member)
        level = below


def _held_by(container: Any) -> Iterator[tuple[Any, bool]]:
    kind: type = type(container)
    if kind is dict:
        for key, member in list(islice(container.items(), _MOST_HELD)):
            yield key, True
            yield member, False
    elif kind is list or issubclass(kind, tuple):
        items = list if kind is list else tuple
        yield from [(member, False) for member in islice(items.__iter__(container), _MOST_HELD)]
    elif kind is partial:
        yield from [(container.args, False), (container.keywords, False)]
    elif not issubclass(kind, (type, ModuleType, BaseException)):
        for name, member in own_attributes(container):
            yield name, True
            yield member, False
