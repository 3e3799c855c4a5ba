"""What becomes of a good answer in which something leaks, and what the record is given of it."""

from __future__ import annotations

import json

import pytest

import tightlip
from tightlip import Exemption
from tightlip.detection.scanner import default_scanner
from tightlip.exchange import Request, Response
from tightlip.responder.hearing import Hearing
from tightlip.responder.policy import read_policy
from tightlip.responder.success import SuccessReview
from tightlip.wire.headers import read_head

LEAK = "psycopg2.errors.UniqueViolation: no"
OK = "All is well with this order, and with the next one"
JSON = (b"content-type", b"application/json")
REQUEST = Request("GET", "/orders", route="/orders")


class Desk:
    """Takes the records, and answers in place of an answer of which nothing may leave."""

    def __init__(self):
        self.records = []
        self.refused = []
        self.takes = True

    def record(self, leak, request, reference, answer):
        self.records.append((leak, reference, answer))
        return self.takes

    def refuse(self, leak, request, headers):
        self.refused.append((leak, headers))
        return Response(500, (), b"refused")


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def review(desk):
    """Review an answer under some settings."""

    def review(content, *headers, status=200, heard=(), **settings):
        hearing = Hearing(lambda _: None, lambda *_: False)
        for exception in heard:
            hearing.note(exception)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        success = SuccessReview(default_scanner(), read_policy(settings), desk.record, desk.refuse)
        try:
            answer = Response(status, (JSON, *headers), body)
            inspection = success.inspect(read_head(answer.headers), body, lambda: REQUEST, hearing)
            return None if inspection is None else success.judge(inspection, answer, REQUEST)
        finally:
            hearing.close()

    return review


def test_a_clean_answer_is_left_alone(review, desk):
    assert review({"note": OK}) is None
    assert desk.records == desk.refused == []


def test_what_leaks_is_told_with_its_rules_and_what_would_declare_it(review, desk):
    answer = review({"note": LEAK, "ok": OK})
    ((leak, reference, body),) = desk.records
    assert body == answer.body
    assert (b"x-error-reference", reference.encode()) in answer.headers
    assert (leak.event, leak.status) == ("http.server.response.contained", 200)
    assert len(set(leak.rules)) == len(leak.rules) > 0
    (withheld,) = leak.withheld
    assert json.loads(withheld.text) == LEAK
    assert all(rule in withheld.reason for rule in leak.rules)
    assert leak.code == ""


def test_the_exemption_that_is_advised_is_python_that_lets_the_answer_leave(review, desk):
    review({"note": LEAK, "ok": OK})
    ((leak, _, _),) = desk.records
    (advice,) = {withheld.advice for withheld in leak.withheld}
    assert max(map(len, advice.splitlines())) <= 48
    exemption = eval(advice, {"tightlip": tightlip})
    assert exemption.route == REQUEST.route
    assert exemption.categories
    assert review({"note": LEAK, "ok": OK}, exemptions=[exemption]) is None


def test_a_credential_is_told_without_a_way_to_declare_it(review, desk):
    review({"note": "postgresql://shop:hunter2@db.example/shop", "ok": OK})
    ((leak, _, _),) = desk.records
    assert {withheld.advice for withheld in leak.withheld} == {None}


def test_of_many_leaks_some_are_told_and_all_are_contained(review, desk):
    answer = review({"notes": [f"{LEAK} {number}" for number in range(200)], "ok": OK})
    assert b"psycopg2" not in answer.body
    ((leak, _, _),) = desk.records
    assert 0 < len(leak.withheld) <= 20


def test_a_long_text_is_told_in_part(review, desk):
    review({"note": LEAK + "x" * 100_000, "ok": OK * 9000})
    ((leak, _, _),) = desk.records
    assert len(leak.withheld[0].text) <= 2048


def test_where_nothing_may_leave_the_answer_is_refused_without_the_fields_that_leak(review, desk):
    answer = review(LEAK.encode(), (b"x-why", LEAK.encode()), (b"x-ok", b"1"))
    assert answer.body == b"refused"
    ((leak, headers),) = desk.refused
    assert leak.status == 500
    assert (b"x-ok", b"1") in headers
    assert b"x-why" not in dict(headers)
    assert not desk.records


def test_a_record_that_is_not_taken_leaves_no_reference(review, desk):
    desk.takes = False
    answer = review({"note": LEAK, "ok": OK})
    assert b"x-error-reference" not in dict(answer.headers)
    assert LEAK.encode() not in answer.body


def test_a_report_changes_nothing_and_says_so(review, desk):
    assert review({"note": LEAK, "ok": OK}, success_answers="report") is None
    ((leak, _, _),) = desk.records
    assert leak.event == "http.server.response.reported"
    assert leak.notes == ("report only: the answer left as it was",)


def test_exemptions_are_told_with_what_leaks_beside_them(review, desk):
    exemption = Exemption(fields=["log"])
    assert review({"log": LEAK}, exemptions=[exemption]) is None
    review({"log": LEAK, "note": LEAK, "ok": OK}, exemptions=[exemption])
    ((leak, _, _),) = desk.records
    assert leak.notes == (f"exempt: {exemption}",)
    assert len(leak.withheld) == 1


@pytest.mark.parametrize("place", ["body", "header x-why"])
def test_the_text_of_an_exception_is_told_with_the_exception(review, desk, place):
    text = "the ledger of last year is gone"
    content, headers = {"ok": OK, "note": text}, []
    if place != "body":
        content, headers = {"ok": OK}, [(b"x-why", text.encode())]
    review(content, *headers, heard=[LookupError(text)])
    ((leak, _, _),) = desk.records
    (withheld,) = leak.withheld
    assert withheld.where == place
    assert withheld.text == text
    assert "the text of LookupError" in withheld.reason
    assert leak.rules == ("echo-exception-text",)


def test_a_part_is_refused_where_its_body_leaks_and_kept_where_a_field_does(review, desk):
    assert review({"note": LEAK, "ok": OK}, status=206).body == b"refused"
    answer = review({"ok": OK}, (b"x-why", LEAK.encode()), status=206)
    assert (answer.status, json.loads(answer.body)) == (206, {"ok": OK})
