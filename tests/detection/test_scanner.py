from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tightlip.detection.engine import best_engine
from tightlip.detection.luhn import is_card_number
from tightlip.detection.rule import Rule
from tightlip.detection.ruleset import Ruleset, Technology, load
from tightlip.detection.scanner import LONGEST_MASKED_TEXT, Scanner, default_scanner
from tightlip.findings.finding import Category, Finding

CREDENTIALS = frozenset({Category.CREDENTIAL})
PATTERNS = [pattern for rule in load().rules for pattern in rule.patterns]
ENGINE = best_engine(PATTERNS)


def _rule(name, category, *patterns):
    return Rule(
        id=f"acme-{name}",
        category=category,
        says="A word of Acme.",
        source="Acme's handbook",
        patterns=patterns,
        leaks=("leak",),
        clean=("clean",),
    )


def _scanner(*rules):
    return Scanner(Ruleset((Technology("Acme", "acme.toml", rules),)))


def test_findings_come_in_the_order_of_the_text():
    scanner = _scanner(
        _rule("number", Category.LIBRARY, "n[0-9]{1,3}"),
        _rule("letter", Category.CREDENTIAL, "x[a-z]"),
    )
    assert scanner.scan("xa n12 xb") == (
        Finding("acme-letter", Category.CREDENTIAL, 0, 2),
        Finding("acme-number", Category.LIBRARY, 3, 6),
        Finding("acme-letter", Category.CREDENTIAL, 7, 9),
    )


def test_a_place_found_by_two_patterns_of_a_rule_is_told_once():
    scanner = _scanner(_rule("word", Category.LIBRARY, "abc", "ab[c]"))
    assert len(scanner.scan("abc")) == 1


def test_a_clean_text_has_no_first_finding():
    assert default_scanner().first("Item not found") is None


def test_the_first_finding_is_one_of_all():
    text = "psycopg2.errors at 10.0.0.5"
    assert default_scanner().first(text) in default_scanner().scan(text)


def test_one_finding_is_enough_for_the_first():
    asked = []

    class Engine:
        def __init__(self, patterns):
            self.patterns = patterns

        def matches(self, text):
            for index in range(len(self.patterns)):
                asked.append(index)
                yield index, 0, 1

    ruleset = Ruleset((Technology("Acme", "a", (_rule("x", Category.LIBRARY, "a", "b"),)),))
    assert Scanner(ruleset, Engine).first("zz") == Finding("acme-x", Category.LIBRARY, 0, 1)
    assert asked == [0]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Item not found", "Item not found"),
        (
            "could not open postgresql://shop:hunter2@db.example/shop",
            "could not open postgresql[credentials-dsn-password]db.example/shop",
        ),
        ("redis://:a@b@cache.example", "redis[credentials-dsn-password]cache.example"),
        ("card 4111 1111 1111 1111.", "card [credentials-payment-card]."),
        (
            "psycopg2.errors at 10.0.0.5 with password=hunter2",
            "psycopg2.errors at 10.0.0.5 with [credentials-assignment]",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\n"
            + "QUJD" * 16
            + "\n  "
            + "QUJD" * 16
            + "\nQUI=\n-----END RSA PRIVATE KEY-----\nrest",
            "[credentials-private-key]\nrest",
        ),
        (
            r"-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 16 + r"\nQUI=\n-----END PRIVATE KEY-----",
            "[credentials-private-key]",
        ),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJ" + "a" * 5000 + "." + "b" * 43 + " rest",
            "[credentials-json-web-token] rest",
        ),
    ],
)
def test_a_mask_takes_the_secret_and_leaves_the_rest(text, masked):
    assert default_scanner().mask(text, CREDENTIALS) == masked


def test_a_mask_made_twice_is_the_same():
    text = "postgresql://shop:hunter2@db.example password=hunter2 Bearer mF9xB5f41JqMaa20"
    once = default_scanner().mask(text, CREDENTIALS)
    assert default_scanner().mask(once, CREDENTIALS) == once


def test_findings_that_overlap_are_masked_as_one():
    scanner = _scanner(
        _rule("inner", Category.CREDENTIAL, "bcd"),
        _rule("outer", Category.CREDENTIAL, "abcdef"),
        _rule("crossing", Category.CREDENTIAL, "efgh"),
    )
    assert scanner.mask("-abcdefgh-bcd", CREDENTIALS) == "-[acme-outer]-[acme-inner]"


def test_no_category_masks_nothing():
    assert default_scanner().mask("password=hunter2", frozenset()) == "password=hunter2"


