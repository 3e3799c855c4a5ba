"""Fields: what an object of the application's holds, read without running a line of its code.

The dictionary of an instance and its slots are read through the descriptors of the interpreter, so
that no property, `__getattribute__` or `__dict__` of the class is asked, and nothing is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from types import MemberDescriptorType
from typing import Any, NamedTuple

from tightlip.incidents.objects import globals_of, module_of, plain_name
from tightlip.incidents.secrets.names import is_secret_name
from tightlip.slots import class_members, class_order, dictionary_reader

_MOST_BASES = 32
_MOST_LAYOUTS = 1024
_MOST_NAMES = 4096
_LONGEST_NAME = 200
# What declares the fields of a class that is made to be read: dataclasses, attrs, pydantic and
# SQLAlchemy keep their notes in its namespace.
_DECLARATIONS = (
    "__dataclass_fields__",
    "__attrs_attrs__",
    "__pydantic_decorators__",
    "_sa_class_manager",
)
# What SQLAlchemy, Django and `add_note` keep in an instance.
_KEPT_BY_OTHERS = frozenset({"_sa_instance_state", "_state", "__notes__"})


class Layout(NamedTuple):
    """How the instances of one class are read.

    Attributes:
        file: The file of its module; empty where it has none.
        is_model: Whether a library that declares fields has made it.
        is_secret: Whether its name, or that of a base from elsewhere, is one for secrets, as
            `ApiToken` and `SecretStr` are: then a text in it is one, whatever its field is called.
        dictionary: Reads the dictionary of an instance, where it has one.
        slots: The names of its slots, each with what reads it.
        positions: The names of its positions, of a named tuple.
    """

    file: str
    is_model: bool
    is_secret: bool
    dictionary: Callable[[Any], object] | None
    slots: tuple[tuple[str, Callable[[Any], object]], ...]
    positions: tuple[str, ...]


# A class may have a hash and an `==` of its own: it is known by its identity, and held, so that
# this stays its own. One that no module has may have been made for one request: it is not held.
_layouts: dict[int, tuple[type, Layout]] = {}


def layout_of(cls: type) -> Layout:
    """Return how the instances of `cls` are read; of a class in a module it is found out once.

    Raises:
        Exception: If the class is in the making, and has parts missing.
    """
    known = _layouts.get(id(cls))
    if known is not None:
        return known[1]
    layout = _read(cls)
    if _is_in_its_module(cls):
        if len(_layouts) >= _MOST_LAYOUTS:  # a module may be given classes without end
            _layouts.clear()
        _layouts[id(cls)] = cls, layout
    return layout


def _is_in_its_module(cls: type) -> bool:
    loaded = sys.modules.get(module_of(cls))
    if loaded is None:
        return False
    try:
        names = globals_of(loaded)
    except TypeError:  # something else was put in the place of a module
        return False
    # It is gone through, since a look-up may run the `__eq__` of a key.
    return any(held is cls for held in list(names.values()))


def fields_of(value: Any, layout: Layout, *, with_private: bool) -> list[tuple[str, Any]]:
    """Return the fields of `value` that have a value: their names, and what they hold.

    Args:
        value: An instance of the class.
        layout: That of its class.
        with_private: Whether those are told whose name begins with an underscore.

    Raises:
        RuntimeError: If another thread changes it meanwhile.
    """
    fields = (
        list(zip(layout.positions, tuple.__iter__(value), strict=False)) if layout.positions else []
    )
    attributes = None if layout.dictionary is None else layout.dictionary(value)
    if type(attributes) is dict:
        fields += [
            (name, held)
            for name, held in islice(attributes.items(), _MOST_NAMES)
            if type(name) is str
            and (with_private or name[:1] != "_")
            and name not in _KEPT_BY_OTHERS
        ]
    for name, read in layout.slots:
        if with_private or name[:1] != "_":
            try:
                fields.append((name, read(value)))
            except AttributeError:  # nothing was put there
                continue
    return fields


def _read(cls: type) -> Layout:
    order = (class_order(cls) or ())[:_MOST_BASES]
    home = module_of(cls)
    slots: dict[str, Callable[[Any], object]] = {}
    namespaces = [(base, class_members(base)) for base in order]
    for base, members in reversed(namespaces):
        if "__slots__" not in members:  # its members are those of a class written in C
            continue
        for name, member in islice(members.items(), _MOST_NAMES):
            if (
                type(member) is MemberDescriptorType
                and member.__objclass__ is base
                and not name.startswith("__")
            ):
                slots[name] = member.__get__
    return Layout(
        file=_file_of(home),
        is_model=any(mark in members for _, members in namespaces for mark in _DECLARATIONS),
        is_secret=is_secret_name(plain_name(cls)[:_LONGEST_NAME])
        or any(
            is_secret_name(plain_name(base)[:_LONGEST_NAME])
            for base in order
            if _package(module_of(base)) != _package(home)
        ),
        dictionary=dictionary_reader(cls),
        slots=tuple(slots.items()),
        positions=_positions(namespaces),
    )


def _package(module: str) -> str:
    return module.partition(".")[0]


def _file_of(module: str) -> str:
    loaded = sys.modules.get(module)
    if loaded is None:
        return ""
    try:
        file = globals_of(loaded).get("__file__")
    except TypeError:  # something else was put in the place of a module
        return ""
    return file if type(file) is str else ""


def _positions(namespaces: list[tuple[type, dict[str, Any]]]) -> tuple[str, ...]:
    if not any(base is tuple for base, _ in namespaces):
        return ()
    for _, members in namespaces:
        names = members.get("_fields")
        if type(names) is tuple and all(type(name) is str for name in names):
            return names
    return ()
