"""A guarded look at objects of other libraries: what raises, or has an odd type, is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

_Meaning = TypeVar("_Meaning")


def attribute(value: object, *path: str) -> Any:
    """Return `value.a.b` for the path `"a", "b"`; None where a step fails, whatever it raises."""
    current: Any = value
    for name in path:
        try:
            current = getattr(current, name, None)
        except Exception:  # a property of another library may raise anything
            return None
    return current


def text(value: object, *path: str) -> str | None:
    """Return the text at `path`; None unless it is a plain string that is not empty.

    A subclass of `str` could run code of its own, so it does not count.
    """
    found = attribute(value, *path)
    return found if type(found) is str and found else None


def number(value: object, *path: str) -> int | None:
    """Return the whole number at `path`, also of an enumeration; None if there is none."""
    found = attribute(value, *path)
    return int.__int__(found) if isinstance(found, int) and not isinstance(found, bool) else None


def argument(exception: BaseException, position: int) -> Any:
    """Return one of the exception's arguments, or None."""
    arguments = attribute(exception, "args")
    if type(arguments) is tuple and position < len(arguments):
        return arguments[position]
    return None


def meaning(
    exception: BaseException, package: str, meanings: Mapping[str, _Meaning]
) -> _Meaning | None:
    """Return what the nearest class of `exception` means, by its name.

    Args:
        exception: Any exception.
        package: The top-level package whose classes count: a class of the application with the
            same name does not.
        meanings: What each class name means, for libraries that tell a failure by class alone.
    """
    for cls in type(exception).__mro__:
        name, module = text(cls, "__name__") or "", text(cls, "__module__") or ""
        if name in meanings and module.partition(".")[0] == package:
            return meanings[name]
    return None
