from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.captures import json_lines
from tightlip.captures.json_lines import LineError, asked, whole_lines
from tightlip.detection.reading import FAILING, UNKNOWN, Reading


def test_a_line_is_read_with_all_that_it_tells():
    line = (
        b'{"id": {"a": [1.5]}, "text": "x", "content_type": "a/b", "status": 404, "kind": "header"}'
    )
    found = asked(line, FAILING)
    assert (found.id, found.text) == ({"a": [1.5]}, "x")
    assert found.reading == Reading(status=404, content_type="a/b", kind="header")


def test_what_a_line_does_not_tell_is_as_it_is_known():
    line = b'{"id": 0, "text": "x", "content_type": null, "status": null, "kind": null}'
    assert asked(line, FAILING).reading == FAILING


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"nonsense", "is no JSON: "),
        (b"[1]", "is no object with id and text"),
        (b'{"text": "x"}', "has no id"),
        (b'{"id": 1}', "has no text"),
        (b'{"id": 1, "text": 7}', "has a text that is no string"),
        (b'{"id": 1, "text": "", "status": "500"}', "has a status that is no HTTP status"),
        (b'{"id": 1, "text": "", "status": true}', "has a status that is no HTTP status"),
        (b'{"id": 1, "text": "", "status": 99}', "has a status that is no HTTP status"),
        (b'{"id": 1, "text": "", "kind": "tail"}', "has a kind other than body and header"),
        (b'{"id": 1, "text": "", "kind": []}', "has a kind other than body and header"),
        (b'{"id": 1, "text": "", "content_type": 1}', "has a content_type that is no string"),
        (b'{"id": NaN, "text": ""}', "NaN is no number of JSON"),
        (b'{"id": 1e999, "text": ""}', "the number 1e999 is too large"),
        (b'{"id": ' + b"9" * 5000 + b', "text": ""}', "is no JSON: "),
        (b'{"id": "\xff", "text": ""}', "is not UTF-8"),
        (b"[" * 200_000, "is nested too deeply"),
    ],
)
def test_a_line_of_another_form_is_refused(line, said):
    with pytest.raises(LineError, match=re.escape(said)):
        asked(line, UNKNOWN)


def pieces_of(*data) -> list:
    waiting = [*data, b""]
    return list(whole_lines(lambda: waiting.pop(0)))


def test_pieces_end_where_a_line_ends():
    assert pieces_of(b"a\nb", b"c", b"\n\nd") == [(b"a\n", 0), (b"bc\n\n", 0), (b"d", 0)]


def test_that_nothing_is_there_yet_is_passed_on():
    assert pieces_of(b"a", None, b"\n", None) == [None, (b"a\n", 0), None]


@given(
    data=st.lists(st.sampled_from([b"a", b"\n", b"bb", b"\n\n"]), max_size=20),
)
def test_no_byte_is_lost(data):
    assert b"".join(piece for piece, _ in pieces_of(*data)) == b"".join(data)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 4)


def test_a_line_that_is_too_long_is_left_out_and_counted(short):
    assert pieces_of(b"a\nbbb", b"bbb", b"bb\nc\n", b"d\n") == [
        (b"a\n", 0),
        (b"c\n", 1),
        (b"d\n", 0),
    ]


def test_a_line_that_is_too_long_may_be_the_last(short):
    assert pieces_of(b"a\nbbbbb", b"b") == [(b"a\n", 0), (b"", 1)]


def test_lines_that_are_too_long_may_follow_each_other(short):
    assert pieces_of(b"aaaaa", b"\nbbbbb", b"\n") == [(b"", 2)]


def test_no_more_than_one_line_is_held(short):
    count = 0

    def read():
        nonlocal count
        count += 1
        return b"x" * 1000 if count < 5000 else b""

    assert list(whole_lines(read)) == [(b"", 1)]
