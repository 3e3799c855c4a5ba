from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.captures.excerpt import MASKED, Credentials, excerpt_of
from tightlip.findings.finding import Category, Finding

SECRET = "hunter2hunter2"


def found(text: str, words: str, rule="acme-table", category=Category.DATABASE_ERROR) -> Finding:
    data = text.encode()
    start = data.index(words.encode())
    return Finding(rule, category, start, start + len(words.encode()))


def excerpt(text: str, words: str, *others: Finding):
    finding = found(text, words)
    findings = sorted([finding, *others], key=lambda one: one.start)
    return excerpt_of(text.encode(), finding, Credentials(findings))


def credential(text: str, words: str = SECRET) -> Finding:
    return found(text, words, "acme-secret", Category.CREDENTIAL)


def test_the_words_stand_between_those_of_their_line():
    told = excerpt("one\ntwo acme three\nfour", "acme")
    assert (told.before, told.match, told.after) == ("two ", "acme", " three")


def test_long_lines_are_cut_around_the_words():
    told = excerpt("a" * 500 + "acme" + "b" * 500, "acme")
    assert told.before == "…" + "a" * 60
    assert told.after == "b" * 60 + "…"


def test_long_words_are_cut_in_the_middle():
    told = excerpt("x" + "m" * 9000 + "y", "m" * 9000)
    assert told.match == "m" * 80 + " … " + "m" * 80


def test_characters_are_not_cut_in_two():
    told = excerpt("é" * 2000 + "acme", "acme")
    assert told.before == "…" + "é" * 60


def test_what_cannot_be_seen_is_shown():
    told = excerpt("\x1b[2J\u202eacme\n\x00\x7f\r\nx", "acme\n\x00")
    assert (told.before, told.match, told.after) == (r"\x1b[2J\u202e", r"acme\n\x00", r"\x7f")


def test_bytes_that_are_no_text_are_replaced():
    data = b"\xff\xfe acme \x80"
    told = excerpt_of(data, Finding("a-b", Category.LIBRARY, 3, 7), Credentials([]))
    assert (told.before, told.after) == ("\ufffd\ufffd ", " \ufffd")
    data = b"\x80" * 3000 + b"acme"
    told = excerpt_of(data, Finding("a-b", Category.LIBRARY, 3000, 3004), Credentials([]))
    assert told.before == "…" + "\ufffd" * 60


def test_a_credential_is_named_in_place_of_its_words():
    text = f"the key {SECRET} is here"
    finding = credential(text)
    told = excerpt_of(text.encode(), finding, Credentials([finding]))
    assert (told.before, told.match, told.after) == ("the key ", "[acme-secret]", " is here")


def test_the_rest_of_a_credential_that_its_pattern_does_not_reach_is_left_out():
    text = f"the key {SECRET}andmore== is here"
    finding = credential(text)
    told = excerpt_of(text.encode(), finding, Credentials([finding]))
    assert str(told) == "the key [acme-secret] is here"


def test_credentials_beside_and_inside_the_words_are_masked():
    text = f"{SECRET} acme {SECRET}x acme"
    inside = found(text, f"acme {SECRET}x")
    first = credential(text)
    second = Finding("acme-key", Category.CREDENTIAL, inside.start + 5, inside.end)
    told = excerpt_of(text.encode(), inside, Credentials([first, inside, second]))
    assert str(told) == "[acme-secret] acme [acme-key] acme"
    assert told.match == "acme [acme-key]"


def test_a_credential_that_begins_far_before_is_masked():
    text = "k" * 5000 + " acme"
    secret = Finding("acme-secret", Category.CREDENTIAL, 0, 5000)
    assert excerpt(text, "acme", secret).before == "[acme-secret] "


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("@db.internal", ("link postgresql", "[acme-secret]db.internal", ":5432")),
        ("postgresql://shop", ("link ", "postgresql[acme-secret]", "db.internal:5432")),
        ("hunter2", ("link postgresql", "[acme-secret]", "db.internal:5432")),
    ],
)
def test_a_credential_across_an_edge_of_the_words_is_named_once(words, shown):
    text = f"link postgresql://shop:{SECRET}@db.internal:5432"
    told = excerpt(text, words, credential(text, f"://shop:{SECRET}@"))
    assert (told.before, told.match, told.after) == shown


def test_credentials_that_overlap_are_masked_as_one():
    text = "abcdefgh acme"
    others = [
        Finding("acme-one", Category.CREDENTIAL, 0, 5),
        Finding("acme-two", Category.CREDENTIAL, 3, 8),
        Finding("acme-three", Category.CREDENTIAL, 4, 6),
    ]
    finding = found(text, "acme")
    told = excerpt_of(text.encode(), finding, Credentials([*others, finding]))
    assert told.before == "[acme-one] "


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f'{{"password": "{SECRET}", "detail": "acme"}}', '{"password": "[scrubbed]", "detail": "'),
        (f"token={SECRET} acme", "token=[scrubbed] "),
    ],
)
def test_a_value_under_a_secret_name_is_masked(text, shown):
    assert excerpt(text, "acme").before == shown


def test_words_that_are_part_of_a_secret_are_not_shown():
    told = excerpt(f"password=acme{SECRET} and more", "acme")
    assert str(told) == MASKED


@given(
    text=st.lists(st.sampled_from(["é", "a", "\n", "=", " ", "password", '"', "😀"]), max_size=30),
    bounds=st.tuples(st.integers(0, 60), st.integers(1, 60)),
)
def test_any_place_of_any_text_has_an_excerpt(text, bounds):
    data = "".join(text).encode() + b"x"
    start = min(bounds[0], len(data) - 1)
    finding = Finding("a-b", Category.LIBRARY, start, min(len(data), start + bounds[1]))
    told = excerpt_of(data, finding, Credentials([finding]))
    assert str(told).isprintable()
