from __future__ import annotations

import pytest

from tightlip.substitution import UnknownFunctionError, restore, substitute


@pytest.fixture
def writer():
    class Writer:
        def write(self, text):
            return f"theirs: {text}"

    yield Writer
    restore()


def test_ours_stands_in_the_place_of_theirs_and_may_ask_it(writer):
    substitute(
        writer,
        "write",
        "self text",
        lambda theirs: lambda self, text: f"ours, not {theirs(self, text)}",
    )
    assert writer().write("a") == "ours, not theirs: a"


def test_twice_counts_once(writer):
    for _ in range(2):
        substitute(
            writer, "write", "self text", lambda theirs: lambda self, text: theirs(self, text) + "!"
        )
    assert writer().write("a") == "theirs: a!"


def test_all_of_it_can_be_taken_back(writer):
    substitute(writer, "write", "self text", lambda theirs: lambda self, text: "ours")
    restore()
    assert writer().write("a") == "theirs: a"


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("write", "self", r"^Writer.write takes \(self text\), not \(self\)$"),
        ("send", "self", r"^Writer.send takes nothing that can be read, not \(self\)$"),
    ],
)
def test_what_we_do_not_know_is_left_alone(writer, name, parameters, told):
    with pytest.raises(UnknownFunctionError, match=told):
        substitute(writer, name, parameters, lambda theirs: lambda self: "ours")
    assert writer().write("a") == "theirs: a"
