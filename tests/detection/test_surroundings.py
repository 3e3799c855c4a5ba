"""Where weak words count: what stands around them tells whether a failure is told."""

from __future__ import annotations

import json

import pytest

from tightlip.detection.reading import Reading
from tightlip.detection.scanner import default_scanner
from tightlip.detection.surroundings import Surroundings

GOOD = Reading(200, "application/json")
WEAK = b"10.0.0.5"


def counts(text, reading=GOOD):
    """Whether weak words count in each place of `text` where they stand."""
    data = text.encode() if isinstance(text, str) else text
    surroundings = Surroundings(data, reading)
    places = [at for at in range(len(data)) if data.startswith(WEAK, at)]
    assert places
    return [surroundings.counts_weak(at) for at in places]


@pytest.mark.parametrize("status", [400, 404, 500, 599])
@pytest.mark.parametrize("text", ["at 10.0.0.5", '{"a": "10.0.0.5"}', '{"error": "10.0.0.5"}'])
def test_in_a_failing_answer_they_count(text, status):
    assert counts(text, Reading(status)) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "at 10.0.0.5",
        "error: 10.0.0.5",
        '{"address": "10.0.0.5"}',
        '{"default": "10.0.0.5"}',
        '{"errors": [], "address": "10.0.0.5"}',
        '{"items": [{"error": null}, {"address": "10.0.0.5"}]}',
        '["error", "10.0.0.5"]',
        '{"title": "10.0.0.5", "status": "ok"}',
    ],
)
@pytest.mark.parametrize("status", [None, 200, 302])
def test_in_a_good_answer_they_are_data(text, status):
    assert counts(text, Reading(status)) == [False]


@pytest.mark.parametrize(
    "key",
    ["error", "errors", "lastError", "error_message", "exception", "stacktrace", "fault", "failure",
     "failedReason", "debug", "panic", "cause", "internalMessage", "err", "ERROR"],
)  # fmt: skip
def test_under_a_key_that_tells_of_a_failure_they_count(key):
    told = json.dumps({"a": "10.0.0.5", key: {"b": ["10.0.0.5"]}, "c": "10.0.0.5"})
    assert counts(told) == [False, True, False]


@pytest.mark.parametrize("key", ["internalIp", "internal_address", "internalDNS", "internalPort"])
def test_under_a_key_of_an_inventory_they_are_data(key):
    assert counts(json.dumps({"name": "a", key: "10.0.0.5"})) == [False]


@pytest.mark.parametrize(
    "flag",
    ['"success": false', '"success":false', '"Success" : 0', '"ok": false', '"isSuccess":false',
     '"is_successful": false', '"succeeded": false'],
)  # fmt: skip
@pytest.mark.parametrize("form", ['{%s, "a": ["10.0.0.5"]}', '{"a": {"b": "10.0.0.5"}, %s}'])
def test_where_an_answer_says_that_it_failed_they_count(flag, form):
    assert counts(form % flag) == [True]


@pytest.mark.parametrize(
    "flag",
    ['"status": "error"', '"status":"fail"', '"Status": "FAILED"', '"result": "failure"',
     '"state": "error"', '"status": 500', '"statusCode": 404', '"status_code": "503"',
     '"code": 500'],
)  # fmt: skip
@pytest.mark.parametrize("key", ["message", "msg", "errorMessage", "detail", "reason", "title"])
def test_where_a_state_says_that_it_failed_they_count_in_messages(flag, key):
    told = f'{{{flag}, "{key}": "at 10.0.0.5", "address": "10.0.0.5"}}'
    assert counts(told) == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        '{"success": true, "message": "10.0.0.5"}',
        '{"success": null, "message": "10.0.0.5"}',
        '{"status": "success", "message": "10.0.0.5"}',
        '{"status": "errorless", "message": "10.0.0.5"}',
        '{"status": 200, "message": "10.0.0.5"}',
        '{"status": 5000, "message": "10.0.0.5"}',
        '{"code": 50, "message": "10.0.0.5"}',
        # The state of one of many things says nothing of the answer.
        '{"items": [{"status": "error", "message": "10.0.0.5"}]}',
        '{"job": {"success": false, "host": "10.0.0.5"}}',
        '[{"success": false, "message": "10.0.0.5"}]',
    ],
)
def test_what_does_not_say_that_the_answer_failed_changes_nothing(text):
    assert counts(text) == [False]


@pytest.mark.parametrize(
    "text",
    [
        '\ufeff{"error": "10.0.0.5"}',
        ')]}\',\n{"error": "10.0.0.5"}',
        'while(1);{"error": "10.0.0.5"}',
        'for(;;);[{"error": "10.0.0.5"}]',
        'answer({"error": "10.0.0.5"});',
        '/**/ typeof go === \'function\' && go({"error": "10.0.0.5"});',
    ],
)
def test_json_is_known_behind_what_guards_it(text):
    assert counts(text) == [True]


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ('{"error": {"message": "10.0.0.5"}}', True),
        ('{"errors": [{"message": "10.0.0.5"}]}', True),
        ('{"lastError": "10.0.0.5"}', True),
        ('{"error": null, "address": "10.0.0.5"}', False),
        ('{"errors": [], "address": "10.0.0.5"}', False),
        ('{"error": "", "address": "10.0.0.5"}', False),
        ('{"default": "10.0.0.5"}', False),
    ],
)
def test_json_within_json_tells_of_a_failure_too(inner, told):
    assert counts(json.dumps({"body": inner, "address": "10.0.0.5"})) == [told, False]
    assert counts(json.dumps({"a": json.dumps({"b": inner})})) == [told]


