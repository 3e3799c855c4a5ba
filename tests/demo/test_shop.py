"""Each failure on real servers and both databases: the bare twin leaks, the shielded one does not."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tightlip.demo.failures import FAILURES
from tightlip.detection.scanner import default_scanner

REFERENCE = "[0-9A-HJKMNP-TV-Z]{12}"

# What the bare twin gives away, on both databases or on one of them.
LEAKS = {
    "duplicate-email": {
        "both": [
            "Traceback (most recent call last)",
            "/sqlalchemy/engine/",
            "INSERT INTO accounts",
        ],
        "sqlite": ["UNIQUE constraint failed: accounts.email", "scrypt$"],
        "postgresql": ['unique constraint "accounts_email_key"', "already exists.", "scrypt$"],
    },
    "missing-field": {"both": ['"input":', "correct horse battery", '"type":"missing"']},
    "type-error": {
        "both": ["Traceback (most recent call last)", "services.py", "'NoneType'", "percent / 100"]
    },
    "upstream-down": {"both": ["http://127.0.0.1:", "/v2/charges", "[Errno "]},
    "orm-validation": {"both": ["shop.models.Account.email", "varchar(254)", "first.buyer@"]},
    "forged-token": {"both": ["shop-signing-2024-02", "HS256"]},
    "expired-token": {"both": []},
    "broken-stream": {"both": []},
    "handmade-answer": {
        "both": [
            "refund_ledger",
            "INSERT INTO",
            "Traceback (most recent call last)",
            "sqlalche.me",
        ],
        "sqlite": ["no such table"],
        "postgresql": ["psycopg.errors.UndefinedTable"],
    },
}

# What the shielded twin says: status, code, message.
ANSWERS = {
    "duplicate-email": (409, "EMAIL_ALREADY_EXISTS", "An account with this email already exists"),
    "missing-field": (422, "VALIDATION_ERROR", "Email is required"),
    "type-error": (500, "INTERNAL_SERVER_ERROR", "Something went wrong"),
    "upstream-down": (
        502,
        "BAD_GATEWAY",
        "A service that this request depends on failed. Try again later",
    ),
    "orm-validation": (
        400,
        "INVALID_REQUEST",
        "The request could not be understood. Check it and try again",
    ),
    "forged-token": (401, "AUTHENTICATION_FAILED", "Sign in to continue"),
    "expired-token": (401, "AUTHENTICATION_FAILED", "Your session has ended. Sign in again"),
    "handmade-answer": (500, "INTERNAL_SERVER_ERROR", "Something went wrong"),
}
WITH_INCIDENT = sorted(ANSWERS.keys() - {"missing-field"})


def send(client: httpx.Client, address: str, key: str) -> httpx.Response:
    failure = FAILURES[key]
    return client.request(
        failure.method, address + failure.path, json=failure.body, headers=failure.headers
    )


def incident_of(running, client, reference: str) -> dict:
    """The record, by its reference, as the page gives it."""
    answer = client.get(f"{running.page}/incidents/{reference}.json")
    assert answer.status_code == 200
    return answer.json()


def test_every_failure_of_the_page_is_tested_here():
    assert set(FAILURES) == set(LEAKS) == set(ANSWERS) | {"broken-stream"}


@pytest.mark.parametrize("key", sorted(key for key, words in LEAKS.items() if words["both"]))
def test_the_bare_twin_leaks(running, client, is_postgresql, key):
    answer = send(client, running.bare, key)
    told = answer.text
    words = LEAKS[key]["both"] + LEAKS[key].get("postgresql" if is_postgresql else "sqlite", [])
    assert answer.status_code >= 400
    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize("key", sorted(ANSWERS))
def test_the_shielded_twin_answers_in_the_form_of_the_contract(running, client, key):
    answer = send(client, running.shielded, key)
    status, code, message = ANSWERS[key]
    error = answer.json()["error"]
    expected = {"code": code, "message": message}
    if key == "missing-field":
        expected["fields"] = [
            {"field": "email", "code": "REQUIRED", "message": "Email is required"}
        ]
    else:
        assert re.fullmatch(REFERENCE, error["reference"])
        assert answer.headers["x-error-reference"] == error["reference"]
        expected["reference"] = error["reference"]
    assert answer.status_code == status
    assert list(error.items()) == list(expected.items())
    assert answer.content == json.dumps({"error": error}, separators=(",", ":")).encode()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("key", sorted(FAILURES))
def test_the_shielded_twin_says_nothing_of_what_the_bare_one_leaks(running, client, key):
    failure = FAILURES[key]
    with client.stream(
        failure.method,
        running.shielded + failure.path,
        json=failure.body,
        headers=failure.headers,
    ) as answer:
        told = f"{answer.headers}\n" + "".join(parts_of(answer))
    leaks = [word for words in LEAKS[key].values() for word in words]
    assert [word for word in leaks if word in told] == []
    assert default_scanner().scan(told) == ()
    assert "uvicorn" not in told


@pytest.mark.parametrize(
    ("key", "truth"),
    [
        ("duplicate-email", ("sqlalchemy.exc.IntegrityError", "accounts", "register")),
        ("type-error", ("TypeError", "'NoneType'", "total_of")),
        ("upstream-down", ("httpx.ConnectError", "[Errno ", "charge")),
        ("orm-validation", ("ValueError", "accounts.email varchar(254)", "Account.check_email")),
        (
            "forged-token",
            ("tightlip.demo.shop.tokens.TokenError", "shop-signing-2024-02", "verify"),
        ),
        ("expired-token", ("tightlip.demo.shop.tokens.TokenExpiredError", "expired", "verify")),
    ],
)
def test_the_report_that_the_reference_finds_holds_the_truth(running, client, key, truth):
    exception, words, function = truth
    reference = send(client, running.shielded, key).json()["error"]["reference"]
    record = incident_of(running, client, reference)
    status, code, _ = ANSWERS[key]
    assert record["reference"] == reference
    assert (record["answer"]["status"], record["answer"]["code"]) == (status, code)
    assert record["http.request.method"] == FAILURES[key].method
    assert record["url.path"] == FAILURES[key].path
    (link,) = (link for link in record["exceptions"] if link["exception.type"] == exception)
    assert words in link["exception.message"]
    own = [frame for frame in link["frames"] if frame["application"]]
    assert own[-1]["code.function.name"] == function
    assert own[-1]["source"]


def test_the_report_names_the_constraint_that_was_translated(running, client, is_postgresql):
    reference = send(client, running.shielded, "duplicate-email").json()["error"]["reference"]
    facts = incident_of(running, client, reference)["facts"]
    assert facts["db.failure.kind"] == "unique"
    assert facts["db.collection.name"] == "accounts"
    if is_postgresql:
        assert facts["db.constraint.name"] == "accounts_email_key"
    else:
        assert facts["db.columns"] == ["email"]


@pytest.mark.parametrize(
    ("key", "where", "words"),
    [
        ("upstream-down", "detail", "/v2/charges"),
        ("orm-validation", "detail", "shop.models.Account.email"),
        ("forged-token", "detail", "shop-signing-2024-02"),
        ("handmade-answer", "body", "refund_ledger"),
    ],
)
def test_the_report_shows_what_was_withheld_and_how_to_declare_it(
    running, client, key, where, words
):
    reference = send(client, running.shielded, key).json()["error"]["reference"]
    (withheld,) = incident_of(running, client, reference)["withheld"]
    assert withheld["where"] == where
    assert words in withheld["text"]
    assert "class " in withheld["advice"]
    assert "tightlip.PublicError" in withheld["advice"]


def test_no_password_and_no_token_is_kept(running, client):
    for key in WITH_INCIDENT:
        reference = send(client, running.shielded, key).json()["error"]["reference"]
        record = json.dumps(incident_of(running, client, reference))
        assert "correct horse battery" not in record
        assert FAILURES["expired-token"].headers["authorization"].split(".")[2] not in record


def test_a_missing_field_is_no_incident(running, client):
    before = len(running.incidents)
    answer = send(client, running.shielded, "missing-field")
    assert "x-error-reference" not in answer.headers
    assert len(running.incidents) == before


def parts_of(answer: httpx.Response):
    """Yield what arrives, until it ends or is cut."""
    try:
        yield from answer.iter_text()
    except httpx.RemoteProtocolError:
        yield "\n[cut]"


def test_the_bare_stream_is_cut_without_a_word(running, client):
    with client.stream("GET", f"{running.bare}/orders/export") as answer:
        told = "".join(parts_of(answer))
    *rows, last = told.splitlines()
    assert [json.loads(row)["order"] for row in rows if row] == [1, 2]
    assert last == "[cut]"


def test_the_shielded_stream_ends_with_a_declared_line_and_its_report(running, client):
    with client.stream("GET", f"{running.shielded}/orders/export") as answer:
        told = "".join(parts_of(answer))
    first, second, last, *rest = told.splitlines()
    assert [json.loads(row)["order"] for row in (first, second)] == [1, 2]
    error = json.loads(last)["error"]
    assert error["code"] == "INTERNAL_SERVER_ERROR"
    assert "[cut]" not in rest
    record = incident_of(running, client, error["reference"])
    assert record["exceptions"][0]["exception.type"] == "KeyError"
    assert "LAUNCH" in record["exceptions"][0]["exception.message"]


def test_both_twins_serve_what_works(running, client):
    answers = [
        client.get(f"{address}/orders/2/total") for address in (running.bare, running.shielded)
    ]
    assert [answer.json() for answer in answers] == [{"order": 2, "total": "44.10"}] * 2


def test_a_declared_error_of_the_shop_is_told_by_the_shielded_twin(running, client):
    answer = client.get(f"{running.shielded}/orders/77/total")
    assert answer.status_code == 404
    assert (
        answer.content == b'{"error":{"code":"ORDER_NOT_FOUND","message":"There is no such order"}}'
    )


def test_no_failure_changes_what_is_stored(running, client):
    for key in FAILURES:
        with client.stream(
            FAILURES[key].method,
            running.bare + FAILURES[key].path,
            json=FAILURES[key].body,
            headers=FAILURES[key].headers,
        ) as answer:
            list(parts_of(answer))
    assert send(client, running.shielded, "duplicate-email").status_code == 409
    assert send(client, running.shielded, "type-error").status_code == 500
