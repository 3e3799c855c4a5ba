from __future__ import annotations

import base64
import json

import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.capture import capture
from tightlip.incidents.compartments import BETWEEN_PARTS, open_part, parts_of, split
from tightlip.incidents.incident import Incident, Occurrence
from tightlip.incidents.packing import UNREADABLE, packer, sealed, unpack
from tightlip.incidents.reference import new_reference
from tightlip.incidents.sealing import VARIABLE, Seal
from tightlip.incidents.summary import summarise

KEY = bytes(range(32))


def price(rows):
    planted = {"kind": "planted", "rows": rows}
    return planted["total"]


def shop():
    try:
        price([1, 2])
    except KeyError:
        raise ExceptionGroup("planted", [ValueError("planted", 3), OSError(2, "planted")]) from None


@pytest.fixture
def incident(record, raised):
    return record(
        raised(shop),
        request=Request("GET", "/planted", query=b"q=planted", route="/orders/{order}"),
        withheld=(Withheld("detail", "planted", "it is no literal", "shop.py:7"),),
        facts={"db.constraint.name": "orders_key", "x.value": "planted"},
    )


def as_in_a_spool(incident):
    summary, others, closed = parts_of(incident)
    return summary, f"{others}{BETWEEN_PARTS}{closed}".encode()


def test_a_report_comes_out_of_the_spool_in_its_two_compartments(incident):
    assert incident.parts is not None
    summary, report = as_in_a_spool(incident)
    part, closed = packer()(summary, report)
    assert unpack(summary, part, closed) == incident
    only_open = unpack(summary, part, b"").as_dict()
    assert only_open.pop("closed_part")
    assert only_open == open_part(incident)
    assert "planted" not in str(only_open)


def test_a_report_whose_parts_are_not_known_is_parted_all_the_same(incident):
    again = Incident(incident.as_dict())
    assert again.parts is None
    summary, report = as_in_a_spool(again)
    assert unpack(summary, *packer()(summary, report)) == incident


def test_without_source_lines_the_locals_are_all_that_is_closed_of_a_frame(raised):
    error = raised(shop)
    occurrence = Occurrence(new_reference(), None, error, 500, "INTERNAL_SERVER_ERROR", b"{}")
    incident = capture(occurrence, lambda _: True, {}, source_lines=False)
    assert json.loads(incident.as_json()) == incident.as_dict()
    _, closed = split(incident.fields)
    assert json.loads(parts_of(incident).closed) == closed
    frames = [frame for each in closed["exceptions"] for frame in each["frames"]]
    assert {frozenset(frame) for frame in frames} == {frozenset(), frozenset({"locals"})}


def test_a_report_of_an_earlier_version_is_read(incident, monkeypatch):
    summary = parts_of(incident).summary
    assert unpack(summary, *packer()(summary, incident.as_json().encode())) == incident
    monkeypatch.setenv(VARIABLE, base64.b64encode(KEY).decode())
    under_seal = sealed(parts_of(incident).closed, Seal(KEY), incident.reference)
    report = json.dumps({**open_part(incident).as_dict(), "sealed": under_seal}).encode()
    assert b"planted" not in report
    assert unpack(summary, *packer()(summary, report)) == incident


@pytest.mark.parametrize("report", [b"{", b"[1]", b'{"a":1}\nno seal'])
def test_what_has_not_the_form_of_a_report_is_closed_as_a_whole(incident, report):
    summary = parts_of(incident).summary
    part, closed = packer()(summary, report)
    assert "a" not in unpack(summary, part, b"").as_dict()
    assert summarise(unpack(summary, part, closed)) == summarise(incident)


@pytest.mark.parametrize("report", [b"x", b"{\n{}", b"[\n{}"])
def test_an_open_part_that_cannot_be_read_costs_the_report_alone(incident, report):
    summary = parts_of(incident).summary
    packed = packer()(summary, report)
    found = unpack(summary, packed[0] or b"x", packed[1])
    assert found.as_dict() == {**summarise(incident), "closed_part": UNREADABLE}
