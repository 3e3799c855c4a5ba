"""What arrives at a collector, by HTTP and by gRPC, and whether example and documents name it."""

from __future__ import annotations

import gzip
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
import yaml
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExportResult, SimpleLogRecordProcessor

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.sink import open_sink

ROOT = Path(__file__).parents[2]
FACTS = ("db.", "network.")


class Service(logs_service_pb2_grpc.LogsServiceServicer):
    """A receiver of OTLP over gRPC."""

    def __init__(self):
        self.requests = []

    def Export(self, request, context):  # noqa: N802 - as the definition has it
        self.requests.append(request)
        return logs_service_pb2.ExportLogsServiceResponse()


@pytest.fixture
def service():
    service = Service()
    server = grpc.server(ThreadPoolExecutor(1))
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        service.stub = logs_service_pb2_grpc.LogsServiceStub(channel)
        yield service
    server.stop(None).wait()


class GrpcExporter:
    """What an application would install as its exporter: it speaks to the receiver."""

    def __init__(self, stub):
        self.stub = stub

    def export(self, batch):
        self.stub.Export(encode_logs(batch))
        return LogRecordExportResult.SUCCESS

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=0):
        return True


def failing():
    raise KeyError("planted")


@pytest.fixture
def incident(record, raised):
    return record(
        raised(failing),
        code="CONFLICT",
        status=409,
        answer=b'{"error":{}}',
        request=Request("GET", "/planted", query=b"planted", route="/items/{id}"),
        withheld=(Withheld("detail", "planted", "no literal", "shop.py:7", "class Sold: ..."),),
        facts={"db.constraint.name": "users_email_key", "db.columns": ("email", "tenant")},
    )


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    return getattr(value, kind)


def record_in(request):
    (resource,) = request.resource_logs
    (scope,) = resource.scope_logs
    (found,) = scope.log_records
    return found, {pair.key: value_of(pair.value) for pair in found.attributes}


@pytest.fixture
def over_http(receiver, incident):
    sink = open_sink(("opentelemetry", {"endpoint": f"{receiver.url}/v1/logs"}))
    sink.send(incident)
    sink.close()
    ((_, headers, body),) = receiver.requests
    data = gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
    return record_in(logs_service_pb2.ExportLogsServiceRequest.FromString(data))


@pytest.fixture
def over_grpc(service, incident):
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(GrpcExporter(service.stub)))
    sink = open_sink(("opentelemetry", {"provider": provider}))
    sink.send(incident)
    sink.close()
    provider.shutdown()
    (request,) = service.requests
    return record_in(request)


def test_the_same_arrives_by_http_and_by_grpc(over_http, over_grpc, incident):
    (first, attributes), (second, others) = over_http, over_grpc
    assert attributes == others
    assert attributes["log.record.uid"] == incident.reference
    for name in ("time_unix_nano", "severity_number", "severity_text", "body", "event_name"):
        assert getattr(first, name) == getattr(second, name), name
    assert "planted" not in str(first)


def test_the_documents_name_each_attribute_and_no_other(over_http):
    _, attributes = over_http
    section = (ROOT / "docs/sinks.md").read_text(encoding="utf-8").partition("## A collector")[2]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    assert named == {name for name in attributes if not name.startswith(FACTS)}
    assert any(name.startswith(FACTS) for name in attributes)


def test_the_example_is_whole_and_names_what_arrives(over_http):
    _, attributes = over_http
    text = (ROOT / "examples/collector.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    assert set(config) == {"receivers", "processors", "exporters", "service"}
    pipelines = config["service"]["pipelines"]
    assert set(pipelines) == {"logs"}  # incidents are log records
    for kind in ("receivers", "processors", "exporters"):
        assert set(pipelines["logs"][kind]) == set(config[kind])
    for field in config["processors"]["logdedup"]["include_fields"]:
        part, _, name = field.partition(".")
        assert part == "attributes"
        assert name.replace("\\.", ".") in attributes
    for name in re.findall(r"`([\w]+(?:\.[\w]+)+)`", text):
        assert name in attributes
    protocols = config["receivers"]["otlp"]["protocols"]
    assert {name: each["endpoint"].rpartition(":")[2] for name, each in protocols.items()} == {
        "http": "4318",
        "grpc": "4317",
    }
    assert all(each["endpoint"].startswith("127.0.0.1:") for each in protocols.values())
    told = (ROOT / "docs/sinks.md").read_text(encoding="utf-8").lower()
    for exporter in config["exporters"]:
        assert exporter.rpartition("/")[2] in told
