"""Secrets in comparisons: what was expected and what came, what was before and what is now."""

from __future__ import annotations

import re

from tightlip.expression import expression
from tightlip.incidents.secrets.found import Found
from tightlip.incidents.secrets.names import is_secret_name
from tightlip.incidents.secrets.replacing import replaced, without_spans

_QUOTED = r"""(?P<mark>\\*["'`])(?P<value>(?:(?!(?P=mark))[^\x00\n]){4,200})(?=(?P=mark))"""
_COMPARED = expression(
    rf"\b(?:got|expected|received|instead of|not|against|value|(?:was|is)(?! the\b)):? {_QUOTED}"
)
# password for the user changed from … to …, password … -> …
_CHANGED = expression(
    r"""(?<![\w.-])(?P<name>[\w.-]{2,60}+)
        (?: [ ]for[ ]\S{1,64} )? (?: [ ](?:was[ ]|has[ ]been[ ])?(?:changed|rotated|updated) )?
        (?: [ ]from | : )?
        [ ] (?P<opening>\\*["'`])? (?P<before>[^\s"'`\x00\\]{4,200}) (?(opening)(?P=opening))
        [ ] (?: -> | => | \u2192 | to ) [ ]
        (?P<second>\\*["'`])? (?P<after>[^\s"'`\x00\\]{4,200}) (?(second)(?P=second))""",
    re.VERBOSE,
)
# if token == "…", as in source code.
_EQUAL = expression(
    rf"""\b(?P<name>[A-Za-z_]\w{{1,60}}+)(?:\\*["']\])?\s?[!=]==?\s?[bru]{{0,2}}{_QUOTED}"""
)
# '…' is not a valid password, "…" is too short for the field password.
_JUDGED = expression(
    r"""(?<!\\)(?P<mark>\\*["'`])(?P<value>[^\s"'`\x00\\]{4,200})(?P=mark)[ ](?:is|was)
        (?:[ ](?:not|no|an?|the|too|valid|invalid|correct|wrong|known|expired|short|long|weak|for
            |as|field|column|parameter)){1,6}+[ ](?:\\*["'`])?(?P<name>[\w.-]{2,60}+)""",
    re.VERBOSE,
)
_WORDS = expression(r"[\w.-]+")
_FARTHEST_NAME = 120
# What a parser names: expected a token, got 'x'.
_ALGORITHM = expression(r"(?i:[rhpe]s|sha|md|aes|a)-?\d{1,3}(?:[-/]\w{1,10})?")
_OF_PARSERS = frozenset({"token", "tokens", "signature"})


def without_compared(text: str, found: Found) -> str:
    """Return `text` without the secrets that it compares with others, or says to be changed."""
    if "'" in text or '"' in text or "`" in text:
        text = replaced(_COMPARED, text, found, _belongs_to_a_name)
        text = without_spans(text, _judged(text), found)
    text = without_equal(text, found)
    if "->" in text or "=>" in text or "\u2192" in text or " to " in text:
        text = without_spans(text, _changed(text), found)
    return text


def without_equal(text: str, found: Found) -> str:
    """Return `text` without the secrets that source code in it compares with others."""
    return replaced(_EQUAL, text, found, _is_compared) if "==" in text or "!=" in text else text


def _is_compared(match: re.Match[str]) -> bool:
    return is_secret_name(match["name"]) and _has_a_look(match["value"])


def _changed(text: str) -> list[tuple[int, int]]:
    return [
        change.span(group)
        for change in _CHANGED.finditer(text)
        if is_secret_name(change["name"])
        for group in ("before", "after")
        if _has_a_digit(change[group])
    ]


def _judged(text: str) -> list[tuple[int, int]]:
    return [
        judged.span("value")
        for judged in _JUDGED.finditer(text)
        if _is_named(judged["name"]) and _has_a_look(judged["value"])
    ]


def _is_named(word: str) -> bool:
    return word.lower() not in _OF_PARSERS and is_secret_name(word)


def _belongs_to_a_name(match: re.Match[str]) -> bool:
    """Tell whether a value has a secret's look, and its sentence names a secret before it."""
    if not _has_a_look(match["value"]):
        return False
    start = match.start()
    before = match.string[max(0, start - _FARTHEST_NAME) : start]
    sentence = before.replace("\x00", "\n").rpartition("\n")[2]
    return any(map(_is_named, _WORDS.findall(sentence)))


def _has_a_look(value: str) -> bool:
    return _has_a_digit(value) and " " not in value and _ALGORITHM.fullmatch(value) is None


def _has_a_digit(text: str) -> bool:
    return any(map(str.isdigit, text))
