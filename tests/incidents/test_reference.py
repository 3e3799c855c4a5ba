from __future__ import annotations

import re

import pytest

from tightlip.incidents.reference import new_reference, read_reference


def test_a_reference_is_12_characters_of_crockfords_base32():
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{12}", new_reference()) for _ in range(500))


def test_no_two_references_of_many_are_the_same_and_every_character_occurs():
    references = {new_reference() for _ in range(5000)}
    assert len(references) == 5000
    for position in range(12):
        assert len({reference[position] for reference in references}) == 32


@pytest.mark.parametrize(
    "pasted",
    [
        "K7Q29FMX4D1T.",
        '"k7q2-9fmx-4dlt"',
        "#K7Q29FMX4D1T",
        "(K7Q29FMX4D1T),",
        "\u201cK7Q29FMX4D1T\u201d",
    ],
)
def test_marks_around_a_pasted_reference_do_not_count(pasted):
    assert read_reference(pasted) == "K7Q29FMX4D1T"
