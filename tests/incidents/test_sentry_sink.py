from __future__ import annotations

import gzip
import logging
import sys
import time

import brotli
import pytest
import sentry_sdk
from flask import Flask
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

import tightlip
from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents import delivery, standard_error
from tightlip.incidents.sink import open_sink


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(standard_error, "write_line", lines.append)
    return lines


@pytest.fixture
def dsn(receiver):
    return f"{receiver.url.replace('://', '://key@')}/42"


def opened(dsn, **options):
    sink = open_sink(("sentry", {"dsn": dsn, **options}))
    sink.delivery._first_pause = 0.01
    return sink


def events(receiver):
    """The error events that have come, as Sentry's own envelope reads them."""
    found = []
    for path, headers, body in receiver.requests:
        assert path == "/api/42/envelope/"
        assert "sentry_key=key" in headers["X-Sentry-Auth"]
        unpack = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}
        data = unpack[headers["Content-Encoding"]](body)
        found += [
            item.payload.json
            for item in Envelope.deserialize(data).items
            if item.headers["type"] == "event"
        ]
    return found


def failing():
    local = "planted"
    try:
        raise KeyError("planted")
    except KeyError as error:
        raise ValueError("planted\ud800\x00", local) from error


def full(record, raised):
    return record(
        raised(failing),
        code="CONFLICT",
        request=Request(
            "GET",
            "/planted",
            query=b"planted",
            headers=((b"x-a", b"planted"),),
            route="/items/{id}",
        ),
        withheld=(Withheld("detail", "planted", "no literal", "shop.py:7", "class Sold: ..."),),
        facts={"db.constraint.name": "users_email_key"},
    )


def test_an_incident_arrives_as_an_event_of_our_group_with_its_reference(
    receiver, dsn, record, raised
):
    sink = opened(dsn)
    incident = full(record, raised)
    sink.send(incident)
    sink.close()
    (event,) = events(receiver)
    assert event["fingerprint"] == [incident.fingerprint]
    assert event["level"] == "error"
    assert event["transaction"] == "/items/{id}"
    assert event["timestamp"] == incident["time"]
    assert event["tags"] == {
        "tightlip.reference": incident.reference,
        "tightlip.fingerprint": incident.fingerprint,
        "error.code": "CONFLICT",
        "http.request.method": "GET",
        "http.response.status_code": "500",
    }
    assert event["contexts"]["tightlip"]["facts"] == {"db.constraint.name": "users_email_key"}
    assert event["contexts"]["tightlip"]["withheld"][0]["advice"] == "class Sold: ..."
    cause, error = event["exception"]["values"]
    assert (cause["type"], error["type"]) == ("KeyError", "ValueError")
    assert cause["mechanism"]["parent_id"] == error["mechanism"]["exception_id"]
    assert error["stacktrace"]["frames"][-1]["function"] == "failing"
    assert error["stacktrace"]["frames"][-1]["in_app"]
    assert b"planted" not in receiver.requests[0][2]


def test_the_closed_part_goes_there_only_if_that_is_asked_for(receiver, dsn, record, raised):
    sink = opened(dsn, closed=True)
    incident = full(record, raised)
    sink.send(incident)
    sink.close()
    (event,) = events(receiver)
    error = event["exception"]["values"][-1]
    assert error["value"] == incident["exception.message"]
    assert error["stacktrace"]["frames"][-1]["vars"]["local"] == "planted"
    assert "raise ValueError" in error["stacktrace"]["frames"][-1]["context_line"]
    assert event["request"]["headers"] == [["x-a", "planted"]]


def test_what_has_no_exception_is_a_message(receiver, dsn, record):
    sink = opened(dsn)
    sink.send(record(status=409, code="CONFLICT", event="http.server.response.withheld"))
    sink.close()
    (event,) = events(receiver)
    assert event["logentry"] == {"formatted": "http.server.response.withheld: CONFLICT"}
    assert event["level"] == "warning"


