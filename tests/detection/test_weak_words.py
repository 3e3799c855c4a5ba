"""Weak words are looked for only where they may count; the verdict is as if they always were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tightlip.detection.compilation import FAILURE
from tightlip.detection.reading import FAILING, UNKNOWN, Reading
from tightlip.detection.rule import Context, Rule
from tightlip.detection.ruleset import Ruleset, Technology
from tightlip.detection.scanner import Scanner
from tightlip.detection.selection import Selection
from tightlip.detection.stream import StreamScanner
from tightlip.findings.finding import Category


def _rule(name, context, pattern):
    return Rule(
        id=f"acme-{name}",
        category=Category.INFRASTRUCTURE,
        says="A word of Acme.",
        source="Acme's handbook",
        patterns=(pattern,),
        leaks=("leak",),
        clean=("clean",),
        context=context,
    )


RULES = (
    _rule("strong", Context.ANYWHERE, "strong/[0-9]"),
    _rule("weak", Context.FAILURE, "weak/[0-9]"),
    _rule("field", Context.HEADER, "field/[0-9]"),
)
SCANNER = Scanner.of(Ruleset((Technology("Acme", "acme.toml", RULES),)))


class _Eager:
    """An engine that sees the name of a failure in every text."""

    def __init__(self, engine):
        self._engine = engine

    def hits(self, data):
        return {**self._engine.hits(data), FAILURE: [len(data)]}


def _eager(scanner):
    """Return a scanner that looks for weak words in every text."""
    eager = Scanner.__new__(Scanner)
    eager.__dict__.update(scanner.__dict__)
    eager._strong = Selection(scanner._strong.owned, _Eager(scanner._strong.engine))
    return eager


EAGER = _eager(SCANNER)

READINGS = [
    UNKNOWN,
    FAILING,
    Reading(200, "application/json"),
    Reading(200, "text/html"),
    Reading(200, "text/javascript"),
    Reading(kind="header"),
]


def _rules(text, reading=UNKNOWN):
    return {finding.rule for finding in SCANNER.scan(text, reading)}


@pytest.mark.parametrize(
    "key",
    ["error", "lastErrorText", "FAILURES", "stack", "trace_id", "Fault", "debug", "cause", "err"],
)
@pytest.mark.parametrize("between", ["", " ", "\n \t" * 30])
def test_weak_words_count_under_a_key_that_tells_of_a_failure(key, between):
    assert _rules(f'{{"a": 1, "{key}"{between}: ["weak/1"]}}') == {"acme-weak"}


@pytest.mark.parametrize("key", ["default", "terror_", "errs", "name", "e" * 41 + "error"])
def test_under_another_key_they_are_data(key):
    expected = {"acme-weak"} if key == "terror_" else set()
    assert _rules(f'{{"{key}": "weak/1"}}') == expected


@pytest.mark.parametrize(
    "flag",
    ['"isSuccess" : False', '"ok":0', '"status": "fail"', '"code":"404"', '"statusCode": 500'],
)
def test_they_count_in_a_message_where_the_answer_says_that_it_failed(flag):
    assert _rules(f'{{{flag}, "message": "weak/1"}}') == {"acme-weak"}


def test_beside_a_strong_one_in_the_same_string_they_count():
    assert _rules('["weak/1 strong/2", "weak/3"]') == {"acme-weak", "acme-strong"}
    assert len(SCANNER.scan('["weak/1 strong/2", "weak/3"]')) == 2


def test_a_strong_one_under_a_dress_counts_for_weak_ones_without():
    assert _rules(r'["weak/1 strong\/2"]') == {"acme-weak", "acme-strong"}


def test_all_count_in_a_header_field_and_in_a_failing_answer():
    assert _rules("x: weak/1 field/1", Reading(kind="header")) == {"acme-weak", "acme-field"}
    assert _rules("weak/1 field/1", FAILING) == {"acme-weak"}


_PIECES = st.sampled_from(
    [
        *("weak/1", "strong/2", "field/3", "strong\\/4", "weak%2F5", "weak&#47;6", " ", "\\", "%"),
        *('"', '":', '": "', '", "', "{", "}", "[", "]", ",", ":", "\n", "\t", "&", "\\u002f"),
        *(
            '"error"',
            '"error": "',
            "error",
            "default",
            '"err"',
            "cause",
            "Stack",
            "debug_",
            "e" * 40,
        ),
    ]
)
_TEXTS = st.lists(_PIECES, max_size=24).map("".join) | st.recursive(
    _PIECES,
    lambda inner: st.lists(inner) | st.dictionaries(_PIECES, inner),
    max_leaves=12,
).map(json.dumps)


@settings(deadline=None, max_examples=400)
@given(text=_TEXTS, reading=st.sampled_from(READINGS))
def test_the_verdict_is_that_of_a_search_for_all(text, reading):
    data = text.encode()
    assert SCANNER.read(data, reading) == EAGER.read(data, reading)


@settings(deadline=None)
@given(
    pieces=st.lists(_PIECES, max_size=12),
    cut=st.integers(0, 80),
    reading=st.sampled_from([Reading(200, "application/json", kind="piece"), FAILING]),
)
def test_a_stream_gives_the_verdict_of_a_search_for_all(pieces, cut, reading):
    data = "".join(pieces).encode()
    told = []
    for scanner in (SCANNER, EAGER):
        stream = StreamScanner(scanner, reading)
        told.append(any([*stream.feed(data[:cut]), *stream.feed(data[cut:], ends=True)]))
    assert told[0] == told[1]
