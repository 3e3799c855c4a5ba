"""What looks like a leak and is none where it stands, beside the leak that it looks like."""

from __future__ import annotations

import json

import pytest

from tightlip.detection.reading import Reading
from tightlip.detection.scanner import default_scanner

GOOD, FAILED = Reading(200, "application/json"), Reading(400, "application/json")


def rules(content, reading):
    data = content if isinstance(content, str) else json.dumps(content)
    return {finding.rule for finding in default_scanner().read(data.encode(), reading)}


INNOCENT = {
    "a public code of a cloud": [
        {"code": "ConditionalCheckFailedException", "message": "Read the item again"},
        {"__type": "ResourceNotFoundException", "message": "There is no such item"},
        {"error": {"code": "ThrottlingException", "message": "Slow down"}},
        {"code": "TableNotFoundException", "message": "There is no such table"},
    ],
    "the client's own address": [
        {"error": {"code": "IP_NOT_ALLOWED", "message": "Requests from 192.168.1.20 are refused"}},
        {"message": "Your IP address 10.0.0.5 is not on the list", "client_ip": "10.0.0.5"},
        {"error": "Your address is 10.1.2.3", "remoteAddr": "10.1.2.3"},
        {"error": "blocked", "source_ip": "172.16.0.9"},
    ],
}

DATA = {
    "names of an inventory": [
        {"hosts": [{"name": "db-1.prod.internal"}, {"name": "cache.tax.internal"}]},
        {"name": "ip-10-0-0-5.eu-west-1.compute.internal", "state": "running"},
        {"endpoint": "http://billing.internal:8080/v1"},
        {"address": "web.service.consul"},
    ],
    "programs of a machine": [
        {"process": "C:\\Program Files\\Acme\\agent.exe", "pid": 4},
        {"path": "C:\\Windows\\System32\\cmd.exe"},
        "Run C:\\Program Files\\Acme\\acme.exe /install to set it up",
    ],
    "names of exceptions in release notes": [
        "- Fixed a NullPointerException when the list is empty\n- Raise ValueError, not TypeError",
        {"body": "`requests.exceptions.ConnectionError` is tried again"},
        {
            "body": "sqlalchemy.exc.IntegrityError is translated, psycopg2.errors.UniqueViolation too"
        },
    ],
    "what is counted": [
        {"errors": {"ECONNRESET": 12, "ETIMEDOUT": 3}},
        {"failures": {"NullPointerException": 3, "TimeoutException": 2}},
        {"errors_by_host": {"10.0.0.5": 12}},
    ],
}


@pytest.mark.parametrize("content", [one for group in INNOCENT.values() for one in group])
def test_even_an_error_may_say_this(content):
    assert not rules(content, FAILED)
    assert not rules(content, GOOD)


@pytest.mark.parametrize("content", [one for group in DATA.values() for one in group])
def test_a_good_answer_may_say_this(content):
    assert not rules(content, GOOD)


@pytest.mark.parametrize(
    ("content", "reading"),
    [
        ({"message": "ConditionalCheckFailedException: The conditional request failed"}, FAILED),
        ({"message": "An error occurred (ResourceInUseException) when calling"}, FAILED),
        ({"message": "connection to 10.0.0.5 timed out"}, FAILED),
        ({"message": "Requests to 192.168.1.20 are refused"}, FAILED),
        ({"message": "could not resolve host tax.internal"}, GOOD),
        ({"error": "no reply by cards.prod.internal"}, GOOD),
        ({"message": "no reply by http://billing.internal:8080/v1"}, FAILED),
        ({"success": False, "message": "no reply by web.service.consul"}, GOOD),
        ({"error": "cannot open C:\\Program Files\\Acme\\agent.exe"}, GOOD),
        ({"message": "cannot open C:\\inetpub\\shop\\tax"}, GOOD),
        ({"message": "requests.exceptions.ConnectionError: no route"}, GOOD),
        ({"type": "sqlalchemy.exc.IntegrityError"}, GOOD),
        ({"message": "(psycopg2.errors.UniqueViolation) no"}, GOOD),
        ({"error": "sqlalchemy.exc.IntegrityError raised"}, GOOD),
        ({"errors": {"lost": "ECONNRESET"}}, GOOD),
        ({"errors": {"10.0.0.5 is lost": "12"}}, GOOD),
    ],
)
def test_the_leak_beside_it_is_found(content, reading):
    assert rules(content, reading)


ADDRESS = "dial tcp 10.0.0.5:5432: connect: connection refused"
PADDED = [f'answer({{"error": "{ADDRESS}"}});', f'/**/ a.b([{{"error": "{ADDRESS}"}}])']


@pytest.mark.parametrize("text", PADDED)
def test_json_in_a_call_of_a_function_is_no_code(text):
    assert rules(text, Reading(200, "application/javascript"))


@pytest.mark.parametrize(
    "text",
    [f'answer({{"error": "{ADDRESS}"}}); more()', f"const why = '{ADDRESS}'", f"// {ADDRESS}"],
)
def test_code_speaks_of_errors_by_its_nature(text):
    assert rules(text, Reading(200, "application/javascript")) == set()


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ("<Error><Message>CrashLoopBackOff</Message></Error>", "application/xml"),
        ('<answer status="error"><why>CrashLoopBackOff</why></answer>', "application/xml"),
        ("event: error\ndata: CrashLoopBackOff\n\n", "text/event-stream"),
        ("error=CrashLoopBackOff", "application/x-www-form-urlencoded"),
    ],
)
def test_weak_words_count_where_a_form_other_than_json_tells_of_a_failure(text, media_type):
    assert rules(text, Reading(200, media_type)) == {"infrastructure-cluster-word"}
    assert rules(text, Reading(200, "text/html")) == set()
