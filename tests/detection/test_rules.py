"""The tests that every rule gets from its own examples."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tightlip.detection.pattern import required_literals
from tightlip.detection.rule import CHECKS, Rule
from tightlip.detection.ruleset import load
from tightlip.detection.scanner import Scanner

RULESET = load()
RULES = RULESET.rules
SCANNER = Scanner(RULESET)


def _cases(key: str) -> list:
    return [
        pytest.param(rule, value, id=f"{rule.id}-{number}")
        for rule in RULES
        for number, value in enumerate(getattr(rule, key))
    ]


def _words(text: str) -> set[str]:
    pieces = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", text)
    return {piece.lower() for piece in pieces if len(piece) > 1}


def _found(rule: Rule, patterns: tuple[str, ...], text: str) -> bool:
    check = CHECKS[rule.check] if rule.check else lambda *_: True
    return any(
        check(text, *match.span())
        for pattern in patterns
        for match in re.finditer(pattern, text, re.ASCII)
    )


@pytest.mark.parametrize(("rule", "leak"), _cases("leaks"))
def test_a_leak_is_found_by_its_own_rule(rule, leak):
    assert rule.id in {finding.rule for finding in SCANNER.scan(leak)}


@pytest.mark.parametrize(("rule", "leak"), _cases("leaks"))
def test_a_leak_is_found_in_the_middle_of_other_words(rule, leak):
    before, after = "We could not do this. ", " Please try again. \N{SNOWMAN}"
    spans = [
        (finding.start, finding.end)
        for finding in SCANNER.scan(before + leak + after)
        if finding.rule == rule.id
    ]
    assert any(start >= len(before) and end <= len(before + leak) + 1 for start, end in spans), (
        spans
    )


@pytest.mark.parametrize(("rule", "text"), _cases("clean"))
def test_a_clean_text_passes_every_rule(rule, text):
    assert SCANNER.scan(text) == ()


@pytest.mark.parametrize(("rule", "text"), _cases("clean"))
def test_a_clean_text_is_a_near_miss(rule, text):
    assert _words(text) & set().union(*map(_words, rule.leaks))


@pytest.mark.parametrize(("rule", "pattern"), _cases("patterns"))
def test_a_pattern_earns_its_place(rule, pattern):
    others = tuple(other for other in rule.patterns if other != pattern)
    assert any(not _found(rule, others, leak) for leak in rule.leaks)


@pytest.mark.parametrize(("rule", "pattern"), _cases("patterns"))
def test_a_pattern_requires_a_literal_by_which_it_is_passed_over(rule, pattern):
    assert required_literals(pattern)


@pytest.mark.parametrize(("rule", "pattern"), _cases("patterns"))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_pattern_matches_the_scanner_finds(rule, pattern, data):
    text = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    match = re.search(pattern, text, re.ASCII)
    if match is not None and (rule.check is None or CHECKS[rule.check](text, *match.span())):
        assert rule.id in {finding.rule for finding in SCANNER.scan(text)}


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
    assert category in {finding.category for finding in SCANNER.scan(text)}