XML = Reading(200, "application/xml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<Error><Message>10.0.0.5</Message></Error>", [True]),
        ('<r><error message="10.0.0.5"/><at>10.0.0.5</at></r>', [True, False]),
        ("<s:Fault><Fault>10.0.0.5</Fault><a>10.0.0.5</a></s:Fault>", [True, True]),
        ("<r><fault><fault>1</fault>10.0.0.5</fault>10.0.0.5</r>", [True, False]),
        ('<answer status="error"><a>10.0.0.5</a></answer>', [True]),
        ("<soap:Fault>10.0.0.5", [True]),
        ("<r><default>10.0.0.5</default></r>", [False]),
        ("<r><at>10.0.0.5</at><error>gone</error></r>", [False]),
    ],
)
def test_in_an_element_that_is_named_a_failure_they_count(text, told):
    assert counts(text, XML) == told
    assert counts(text, Reading(200, "text/html")) == [False] * len(told)


EVENTS = Reading(200, "text/event-stream")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("event: error\ndata: 10.0.0.5\n\ndata: 10.0.0.5\n\n", [True, False]),
        ("data: 10.0.0.5\r\n\r\nevent: job.failed\r\ndata: 10.0.0.5\r\n\r\n", [False, True]),
        ('data: {"a": "10.0.0.5"}\n\ndata: {"error": "10.0.0.5"}\n\n', [False, True]),
        ('data: {"error": ["10.0.0.5", "10.0.0.5"], "a": "10.0.0.5"}\n\n', [True, True, False]),
        ("id: 10.0.0.5\n: 10.0.0.5\n\n", [False, False]),
    ],
)
def test_in_an_event_that_is_named_a_failure_they_count(text, told):
    assert counts(text, EVENTS) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("error=a&error_description=at+10.0.0.5&at=10.0.0.5", [True, False]),
        ("default=10.0.0.5&error_uri", [False]),
    ],
)
def test_in_a_field_of_a_form_that_is_named_a_failure_they_count(text, told):
    assert counts(text, Reading(200, "application/x-www-form-urlencoded")) == told


def test_of_a_piece_of_a_stream_nothing_is_known():
    assert counts('{"error": "10.0.0.5"}', Reading(200, kind="piece")) == [False]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("X-Error: 10.0.0.5", True),
        ("x-upstream:10.0.0.5", True),
        ("10.0.0.5", True),
        ("X-Forwarded-For: 10.0.0.5", False),
        ("Access-Control-Allow-Origin: http://10.0.0.5", False),
        ("Set-Cookie: at=10.0.0.5", False),
        ("Set-Cookie: a=%22at%22%3A10.0.0.5", False),
        ("Set-Cookie: error_message=10.0.0.5; Path=/", True),
        ("set-cookie: flash=%7B%22last_error%22%3A%2210.0.0.5%22%7D", True),
    ],
)
def test_in_a_header_they_count_where_it_carries_no_data(field, told):
    assert counts(field, Reading(200, kind="header")) == [told]


def strings_of(text, reading=GOOD):
    """The strings around each place of the letter `x`."""
    data = text.encode()
    surroundings = Surroundings(data, reading)
    spans = [surroundings.string_of(at) for at in range(len(data)) if data[at] == ord("x")]
    return [data[start:end].decode() for start, end in spans]


def test_the_string_around_a_place_is_that_of_json():
    assert strings_of('{"a": "1 x", "b x": ["2 x\\"", "3"]}') == ['"1 x"', '"b x"', '"2 x\\""']


def test_outside_of_json_it_is_the_line():
    assert strings_of("a\nb x b\nx\nc") == ["b x b", "x"]


def test_of_a_long_line_it_is_what_is_near():
    (near,) = strings_of("a" * 1000 + "x" + "b" * 1000)
    assert near == "a" * 400 + "x" + "b" * 399


def test_a_place_between_the_strings_of_json_lies_in_its_line():
    assert strings_of('{"a":\n x,\n"b": 1}') == [" x,"]


def test_a_path_that_fails_does_so_all_the_way_down():
    depth = 20_000
    assert counts('{"a":{"error":' + '{"b":' * depth + '"10.0.0.5"') == [True]
    assert counts('{"error":1,"a":' + '{"b":' * depth + '"10.0.0.5"') == [False]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ('{"__type": "EntityNotFoundException", "message": "There is none"}', False),
        ('{"__type":"ConstraintViolationException"}', False),
        ('{"__type": "com.acme.shop#EntityNotFoundException"}', True),
        ('{"type": "EntityNotFoundException"}', True),
        ('{"__type": "NotFound", "message": "EntityNotFoundException: Tax"}', True),
    ],
)
def test_a_code_that_a_cloud_declares_is_no_name_of_a_class(text, counts):
    found = default_scanner().scan(text, Reading(400, "application/json"))
    assert any("Exception" in text[each.start : each.end] for each in found) is counts
