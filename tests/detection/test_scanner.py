from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tightlip.detection.engine import MOST_HITS
from tightlip.detection.engines import hyperscan, re2, regex
from tightlip.detection.luhn import is_card_number
from tightlip.detection.reading import FAILING, Reading
from tightlip.detection.rule import Context, Rule
from tightlip.detection.ruleset import Ruleset, Technology, load
from tightlip.detection.scanner import (
    LONGEST_MASKED_TEXT,
    MOST_FINDINGS,
    Scanner,
    _in_characters,
    default_scanner,
)
from tightlip.findings.finding import Category, Finding


def _rule(name, category, *patterns, **others):
    return Rule(
        id=f"acme-{name}",
        category=category,
        says="A word of Acme.",
        source="Acme's handbook",
        patterns=patterns,
        leaks=("leak",),
        clean=("clean",),
        **others,
    )


def _scanner(*rules, module=None):
    return Scanner.of(Ruleset((Technology("Acme", "acme.toml", rules),)), module)


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


@pytest.mark.parametrize("module", [hyperscan, re2, regex])
def test_no_finding_is_left_out_however_many_hits_there_are(module):
    scanner = _scanner(_rule("word", Category.LIBRARY, "abc"), module=module)
    count = MOST_HITS + 1000
    found = scanner.read(b"abc " * count)
    assert [finding.start for finding in found] == list(range(0, 4 * count, 4))


def test_a_flood_of_words_that_do_not_count_hides_none_that_does():
    weak = _rule("weak", Category.LIBRARY, "abc", context=Context.FAILURE)
    checked = _rule("checked", Category.CREDENTIAL, r"\b4[0-9]{15}\b", check="luhn")
    scanner = _scanner(weak, checked)
    flood = b'{"data": ["%b"], "error": "abc", "paid": "4111111111111111"}'
    body = flood % (b"abc 4111111111111112 " * 2 * MOST_HITS)
    found = scanner.read(body, Reading(200))
    assert [body[finding.start : finding.end] for finding in found] == [b"abc", b"4111111111111111"]


def test_a_text_that_is_made_of_leaks_is_told_in_part():
    scanner = _scanner(_rule("word", Category.LIBRARY, "abc"))
    assert len(scanner.read(b"abc " * 2 * MOST_FINDINGS)) == MOST_FINDINGS


def test_findings_that_do_not_count_take_no_room():
    scanner = _scanner(
        _rule("word", Category.LIBRARY, "abc"), _rule("end", Category.LIBRARY, "xyz")
    )
    body = b"abc " * 2 * MOST_FINDINGS + b"xyz"
    (found,) = scanner.read(body, counts=lambda finding: finding.rule != "acme-word")
    assert body[found.start : found.end] == b"xyz"


@pytest.mark.parametrize("letter", ["ü", "€", "😀", "\ud800"])
def test_places_are_in_characters(letter):
    scanner = _scanner(_rule("word", Category.LIBRARY, "abc"))
    text = f"{letter}abc{letter * 3} abc"
    assert [text[finding.start : finding.end] for finding in scanner.scan(text)] == ["abc"] * 2


def test_a_span_that_begins_or_ends_inside_of_a_character_takes_it_in():
    scanner = _scanner(_rule("odd", Category.LIBRARY, "abc[^a]", "[^a]xyz"))
    text = "ü abcü üxyz"
    assert [text[finding.start : finding.end] for finding in scanner.scan(text)] == ["abcü", "üxyz"]


def test_places_in_characters_are_counted_once():
    read = []

    class Watched(bytes):
        __slots__ = ()

        def __getitem__(self, place):
            piece = super().__getitem__(place)
            read.append(len(piece) if isinstance(place, slice) else 1)
            return piece

    text = "ü abc " * 2000
    findings = _scanner(_rule("word", Category.LIBRARY, "abc")).read(text.encode())
    assert len(_in_characters(findings, Watched(text.encode()))) == 2000
    assert sum(read) <= len(text.encode()) + len(findings)


