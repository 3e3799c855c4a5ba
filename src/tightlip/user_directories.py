"""User directories: where the system keeps what programs write for one user."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_OURS = "tightlip"
_HAS_XDG: bool = sys.platform == "linux"


def cache_directory() -> Path:
    """Return our directory for what can be made again; it is relative for a user without a home."""
    if _HAS_XDG:
        return _of_xdg("XDG_CACHE_HOME", "~/.cache")
    from platformdirs import user_cache_path

    return user_cache_path(_OURS, appauthor=False)


def state_directory() -> Path:
    """Return our directory for what is to last; it is relative for a user without a home."""
    if _HAS_XDG:
        return _of_xdg("XDG_STATE_HOME", "~/.local/state")
    from platformdirs import user_state_path

    return user_state_path(_OURS, appauthor=False)


def _of_xdg(variable: str, usual: str) -> Path:
    """Return what the XDG Base Directory Specification says, which ignores relative paths.

    `platformdirs` says the same, but takes longer to import than the start's other modules.
    """
    said = os.environ.get(variable, "")
    base = said if os.path.isabs(said) else os.path.expanduser(usual)  # noqa: PTH111, PTH117 - raises for no home
    return Path(base, _OURS)
