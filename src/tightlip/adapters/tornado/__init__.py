"""Tornado: the guard between the application and the connections of its own server."""

from __future__ import annotations

from tightlip.adapters.tornado.reading import is_disconnect, is_own_answer, read, route
from tightlip.adapters.tornado.shielding import setup, wrap

__all__ = ["is_disconnect", "is_own_answer", "read", "route", "setup", "wrap"]
