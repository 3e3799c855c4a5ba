"""Read foreign objects without running their code: no property, `__getattr__` or `__class__`."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

_MODULE_MEMBERS = vars(ModuleType)["__dict__"]
_CLASS_MEMBERS = type.__dict__["__dict__"]
_CLASS_ORDER = type.__dict__["__mro__"]
_CLASS_NAME = type.__dict__["__name__"]
_CLASS_QUALIFIED_NAME = type.__dict__["__qualname__"]


def module_members(module: ModuleType) -> dict[str, Any]:
    """Return the names that `module` holds."""
    members: dict[str, Any] = _MODULE_MEMBERS.__get__(module)
    return members


def class_members(cls: type) -> Mapping[str, Any]:
    """Return the names that `cls` itself holds, those of its bases not among them."""
    members: Mapping[str, Any] = _CLASS_MEMBERS.__get__(cls)
    return members


def class_order(cls: type) -> tuple[type, ...]:
    """Return `cls` and its bases in the order of attribute look-up."""
    order: tuple[type, ...] = _CLASS_ORDER.__get__(cls)
    return order


def class_name(cls: type) -> str:
    """Return the name of `cls`."""
    name: str = _CLASS_NAME.__get__(cls)
    return name


def qualified_name(cls: type) -> str:
    """Return the dotted name of `cls` inside its module."""
    name: str = _CLASS_QUALIFIED_NAME.__get__(cls)
    return name
