from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tightlip.findings.position import START, Position, characters


@given(text=st.text())
def test_characters_are_counted_without_decoding(text):
    assert characters(text.encode("utf-8", "surrogatepass")) == len(text)


@given(text=st.text(alphabet=st.sampled_from("aé\n\r😀")))
def test_a_position_says_what_stands_before_it(text):
    data = text.encode()
    _, _, line = text.rpartition("\n")
    assert START.after(data) == Position(
        line=text.count("\n") + 1,
        column=len(line) + 1,
        character=len(text),
        byte=len(data),
    )


@given(first=st.text(alphabet="aé\n"), second=st.text(alphabet="aé\n"))
def test_positions_of_pieces_add_up(first, second):
    whole = START.after((first + second).encode())
    begin = START.after(first.encode())
    assert begin.after(second.encode()) == whole
    assert START.after(second.encode()).behind(begin) == whole
