from __future__ import annotations

import json

import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.compartments import joined, open_part, split
from tightlip.incidents.incident import Incident


def failing():
    planted = "planted-local"
    try:
        raise KeyError("planted-cause")
    except KeyError as error:
        failure = RuntimeError("planted-message", planted)
        failure.add_note("planted-note")
        raise failure from error


def full(record, raised, status=500, answer=b'{"error":{"code":"CONFLICT"}}'):
    return record(
        raised(failing),
        status=status,
        code="CONFLICT",
        answer=answer,
        request=Request(
            "GET",
            "/planted-path",
            query=b"q=planted-query",
            headers=((b"x-planted", b"planted-header"),),
            client="planted-client:80",
            route="/items/{id}",
        ),
        withheld=(
            Withheld("detail", "planted-words", "it is no literal", "shop.py:7", "class Sold: ..."),
        ),
        facts={
            "db.constraint.name": "users_email_key",
            "db.response.status_code": "23505",
            "x.value": "planted-fact",
        },
        notes=("planted-remark",),
    )


def test_the_open_part_has_nothing_that_a_client_sent_and_no_value(record, raised):
    incident = full(record, raised)
    assert incident.as_json().count("planted") > 12
    assert "planted" not in open_part(incident).as_json()


def test_the_open_part_has_what_is_needed_to_find_the_fault(record, raised):
    incident = full(record, raised)
    part = open_part(incident)
    assert part.reference == incident.reference
    assert part.fingerprint == incident.fingerprint
    assert part.severity_number == incident.severity_number
    assert part["http.route"] == "/items/{id}"
    assert part["facts"] == {
        "db.constraint.name": "users_email_key",
        "db.response.status_code": "23505",
    }
    assert part["withheld"] == [
        {
            "where": "detail",
            "reason": "it is no literal",
            "source": "shop.py:7",
            "advice": "class Sold: ...",
        }
    ]
    assert part["answer"] == incident["answer"]
    raised_one, cause = part["exceptions"]
    assert raised_one["exception.type"] == "RuntimeError"
    assert cause["relation"] == "cause"
    assert raised_one["frames"][-1].keys() == {
        "code.file.path",
        "code.function.name",
        "code.line.number",
        "application",
    }


def test_what_a_user_is_sent_on_success_is_closed(record, raised):
    incident = full(record, raised, status=200, answer=b'{"name":"planted-user"}')
    assert open_part(incident)["answer"] == {"status": 200, "code": "CONFLICT"}


def test_a_field_that_is_on_no_list_is_closed():
    incident = Incident({"reference": "K7Q29FMX4D1T", "fingerprint": "v1:0", "new": "planted"})
    assert json.loads(open_part(incident).as_json()) == {
        "reference": "K7Q29FMX4D1T",
        "fingerprint": "v1:0",
    }


@pytest.mark.parametrize("status", [200, 500])
def test_the_two_parts_have_nothing_in_common_and_are_the_whole(record, raised, status):
    incident = full(record, raised, status=status)
    part, rest = split(incident.as_dict())
    assert part == open_part(incident).as_dict()
    assert json.dumps(rest).count("planted") == incident.as_json().count("planted")
    for name in ("reference", "fingerprint", "http.route"):
        assert name not in rest
    assert all("code.function.name" not in frame for frame in rest["exceptions"][0]["frames"])
    assert joined(part, rest) == incident.as_dict()
