from enum import Enum

from tightlip.detection.scanner import default_scanner
from tightlip.failure import HttpFailure
from tightlip.translation.provenance import http


class Words(Enum):
    INTERNAL = "psycopg2.errors at 10.0.0.5"
    GOOD = "This seat is taken"


class Refused(Exception):
    def __init__(self, detail):
        self.detail = detail


def flags(text):
    finding = default_scanner().first(text)
    return finding.rule if finding else None


def translated(make):
    try:
        make()
    except Refused as error:
        return http(error, HttpFailure(400, error.detail), flags)


def test_the_value_of_an_enum_member_is_shown_to_the_detectors_too():
    def internal():
        raise Refused(Words.INTERNAL)

    def good():
        raise Refused(Words.GOOD)

    withheld = translated(internal)
    assert not withheld.declared
    assert "a detector flags it" in withheld.withheld[0].reason
    assert translated(good).error.public_message == "This seat is taken"
