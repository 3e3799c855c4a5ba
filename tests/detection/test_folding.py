from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.detection.folding import Folded, folded


def test_letters_and_digits_of_ascii_stay_in_lower_case():
    assert folded("Row 47, 'Müller' \x00 is LOCKED_") == "row47mllerislocked"
    assert folded("Row 47, 'Müller'".encode()) == "row47mller"


@pytest.mark.parametrize("text", ["", "größe", "-- ä --"])
def test_the_two_forms_of_a_text_are_folded_alike(text):
    assert folded(text) == folded(text.encode())


@given(st.text(st.sampled_from("aZ09 ,ä\n")), st.data())
def test_a_place_is_that_of_its_letters(text, data):
    for plain in (text, text.encode()):
        read = Folded(plain)
        if read.text:
            start = data.draw(st.integers(0, len(read.text) - 1))
            end = data.draw(st.integers(start + 1, len(read.text)))
            first, last = read.trace(start, end)
            assert folded(plain[first:last]) == read.text[start:end]
            for edge in (plain[first : first + 1], plain[last - 1 : last]):
                assert folded(edge)
