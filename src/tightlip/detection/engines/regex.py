"""The engine on Python's own `re`: slow where it matches, and quick to see that it need not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from tightlip.detection.pattern import Literals, required_literals

_Gate: TypeAlias = tuple[str, tuple[tuple[str, tuple[int, ...]], ...]]
"""A character, and the literals around it with the indices of the patterns that want them."""

_FREQUENT = " etaoinsrhldcumfpgwybvk.,-0123456789TASCIMxjqz"
"""Characters of ordinary texts, the most frequent first; those not listed are the rarest."""


class RegexEngine:
    """Runs a pattern only on a text that holds the literals which the pattern requires.

    Looking for one character costs some 25 ns, whatever the text's length; a literal is looked
    for where its rarest character stands, and a pattern is run where its literals stand.

    Args:
        patterns: Patterns in the language of `detection.pattern`; matches name their index.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(re.compile(pattern, re.ASCII) for pattern in patterns)
        required = [required_literals(pattern) for pattern in patterns]
        self._further = tuple(literals[1:] for literals in required)
        self._always = [index for index, literals in enumerate(required) if not literals]
        wanted = [
            (literal, folded, index)
            for index, literals in enumerate(required)
            for literal, folded in (literals[0] if literals else ())
        ]
        self._gates = _gates((literal, index) for literal, folded, index in wanted if not folded)
        self._folded = _gates((literal, index) for literal, folded, index in wanted if folded)

    def matches(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield (index of the pattern, start, end) of each match in `text`, by pattern."""
        lowered = text.lower()
        candidates = {
            *self._always,
            *_opened(self._gates, text),
            *_opened(self._folded, lowered),
        }
        for index in sorted(candidates):
            if _holds(text, lowered, self._further[index]):
                for match in self._patterns[index].finditer(text):
                    start, end = match.span()
                    yield index, start, end


def _opened(gates: tuple[_Gate, ...], text: str) -> list[int]:
    """Return the patterns of which a literal stands in `text`."""
    opened: list[int] = []
    for character, literals in gates:
        if character in text:
            for literal, owners in literals:
                if literal in text:
                    opened += owners
    return opened


def _holds(text: str, lowered: str, required: tuple[Literals, ...]) -> bool:
    """Tell whether one of each set of literals stands in `text`."""
    for literals in required:
        for literal, folded in literals:
            if literal in (lowered if folded else text):
                break
        else:
            return False
    return True


def _gates(wanted: Iterable[tuple[str, int]]) -> tuple[_Gate, ...]:
    owners: dict[str, dict[str, list[int]]] = {}
    for literal, index in wanted:
        rarest = max(literal, key=_rarity)
        owners.setdefault(rarest, {}).setdefault(literal, []).append(index)
    return tuple(
        (character, tuple((literal, tuple(indices)) for literal, indices in literals.items()))
        for character, literals in owners.items()
    )


def _rarity(character: str) -> int:
    position = _FREQUENT.find(character)
    return len(_FREQUENT) if position < 0 else position
