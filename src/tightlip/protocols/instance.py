"""A class of its own for one object: `application(…)` calls what the class says, not the object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

_DESCRIBING = ("__doc__", "__module__", "__name__", "__qualname__")

_PUT_ON: WeakSet[type] = WeakSet()


def put_on(instance: Any, subclass: type) -> None:
    """Make `subclass`, which was made for `instance` alone, its class.

    Its one base is the class that the object has, and it has no slots of its own. It takes over
    the name: `isinstance` and every attribute stay as they were.

    Raises:
        TypeError: Python does not let the object change its class.
    """
    for name in _DESCRIBING:
        setattr(subclass, name, getattr(type(instance), name))
    instance.__class__ = subclass
    _PUT_ON.add(subclass)


def has_put_on(instance: Any) -> bool:
    """Tell whether `instance` has a class of its own from here."""
    return type(instance) in _PUT_ON


def call_of(instance: Any) -> Callable[..., Any]:
    """Return what `instance(…)` calls now, whatever its class becomes."""
    call: Callable[..., Any] = type(instance).__call__.__get__(instance)
    return call
