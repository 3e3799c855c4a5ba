"""The engine on Python's own `re`: the last choice, where no scan library is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tightlip.detection.engine import Hits
from tightlip.detection.pattern import Literals, shape_of
from tightlip.detection.spans import ends_of

IDENTITY = "re"

_Gate: TypeAlias = tuple[bytes, tuple[tuple[bytes, tuple[int, ...]], ...]]
"""A character, and the literals around it with the indices of the patterns that want them."""

_FREQUENT = b" etaoinsrhldcumfpgwybvk.,-0123456789TASCIMxjqz"
"""Characters of ordinary texts, the most frequent first; those not listed are the rarest."""


def build(patterns: Sequence[str], once: int = 0) -> RegexEngine:  # noqa: ARG001 - all are told
    """Return an engine for `patterns`."""
    return RegexEngine(patterns)


def restore(patterns: Sequence[str], compiled: bytes) -> RegexEngine:  # noqa: ARG001 - `re` keeps no compiled form
    """Return an engine for `patterns`, as `build` does."""
    return RegexEngine(patterns)


class RegexEngine:
    """Runs a pattern only on a text that holds the literals which the pattern requires.

    A literal is looked for where its rarest byte stands, and a pattern is run where its
    literals stand.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        shapes = [shape_of(pattern) for pattern in patterns]
        self._cores = tuple(shape.core for shape in shapes)
        required = [shape.required for shape in shapes]
        self._further = tuple(literals[1:] for literals in required)
        self._always = [index for index, literals in enumerate(required) if not literals]
        wanted = [
            (literal, folded, index)
            for index, literals in enumerate(required)
            for literal, folded in (literals[0] if literals else ())
        ]
        self._gates = _gates((literal, index) for literal, folded, index in wanted if not folded)
        self._folded = _gates((literal, index) for literal, folded, index in wanted if folded)

    def hits(self, data: bytes) -> Hits:
        """See `Engine.hits`."""
        lowered = data.lower()
        candidates = {
            *self._always,
            *_opened(self._gates, data),
            *_opened(self._folded, lowered),
        }
        return {
            index: ends
            for index in sorted(candidates)
            if _holds(data, lowered, self._further[index])
            and (ends := ends_of(self._cores[index], data))
        }

    def compiled(self) -> bytes:
        """Return nothing: there is no compiled form."""
        return b""


def _opened(gates: tuple[_Gate, ...], text: bytes) -> list[int]:
    """Return the patterns of which a literal stands in `text`."""
    opened: list[int] = []
    for rarest, literals in gates:
        if rarest in text:
            for literal, owners in literals:
                if literal in text:
                    opened += owners
    return opened


def _holds(text: bytes, lowered: bytes, required: tuple[Literals, ...]) -> bool:
    """Tell whether one of each set of literals stands in `text`."""
    for literals in required:
        for literal, folded in literals:
            if literal.encode() in (lowered if folded else text):
                break
        else:
            return False
    return True


def _gates(wanted: Iterable[tuple[str, int]]) -> tuple[_Gate, ...]:
    owners: dict[bytes, dict[bytes, list[int]]] = {}
    for literal, index in wanted:
        sought = literal.encode()
        rarest = max(sought, key=_rarity)
        owners.setdefault(bytes((rarest,)), {}).setdefault(sought, []).append(index)
    return tuple(
        (rarest, tuple((literal, tuple(indices)) for literal, indices in literals.items()))
        for rarest, literals in owners.items()
    )


def _rarity(character: int) -> int:
    position = _FREQUENT.find(character)
    return len(_FREQUENT) if position < 0 else position