def test_a_text_too_long_to_scan_is_not_kept_whole():
    masked = default_scanner().mask("-" * (LONGEST_MASKED_TEXT + 7), CREDENTIALS)
    assert masked == "-" * LONGEST_MASKED_TEXT + "[7 more characters]"


def test_a_text_of_the_longest_length_is_kept_whole():
    text = "-" * LONGEST_MASKED_TEXT
    assert default_scanner().mask(text, CREDENTIALS) == text


def test_a_secret_across_the_end_of_what_is_kept_is_masked():
    padding = "-" * (LONGEST_MASKED_TEXT - 40)
    token = "eyJhbGciOiJIUzI1NiJ9.eyJ" + "a" * 12_000
    masked = default_scanner().mask(f"{padding} {token}", CREDENTIALS)
    assert masked.startswith(f"{padding} [credentials-json-web-token]")
    assert "eyJ" not in masked


def test_a_secret_behind_what_is_kept_is_gone():
    masked = default_scanner().mask("-" * LONGEST_MASKED_TEXT + " password=hunter2", CREDENTIALS)
    assert masked == "-" * LONGEST_MASKED_TEXT + "[17 more characters]"


def test_a_string_that_answers_as_it_likes_is_read_as_it_is():
    class Liar(str):
        __slots__ = ()

        def __contains__(self, _):
            return False

        def __getitem__(self, _):
            raise RuntimeError

        def lower(self):
            raise RuntimeError

        def __str__(self):
            raise RuntimeError

        def __len__(self):
            raise RuntimeError

    assert (
        default_scanner().mask(Liar("password=hunter2"), CREDENTIALS) == "[credentials-assignment]"
    )
    assert default_scanner().scan(Liar("password=hunter2"))
    assert default_scanner().first(Liar("password=hunter2"))


_PIECES = st.sampled_from(
    [
        "password=",
        "://",
        "@",
        ":",
        "Bearer ",
        "eyJ",
        ".",
        "4111",
        "SELECT ",
        " FROM ",
        "\x00",
        "\ud800",
        "\n",
        "'",
        '"',
        "File ",
        "10.0.0.5",
        "-----BEGIN PRIVATE KEY-----",
        "İ",
        "K",
    ],
)
_TEXTS = st.one_of(
    st.text(st.characters()),
    st.lists(st.one_of(_PIECES, st.text(max_size=4)), max_size=30).map("".join),
)


@settings(deadline=None)
@given(text=_TEXTS)
@example(text="\ud800 password=hunter2 \x00")
def test_no_text_raises_and_every_finding_lies_within_it(text):
    scanner = default_scanner()
    findings = scanner.scan(text)
    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    assert (scanner.first(text) is None) == (not findings)


@settings(deadline=None)
@given(text=_TEXTS)
def test_a_mask_removes_just_what_was_found(text):
    scanner = default_scanner()
    found = [finding for finding in scanner.scan(text) if finding.category in CREDENTIALS]
    covered = {place for finding in found for place in range(finding.start, finding.end)}
    masked = scanner.mask(text, CREDENTIALS)
    for finding in found:
        masked = masked.replace(f"[{finding.rule}]", "")
    assert masked == "".join(text[place] for place in range(len(text)) if place not in covered)


@settings(deadline=None)
@given(text=_TEXTS)
def test_the_engine_finds_what_each_pattern_finds_alone(text):
    alone = {
        (index, *match.span())
        for index, pattern in enumerate(PATTERNS)
        for match in re.finditer(pattern, text, re.ASCII)
    }
    assert set(ENGINE.matches(text)) == alone


def test_the_default_scanner_is_one_for_all_threads():
    with ThreadPoolExecutor(8) as pool:
        scanners = list(pool.map(lambda _: default_scanner(), range(32)))
    assert len(set(map(id, scanners))) == 1


def test_rules_are_not_read_at_import():
    code = (
        "import builtins, sys\n"
        "import tightlip.detection.scanner as scanner\n"
        "assert scanner._default is None\n"
        "foreign = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "ours = {name for name in sys.modules if name.startswith('tightlip.')}\n"
        "assert all(name.startswith(('tightlip.detection', 'tightlip.findings')) for name in ours), ours\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "is_card"),
    [
        ("4111111111111111", True),
        ("4111111111111112", False),
        ("x4111111111111111", False),
        ("4111111111111111x", False),
        ("4111111111111111.5", False),
        ("4111111111111111.", True),
        ("-4111111111111111", False),
        ("0000000000000000", False),
    ],
)
def test_a_card_number_stands_alone_and_has_its_check_digit(text, is_card):
    start = next(place for place, character in enumerate(text) if character.isdigit())
    assert is_card_number(text, start, start + 16) is is_card
