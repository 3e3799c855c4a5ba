from __future__ import annotations

import base64
import hmac
import json
import threading
import time

import pytest

from tightlip.exchange import Request
from tightlip.incidents import standard_error
from tightlip.incidents.sink import open_sink

HOSTILE = "a\nFORGED line\r\x1b[2J\ud800\u202e\x00"


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(standard_error, "write_line", lines.append)
    return lines


def opened(receiver, **options):
    sink = open_sink(("webhook", {"url": f"{receiver.url}/hook?to=us", **options}))
    sink.delivery._first_pause = 0.01
    return sink


def test_each_incident_is_one_post_of_its_open_part(receiver, record):
    sink = opened(receiver, headers={"Authorization": "Bearer t"})
    request = Request("GET", "/x", headers=((b"x-planted", HOSTILE.encode("utf-8", "replace")),))
    incidents = [record(ValueError("planted " + HOSTILE), request=request) for _ in range(2)]
    for incident in incidents:
        sink.send(incident)
    sink.close()
    assert len(receiver.requests) == 2
    for incident, (path, headers, body) in zip(incidents, receiver.requests, strict=True):
        document = json.loads(body)
        assert path == "/hook?to=us"
        assert headers["Content-Type"] == "application/json"
        assert headers["Authorization"] == "Bearer t"
        assert headers["Idempotency-Key"] == f'"{incident.reference}"'
        assert document["reference"] == incident.reference
        assert document["exceptions"][0]["exception.type"] == "ValueError"
        assert b"planted" not in body
        assert body.isascii()
        assert b"\n" not in body


SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def test_a_receiver_can_prove_who_has_posted(receiver, record):
    sink = opened(receiver, secret=SECRET)
    incident = record(ValueError())
    sink.send(incident)
    sink.close()
    ((_, headers, body),) = receiver.requests
    assert headers["webhook-id"] == incident.reference
    told = f"{incident.reference}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"k" * 32, told, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_closed_part_goes_there_only_if_that_is_asked_for(receiver, record):
    sink = opened(receiver, closed=True)
    incident = record(ValueError("planted " + HOSTILE))
    sink.send(incident)
    sink.close()
    assert json.loads(receiver.requests[0][2]) == incident.as_dict()


def test_a_receiver_that_is_down_and_comes_back_gets_all(receiver, record, told):
    sink = opened(receiver)
    receiver.stop()
    incidents = [record(ValueError()) for _ in range(3)]
    for incident in incidents:
        sink.send(incident)
    while not told:
        time.sleep(0.005)
    assert "the sink webhook fails with ConnectionRefusedError" in told[0]
    receiver.start()
    received = {json.loads(body)["reference"] for _, _, body in receiver.wait(3)}
    assert received == {incident.reference for incident in incidents}
    sink.close()
    assert sink.delivery.delivered == 3


def test_a_receiver_that_hangs_is_left_and_asked_again_with_the_same_key(receiver, record, told):
    goes_on = threading.Event()
    receiver.answers = [lambda handler: goes_on.wait(10)]
    sink = opened(receiver, timeout=0.05)
    sink.send(record(ValueError()))
    (_, first, _), (_, second, _) = receiver.wait(2)
    goes_on.set()
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    sink.close()
    assert sink.delivery.delivered == 1
    assert "TimeoutError" in told[0]


def redirect(handler):
    handler.send_response(307)
    handler.send_header("Location", "http://127.0.0.1:1/elsewhere")
    handler.end_headers()


def garbage(handler):
    handler.wfile.write(b"\x00\xffSSH-2.0\r\n\r\n")


def early_end(handler):
    handler.close_connection = True


@pytest.mark.parametrize("answer", [500, 503, 401, 404, redirect, garbage, early_end])
def test_what_may_be_mended_is_tried_again(receiver, record, told, answer):
    receiver.answers = [answer]
    sink = opened(receiver)
    sink.send(record(ValueError()))
    receiver.wait(2)
    sink.close()
    assert sink.delivery.delivered == 1
    assert not +sink.delivery.dropped
    assert receiver.url not in "".join(told)


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_what_the_receiver_will_never_take_is_dropped_and_told(receiver, record, told, status):
    receiver.answers = [status]
    sink = opened(receiver)
    sink.send(record(ValueError()))
    sink.close()
    assert len(receiver.requests) == 1
    assert sink.delivery.dropped == {"refused": 1}
    assert f"the receiver answered with status {status}" in told[0]


def test_a_receiver_that_names_a_time_is_left_alone_until_then(receiver, record, told):
    def later(handler):
        handler.send_response(429)
        handler.send_header("Retry-After", "17")
        handler.end_headers()

    receiver.answers = [later]
    sink = opened(receiver)
    waited = []
    sink.delivery._rest = waited.append
    sink.send(record(ValueError()))
    receiver.wait(2)
    sink.close()
    assert waited == [17]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs the option url"),
        ({"url": 3}, "begins with http:// or https://"),
        ({"url": "ftp://planted/"}, "begins with http:// or https://"),
        ({"url": "https://"}, "begins with http:// or https://"),
        ({"url": "https://h:99999999/"}, "begins with http:// or https://"),
        ({"url": "https://h/\r\nx: y"}, "begins with http:// or https://"),
        ({"url": "https://user:planted@h/"}, "give them in a header"),
        ({"url": "https://h/", "timeout": 0}, "give seconds, up to 60"),
        ({"url": "https://h/", "timeout": "10"}, "give seconds, up to 60"),
        ({"url": "https://h/", "closed": "no"}, "give True or False"),
        ({"url": "https://h/", "secret": "planted"}, "the secret is too short"),
        ({"url": "https://h/", "secret": "whsec_planted!"}, "the secret is base64"),
        ({"url": "https://h/", "headers": ["a"]}, "headers are a mapping"),
        ({"url": "https://h/", "headers": {"Host": "x"}}, "a header 'Host' cannot be sent"),
        ({"url": "https://h/", "headers": {"a b": "x"}}, "a header 'a b' cannot be sent"),
        ({"url": "https://h/", "headers": {"a": "planted\r\nb: c"}}, "this value of the header"),
        ({"url": "https://h/", "adress": ""}, "no option 'adress'"),
    ],
)
def test_wrong_options_are_refused_with_what_to_give_and_without_their_secrets(options, words):
    with pytest.raises(ValueError, match=words) as refused:
        open_sink(("webhook", options))
    assert "planted" not in str(refused.value)
