from __future__ import annotations

import re
import subprocess
import sys
import urllib.request

import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.archive import Archive
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import open_store
from tightlip.incidents.exposition import listen
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.metrics import INCIDENTS, MOST_LABELS, OTHER, Counts
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.sink import open_sink


@pytest.fixture
def directory(tmp_path):
    directory = PrivateDirectory(tmp_path / "private")
    directory.make()
    return directory


def occurrence(code="SOLD_OUT", status=409, route="/orders/{order}", **more):
    request = Request("GET", "/orders/planted", route=route)
    return Occurrence(new_reference(), request, ValueError("planted"), status, code, b"{}", **more)


def scraped(directory):
    """Return what Prometheus would get, by a real request: each sample by its name and labels."""
    server, thread = listen(directory, "127.0.0.1", 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
            text = answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "planted" not in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}, text


def test_prometheus_gets_what_was_recorded(directory, receiver):
    receiver.answers = [400]
    sink = open_sink(("webhook", {"url": receiver.url}))
    archive = Archive(directory)
    recorder = Recorder([sink], archive=archive)
    for _ in range(3):
        assert recorder.record(occurrence())
    assert recorder.record(
        occurrence(
            "X",
            500,
            None,
            withheld=(Withheld("detail", "planted", "no literal"),) * 2,
            facts={"categories": ("stack_trace", "stack_trace", "credential")},
        )
    )
    receiver.wait(4)
    archive.close()
    samples, text = scraped(directory)
    orders = '{code="SOLD_OUT",route="/orders/{order}",status_class="4xx"}'
    assert samples[f"tightlip_incidents_total{orders}"] == 3
    assert samples['tightlip_incidents_total{code="X",route="",status_class="5xx"}'] == 1
    # A process counts for all of its archives, and other tests count too.
    assert samples["tightlip_withheld_total"] >= 2
    assert samples['tightlip_findings_total{category="stack_trace"}'] >= 2
    assert samples['tightlip_findings_total{category="credential"}'] >= 1
    assert samples["tightlip_spool_bytes"] == 0
    assert samples["tightlip_drain_lag_seconds"] == 0
    name = f'{{sink="{sink.outlet.name}"}}'
    assert samples[f"tightlip_sink_queue{name}"] == 0
    assert samples[f"tightlip_sink_delivered_total{name}"] == 3
    assert samples[f"tightlip_sink_dropped_total{name}"] == 1
    assert samples["tightlip_recording_duration_seconds_count"] >= 4
    assert samples['tightlip_recording_duration_seconds_bucket{le="+Inf"}'] >= 4
    assert samples["tightlip_recording_duration_seconds_sum"] > 0
    assert len(re.findall("^# HELP ", text, re.MULTILINE)) == 9
    assert (
        len(re.findall("^# TYPE tightlip_.* (counter|gauge|histogram)$", text, re.MULTILINE)) == 9
    )


def test_what_no_process_has_drained_is_seen_to_wait(directory):
    archive = Archive(directory)
    archive._wake = lambda: None  # as if it had just been killed
    Recorder([], archive=archive).record(occurrence())
    samples, _ = scraped(directory)
    assert samples["tightlip_spool_bytes"] > 100
    assert samples["tightlip_drain_lag_seconds"] > 0
    assert not any(name.startswith("tightlip_incidents_total") for name in samples)


def test_labels_are_bounded_however_many_routes_there_are(directory):
    counts = Counts()
    with open_store(directory, print) as store:
        for number in range(MOST_LABELS + 20):
            counts.recorded(occurrence(route=f"/{number}"), 0.001)
            store.add_totals({(INCIDENTS, ("X", "5xx", f"/{number}")): 1})
        totals = store.totals()
    for figures in totals, counts.read():
        incidents = {labels: n for (name, labels), n in figures.items() if name == INCIDENTS}
        assert len(incidents) <= MOST_LABELS + 1
        assert sum(incidents.values()) == MOST_LABELS + 20
        assert sum(n for labels, n in incidents.items() if labels[-1] == OTHER) >= 20


IN_AN_APPLICATION = """
import json, sys
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from tightlip.exchange import Request
from tightlip.incidents.archive import archive_at
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder

recorder = Recorder([], archive=archive_at(PrivateDirectory(sys.argv[1])))
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))  # after the shield
request = Request("GET", "/orders/planted", route="/orders/{order}")
for reference in "K7Q29FMX4D1T", "K7Q29FMX4D1V":
    recorder.record(Occurrence(reference, request, ValueError("planted"), 409, "SOLD_OUT", b"{}"))
print(reader.get_metrics_data().to_json())
"""


def test_an_applications_own_opentelemetry_gets_them_too(directory):
    import json

    done = subprocess.run(
        [sys.executable, "-c", IN_AN_APPLICATION, str(directory.path)],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert b"planted" not in done.stdout
    (resource,) = json.loads(done.stdout)["resource_metrics"]
    (scope,) = resource["scope_metrics"]
    assert scope["scope"]["name"] == "tightlip"
    found = {metric["name"]: metric for metric in scope["metrics"]}
    (point,) = found["tightlip.incidents"]["data"]["data_points"]
    assert point["value"] == 2
    assert point["attributes"] == {
        "code": "SOLD_OUT",
        "status_class": "4xx",
        "route": "/orders/{order}",
    }
    (duration,) = found["tightlip.recording.duration"]["data"]["data_points"]
    assert duration["count"] == 2


def test_without_opentelemetry_nothing_of_it_is_loaded():
    program = (
        "import sys\n"
        "from tightlip.incidents.recorder import Recorder\n"
        "Recorder([])\n"
        "assert not [name for name in sys.modules if name.startswith(('opentelemetry', 'prom'))]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
