"""Objects: what their class is called, and which text stands for those of the standard library.

A class may put code of its own before its name, `__dict__` and every attribute. What the
interpreter keeps is read through descriptors that are the interpreter's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timezone
from enum import EnumType
from types import ModuleType
from typing import Any

from tightlip.slots import dictionary_reader

_LONGEST = 4096  # bytes of a number, characters of a path
_module_of = type.__dict__["__module__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__

globals_of: Callable[[Any], dict[str, Any]] = ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]
"""Returns the namespace of a module, whatever its class says."""


def class_name(cls: type) -> str:
    """Return the full name of `cls` (`module.Class`, built-ins without module).

    The name is read past the metaclass, which may run code and lie.
    """
    try:
        module = _module_of(cls)
        name: str = str.__str__(_qualname_of(cls))
    except Exception:  # a class in the making has parts missing
        return "?"
    if type(module) is str and module != "builtins":
        return f"{module}.{name}"
    return name


def plain_name(cls: type) -> str:
    """Return the name of `cls` alone, read as `class_name` does."""
    name: str = str.__str__(_qualname_of(cls))
    return name.rpartition(".")[2]


def module_of(cls: type) -> str:
    """Return the name of the module of `cls`, as the class tells it; empty where it tells none."""
    module = _module_of(cls)
    return module if type(module) is str else ""


def standing_for(value: Any) -> str | None:
    """Return the text of a value of the standard library's, such as a date; None for all others.

    Only exact classes are told so, and only where no other code can stand inside: a time zone or
    a piece of a path may be anybody's.
    """
    kind = type(value)
    if type(kind) is EnumType:
        return _member(value)
    try:
        name = str.__str__(_qualname_of(kind))
        home, told = _STANDARD.get(name, ("", _nothing))
        if not home or home not in sys.modules or _named_in(home, name) is not kind:
            return None
        return told(value)
    except Exception:  # what cannot be told is told by its class
        return None


def is_list(kind: type) -> bool:
    """Tell whether `kind` is the list in which SQLAlchemy keeps what belongs to a row."""
    home = "sqlalchemy.orm.collections"
    return home in sys.modules and _named_in(home, "InstrumentedList") is kind


def _named_in(module: str, name: str) -> object:
    """Return what stands under `name` in a module that is loaded, whatever its class says."""
    return globals_of(sys.modules[module]).get(name)


def _nothing(value: object) -> None:
    """Tell nothing of any value."""


def _member(value: Any) -> str | None:
    kind = type(value)
    read = dictionary_reader(kind)
    attributes = None if read is None else read(value)
    name = attributes.get("_name_") if type(attributes) is dict else None
    return f"<{class_name(kind)}.{name}>" if type(name) is str else None


def _moment(value: Any) -> str:
    zone = type(value.tzinfo)
    is_standard = zone is type(None) or zone is timezone
    if not is_standard and "zoneinfo" in sys.modules:
        is_standard = zone is _named_in("zoneinfo", "ZoneInfo")
    if is_standard:
        return str(value.isoformat())
    return f"{value.replace(tzinfo=None).isoformat()} <{class_name(zone)}>"


def _number(value: Any) -> str | None:
    return str(value) if sys.getsizeof(value) <= _LONGEST else None


def _identifier(value: Any) -> str | None:
    return str(value) if type(value.int) is int else None


def _address(value: Any) -> str | None:
    number, scope = value._ip, getattr(value, "_scope_id", None)  # noqa: SLF001 - all there is
    if type(number) is not int or (scope is not None and type(scope) is not str):
        return None
    return str(value)


def _path(value: Any) -> str | None:
    # Python 3.12 and later keep the pieces as they were given, 3.11 keeps its own.
    pieces = getattr(value, "_raw_paths", None)
    if pieces is None:
        pieces = value._parts  # noqa: SLF001 - the same before
    plain = all(type(piece) is str for piece in pieces)
    return str(value) if plain and sum(map(len, pieces)) <= _LONGEST else None


_STANDARD: dict[str, tuple[str, Callable[[Any], str | None]]] = {
    "Decimal": ("decimal", _number),
    "date": ("datetime", str),
    "timedelta": ("datetime", str),
    "datetime": ("datetime", _moment),
    "time": ("datetime", _moment),
    "UUID": ("uuid", _identifier),
    "IPv4Address": ("ipaddress", _address),
    "IPv6Address": ("ipaddress", _address),
    "PosixPath": ("pathlib", _path),
    "PurePosixPath": ("pathlib", _path),
    "WindowsPath": ("pathlib", _path),
    "PureWindowsPath": ("pathlib", _path),
}
