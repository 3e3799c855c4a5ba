"""The applications of a contract, each a file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load(place: Path) -> ModuleType:
    """Import an application as a server does: as a module of its own."""
    name = f"contract_{place.parent.parent.name}_{place.stem}"
    if name not in sys.modules:
        specification = importlib.util.spec_from_file_location(name, place)
        module = importlib.util.module_from_spec(specification)
        sys.modules[name] = module  # dataclasses look there for what they are made in
        try:
            specification.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
