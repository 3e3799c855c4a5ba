"""Where a match stands, looked for around the end that an engine has told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.detection.engine import MOST_HITS
from tightlip.detection.engines import hyperscan, re2, regex
from tightlip.detection.pattern import shape_of
from tightlip.detection.spans import ends_of, spans_of


def spans(pattern, data):
    ends = ends_of(shape_of(pattern).core, data)
    return [data[start:end] for start, end in spans_of(pattern, ends, data)]


@pytest.mark.parametrize(
    ("pattern", "data", "found"),
    [
        ("abc", b"abc-abc", [b"abc", b"abc"]),
        ("ab{1,3}", b"abbbb ab", [b"abbb", b"ab"]),
        (r"\babc\b", b"abcabc abc", [b"abc"]),
        ("a[a-z]{0,9}z", b"a-az-abcz", [b"az", b"abcz"]),
        ("(?i:abc)", b"ABC aBc", [b"ABC", b"aBc"]),
        ("abc", b"nothing", []),
        ('x="[^"]{0,20}"', 'x="ü" x=""'.encode(), ['x="ü"'.encode(), b'x=""']),
    ],
)
def test_each_match_is_placed(pattern, data, found):
    assert spans(pattern, data) == found


def test_matches_do_not_overlap():
    assert list(spans_of("aba", [3, 5, 7], b"abababa")) == [(0, 3), (4, 7)]


def test_where_no_match_is_seen_the_bytes_before_the_end_stand_for_it():
    assert list(spans_of("abc", [6], b"x" * 9)) == [(2, 6)]


def test_at_most_so_many_ends_are_told():
    assert len(ends_of("abc", b"abc" * (MOST_HITS + 9))) == MOST_HITS


@pytest.mark.parametrize("module", [hyperscan, re2, regex])
@given(data=st.text("abxz-\n", max_size=60).map(str.encode))
def test_every_engine_leads_to_the_matches_that_re_finds(module, data):
    for pattern, engine in ENGINES[module].items():
        found = list(spans_of(pattern, engine.hits(data).get(0, ()), data))
        expected = [match.span() for match in re.finditer(pattern.encode(), data)]
        covered = {place for start, end in found for place in range(start, end)}
        assert {place for start, end in expected for place in range(start, end)} <= covered
        assert bool(found) == bool(expected)


PATTERNS = ("ab", r"\bab\b", "a[bx]{1,3}z", "x-[ab]{2}", "a{2,4}b")
ENGINES = {
    module: {pattern: module.build([pattern]) for pattern in PATTERNS}
    for module in (hyperscan, re2, regex)
}
