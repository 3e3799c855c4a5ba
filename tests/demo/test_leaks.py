from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.demo.page.leaks import ECHO, INPUT, Piece, counted, marked


def test_a_text_without_leaks_is_one_piece():
    assert marked("All is well", (), ()) == (Piece("All is well"),)


def test_the_text_of_an_exception_is_marked():
    assert marked("it says: boom boom", ("boom boom",), ()) == (
        Piece("it says: "),
        Piece("boom boom", (ECHO,)),
    )


def test_what_a_client_sent_is_marked_each_time():
    pieces = marked("secret-word and secret-word", (), ("secret-word",))
    assert [piece.leaks for piece in pieces] == [(INPUT,), (), (INPUT,)]
    assert counted(pieces) == ((INPUT, 2),)


def test_what_a_detector_flags_is_marked():
    (piece,) = (p for p in marked("see /srv/shop/app.py for it", (), ()) if p.leaks)
    assert piece.leaks == ("source path",)


def test_kinds_that_overlap_are_all_named():
    plain, leaking = marked("x no such table: y", ("no such table: y",), ("such table",))
    assert plain.leaks == ()
    assert set(leaking.leaks) == {ECHO, "database error", INPUT}


@pytest.mark.parametrize("word", ["", "a", "short"])
def test_short_words_stand_in_any_text_and_prove_nothing(word):
    assert marked("a short text", (word,), (word,)) == (Piece("a short text"),)


@given(st.text(), st.lists(st.text()), st.lists(st.text()))
def test_no_character_is_lost_or_added(text, exceptions, inputs):
    words = [*exceptions, text[2:9], text[5:20]]
    assert "".join(piece.text for piece in marked(text, words, inputs)) == text
