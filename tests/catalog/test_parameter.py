"""Parameters: what may be filled into a declared message."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, Optional, Union
from uuid import UUID

import pytest
from annotated_types import MaxLen
from pydantic import Field, StringConstraints

from tightlip import MaxLength
from tightlip.catalog.parameter import read_parameter


class Colour(Enum):
    RED = "red"
    BLUE = 2


class Size(StrEnum):
    BIG = "big"


class Rank(IntEnum):
    FIRST = 1


class Odd(Enum):
    PLACE = ("a", "b")


TEXT = Annotated[str, MaxLength(5)]


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (bool, True, True),
        (int, 3, 3),
        (int, -(10**300), -(10**300)),
        (float, 1.5, 1.5),
        (float, 3, 3.0),
        (Decimal, Decimal("9.90"), "9.90"),
        (UUID, UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00"),
        (date, date(2026, 1, 2), "2026-01-02"),
        (TEXT, "abcde", "abcde"),
        (int | float, 3, 3),
        (int | None, None, None),
        (Optional[int], 3, 3),  # noqa: UP045 - users write it too
        (Union[int, float], 1.5, 1.5),  # noqa: UP007 - users write it too
        (Literal["a", 1], "a", "a"),
        (Literal["a", 1], 1, 1),
        (Literal["a"] | None, None, None),
        (Colour, Colour.RED, "red"),
        (Colour, Colour.BLUE, 2),
        (Colour | None, None, None),
        (Size, Size.BIG, "big"),
        (Rank, Rank.FIRST, 1),
        (Literal[Colour.RED], Colour.RED, "red"),
        (TEXT | None, None, None),
        (TEXT | None, "abcdef", "abcd…"),
        (Annotated[str | None, MaxLength(5)], "abcdef", "abcd…"),
        (Annotated[int, "seats"], 3, 3),
        (TEXT | int, 3, 3),
    ],
)
def test_a_value_of_the_declared_type_becomes_plain_json(annotation, value, told):
    found = read_parameter("x", annotation).clean(value)
    assert found == told
    assert type(found) is type(told)


@pytest.mark.parametrize(
    ("annotation", "value", "kind"),
    [
        (int, True, "bool"),
        (int, "3", "str"),
        (int, 3.0, "float"),
        (int, None, "NoneType"),
        (int, Rank.FIRST, "Rank"),
        (float, True, "bool"),
        (float, "1", "str"),
        (float, Decimal(1), "Decimal"),
        (bool, 1, "int"),
        (Decimal, 1.5, "float"),
        (date, datetime(2026, 1, 2, tzinfo=UTC), "datetime"),
        (datetime, date(2026, 1, 2), "date"),
        (TEXT, b"abc", "bytes"),
        (TEXT, ValueError("x"), "ValueError"),
        (TEXT, Size.BIG, "Size"),
        (TEXT, None, "NoneType"),
        (int | None, "3", "str"),
    ],
)
def test_a_value_of_another_type_is_refused(annotation, value, kind):
    with pytest.raises(TypeError, match=f"parameter 'x' takes .*, not {kind}$"):
        read_parameter("x", annotation).clean(value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (float, float("nan")),
        (float, float("inf")),
        (float, float("-inf")),
        (float, 10**400),
        pytest.param(int, 10**5000, id="too-long-to-print"),
        (Decimal, Decimal("NaN")),
        (Decimal, Decimal("sNaN")),
        (Decimal, Decimal("Infinity")),
        (Decimal, Decimal("1e9999")),
    ],
)
def test_a_number_that_json_cannot_hold_is_refused(annotation, value):
    with pytest.raises(ValueError, match="parameter 'x' takes a finite number"):
        read_parameter("x", annotation).clean(value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Literal["a", "b"], "c"),
        (Literal["a", "b"], None),
        (Literal[1], True),
        (Literal[1], 1.0),
        (Literal["a"], ["a"]),
        (Colour, "red"),
        (Colour, 2),
        (Colour, Size.BIG),
        (Size, "big"),
        (Literal[Colour.RED], Colour.BLUE),
    ],
)
def test_a_value_that_is_none_of_the_choices_is_refused(annotation, value):
    with pytest.raises(ValueError, match=r"parameter 'x' takes (one of|a member of)"):
        read_parameter("x", annotation).clean(value)


@pytest.mark.parametrize("annotation", [str, str | None, Annotated[str, "long"], int | str])
def test_a_text_says_its_length(annotation):
    with pytest.raises(TypeError, match=r"Annotated\[str, tightlip\.MaxLength\(40\)\]"):
        read_parameter("x", annotation)


@pytest.mark.parametrize("length", [0, -1, None, "5", True])
def test_a_length_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match="takes a whole number of characters from 1, not"):
        MaxLength(length)


@pytest.mark.parametrize("length", [0, -1, None, "5"])
def test_a_length_of_others_that_is_none_does_not_count(length):
    with pytest.raises(TypeError, match="is a text without a length"):
        read_parameter("x", Annotated[str, MaxLen(length)])


@pytest.mark.parametrize(
    "metadata",
    [MaxLength(5), MaxLen(5), StringConstraints(max_length=5), Field(max_length=5)],
    ids=["ours", "annotated-types", "pydantic-constraints", "pydantic-field"],
)
def test_the_length_of_other_libraries_is_read_too(metadata):
    assert read_parameter("x", Annotated[str, metadata]).max_length == 5


@pytest.mark.parametrize(
    "annotation",
    [object, Any, bytes, list, list[int], dict[str, int], Exception, type, complex, None, "int"],
)
def test_a_type_that_cannot_stand_in_an_answer_is_refused(annotation):
    with pytest.raises(TypeError, match="parameter 'x' has a type that cannot stand in an answer"):
        read_parameter("x", annotation)


@pytest.mark.parametrize("annotation", [Odd, Literal[b"a"], Literal["a", b"b"]])
def test_a_choice_that_json_cannot_hold_is_refused(annotation):
    with pytest.raises(TypeError, match="a choice is a text, a whole number, a flag or None"):
        read_parameter("x", annotation)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("abcde", "abcde"),
        ("abcdef", "abcd…"),
        ("a\r\nb", "a b"),
        ("a\x00\x1b\x7f\x9bb", "a b"),
        ("a\u2028b", "a b"),
        ("a\u202eb", "a b"),
        ("a\u2066b", "a b"),
        ("a\u2060b", "a b"),
        ("a\ufff9b", "a b"),
        ("a\U000e0041\U000e0042b", "a b"),
        ("a\u200bb", "a b"),
        ("a\ufeffb", "a b"),
        ("a\ud800b", "a b"),
        ("é😀漢", "é😀漢"),
        ("", ""),
    ],
)
def test_a_text_is_cleaned_of_control_characters_and_cut(value, told):
    assert read_parameter("x", TEXT).clean(value) == told


def test_the_shortest_text_is_an_ellipsis():
    assert read_parameter("x", Annotated[str, MaxLength(1)]).clean("ab") == "…"
