"""The pattern language of the rules: a bounded subset that every scan engine reads alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple, NoReturn, TypeAlias

Literals: TypeAlias = frozenset[tuple[str, bool]]
"""Strings of which one stands in every match, and whether that is so only in lower case.

A pair (text, True) means that `text`, which is lower case, stands in the match made lower case.
"""

LONGEST_REPEAT = 1000
"""RE2 compiles no longer repeat, and a longer gap joins words that have nothing in common."""

LONGEST_MATCH = 2048
"""How long the match of a core may be, in bytes: pieces of a stream are scanned so far back."""

_MOST_ALTERNATIVES = 24
_REPEAT = re.compile(r"\{(\d{1,6})(?:,(\d{1,6}))?\}", re.ASCII)
_CONTROL_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_CLASS_ESCAPES = "dDsSwW"


class PatternError(ValueError):
    """A pattern uses what the scan engines do not share, or has no bound."""


class Shape(NamedTuple):
    """What is known of a pattern without running it.

    Attributes:
        required: Sets of strings; of each set, at least one stands in every match. The set that
            the fewest texts meet comes first; empty where no such strings are known.
        core: A pattern that matches somewhere in a text if and only if this one does, without
            the repeats that only make a match longer at either end.
        width: How many bytes a match has at most.
    """

    required: tuple[Literals, ...]
    core: str
    width: int


class _Part(NamedTuple):
    """What is known of a piece of a pattern.

    Attributes:
        exact: Every string that the piece matches, where they are few; else None.
        folded: Whether `exact` is matched in any case.
        required: Sets of strings; of each set, one stands in every match of the piece.
        width: How many bytes a match of the piece has at most.
        repeats: How often a part of the piece is repeated, nested repeats multiplied.
    """

    exact: frozenset[str] | None = None
    folded: bool = False
    required: tuple[Literals, ...] = ()
    width: int = 0
    repeats: int = 1


@dataclass(slots=True)
class _Piece:
    """A piece of the outermost sequence of a pattern: an atom and how often it stands there."""

    atom: str
    least: int
    most: int

    def __str__(self) -> str:
        if (self.least, self.most) == (1, 1):
            return self.atom
        if (self.least, self.most) == (0, 1):
            return f"{self.atom}?"
        bounds = str(self.least) if self.least == self.most else f"{self.least},{self.most}"
        return f"{self.atom}{{{bounds}}}"


_NOTHING = _Part(exact=frozenset({""}))
_ONE_BYTE = _Part(width=1)


def required_literals(pattern: str) -> tuple[Literals, ...]:
    """Return the sets of strings of which one stands in every match; see `Shape.required`.

    Raises:
        PatternError: As `shape_of` does.
    """
    return shape_of(pattern).required


@lru_cache(maxsize=8192)
def shape_of(pattern: str) -> Shape:
    r"""Return what is known of `pattern` without running it.

    Args:
        pattern: Literals, `|`, `(?:…)`, `(?i:…)`, `[…]`, `?`, `{n}`, `{n,m}` with at most 1000,
            and the escapes `\b \B \d \D \s \S \w \W \n \r \t` and of ASCII's punctuation. A
            character outside ASCII is several to the engines, which read bytes: it may stand
            for itself, but not in a class, nor where case is passed over, nor be repeated.

    Raises:
        PatternError: If the pattern uses anything else.
    """
    return _Parser(pattern).parse()


class _Parser:
    """A recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self._pieces: list[_Piece] | None = []

    def parse(self) -> Shape:
        if not self._pattern:
            self._refuse("is empty")
        part = self._alternation(folded=False)
        if self._at < len(self._pattern):
            self._refuse("closes a group that is not open")
        if part.exact is not None and "" in part.exact:
            self._refuse("matches the empty text")
        try:
            compiled = re.compile(self._pattern, re.ASCII)
        except re.error as error:
            raise PatternError(f"the pattern {self._pattern!r} does not compile: {error}") from None
        if compiled.search("") is not None:
            self._refuse("matches the empty text")
        required = tuple(sorted(_required(part), key=_rarity, reverse=True))
        core = self._core()
        needed = part if core == self._pattern else _Parser(core).whole()
        if needed.repeats > LONGEST_REPEAT:
            self._refuse(f"repeats a part {needed.repeats} times, all in all; 1000 are the most")
        if needed.width > LONGEST_MATCH:
            self._refuse(f"matches up to {needed.width} bytes; {LONGEST_MATCH} are the most")
        return Shape(required, core, part.width)

    def whole(self) -> _Part:
        """Return what is known of the pattern as one piece."""
        return self._alternation(folded=False)

    def _core(self) -> str:
        """Return the pattern with the repeats at its ends cut to what they need."""
        if self._pieces is None:
            return self._pattern
        pieces = self._pieces
        for end in (-1, 0):
            while len(pieces) > 1 and pieces[end].least == 0:
                del pieces[end]
            pieces[end].most = pieces[end].least
        core = "".join(map(str, pieces))
        return core if re.compile(core.encode()).search(b"") is None else self._pattern

    def _refuse(self, fault: str) -> NoReturn:
        raise PatternError(f"the pattern {self._pattern!r} {fault} (at character {self._at})")

    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _alternation(self, *, folded: bool) -> _Part:
        branches = [self._sequence(folded=folded)]
        while self._next() == "|":
            if not self._depth:
                self._pieces = None
            self._at += 1
            branches.append(self._sequence(folded=folded))
        if len(branches) == 1:
            return branches[0]
        width = max(branch.width for branch in branches)
        repeats = max(branch.repeats for branch in branches)
        exact: set[str] = set()
        for branch in branches:
            if branch.exact is None:
                break
            exact |= branch.exact
        else:
            if len(exact) <= _MOST_ALTERNATIVES:
                return _Part(
                    frozenset(exact), any(branch.folded for branch in branches), width=width
                )
        each = [max(_required(branch), key=_rarity, default=None) for branch in branches]
        known = [literals for literals in each if literals is not None]
        if len(known) < len(each):
            return _Part(width=width, repeats=repeats)
        required = (_without_longer(frozenset().union(*known)),)
        return _Part(required=required, width=width, repeats=repeats)

    def _sequence(self, *, folded: bool) -> _Part:
        required: list[Literals] = []
        run = _NOTHING
        whole = True
        width = 0
        repeats = 1
        while self._next() not in {"", "|", ")"}:
            part = self._repeated(*self._whole_atom(folded=folded))
            width += part.width
            repeats = max(repeats, part.repeats)
            longer = _joined(run, part)
            if longer is not None:
                run = longer
                continue
            whole = False
            required += _required(run)
            required += part.required
            run = _NOTHING if part.exact is None else part
        if whole:
            return run
        return _Part(required=(*required, *_required(run)), width=width, repeats=repeats)

    def _whole_atom(self, *, folded: bool) -> tuple[_Part, str]:
        start = self._at
        self._depth += 1
        part = self._atom(folded=folded)
        self._depth -= 1
        return part, self._pattern[start : self._at]

    def _atom(self, *, folded: bool) -> _Part:
        character = self._next()
        if character == "(":
            return self._group(folded=folded)
        if character == "[":
            return self._class(folded=folded)
        if character == "\\":
            return self._escape(folded=folded)
        if character in {"*", "+"}:
            self._refuse(f"has the unbounded repeat {character!r}: write {{1,64}} or the like")
        if character in {"^", "$"}:
            self._refuse(f"has the anchor {character!r}, but a leak stands anywhere in a text")
        if character == ".":
            self._refuse("has a '.': name the characters that may stand there, such as [^\"]")
        if character in {"?", "{", "}", "]"}:
            self._refuse(f"has a {character!r} out of place: write \\{character} for the character")
        if folded and not character.isascii():
            self._refuse("passes over the case of a character outside ASCII: write both cases")
        self._at += 1
        return _literal(character, folded=folded)

    def _group(self, *, folded: bool) -> _Part:
        if self._pattern.startswith("(?i:", self._at):
            self._at += len("(?i:")
            folded = True
        elif self._pattern.startswith("(?:", self._at):
            self._at += len("(?:")
        else:
            self._refuse("has a group other than (?:…) and (?i:…)")
        part = self._alternation(folded=folded)
        if self._next() != ")":
            self._refuse("has a group that is not closed")
        self._at += 1
        return part

    def _class(self, *, folded: bool) -> _Part:
        start = self._at
        self._at += 1
        negated = self._next() == "^"
        self._at += negated
        members: set[str] = set()
        plain = not negated
        while self._next() != "]" or self._at == start + 1 + negated:
            character = self._next()
            if character in {"", "["}:
                self._refuse("has a class that is not closed, or a '[' in it without a backslash")
            if character == "\\":
                self._at += 1
                character = self._next()
                if character in _CLASS_ESCAPES:
                    plain = False
                elif character.isalnum() and character not in _CONTROL_ESCAPES:
                    self._refuse(f"has the escape \\{character} in a class")
                character = _CONTROL_ESCAPES.get(character, character)
            elif character == "-" and members and self._pattern[self._at + 1 : self._at + 2] != "]":
                plain = False
            if not character.isascii():
                self._refuse("has a character outside ASCII in a class: write (?:…|…)")
            members.add(character)
            self._at += 1
        self._at += 1
        if not plain or len(members) > _MOST_ALTERNATIVES:
            return _ONE_BYTE
        return _Part(frozenset(members), folded, width=1)

    def _escape(self, *, folded: bool) -> _Part:
        escaped = self._pattern[self._at + 1 : self._at + 2]
        if not escaped:
            self._refuse("ends in a backslash")
        self._at += 2
        if escaped in "bB":
            return _NOTHING
        if escaped in _CLASS_ESCAPES:
            return _ONE_BYTE
        if escaped in _CONTROL_ESCAPES:
            return _literal(_CONTROL_ESCAPES[escaped], folded=False)
        if escaped.isalnum() or not escaped.isascii():
            self._refuse(f"has \\{escaped}, which not every engine knows")
        return _literal(escaped, folded=folded)

    def _repeated(self, part: _Part, atom: str) -> _Part:
        least, most = self._bounds()
        if not self._depth and self._pieces is not None:
            self._pieces.append(_Piece(atom, least, most))
        if (least, most) == (1, 1):
            return part
        if len(atom) == 1 and not atom.isascii():
            self._refuse(f"repeats a character outside ASCII: write (?:{atom})")
        width = part.width * most
        repeats = part.repeats * most
        if least:
            return _Part(required=_required(part), width=width, repeats=repeats)
        if most == 1 and part.exact is not None:
            return _Part(part.exact | {""}, part.folded, width=width)
        return _Part(width=width, repeats=repeats)

    def _bounds(self) -> tuple[int, int]:
        """Read how often the atom before stands there: at least, and at most."""
        if self._next() == "?":
            least, most = 0, 1
            self._at += 1
        elif self._next() == "{":
            repeat = _REPEAT.match(self._pattern, self._at)
            if repeat is None:
                self._refuse("has a repeat other than {n} and {n,m}: name its upper bound")
            least = int(repeat[1])
            most = int(repeat[2] or repeat[1])
            if most > LONGEST_REPEAT or most < max(least, 1):
                self._refuse(f"has a repeat outside 1 to {LONGEST_REPEAT}")
            self._at = repeat.end()
        else:
            return 1, 1
        if self._next() in {"?", "+", "*", "{"}:
            self._refuse("has a repeat of a repeat, or one that is lazy or possessive")
        return least, most


