from __future__ import annotations

import enum
from typing import Any

import pytest

from tightlip.translation.foreign import argument, attribute, meaning, number, text


class Words(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("code of its own")

    __hash__ = None


class Unruly(Exception):
    words = Words("x")
    code = enum.IntEnum("Code", {"ONE": 1}).ONE

    @property
    def broken(self) -> Any:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


def test_an_attribute_that_raises_is_not_there():
    assert attribute(Unruly(), "broken") is None
    assert attribute(Unruly(), "missing", "deeper") is None
    assert attribute(None, "anything") is None


def test_only_a_plain_string_is_a_text():
    assert text(Unruly(), "words") is None
    assert text(Unruly(), "code") is None
    assert text("") is None
    assert text("x") == "x"


def test_a_whole_number_may_be_of_an_enumeration_and_is_no_truth_value():
    assert type(number(Unruly(), "code")) is int
    assert number(True) is None
    assert number("1") is None


def test_an_interruption_of_the_program_is_not_held_back():
    class Interrupting:
        @property
        def name(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        text(Interrupting(), "name")


def test_arguments_are_read_as_far_as_there_are_some():
    assert argument(ValueError("x"), 0) == "x"
    assert argument(ValueError("x"), 1) is None

    class Odd(Exception):
        args = None

    assert argument(Odd(), 0) is None


def test_the_nearest_class_of_the_library_has_the_say():
    base = type("Base", (Exception,), {"__module__": "library.errors"})
    near = type("Near", (base,), {"__module__": "library"})
    own = type("Own", (near,), {"__module__": "application"})
    assert meaning(own(), "library", {"Base": 1, "Near": 2, "Own": 3}) == 2
    assert meaning(own(), "library", {"Base": 1}) == 1
    assert meaning(own(), "application", {"Own": 3}) == 3
    assert meaning(own(), "lib", {"Base": 1}) is None


def test_a_class_whose_module_is_no_text_belongs_to_no_library():
    odd = type("Base", (Exception,), {"__module__": 5})
    assert meaning(odd(), "library", {"Base": 1}) is None
