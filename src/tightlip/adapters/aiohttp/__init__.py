"""aiohttp: the guard between the application and the writer of its own server."""

from __future__ import annotations

from tightlip.adapters.aiohttp.reading import is_disconnect, is_own_answer, read, route
from tightlip.adapters.aiohttp.shielding import setup, wrap

__all__ = ["is_disconnect", "is_own_answer", "read", "route", "setup", "wrap"]