def _literal(character: str, *, folded: bool) -> _Part:
    return _Part(frozenset({character}), folded, width=len(character.encode()))


def _joined(run: _Part, part: _Part) -> _Part | None:
    """Return the strings of `run` followed by those of `part`, if they are known and few."""
    if run.exact is None or part.exact is None:
        return None
    if len(run.exact) * len(part.exact) > _MOST_ALTERNATIVES:
        return None
    exact = frozenset(before + after for before, after in product(run.exact, part.exact))
    return _Part(exact, run.folded or part.folded, width=run.width + part.width)


def _required(part: _Part) -> tuple[Literals, ...]:
    if part.exact is None:
        return part.required
    if "" in part.exact:
        return ()
    folded = part.folded
    return (_without_longer(frozenset((t.lower() if folded else t, folded) for t in part.exact)),)


def _without_longer(literals: Literals) -> Literals:
    """Return `literals` without those that hold another of them, which says as much."""
    return frozenset(
        (text, folded)
        for text, folded in literals
        if not any(other != text and other in text and also == folded for other, also in literals)
    )


def _rarity(literals: Literals) -> tuple[int, int]:
    """Rank sets of literals: the fewer texts hold one of them, the higher."""
    return min(sum(map(_weight, text)) for text, _ in literals), -len(literals)


def _weight(character: str) -> int:
    if character.islower() or character == " ":
        return 1
    return 2 if character.isalnum() else 3
