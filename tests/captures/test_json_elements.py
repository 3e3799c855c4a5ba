from __future__ import annotations

import io
import json
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.captures import json_elements
from tightlip.captures.json_elements import StructureError, elements


class Small(io.BytesIO):
    """Gives few bytes at a time, so that each place of a document is a border."""

    def read(self, size=-1):
        return super().read(3)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\[]{},:é\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet='a"\\[]{}', max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    values=st.lists(_VALUES, max_size=6),
    before=_VALUES,
    indent=st.sampled_from([None, 1]),
    stream=st.sampled_from([io.BytesIO, Small]),
)
def test_the_elements_are_those_of_the_document(values, before, indent, stream):
    document = {"first": before, "log": {"entry": before, "entries": values, "after": before}}
    data = json.dumps(document, indent=indent).encode()
    found = list(elements(stream(data), "log", "entries"))
    assert [json.loads(element) for _, element in found] == values
    for offset, element in found:
        assert data[offset : offset + len(element)] == element


def test_a_byte_order_mark_is_no_hindrance():
    assert list(elements(io.BytesIO(b'\xef\xbb\xbf {"a" : [ 1 ] }'), "a")) == [(13, b"1")]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "cut off at byte 0"),
        (b"[]", "no '{' at byte 0"),
        (b"{}", "has no 'log'"),
        (b'{"log": 7}', "no '{' at byte 8"),
        (b'{"log": {"x": 1}}', "has no 'entries'"),
        (b'{"log": {"x": 1 "entries": []}}', "no ',' at byte"),
        (b'{"log" {"entries": []}}', "no ':' at byte"),
        (b'{"log": {"entries": {}}}', "no '[' at byte"),
        (b'{"log": {"entries": [1', "cut off"),
        (b'{"log": {"entries": [{"a": "]', "cut off"),
        (b'{"log": {"entries": [}', "no JSON at byte 21"),
    ],
)
def test_a_document_without_the_array_is_told(document, said):
    with pytest.raises(StructureError, match=re.escape(said)):
        list(elements(io.BytesIO(document), "log", "entries"))


def test_the_elements_before_a_fault_are_given():
    found = elements(io.BytesIO(b'{"log":[{"a":1},[2],'), "log")
    assert [next(found)[1], next(found)[1]] == [b'{"a":1}', b"[2]"]
    with pytest.raises(StructureError, match="cut off at byte 20"):
        next(found)


def test_an_element_that_is_too_large_is_told(monkeypatch):
    monkeypatch.setattr(json_elements, "LARGEST_ELEMENT", 1 << 20)
    document = b'{"log":[1,"' + b"x" * (4 << 20) + b'"]}'
    stream = io.BytesIO(document)
    with pytest.raises(StructureError, match="what begins at byte 10 is larger than 1 MiB"):
        list(elements(stream, "log"))
    assert stream.tell() < 4 << 20


def test_a_large_document_is_never_held_whole():
    class Endless:
        """A document of 64 MiB that is nowhere kept."""

        def __init__(self):
            self.left = 64

        def read(self, count):
            if self.left == 64:
                self.left -= 1
                return b'{"log":[0'
            self.left -= 1
            return (b',{"a":["xxx","' + b"x" * 10_000 + b'"]}') * 104 if self.left >= 0 else b"]}"

    tracemalloc.start()
    try:
        count = sum(1 for _ in elements(Endless(), "log"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 1 + 63 * 104
    assert peak < 8 << 20


@pytest.mark.parametrize("text", [b"[" * 300_000, b'{"":' * 300_000, b'["\\' * 100_000])
def test_deep_nesting_takes_steps_in_proportion(text):
    class Counting(io.BytesIO):
        asked = 0

        def read(self, count=-1):
            self.asked += 1
            return super().read(count)

    stream = Counting(b'{"log":[' + text)
    with pytest.raises(StructureError, match="cut off"):
        list(elements(stream, "log"))
    assert stream.asked < 12
