from __future__ import annotations

import json
import pickle

import pytest

from tightlip.incidents import encoding
from tightlip.incidents.incident import Incident, now

FIELDS = {
    "reference": "K7Q29FMX4D1T",
    "fingerprint": "v1:0",
    "severity_number": 17,
    "exceptions": [{"frames": [{"a": 1}]}],
    "text": "a\x1b\n\u202e\x7fé",
}


def test_an_incident_is_a_mapping_with_its_name_group_and_severity():
    incident = Incident(dict(FIELDS))
    assert dict(incident) == FIELDS == incident.as_dict()
    assert (incident.reference, incident.fingerprint, incident.severity_number) == (
        "K7Q29FMX4D1T",
        "v1:0",
        17,
    )
    assert len(incident) == 5
    assert repr(incident) == "<Incident K7Q29FMX4D1T>"


def test_the_line_is_printable_ascii_and_reads_back_as_the_same():
    line = Incident(dict(FIELDS)).as_json()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == FIELDS


def test_no_sink_can_change_what_the_next_one_gets():
    incident = Incident(json.loads(json.dumps(FIELDS)))
    incident.as_dict()["exceptions"][0]["frames"].clear()
    incident["exceptions"][0]["frames"].clear()
    for value in incident.values():
        if isinstance(value, list):
            value.clear()
    assert incident.as_dict() == FIELDS
    with pytest.raises(TypeError):
        incident["reference"] = "x"
    with pytest.raises(AttributeError):
        incident.reference = "x"


def test_an_incident_travels_to_another_process():
    incident = pickle.loads(pickle.dumps(Incident(dict(FIELDS))))
    assert incident.as_json() == Incident(dict(FIELDS)).as_json()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_cannot_hold_makes_no_line(value):
    with pytest.raises((TypeError, ValueError)):
        Incident({**FIELDS, "value": value})


def test_the_line_is_the_same_where_python_has_no_encoder_in_c_or_another_one(monkeypatch):
    line = Incident(dict(FIELDS)).as_json()
    make = json.encoder.c_make_encoder

    def another(*positional):  # takes no names
        return make(*positional)

    monkeypatch.setattr(json.encoder, "c_make_encoder", another)
    assert encoding._prepared()(FIELDS) == line
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert encoding._prepared()(FIELDS) == line


def test_the_time_is_told_to_the_microsecond_and_each_second_anew(monkeypatch):
    told = []
    for nanoseconds in (0, 1_789, 999_999_999, 1_000_000_000, 1_798_761_599_000_001_000):
        monkeypatch.setattr("time.time_ns", lambda nanoseconds=nanoseconds: nanoseconds)
        told.append(now())
    assert told == [
        "1970-01-01T00:00:00.000000Z",
        "1970-01-01T00:00:00.000001Z",
        "1970-01-01T00:00:00.999999Z",
        "1970-01-01T00:00:01.000000Z",
        "2026-12-31T23:59:59.000001Z",
    ]
