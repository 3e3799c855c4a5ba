from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.detection.json_strings import json_strings


def told(text):
    """Each string with the keys that lead to it, and whether it is a key."""
    data = text.encode()
    return [
        (
            data[string.start : string.end].decode(),
            [key.decode() for key in reversed(list(string.path or ()))],
            string.is_key,
        )
        for string in json_strings(data)
    ]


def test_each_string_comes_with_the_keys_that_lead_to_it():
    assert told('{"a": "b", "c": ["d", {"e": "f"}, 1], "g": {"h": "i"}}') == [
        ('"a"', [], True),
        ('"b"', ['"a"'], False),
        ('"c"', [], True),
        ('"d"', ['"c"'], False),
        ('"e"', ['"c"'], True),
        ('"f"', ['"c"', '"e"'], False),
        ('"g"', [], True),
        ('"h"', ['"g"'], True),
        ('"i"', ['"g"', '"h"'], False),
    ]


@pytest.mark.parametrize("text", ["", "1", "null", "{}", "[]", "no json", '"unended'])
def test_where_no_string_stands_none_is_told(text):
    assert told(text) == []


def test_escapes_and_marks_within_strings_are_no_structure():
    assert told(r'["a\"b", "c\\", "{[:,]}"]') == [
        (r'"a\"b"', [], False),
        (r'"c\\"', [], False),
        ('"{[:,]}"', [], False),
    ]


def test_the_last_string_is_told_without_an_end():
    assert told('{"a": {"b": "c"') == [
        ('"a"', [], True),
        ('"b"', ['"a"'], True),
        ('"c"', ['"a"', '"b"'], False),
    ]


@given(st.text('"\\{}[]:, a\n'))
def test_any_text_gives_places_in_order(text):
    data = text.encode()
    behind = 0
    for string in json_strings(data):
        assert behind <= string.start < string.end <= len(data)
        assert data[string.start] == data[string.end - 1] == ord('"')
        behind = string.end


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


def expected(value, keys=()):
    """The strings of `value` as the standard library reads them, in their order."""
    if isinstance(value, str):
        yield value, keys, False
    elif isinstance(value, list):
        for inner in value:
            yield from expected(inner, keys)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key, keys, True
            yield from expected(inner, (*keys, key))


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_they_are_the_strings_that_a_parser_reads(value, indent, ascii_only):
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    read = [
        (
            json.loads(data[string.start : string.end]),
            tuple(json.loads(key) for key in reversed(list(string.path or ()))),
            string.is_key,
        )
        for string in json_strings(data)
    ]
    assert read == list(expected(value))


def test_deep_nesting_takes_no_recursion_and_each_key_is_kept_once():
    depth = 50_000
    *keys, last = json_strings(b'{"a":[' * depth + b'"b"')
    assert len(list(last.path)) == depth
    kept = {id(string.path) for string in keys} | {id(last.path)}
    assert len(kept) == depth + 1
