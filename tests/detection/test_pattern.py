from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tightlip.detection.pattern import PatternError, required_literals


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", "is empty"),
        ("ab*", "unbounded repeat"),
        ("ab+", "unbounded repeat"),
        ("ab{2,}", "name its upper bound"),
        ("ab{,3}", "name its upper bound"),
        ("ab{2,1001}", "outside 1 to 1000"),
        ("ab{3,2}", "outside 1 to 1000"),
        ("ab{0}", "outside 1 to 1000"),
        ("a.b", "has a '.'"),
        ("^a", "anchor"),
        ("a$", "anchor"),
        (r"a\Z", "not every engine knows"),
        (r"(a)\1", "group other than"),
        (r"a\1", "not every engine knows"),
        ("a(?=b)", "group other than"),
        ("a(?!b)", "group other than"),
        ("(?<=a)b", "group other than"),
        ("(?<!a)b", "group other than"),
        ("(?>a)", "group other than"),
        ("(?P<n>a)", "group other than"),
        ("(?:a", "not closed"),
        ("a)", "not open"),
        ("[ab", "not closed"),
        ("[a[b]", "not closed, or a '['"),
        (r"[\b]", "escape \\b in a class"),
        ("[z-a]", "does not compile"),
        ("ab{2}{3}", "repeat of a repeat"),
        ("ab??", "repeat of a repeat"),
        ("ab{2}+", "repeat of a repeat"),
        ("a]", "out of place"),
        ("?a", "out of place"),
        ("a|?", "out of place"),
        ("a\\", "ends in a backslash"),
        ("[eé]cole", "outside ASCII in a class"),
        (r"[\»]a", "outside ASCII in a class"),
        ("é?cole", "write (?:é)"),
        ("é{2}cole", "write (?:é)"),
        ("(?i:école)", "write both cases"),
        (r"\école", "not every engine knows"),
        ("a?", "matches the empty text"),
        ("a|", "matches the empty text"),
        ("[ab]{0,3}", "matches the empty text"),
        (r"\b", "matches the empty text"),
        ("[]", "not closed"),
    ],
)
def test_a_pattern_that_engines_do_not_share_is_refused(pattern, fault):
    with pytest.raises(PatternError, match=re.escape(fault)):
        required_literals(pattern)


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("abc", [{("abc", False)}]),
        ("(?i:aBc)", [{("abc", True)}]),
        ("ab?c", [{("ac", False), ("abc", False)}]),
        (r"(?:AK|AS)IA[A-Z0-9]{16}", [{("AKIA", False), ("ASIA", False)}]),
        ("[Aa]b", [{("Ab", False), ("ab", False)}]),
        (r"a[0-9]{1,3}bcd", [{("bcd", False)}, {("a", False)}]),
        (r"(?:ab){1,3}", [{("ab", False)}]),
        (r"(?:ab){0,3}c", [{("c", False)}]),
        (r"x(?:ab){0,2}c", [{("x", False)}, {("c", False)}]),
        (r"(?:a[0-9]|[0-9])", []),
        (r"(?:a[0-9]|b[0-9])", [{("a", False), ("b", False)}]),
        (r"=[\"']?x", [{("=x", False), ('="x', False), ("='x", False)}]),
        (r"(?:a|ab)", [{("a", False)}]),
        (r"a\.b\n", [{("a.b\n", False)}]),
        ("clé(?:s|é)?", [{("clé", False)}]),
        (r"[]a]b", [{("]b", False), ("ab", False)}]),
        (r"[^a]b", [{("b", False)}]),
        (r"[a\d]b", [{("b", False)}]),
        (r"[a-]b", [{("ab", False), ("-b", False)}]),
        (r"\d\w", []),
    ],
)
def test_the_literals_that_a_pattern_requires_are_known(pattern, literals):
    assert [set(one) for one in required_literals(pattern)] == literals


_ATOMS = st.sampled_from(
    ["a", "b", "B", "=", r"\.", "[ab]", "[^a]", r"\d", r"\b", "[0-9]", "(?i:aB)", " "],
)
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("".join, st.lists(inner, min_size=1, max_size=3)),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){{1,2}}".format, inner),
        st.builds("(?:{}){{0,2}}".format, inner),
        st.builds("(?:{})?".format, inner),
        st.builds("(?i:{})".format, inner),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(pattern=_PATTERNS, text=st.text(alphabet="aAbB=. 1\N{KELVIN SIGN}", max_size=12))
def test_a_text_without_the_required_literals_does_not_match(pattern, text):
    try:
        required = required_literals(pattern)
    except PatternError:
        return
    holds = all(
        any(literal in (text.lower() if folded else text) for literal, folded in literals)
        for literals in required
    )
    if not holds:
        assert re.search(pattern, text, re.ASCII) is None
