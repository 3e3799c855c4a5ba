"""The tests that every rule gets from its own examples."""

from __future__ import annotations

import re
from random import Random

import pytest
from rstr import Rstr

from tightlip.detection.compilation import BASE64_SIGN
from tightlip.detection.pattern import required_literals
from tightlip.detection.reading import FAILING
from tightlip.detection.rule import Context
from tightlip.detection.rule_checks import (
    disputed,
    engines_for,
    found_in_clean,
    idle_patterns,
    is_near_miss,
    missed,
)
from tightlip.detection.ruleset import load
from tightlip.detection.scanner import default_scanner

RULESET = load()
RULES = RULESET.rules
SCANNER = default_scanner()
PUBLIC = [rule for rule in RULES if rule.context is not Context.RECORD]
PATTERNS = [pattern for rule in PUBLIC for pattern in rule.patterns] + [BASE64_SIGN]
NUMBERS = {pattern: number for number, (_, pattern) in reversed([*enumerate(SCANNER.public.owned)])}
ENGINES = engines_for(PATTERNS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_leaks_are_found_by_their_own_rule_in_each_dress(rule):
    told = {leak: list(missed(leak, rule, SCANNER)) for leak in rule.leaks}
    assert {leak: dresses for leak, dresses in told.items() if dresses} == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_engines_agree(rule):
    assert list(disputed((*rule.leaks, *rule.clean), ENGINES)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_clean_text_passes_every_rule(rule):
    told = {text: found_in_clean(text, rule, SCANNER) for text in rule.clean}
    assert {text: found for text, found in told.items() if found} == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_clean_text_is_a_near_miss(rule):
    assert [text for text in rule.clean if not is_near_miss(text, rule)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_pattern_earns_its_place(rule):
    assert list(idle_patterns(rule)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_pattern_requires_a_literal_by_which_it_is_passed_over(rule):
    assert [pattern for pattern in rule.patterns if not required_literals(pattern)] == []


@pytest.mark.parametrize("rule", PUBLIC, ids=lambda rule: rule.id)
def test_whatever_a_pattern_matches_the_scanner_finds(rule):
    drawn = Rstr(Random(rule.id))  # the same texts in every run
    missing = []
    for pattern in rule.patterns:
        text = drawn.xeger(pattern)
        # A word boundary at an edge may have been drawn away.
        matches = re.search(pattern.encode(), text.encode()) is not None
        if matches and NUMBERS[pattern] not in SCANNER.public.engine.hits(text.encode()):
            missing.append((pattern, text))
    assert missing == []


def test_ids_are_unique():
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids) > 40


def test_a_rule_says_what_leaks_and_whence_it_knows():
    for rule in RULES:
        assert rule.says.endswith("."), rule.id
        assert len(rule.source) > 10, rule.id


@pytest.mark.parametrize(
    "text",
    [
        "Item not found",
        "Only 5 requests per minute are allowed",
        "Select a seat from the list",
        "Version 10.7.31.9 is out",
        "Could not validate credentials",
        "The file must be a .csv",
        "Your password must be at least 8 characters long",
        "Not authenticated",
        "X-Token header invalid",
        "Your bearer token has expired",
        "Incorrect username or password",
        "Inactive user",
        "Nope! I don't like 3.",
        "There goes my error",
        "Not enough permissions",
        "Hero not found",
        "No Jessica token provided",
        "Only .png and .jpg files are accepted",
        "The order 4111-2222 was placed on 2024-05-01T10:30:00Z",
        "Method Not Allowed",
        "An account with this email already exists",
        "Only 3 seats are left: choose fewer",
        "The reference K7Q29FMX4D1T is unknown",
        "3fa85f64-5717-4562-b3fc-2c963f66afa6 is not an order",
        "Internal Server Error",
        "VALIDATION_ERROR",
        "You must log in at https://shop.example/login?next=/orders/7",
        "The amount must be greater than 0 and at most 10,000.00 EUR",
        "Rate limit: retry in 30 seconds (limit 100 per hour)",
        "Update your card, then select a plan from the list where it says Plans",
        "Call +49 30 1234567890 or write to help@shop.example",
        "The SKU 6011-2 is sold out; delivery 10.05.2024",
    ],
)
def test_ordinary_words_of_an_api_are_clean(text):
    assert SCANNER.scan(text) == ()


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("psycopg2.errors at 10.0.0.5", "library"),
        ("psycopg2.errors at 10.0.0.5", "infrastructure"),
        ("'NoneType' object is not subscriptable", "stack_trace"),
        ('File "x.py", line 3', "stack_trace"),
        ("ValueError: bad", "stack_trace"),
        ("at file.py:118", "source_path"),
        ("http://10.0.0.5:8080/tax refused", "infrastructure"),
        ("sqlite3.OperationalError", "library"),
        ("UNIQUE constraint failed: users.email", "database_error"),
        ("-----BEGIN EC PRIVATE KEY-----", "credential"),
    ],
)
def test_internals_are_found_in_their_category(text, category):
    assert category in {finding.category for finding in SCANNER.scan(text, FAILING)}