def test_no_secret_is_left_by_a_mask_however_many_there_are():
    scanner = _scanner(_rule("secret", Category.CREDENTIAL, "abc"))
    assert "abc" not in scanner.mask("abc " * (LONGEST_MASKED_TEXT // 4))


def test_a_clean_text_has_no_first_finding():
    assert default_scanner().first("Item not found") is None


def test_the_first_finding_is_one_of_all():
    text = "psycopg2.errors at 10.0.0.5"
    assert default_scanner().first(text) in default_scanner().scan(text, FAILING)


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
    assert default_scanner().mask(text) == masked


def test_a_mask_made_twice_is_the_same():
    text = "postgresql://shop:hunter2@db.example password=hunter2 Bearer mF9xB5f41JqMaa20"
    once = default_scanner().mask(text)
    assert default_scanner().mask(once) == once


def test_findings_that_overlap_are_masked_as_one():
    scanner = _scanner(
        _rule("inner", Category.CREDENTIAL, "bcd"),
        _rule("outer", Category.CREDENTIAL, "abcdef"),
        _rule("crossing", Category.CREDENTIAL, "efgh"),
    )
    assert scanner.mask("-abcdefgh-bcd") == "-[acme-outer]-[acme-inner]"


def test_a_text_too_long_to_scan_is_not_kept_whole():
    masked = default_scanner().mask("-" * (LONGEST_MASKED_TEXT + 7))
    assert masked == "-" * LONGEST_MASKED_TEXT + "[7 more characters]"


def test_a_text_of_the_longest_length_is_kept_whole():
    text = "-" * LONGEST_MASKED_TEXT
    assert default_scanner().mask(text) == text


def test_a_secret_across_the_end_of_what_is_kept_is_masked():
    padding = "-" * (LONGEST_MASKED_TEXT - 40)
    token = "eyJhbGciOiJIUzI1NiJ9.eyJ" + "a" * 12_000
    masked = default_scanner().mask(f"{padding} {token}")
    assert masked.startswith(f"{padding} [credentials-json-web-token]")
    assert "eyJ" not in masked


def test_a_secret_behind_what_is_kept_is_gone():
    masked = default_scanner().mask("-" * LONGEST_MASKED_TEXT + " password=hunter2")
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

    assert default_scanner().mask(Liar("password=hunter2")) == "[credentials-assignment]"
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
    assert (scanner.first(text) is None) == (not scanner.scan(text, FAILING))


@settings(deadline=None)
@given(text=_TEXTS)
def test_a_mask_leaves_no_credential(text):
    scanner = default_scanner()
    for finding in scanner.scan(scanner.mask(text), FAILING):
        assert finding.category is not Category.CREDENTIAL


@settings(deadline=None, max_examples=20)  # thousands of patterns, one by one in Python's engine
@given(data=st.binary() | _TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_the_engines_see_the_same(data):
    patterns, engines = _engines()
    first, *others = (set(engine.hits(data)) for engine in engines)
    for other in others:
        assert other == first, [patterns[index] for index in other ^ first]


@cache
def _engines():
    patterns = [pattern for rule in load().rules for pattern in rule.patterns]
    return patterns, [module.build(patterns) for module in (hyperscan, re2, regex)]


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
        "assert all(name.startswith(('tightlip.detection', 'tightlip.expression', 'tightlip.findings', 'tightlip.plugins')) for name in ours), ours\n"
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


TRACE = """Traceback (most recent call last):
  File "/srv/shop/tax.py", line 3, in total
    amount -= amount * percent / 100
    ~~~~~~~^~~~~~~~~~~~~~~~~~~~~~~~~
sqlite3.OperationalError: no such table: refund_ledger
[SQL: INSERT INTO refund_ledger (payment_id, approved_by) VALUES (?, 'api')]
[parameters: (1, 7)]
(Background on this error at: https://sqlalche.me/e/20/e3q8)
ValueError: x"""


@pytest.mark.parametrize("text", [TRACE, json.dumps({"trace": TRACE})], ids=["plain", "json"])
def test_places_begin_and_end_with_words(text):
    findings = default_scanner().scan(text)
    told = {text[one.start : one.end] for one in findings}
    assert {each for each in told if each != each.strip(' \n"')} == set()
    assert not any(each.endswith("\\n") or each.startswith("\\n") for each in told)
    whole = ("no such table: refund_ledger", "VALUES (?, 'api')", "https://sqlalche.me/e/20/e3q8")
    assert {"ValueError:", "[parameters: (1, 7)]", *whole} <= told
    assert any(each.endswith("~^~~~~~~~~~~~~~~~~~~~~~~~~") for each in told)
    assert "refund_ledger (payment_id, approved_by)" in "".join(told)


def test_a_name_is_found_from_its_beginning():
    text = "sqlite3.OperationalError: no such table: a"
    starts = {
        one.rule: one.start
        for one in default_scanner().scan(text)
        if one.rule in {"java-exception-name", "python-exception-class"}
    }
    assert starts == {"java-exception-name": 0, "python-exception-class": 0}


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("Modulo by zero", "body", "Modulo by zero"),
        (" Modulo by zero\r\n", "body", "Modulo by zero"),
        ("<h1>Oops</h1>\n<p> Modulo by zero </p>", "body", "Modulo by zero"),
        ("<error><message>Modulo by zero</message></error>", "body", "Modulo by zero"),
        ("X-Error: Modulo by zero", "header", "Modulo by zero"),
        ("Location: /pay?tries=2&error=Modulo%20by%20zero", "header", "Modulo%20by%20zero"),
        ("Location: /pay?error=Modulo+by+zero&tries=2", "header", "Modulo+by+zero"),
        ("/srv/shop/rates.json", "body", "/srv/s"),
    ],
)
def test_words_that_are_all_an_error_says_are_read_like_a_string(text, kind, said):
    findings = default_scanner().scan(text, Reading(status=500, kind=kind))
    assert [text[finding.start : finding.end] for finding in findings] == [said]


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Modulo by zero", Reading(status=200)),
        ("The lesson is called Modulo by zero", FAILING),
        ("Modulo by zero is what this lesson is about", FAILING),
        ("<p>The lesson is called <b>Modulo by zero</b></p>", FAILING),
        ("X-Lesson: Modulo by zero", Reading(status=500, kind="header")),
        ("Location: /lessons?name=Modulo%20by%20zero", Reading(status=302, kind="header")),
    ],
)
def test_the_same_words_as_a_part_of_others_are_not(text, reading):
    assert default_scanner().scan(text, reading) == ()
