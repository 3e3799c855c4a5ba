from __future__ import annotations

import re

import pytest

from tightlip.detection.address import is_address
from tightlip.detection.reading import Reading
from tightlip.detection.scanner import default_scanner

NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+){3}|fd00::17", re.ASCII)


def _is_address(text):
    number = NUMBER.search(text)
    return is_address(text, *number.span())


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.5",
        "no answer of 10.0.0.5.",
        "10.0.0.5: no answer",
        "http://10.0.0.5/rates",
        "'postgres'@'10.0.0.5'",
        "no answer of fd00::17",
        "The conversion failed at 10.0.0.5",
    ],
)
def test_an_address(text):
    assert _is_address(text)


@pytest.mark.parametrize("piece", [".0.10", "0.10.", ".", "10.0.0.256", "10.0.0.\xb2"])
def test_a_piece_of_a_longer_number_is_none(piece):
    assert not is_address(f"at {piece} now", 3, 3 + len(piece))


def test_numbers_that_run_into_each_other_are_no_addresses():
    for text in ("connect to 10.0.10.0.0.10.=0.032", "x 10.0.10.0.0.10. y"):
        assert default_scanner().scan(text, Reading(500)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Version 10.7.31.9 is out",
        '{"version": "10.7.31.9"}',
        "v10.7.31.9",
        "V 10.7.31.9",
        "/style.css?v=10.7.31.9",
        "Release: 10.7.31.9",
        "Upgrade from 10.7.31.8",
        "Upgrade from 7.0 to 10.7.31.9",
        "10.7.31.9 is the latest",
        "10.7.31.9-beta",
        "10.300.0.5",
        "10.7.31.9.4",
        "the network 10.0.0.0/16",
        '{"oldest": "10.2.0.0"}',
    ],
)
def test_a_version_a_network_or_a_longer_number(text):
    assert not _is_address(text)


def test_the_end_of_a_longer_number_is_no_address():
    assert not is_address("7.10.7.31.9", 2, 11)