def test_what_is_sent_again_is_the_same_event(receiver, dsn, record, told):
    receiver.answers = [502]
    sink = opened(dsn)
    sink.send(record(ValueError()))
    sink.close()
    first, second = events(receiver)
    assert first["event_id"] == second["event_id"]
    assert sink.delivery.delivered == 1


@pytest.fixture
def initialised(dsn):
    """The application's own use of the SDK, for the length of a test."""
    before = sentry_sdk.get_global_scope().client
    sentry_sdk.init(
        dsn,
        release="shop@7",
        environment="staging",
        default_integrations=False,
        integrations=[FlaskIntegration(), LoggingIntegration(sentry_logs_level=None)],
        auto_enabling_integrations=False,
    )
    client = sentry_sdk.get_client()
    yield client
    client.close()
    sentry_sdk.get_global_scope().set_client(before)


def application():
    app = Flask("shop")

    @app.get("/fails")
    def fails():
        raise ValueError("planted")

    @app.get("/captures")
    def captures():
        try:
            raise KeyError("of its own")
        except KeyError as error:
            sentry_sdk.capture_exception(error)
        return "ok"

    return app


def test_an_exception_is_told_once_and_by_us(receiver, initialised, tmp_path, logger):
    logger.parent.addHandler(logging.NullHandler())
    sink = open_sink("sentry")
    app = tightlip.Shield(sinks=["logging", sink], directory=tmp_path)(application())
    answer = app.test_client().get("/fails")
    assert answer.status_code == 500
    initialised.flush()
    with receiver.changed:
        assert receiver.changed.wait_for(lambda: events(receiver), 60)
    sink.close()
    (event,) = events(receiver)
    assert event["tags"]["tightlip.reference"] == answer.headers["x-error-reference"]
    assert (event["release"], event["environment"]) == ("shop@7", "staging")
    assert b"planted" not in receiver.requests[0][2]


def test_what_the_application_captures_and_what_has_no_shield_is_sent_as_ever(
    receiver, initialised, tmp_path
):
    sink = open_sink("sentry")
    shielded = tightlip.Shield(sinks=[sink], directory=tmp_path)(application())
    assert shielded.test_client().get("/captures").data == b"ok"
    assert application().test_client().get("/fails").status_code == 500
    initialised.flush()
    sink.close()
    types = {event["exception"]["values"][-1]["type"] for event in events(receiver)}
    assert types == {"KeyError", "ValueError"}


def test_what_other_sinks_of_ours_log_is_no_event(receiver, dsn, initialised):
    opened(dsn)
    logging.getLogger("tightlip").error("planted")
    logging.getLogger("shop").error("its own")
    initialised.flush()
    assert [event["logger"] for event in events(receiver)] == ["shop"]


def test_without_an_address_incidents_wait_for_one(record, told, monkeypatch):
    monkeypatch.delenv("SENTRY_DSN", raising=False)
    sink = open_sink("sentry")
    sink.send(record(ValueError()))
    while not told:
        time.sleep(0.005)
    assert "NoAddressError" in told[0]
    monkeypatch.setattr(delivery, "_LAST_WAIT", 0.0)
    sink.close()
    assert sink.delivery.dropped == {"not_sent_at_exit": 1}


def test_wrong_options_are_refused_with_what_to_give_and_without_the_key():
    with pytest.raises(ValueError, match="copy it from the project's settings") as refused:
        open_sink(("sentry", {"dsn": "https://planted"}))
    assert "planted" not in str(refused.value)
    with pytest.raises(ValueError, match="give True or False"):
        open_sink(("sentry", {"closed": "yes"}))
    with pytest.raises(ValueError, match="no option 'key'"):
        open_sink(("sentry", {"key": ""}))


def test_a_missing_library_is_told_with_the_command_to_run(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk.utils", None)
    with pytest.raises(ImportError, match=r"pip install 'tightlip\[sentry\]'"):
        open_sink("sentry")
