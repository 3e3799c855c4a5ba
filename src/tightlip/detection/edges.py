r"""Edges: patterns for a text that has a byte more in front, where no word need begin by `\b`.

Vectorscan makes two searches of a `\b` in front: one for the start of the text, and one for all
other places. Where a byte stands in front that belongs to no word, every word has another byte
before it, and one search does: databases become smaller by a third, and are compiled in half the
time.
"""

from __future__ import annotations

import re

from tightlip.expression import expression

IN_FRONT = b"\0"
"""What stands in front of the text; it belongs to no word."""

_ANY_BYTE = r"[\x00-\xff]"
_NO_WORD = r"\W"
# A class of characters of words; and one that holds no NUL, for it is neither negated nor has it
# an escape other than of whitespace, of words, digits, and of punctuation.
_OF_WORDS = expression(r"\[(?:[A-Z]-[A-Z]|[a-z]-[a-z]|[0-9]-[0-9]|[A-Za-z0-9_])+\]")
_WITHOUT_NUL = expression(r"\[(?!\^)(?:[^\\\]]|\\[swdnrt]|\\[^A-Za-z0-9])+\]")
_PIECE = expression(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*\]|.", re.DOTALL)


def behind_a_byte(pattern: str) -> str:
    r"""Return a pattern that matches behind `IN_FRONT` where `pattern` matches without it.

    Its matches end one byte later, and no match of `pattern` is made of the byte in front.

    Args:
        pattern: One in the language of `detection.pattern`.
    """
    return "|".join(map(_alternative, _alternatives(pattern)))


def _alternative(pattern: str) -> str:
    if pattern.startswith(r"\b") and _begins(pattern[2:], of_words=True):
        return _NO_WORD + pattern[2:]
    return pattern if _begins(pattern, of_words=False) else _ANY_BYTE + pattern


def _alternatives(pattern: str) -> list[str]:
    """Return what the bars of `pattern` part, outside of its groups and classes."""
    parts = [""]
    depth = 0
    for piece in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _begins(pattern: str, *, of_words: bool) -> bool:
    """Tell whether all that `pattern` matches begins with a byte of a word, or with no NUL.

    It says no where that is not plain to see.
    """
    if pattern.startswith(("(?:", "(?i:")):
        inner, behind = _group(pattern)
        begins = all(_begins(part, of_words=of_words) for part in _alternatives(inner))
        return begins and not behind.startswith(("?", "{0"))
    if pattern.startswith("["):
        match = (_OF_WORDS if of_words else _WITHOUT_NUL).match(pattern)
        return match is not None and not pattern[match.end() :].startswith(("?", "{0"))
    first, behind = pattern[:1], pattern[1:]
    if first == "\\":
        first, behind = pattern[1:2], pattern[2:]
        if of_words or first.isalnum():
            return False
    if behind.startswith(("?", "{0")):
        return False
    if of_words:  # to an engine of bytes, other letters are no part of words
        return first.isascii() and (first.isalnum() or first == "_")
    return first != ""


def _group(pattern: str) -> tuple[str, str]:
    """Return what stands in the group that `pattern` begins with, and what follows it."""
    depth = at = 0
    for piece in _PIECE.findall(pattern):
        at += len(piece)
        depth += (piece == "(") - (piece == ")")
        if not depth:
            break
    return pattern[pattern.index(":") + 1 : at - 1], pattern[at:]
