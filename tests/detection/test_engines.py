"""Every engine has to see what the patterns say, in the whole and in pieces."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tightlip.detection.engine import MOST_HITS, best_engine
from tightlip.detection.engines import hyperscan, re2, regex
from tightlip.detection.overlap import OverlapScan
from tightlip.detection.pattern import shape_of

MODULES = [hyperscan, re2, regex]
PATTERNS = [
    r"\bfoo\b",
    r"foo[a-z]{1,9}",
    r"(?i:bar)",
    r"a[0-9]{2,3}b",
    r"\.(?:prod|c\.[a-z0-9\-]{6,30})\.internal",
    r"\b(?:list|string|bytearray assignment|pop from|index) index out of range",
]


@pytest.fixture(params=MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def module(request):
    return request.param


@pytest.fixture
def engine(module):
    return module.build(PATTERNS)


def test_the_best_engine_is_the_fastest():
    assert best_engine() is hyperscan


@pytest.mark.parametrize("before", range(0, 70, 3))
def test_a_match_is_seen_however_far_in_it_stands(engine, before):
    # Vectorscan 5.4.12 misses this one behind some twenty bytes.
    text = b"t " * before + b"list index out of range"
    assert engine.hits(text) == {5: [len(text)]}


@pytest.mark.parametrize("at", range(1, 38))
def test_a_match_is_seen_wherever_it_is_split(engine, at):
    # The stream mode of Vectorscan 5.4.12 misses this one where `.p` and `rod` are parted.
    text = b"(lookup of redis.prod.internal failed)"
    scan = OverlapScan(engine)
    found = {*scan.feed(text[:at]), *scan.feed(text[at:]), *scan.close()}
    assert found == {4}


def test_ends_are_those_of_the_core(engine):
    assert engine.hits(b"foo fooo a12b BAR") == {0: [3], 1: [8], 2: [17], 3: [13]}


def test_a_flood_is_told_in_part(engine):
    hits = engine.hits(b"bar" * (MOST_HITS * 3))
    assert len(hits[2]) == MOST_HITS


def test_a_compiled_engine_is_restored(module, engine):
    restored = module.restore(PATTERNS, engine.compiled())
    assert restored.hits(b"xx foobar") == engine.hits(b"xx foobar") == {1: [7], 2: [9]}


def test_a_database_that_is_cut_is_refused():
    with pytest.raises(Exception, match=r"."):
        hyperscan.restore(PATTERNS, hyperscan.build(PATTERNS).compiled()[:-9])


def test_a_flipped_bit_of_a_database_is_refused_or_means_nothing():
    good = hyperscan.build(PATTERNS).compiled()
    refused = 0
    for at in range(0, len(good), 11):
        damaged = bytearray(good)
        damaged[at] ^= 1
        try:
            restored = hyperscan.restore(PATTERNS, bytes(damaged))
        except Exception:
            refused += 1
        else:  # it stands in what fills the form up, and is not read
            assert restored.compiled() == good
    assert refused > len(range(0, len(good), 11)) * 0.95


def test_one_engine_serves_many_threads(engine):
    text = b"- " * 2000 + b"foobar"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: engine.hits(text), range(400)))
    assert all(hits == found[0] for hits in found)
    assert found[0].keys() == {1, 2}


def test_a_scan_in_the_midst_of_a_scan_of_its_thread_has_a_scratch_of_its_own(monkeypatch):
    engine = hyperscan.build(PATTERNS)
    inner = []
    note = hyperscan._note

    def nested(*arguments):
        if not inner:
            inner.append({})
            inner[0] = engine.hits(b"xx bar")
        return note(*arguments)

    monkeypatch.setattr(hyperscan, "_note", nested)
    assert engine.hits(b"foo") == {0: [3]}
    assert inner == [{2: [6]}]


_ALPHABET = st.sampled_from(
    [b"foo", b"bar", b"a", b"12", b"b", b" ", b"x", b".prod", b".c.aaaaaa", b".internal"]
)


@settings(deadline=None)
@given(pieces=st.lists(_ALPHABET, max_size=12), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_any_split_gives_the_verdict_of_the_whole(pieces, cuts):
    text = b"".join(pieces)
    for module in MODULES:
        engine = _built(module)
        scan = OverlapScan(engine)
        found = {}
        edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
        told = [scan.feed(text[start:end]) for start, end in pairwise(edges)]
        for hits in [*told, scan.close()]:
            for index, ends in hits.items():
                found.setdefault(index, []).extend(ends)
        assert found == engine.hits(text)


_ENGINES = {}


def _built(module):
    if module not in _ENGINES:
        _ENGINES[module] = module.build(PATTERNS)
    return _ENGINES[module]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_core_matches_where_the_pattern_does(pattern):
    core = shape_of(pattern).core
    for text in (
        "foo",
        "foob",
        "barx",
        "a123b",
        ".prod.internal",
        "pop from index out of range",
        "x",
    ):
        assert bool(re.search(pattern, text)) is bool(re.search(core, text))
