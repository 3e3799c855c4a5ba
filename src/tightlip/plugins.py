"""Find plug-in modules: ours by their presence in a folder, else an installed entry point."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_MODULE = type.__dict__["__module__"]


@cache
def find(seam: str, name: str) -> Any | None:
    """Return the plug-in `name` of `seam` (such as `translation.readers`), or None.

    Our own module `tightlip.<seam>.<name>` wins; an entry point `name` of the group
    `tightlip.<seam>` is asked next, so nothing that is merely installed replaces a built-in.
    """
    if not name.isidentifier():
        return None
    module = f"tightlip.{seam}.{name}"
    if find_spec(module) is not None:
        return import_module(module)
    for entry_point in _installed().select(group=f"tightlip.{seam}", name=name):
        return entry_point.load()
    return None


@cache
def _installed() -> Any:  # its class is another one from Python 3.12 on
    """Return all installed entry points; to find them, a file of each package is read."""
    # Imported late: it brings the whole of `email`, and most plug-ins are our own.
    from importlib.metadata import entry_points

    return entry_points()


def find_for(seam: str, value: object) -> tuple[Any, ...]:
    """Return the plug-ins of `seam` for `value`, by the libraries that define its classes.

    The plug-in of the most specific class comes first; a library stands in the answer once.
    """
    return _find_for_modules(seam, tuple(map(_module_of, type(value).__mro__)))


def _module_of(cls: type) -> str:
    """Return the module of a class as Python keeps it; a class may say anything of itself."""
    try:
        module = _MODULE.__get__(cls)
    except AttributeError:
        return ""
    return module if type(module) is str else ""


@cache
def _find_for_modules(seam: str, modules: tuple[str, ...]) -> tuple[Any, ...]:
    packages = dict.fromkeys(module.partition(".")[0] for module in modules)
    found = (find(seam, package) for package in packages)
    return tuple(plugin for plugin in found if plugin is not None)
