"""Whose code is a module, and what stood in the frames that an exception came through."""

from __future__ import annotations

from types import FrameType
from typing import Any

from tightlip.slots import traceback_of

LIBRARIES = frozenset({"django", "ninja", "rest_framework"})
"""The top-level packages whose words are not the application's."""


def module_of(frame: FrameType) -> str:
    """Return the name of the module whose code runs in `frame`."""
    name = frame.f_globals.get("__name__", "")
    return name if isinstance(name, str) else ""


def is_of_a_library(module: str) -> bool:
    """Tell whether `module` is Django's, Django REST framework's or django-ninja's."""
    return module.partition(".")[0] in LIBRARIES


def local_of(exception: BaseException, module: str, name: str) -> Any | None:
    """Return the local `name` of the innermost frame of `module`; None where there is none."""
    found = None
    traceback = traceback_of(exception)
    while traceback is not None:
        frame = traceback.tb_frame
        if module_of(frame) == module and name in frame.f_locals:
            found = frame.f_locals[name]
        traceback = traceback.tb_next
    return found
