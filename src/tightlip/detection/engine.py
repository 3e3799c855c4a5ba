"""Engine: what finds many patterns in bytes, in one pass; and the choice of the best at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from tightlip.plugins import find

Hits: TypeAlias = dict[int, list[int]]
"""For each pattern that matches, by its index, where its matches end, in ascending order.

Ends count in bytes from the start of the text, and are those of the pattern's core
(`detection.pattern.Shape.core`).
"""

MOST_HITS = 4096
"""How many matches of one pattern are told; `detection.overlap.every_hit` finds the others."""

_BY_SPEED = ("hyperscan", "re2", "regex")


class Engine(Protocol):
    """Finds every pattern that it was made with; safe to use from several threads at once."""

    def hits(self, data: bytes) -> Hits:
        """Return which patterns match in `data`, and where, each at most `MOST_HITS` times.

        The caller may change what it gets.
        """
        ...


class BuiltEngine(Engine, Protocol):
    """An engine that a module of `detection/engines` has made."""

    def compiled(self) -> bytes:
        """Return what `restore` needs to make this engine again; empty if there is nothing."""
        ...


class NoPatterns:
    """The engine for no pattern at all."""

    def hits(self, data: bytes) -> Hits:  # noqa: ARG002 - there is nothing to look for
        """Return nothing."""
        return {}

    def compiled(self) -> bytes:
        """Return nothing."""
        return b""


class EngineModule(Protocol):
    """What a module in `detection/engines` offers.

    Attributes:
        IDENTITY: Names the library and its version; compiled patterns are good for no other.
    """

    IDENTITY: str

    def build(self, patterns: Sequence[str], once: int = 0) -> BuiltEngine:
        """Return an engine for `patterns`, in the language of `detection.pattern`.

        Args:
            patterns: What is looked for.
            once: How many of the first patterns need be told but once in a text.
        """
        ...

    def restore(self, patterns: Sequence[str], compiled: bytes) -> BuiltEngine:
        """Return the engine that once gave `compiled`; any exception means that it cannot.

        A damaged form is refused.
        """
        ...


def best_engine() -> EngineModule:
    """Return the fastest engine whose library is installed; Python's own `re` always is."""
    for name in _BY_SPEED:
        try:
            module: EngineModule | None = find("detection.engines", name)
        except ImportError:
            continue
        if module is not None:
            return module
    raise ImportError("tightlip.detection.engines has no engine: install tightlip again")
