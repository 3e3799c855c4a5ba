"""Whose code is a file: the application's own, an installed distribution's, or Python's."""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from functools import cache
from pathlib import Path

_INSTALLED_PARTS = frozenset({"site-packages", "dist-packages"})
_SEPARATORS = re.compile(r"[/\\]")

_own_packages: set[str] = set()


def _normal(filename: str) -> str:
    """Return `filename` absolute, without `..`, in the file system's own case."""
    try:
        return os.path.normcase(os.path.abspath(filename))  # noqa: PTH100 - keeps links
    except OSError:  # the working directory is gone
        return os.path.normcase(filename)


def _directory(name: str | Path) -> str:
    return _normal(str(name)).rstrip(os.sep) + os.sep


_OURS = _directory(Path(__file__).parent)
_OUR_APPLICATIONS = _directory(Path(__file__).parent / "demo")


def _python_directories() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    directories = {paths["stdlib"], paths["platstdlib"], site.getusersitepackages()}
    directories |= {os.path.realpath(directory) for directory in directories}
    return tuple(_directory(directory) for directory in directories)


_PYTHON = _python_directories()


@cache
def is_application(filename: str) -> bool:
    """Tell whether a code object's `filename` belongs to the application.

    Not the application's is: an installed distribution (a path through `site-packages` or
    `dist-packages`, or a package that a `*.dist-info` beside it records, as `pip install
    --target` leaves it), the standard library, Tightlip itself, and code without a file
    (`<string>`, `<frozen …>`). A package that was named by `adopt` is.
    """
    if not filename or filename.startswith("<") or is_ours(filename):
        return False
    path = _normal(filename)
    if path.startswith(_OUR_APPLICATIONS):
        return True
    if any(path == own or (own[-1] == os.sep and path.startswith(own)) for own in _own_packages):
        return True
    # Both separators: a code object may have been compiled on another system.
    if not _INSTALLED_PARTS.isdisjoint(_SEPARATORS.split(path)):
        return False
    return not path.startswith(_PYTHON) and not _is_recorded(path)


@cache
def is_ours(filename: str) -> bool:
    """Tell whether a code object's `filename` is Tightlip's, its demonstration excepted."""
    path = _normal(filename)
    return path.startswith(_OURS) and not path.startswith(_OUR_APPLICATIONS)


def _is_recorded(path: str) -> bool:
    """Tell whether a distribution that is installed in a directory above `path` records it."""
    below, name = os.path.split(path)
    while name:
        if name in _recorded_names(below):
            return True
        below, name = os.path.split(below)
    return False


@cache
def _recorded_names(directory: str) -> frozenset[str]:
    """Return the top-level names that the distributions installed in `directory` record.

    The file is described in the packaging specifications, "Recording installed projects".
    """
    names = set()
    try:
        for record in Path(directory).glob("*.dist-info/RECORD"):
            for line in record.read_text("utf-8", "replace").splitlines():
                name = os.path.normcase(_SEPARATORS.split(line.split(",")[0].strip('"'))[0])
                if not name.endswith((".dist-info", ".pth")):
                    names.add(name)
    except (OSError, ValueError):  # unreadable, or no name that the file system takes
        return frozenset()
    return frozenset(names)


def adopt(module: str) -> None:
    """Count the top-level package of `module` as the application, also where it is installed.

    The package that calls `shield` is the application by that very act: a service that is
    installed into its image as a distribution keeps its own words. A namespace package is
    shared by many, so the first package below it counts; `python -m shop` is `shop`.
    """
    if module == "__main__":
        module = getattr(getattr(sys.modules.get(module), "__spec__", None), "name", module)
    name, _, rest = module.partition(".")
    if name == "tightlip":
        return
    while rest and getattr(sys.modules.get(name), "__file__", None) is None:
        following, _, rest = rest.partition(".")
        name = f"{name}.{following}"
    file = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(file, str):
        return
    path = Path(_normal(file))
    own = _directory(path.parent) if path.stem == "__init__" else str(path)
    installed = not _INSTALLED_PARTS.isdisjoint(path.parts)
    if own not in _own_packages and (installed or not own.startswith(_PYTHON)):
        _own_packages.add(own)
        is_application.cache_clear()
