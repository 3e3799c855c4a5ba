"""Where a byte stands in front of a text, the same is found in it."""

from __future__ import annotations

import re

import pytest

from tightlip.detection.edges import IN_FRONT, behind_a_byte
from tightlip.detection.engines import hyperscan
from tightlip.detection.pattern import shape_of
from tightlip.detection.ruleset import load

PATTERNS = [
    r"\bab",
    r"\b(?:ab|cd)e",
    r"\b(?:ab|\.c)d",
    r"\b(?:ab)?c",
    r"\b(?i:ab|[cd]e)f",
    r"\b[A-Za-z_]b",
    r"\b[a-z.]b",
    r"\b[^.]b",
    r"\ba?b",
    r"\ba{0,2}b",
    r"\ba{1,2}b",
    r"\b\.b",
    r"\b\wb",
    r"\bab\b|cd|\bef",
    r"\Bab",
    r"ab",
    r"[^x]ab",
    r"[^\n]ab",
    r"[\Sx]ab",
    r"[\s(]ab",
    r"\Wab",
    r"\Dab",
    r"\dab",
    r"\.ab",
    r"x?ab",
    r"(?:x|[^y])ab",
    r"(?:x|y)?ab",
    r"[|]ab|[)]cd",
    r"\|ab|\)cd|\bef",
    r"[\]|]ab",
]
TEXTS = [
    *(
        "ab",
        "cde",
        ".cd",
        "abd",
        "c",
        "abc",
        "ABf",
        "cef",
        "_b",
        ".b",
        "xb",
        "b",
        "aab",
        "cd",
        "ef",
    ),
    *(" ab", "xab", "x ab cd ef", "1ab", ".ab", "(ab", "\nab", "\0ab", "|ab", ")cd", "]ab", "yab"),
    *("x.b", "x..b", "xef", "xcd", "-abd", "é ab", "éab", "ab ab"),
]


def _ends(pattern, data, first=0):
    """Every end of a match that begins at `first` or later, in the whole of `data`."""
    return {
        end
        for start in range(first, len(data))
        for end in range(start, len(data) + 1)
        if re.compile(b"(?:%b)(?<=\\A[\\x00-\\xff]{%d})" % (pattern.encode(), end)).match(
            data, start
        )
    }


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_same_matches_end_one_byte_later(pattern):
    behind = behind_a_byte(pattern)
    for text in TEXTS:
        data = text.encode()
        ends = {end - len(IN_FRONT) for end in _ends(behind, IN_FRONT + data)}
        assert ends == _ends(pattern, data), text


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_engine_finds_the_same_from_the_first_byte_on(pattern):
    engine = hyperscan.build([pattern])
    core = shape_of(pattern).core
    for text in TEXTS:
        data = text.encode()
        assert set(engine.hits(data).get(0, ())) == _ends(core, data), text


def test_a_letter_outside_ascii_begins_no_word_of_the_engine():
    assert behind_a_byte(r"\béa") == r"[\x00-\xff]\béa"


def test_a_word_needs_no_edge():
    assert behind_a_byte(r"\bab\b|\b(?i:c|[d-f])g|\b\.h") == (
        r"\Wab\b|\W(?i:c|[d-f])g|[\x00-\xff]\b\.h"
    )


def test_every_pattern_of_the_rules_still_finds_what_it_leaks():
    for rule in load().rules:
        patterns = [re.compile(behind_a_byte(shape_of(one).core)) for one in rule.patterns]
        for leak in rule.leaks:
            assert any(one.search("\0" + leak) for one in patterns), (rule.id, leak)
