from __future__ import annotations

import json

import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.archive import Archive
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.sinks.memory import MemorySink


@pytest.fixture
def archive(directory):
    archive = Archive(directory)
    yield archive
    archive.close()


@pytest.fixture
def sink():
    return MemorySink()


@pytest.fixture
def recorder(archive, sink):
    return Recorder([sink], archive=archive, service_name="shop")


def occurrence(exception=None, number=0, **more):
    request = Request("GET", f"/orders/{number}", route="/orders/{order_id}")
    return Occurrence(
        new_reference(), request, exception, 500, "INTERNAL_SERVER_ERROR", b"{}", **more
    )


def fail(number):
    raise ValueError(f"order {number}")


@pytest.fixture
def storm(recorder, raised):
    """Record a fault many times; return the occurrences."""

    def call(times, function=fail, **more):
        made = [occurrence(raised(lambda n=n: function(n)), n, **more) for n in range(times)]
        assert all(recorder.record(each) for each in made)
        return [each.reference for each in made]

    return call


@pytest.fixture
def found(directory):
    """Find incidents by their references, after a drain."""

    def find(references):
        with open_store(directory, print) as store:
            drain(directory, store)
            return [store.find(reference) for reference in references]

    return find


def test_in_a_storm_every_reference_leads_to_its_own_time_and_to_the_nearest_report(storm, found):
    references = storm(40)
    incidents = found(references)
    assert [incident.reference for incident in incidents] == references
    full = [index for index, incident in enumerate(incidents) if "exceptions" in incident]
    assert full == [*range(10), 15, 31]
    assert len({incident.fingerprint for incident in incidents}) == 1
    assert len({incident["time"] for incident in incidents}) == 40
    for index in (10, 14, 16, 30, 39):
        incident = incidents[index]
        nearest = max(number for number in full if number < index)
        assert incident["nearest_report"] == references[nearest]
        assert incident["http.route"] == "/orders/{order_id}"
        assert incident["http.response.status_code"] == 500
        assert incident["exception.type"] == "ValueError"
        assert incident["code.function.name"] == "fail"
        assert incident["service.name"] == "shop"


def test_a_summary_has_the_same_of_its_keys_as_a_report(storm, found):
    first, *_, last = found(storm(11))
    assert first.keys() > last.keys() - {"nearest_report"}
    differing = {key for key in last.keys() & first.keys() if last[key] != first[key]}
    assert differing == {"reference", "time"}


def test_no_value_is_in_a_summary(storm, found):
    *_, last = found(storm(11))
    assert "order 10" not in last.as_json()
    assert "/orders/10" not in last.as_json()


def test_counts_are_exact_and_sinks_get_each_of_them(storm, recorder, directory, sink):
    references = storm(100)
    with open_store(directory, print) as store:
        drain(directory, store)
        (fault,) = store.faults()
        assert fault.incidents == 100
        assert store.kept().reports == 13
    assert [incident.reference for incident in sink.incidents] == references
    assert recorder.reduced == {"fault": 87}


def test_a_first_of_its_kind_is_kept_in_full_in_the_midst_of_a_storm(storm, found):
    storm(50)
    (other,) = found(storm(1, lambda number: {}[number]))
    assert other["exceptions"][0]["exception.type"] == "KeyError"


def test_what_an_author_grouped_otherwise_is_another_fault(storm, found):
    plain = found(storm(30))
    given = found(storm(11, fingerprint="orders"))
    assert {incident.fingerprint for incident in given} == {"orders"}
    assert "exceptions" in given[9]
    assert "exceptions" not in given[10]
    assert "orders" not in {incident.fingerprint for incident in plain}


def test_withheld_words_without_an_exception_are_thinned_too(recorder, found):
    withheld = (Withheld("body", "secret", "by hand"),)
    made = [occurrence(None, n, withheld=withheld, event="e") for n in range(12)]
    assert all(recorder.record(each) for each in made)
    incidents = found([each.reference for each in made])
    assert len({incident.fingerprint for incident in incidents}) == 1
    assert ["withheld" in incident for incident in incidents] == [True] * 10 + [False] * 2
    assert incidents[11]["error.type"] == "500"


def test_where_far_too_much_waits_nothing_is_acknowledged_but_all_is_counted(
    recorder, archive, directory, sink, monkeypatch
):
    made = [occurrence(ValueError("boom")) for _ in range(26)]
    assert recorder.record(made[0])
    monkeypatch.setattr("tightlip.incidents.storms._TOO_MUCH", -1)
    assert {recorder.record(each) for each in made[1:]} == {False}
    assert len(sink) == 1
    assert recorder.reduced == {"backlog": 25}
    archive.close()
    with open_store(directory, print) as store:
        assert store.count() == 26
        assert store.kept().incidents == 1
        (fault,) = store.faults()
        assert fault.type == "ValueError"


def test_an_exception_that_cannot_be_recognised_is_kept_in_full_or_in_brief_all_the_same(
    storm, found, monkeypatch
):
    def broken(exception, walks):
        raise RecursionError

    monkeypatch.setattr("tightlip.incidents.keeping.trace_of", broken)
    incidents = found(storm(12))
    assert [incident["exception.message"] for incident in incidents[:10]] == [
        f"order {number}" for number in range(10)
    ]
    assert "exceptions" not in incidents[11]
    assert incidents[11]["nearest_report"] == incidents[9].reference
    assert "order" not in json.dumps(incidents[11].get("exception.message", ""))


@pytest.mark.parametrize("what", ["storms.Storms.measure", "keeping.brief", "archive.frame"])
def test_a_fault_of_our_own_leaves_the_incident_to_the_sinks(recorder, sink, monkeypatch, what):
    made = [occurrence(ValueError("boom")) for _ in range(12)]
    for each in made[:-1]:
        recorder.record(each)

    def broken(*arguments):
        raise MemoryError

    monkeypatch.setattr(f"tightlip.incidents.{what}", broken)
    last = made[-1] if what != "archive.frame" else occurrence(KeyError("new"))
    assert not recorder.record(last)
    assert sink.incidents[-1].reference == last.reference
    assert recorder.failures == {"archive": 1}


def test_an_occurrence_inside_a_sink_is_kept_and_goes_to_no_sink(archive, found, capfd):
    inner = occurrence(ValueError("inside"))

    class Nesting(MemorySink):
        def send(self, incident):
            super().send(incident)
            assert recorder.record(inner)

    sink = Nesting()
    recorder = Recorder([sink], archive=archive)
    assert recorder.record(occurrence(ValueError("outside")))
    assert len(sink) == 1
    (kept,) = found([inner.reference])
    assert kept["exception.message"] == "inside"
    assert capfd.readouterr().err == ""
