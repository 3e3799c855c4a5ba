"""Whose code is a file: the application's own, an installed distribution's, or Python's."""

from __future__ import annotations

import site
import sys
import sysconfig
from functools import cache
from pathlib import Path

_PACKAGE = str(Path(__file__).parent)
_OUR_APPLICATIONS = str(Path(__file__).parent / "demo")
_INSTALLED_PARTS = frozenset({"site-packages", "dist-packages"})

_own_packages: set[str] = set()


def _python_directories() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    directories = {paths["stdlib"], paths["platstdlib"], site.getusersitepackages()}
    directories |= {str(Path(directory).resolve()) for directory in directories}
    return tuple(
        directory.rstrip("/\\") + ("\\" if "\\" in directory else "/") for directory in directories
    )


_PYTHON = _python_directories()


@cache
def is_application(filename: str) -> bool:
    """Tell whether a code object's `filename` belongs to the application.

    Neither an installed distribution (a path through `site-packages` or `dist-packages`), nor
    the standard library, nor Tightlip itself, nor code without a file (`<string>`, `<frozen …>`)
    is the application's. A package that was named by `adopt` is.
    """
    if not filename or filename.startswith("<"):
        return False
    path = Path(filename).absolute()
    text = str(path)
    if text.startswith(_PACKAGE) and not text.startswith(_OUR_APPLICATIONS):
        return False
    if any(text.startswith(package) for package in _own_packages):
        return True
    return _INSTALLED_PARTS.isdisjoint(path.parts) and not text.startswith(_PYTHON)


def adopt(module: str) -> None:
    """Count the top-level package of `module` as the application, also where it is installed.

    The package that calls `shield` is the application by that very act: a service that is
    installed into its image as a distribution keeps its own words.
    """
    name = module.partition(".")[0]
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None or name == "tightlip":
        return
    path = Path(file).absolute()
    own = f"{path.parent}/" if path.name == "__init__.py" else str(path)
    if own not in _own_packages and not own.startswith(_PYTHON):
        _own_packages.add(own)
        is_application.cache_clear()
