from __future__ import annotations

import gzip
import json
import sys

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents import standard_error
from tightlip.incidents.sink import open_sink
from tightlip.incidents.visible import visible_line

HOSTILE = "a\nFORGED line\r\x1b[2J\ud800\u202e\x00"


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(standard_error, "write_line", lines.append)
    return lines


def opened(receiver, **options):
    sink = open_sink(("opentelemetry", {"endpoint": f"{receiver.url}/v1/logs", **options}))
    sink.delivery._first_pause = 0.01
    return sink


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    return getattr(value, kind)


def attributes_of(pairs):
    return {pair.key: value_of(pair.value) for pair in pairs}


def decoded(requests):
    """The log records of OTLP requests, each with the attributes of its resource."""
    records = []
    for path, headers, body in requests:
        assert path == "/v1/logs"
        assert headers["Content-Type"] == "application/x-protobuf"
        packed = headers["Content-Encoding"] == "gzip"
        data = gzip.decompress(body) if packed else body
        for resource in ExportLogsServiceRequest.FromString(data).resource_logs:
            for scope in resource.scope_logs:
                assert scope.scope.name == "tightlip"
                records += [
                    (record, attributes_of(resource.resource.attributes))
                    for record in scope.log_records
                ]
    return records


def failing():
    try:
        raise KeyError("planted")
    except KeyError as error:
        raise ValueError("planted " + HOSTILE) from error


def full(record, raised):
    with TracerProvider().get_tracer("test").start_as_current_span("request") as span:
        incident = record(
            raised(failing),
            code="CONFLICT",
            request=Request("GET", "/planted", query=b"planted", route="/items/{id}"),
            withheld=(Withheld("detail", "planted", "no literal", "shop.py:7", "class Sold: ..."),),
            facts={"db.constraint.name": "users_email_key", "db.columns": ("email", "tenant")},
        )
    return incident, span.get_span_context()


def test_an_incident_arrives_by_otlp_under_the_names_of_the_conventions(receiver, record, raised):
    sink = opened(receiver, headers={"x-tenant": "acme"})
    incident, span = full(record, raised)
    sink.send(incident)
    sink.close()
    assert receiver.requests[0][1]["x-tenant"] == "acme"
    ((told, resource),) = decoded(receiver.requests)
    attributes = attributes_of(told.attributes)
    assert told.event_name == "http.server.request.exception"
    assert (told.severity_number, told.severity_text) == (17, "ERROR")
    assert int.from_bytes(told.trace_id, "big") == span.trace_id
    assert int.from_bytes(told.span_id, "big") == span.span_id
    assert told.time_unix_nano > 10**18
    assert told.body.string_value == (
        f"ValueError, at GET /items/{{id}}, answered CONFLICT ({incident.reference})"
    )
    assert attributes["log.record.uid"] == attributes["tightlip.reference"] == incident.reference
    assert attributes["tightlip.fingerprint"] == incident.fingerprint
    assert attributes["tightlip.error.code"] == attributes["tightlip.answer.code"] == "CONFLICT"
    assert attributes["exception.type"] == attributes["error.type"] == "ValueError"
    assert attributes["http.response.status_code"] == 500
    assert attributes["db.constraint.name"] == "users_email_key"
    assert attributes["db.columns"] == ["email", "tenant"]
    assert json.loads(attributes["tightlip.withheld"][0])["advice"] == "class Sold: ..."
    lines = attributes["exception.stacktrace"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("in failing")
    assert lines[2] == "KeyError"
    assert "The above exception was the direct cause of the following exception:" in lines
    assert lines[-1] == "ValueError"
    assert resource["host.name"] == "test"
    assert resource["process.pid"] == incident["process.pid"]
    assert b"planted" not in receiver.requests[0][2]


def test_the_closed_part_goes_there_only_if_that_is_asked_for(receiver, record, raised):
    sink = opened(receiver, closed=True)
    incident, _ = full(record, raised)
    sink.send(incident)
    sink.close()
    ((told, _),) = decoded(receiver.requests)
    attributes = attributes_of(told.attributes)
    assert attributes["exception.message"] == visible_line(incident["exception.message"])
    assert attributes["url.path"] == "/planted"
    assert "KeyError: 'planted'" in attributes["exception.stacktrace"]
    assert json.loads(attributes["tightlip.withheld"][0])["text"] == "planted"


def test_what_a_collector_did_not_take_comes_again_with_the_same_id(receiver, record, told):
    receiver.answers = [400, 400]
    sink = opened(receiver)
    incidents = [record(ValueError()) for _ in range(3)]
    for incident in incidents:
        sink.send(incident)
    sink.close()
    assert sink.delivery.delivered == 3
    arrived = [
        attributes_of(one.attributes)["log.record.uid"] for one, _ in decoded(receiver.requests)
    ]
    assert len(arrived) > 3
    assert set(arrived) == {incident.reference for incident in incidents}
    assert "the sink opentelemetry fails with" in told[0]


def test_what_was_taken_does_not_come_again(receiver, record):
    sink = opened(receiver)
    for count in (1, 2):
        sink.send(record(ValueError()))
        receiver.wait(count)
    sink.close()
    assert len(decoded(receiver.requests)) == 2


def test_a_provider_of_the_application_gets_the_records(record):
    kept = InMemoryLogRecordExporter()
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    sink = open_sink(("opentelemetry", {"provider": provider}))
    incident = record(ValueError("planted"))
    sink.send(incident)
    sink.close()
    (one,) = kept.get_finished_logs()
    assert one.log_record.attributes["log.record.uid"] == incident.reference
    assert one.log_record.trace_id == trace.INVALID_TRACE_ID
    assert "planted" not in one.to_json()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endpoint": "collector:4318"}, "begins with http:// or https://"),
        ({"headers": ["a"]}, "give a mapping"),
        ({"headers": {"a": 3}}, "give a mapping"),
        ({"provider": 3}, "give a LoggerProvider"),
        ({"closed": 1}, "give True or False"),
        ({"url": ""}, "no option 'url'"),
    ],
)
def test_wrong_options_are_refused_with_what_to_give(options, words):
    with pytest.raises(ValueError, match=words):
        open_sink(("opentelemetry", options))


def test_a_missing_library_is_told_with_the_command_to_run(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http._log_exporter", None)
    with pytest.raises(ImportError, match=r"pip install 'tightlip\[opentelemetry\]'"):
        open_sink("opentelemetry")
