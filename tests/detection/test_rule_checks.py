from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tightlip.detection import rule_checks
from tightlip.detection.rule import Context, Rule
from tightlip.detection.rule_checks import Failure, disputed, engines_for, faults_of
from tightlip.detection.ruleset import Ruleset, Technology
from tightlip.detection.scanner import Scanner
from tightlip.findings.finding import Category

RULE = Rule(
    id="acme-table",
    category=Category.DATABASE_ERROR,
    says="A table of Acme.",
    source="Acme's handbook",
    patterns=(r"\bacme_[a-z]{3,12}\b", 'table "[a-z]{1,20}" of Acme'),
    leaks=("stored in acme_users", 'the table "users" of Acme'),
    clean=("All users of Acme",),
)


def scanner_of(*rules: Rule) -> Scanner:
    return Scanner.of(Ruleset((Technology("Acme", "acme.toml", rules),)))


def faults(rule: Rule, *others: Rule) -> list[tuple[str, str]]:
    return list(faults_of(rule, scanner_of(rule, *others)))


def test_a_rule_that_holds_has_no_faults():
    assert faults(RULE) == []


@pytest.mark.parametrize("context", list(Context))
def test_a_rule_is_checked_where_its_words_count(context):
    rule = replace(RULE, context=context, category=Category.CREDENTIAL, severity=None)
    assert faults(rule) == []


def test_a_leak_that_is_not_found_is_told_once_whatever_its_dress():
    told = faults(replace(RULE, leaks=(*RULE.leaks, "nothing of the kind")))
    assert told == [("leaks", "'nothing of the kind' is not found plain")]


def test_of_a_pattern_whose_leak_is_wrong_it_is_not_said_that_it_is_not_needed():
    told = faults(replace(RULE, leaks=(RULE.leaks[0], "nothing of the kind")))
    assert told == [("leaks", "'nothing of the kind' is not found plain")]


def test_a_pattern_is_told_as_it_stands_in_the_file():
    rule = replace(RULE, patterns=(*RULE.patterns, r"\bacme_[a-z]{3}\b"))
    assert faults(rule) == [
        ("patterns", r"'\bacme_[a-z]{3}\b' is not needed: each leak is found without it")
    ]


def test_a_record_rule_that_finds_nothing_is_told():
    rule = replace(
        RULE, context=Context.RECORD, category=Category.CREDENTIAL, leaks=(*RULE.leaks, "users")
    )
    assert faults(rule) == [("leaks", "'users' is not found in the record")]


def test_a_clean_text_that_another_rule_finds_is_told():
    other = replace(RULE, id="acme-all", patterns=("All users",), leaks=("All users",))
    assert faults(RULE, other) == [("clean", "'All users of Acme' is found by 'acme-all'")]


def test_a_clean_text_that_is_no_near_miss_is_told():
    told = faults(replace(RULE, clean=("Hello",)))
    assert told == [("clean", "'Hello' shares no word with a leak, and so proves nothing")]


def test_a_pattern_that_no_leak_needs_is_told():
    told = faults(replace(RULE, leaks=RULE.leaks[:1]))
    assert told == [
        (
            "patterns",
            "'table \"[a-z]{1,20}\" of Acme' is not needed: each leak is found without it",
        )
    ]


def test_a_pattern_without_a_literal_is_told():
    rule = replace(RULE, patterns=(*RULE.patterns, "[a-z]{30}"), leaks=(*RULE.leaks, "acme" * 8))
    assert [fault for key, fault in faults(rule) if key == "patterns"] == [
        "'[a-z]{30}' has no literal by which clean texts are passed over"
    ]


def test_engines_that_do_not_agree_are_told():
    class Engine:
        def __init__(self, word):
            self.word = word

        def hits(self, data):
            return {0: [1]} if self.word in data else {}

    engines = [Engine(b"a"), Engine(b"b")]
    assert list(disputed(["a", "b", "ab", ""], engines)) == ["a", "b"]


@pytest.fixture
def broken(monkeypatch):
    """An engine that sees nothing."""

    class Engine:
        def hits(self, data):
            return {}

    module = SimpleNamespace(build=lambda patterns: Engine())
    found = rule_checks.find

    def find(seam, name):
        if name == "re2":
            raise ImportError(name)
        return module if name == "regex" else found(seam, name)

    monkeypatch.setattr(rule_checks, "find", find)


def test_a_rule_that_the_engines_do_not_see_alike_is_told(broken):
    assert faults(RULE) == [
        ("patterns", f"the engines do not agree about {leak!r}") for leak in RULE.leaks
    ]


def test_an_engine_whose_library_is_missing_is_left_out(broken):
    assert len(engines_for(RULE.patterns)) == 2


def test_a_leak_that_is_lost_where_it_is_split_is_told(monkeypatch):
    class Deaf:
        def __init__(self, engine):
            pass

        def feed(self, data):
            return {}

        def close(self):
            return {}

    monkeypatch.setattr(rule_checks, "OverlapScan", Deaf)
    assert faults(RULE) == [
        ("leaks", f"{leak!r} is not found wherever it is split over two pieces")
        for leak in RULE.leaks
    ]


def test_a_failure_names_file_rule_and_key():
    assert str(Failure("acme.toml", "acme-table", "leaks", "'x' is not found plain")) == (
        "acme.toml: rule 'acme-table': leaks: 'x' is not found plain"
    )
