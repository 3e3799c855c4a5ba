"""What a client gets while the record has troubles of its own."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tightlip import Shield
from tightlip.cli.incidents import command
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.sinks.memory import MemorySink


async def application(scope, receive, send):
    raise ValueError("secret")


@pytest.fixture
def ask(exchange):
    def call(directory, sinks=()):
        return exchange(Shield(directory=directory, sinks=sinks)(application))

    return call


def test_where_nothing_can_be_kept_the_answer_is_the_same_but_for_the_reference(
    ask, directory, tmp_path, capfd
):
    (tmp_path / "file").touch()
    kept = ask(directory.path)
    reference = kept.headers[b"x-error-reference"].decode()
    capfd.readouterr()
    for lost in (ask(tmp_path / "file"), ask(tmp_path / "file" / "below")):
        assert lost.status == kept.status == 500
        assert lost.body == kept.body.replace(b',"reference":"%s"' % reference.encode(), b"")
        assert "reference" not in json.loads(lost.body)["error"]
        assert {*kept.headers} - {*lost.headers} == {b"x-error-reference"}
        assert b"secret" not in lost.everything
    written = capfd.readouterr().err.splitlines()
    records = [json.loads(line) for line in written if line.startswith("{")]
    assert [record["exception.message"] for record in records] == ["secret", "secret"]


def test_without_a_directory_a_sink_is_what_a_reference_stands_for(ask, exchange):
    sink = MemorySink()
    answer = ask(None, [sink])
    assert sink.find(answer.headers[b"x-error-reference"].decode()) is not None


def test_a_store_that_somebody_holds_keeps_no_client_waiting(ask, directory):
    references = [ask(directory.path).headers[b"x-error-reference"].decode()]
    with open_store(directory, print) as store:
        drain(directory, store)
        with store.database.transaction():
            references.append(ask(directory.path).headers[b"x-error-reference"].decode())
        drain(directory, store)
        assert [store.find(reference)["exception.message"] for reference in references] == [
            "secret",
            "secret",
        ]


def test_a_damaged_store_keeps_no_client_waiting(ask, directory, capfd):
    directory.make()
    directory.store.write_bytes(b"no database" * 1000)
    reference = ask(directory.path).headers[b"x-error-reference"].decode()
    with open_store(directory, print) as store:
        drain(directory, store)
        assert store.find(reference)["exception.message"] == "secret"


def test_a_clock_that_goes_back_loses_nothing(ask, directory, monkeypatch):
    references = []
    for year in ("2026", "1999"):
        monkeypatch.setattr(
            "tightlip.incidents.capture.now", lambda year=year: f"{year}-05-01T12:00:00.000000Z"
        )
        references.append(ask(directory.path).headers[b"x-error-reference"].decode())
    with open_store(directory, print) as store:
        drain(directory, store)
        assert [store.find(reference)["time"][:4] for reference in references] == ["2026", "1999"]
        (fault,) = store.faults()
        assert fault.first_time.startswith("1999")
        assert fault.last_time.startswith("2026")


def test_source_lines_can_be_left_out(exchange, directory):
    line = 'raise ValueError("secret")'
    kept, sink = MemorySink(), MemorySink()
    for settings, each in (({}, kept), ({"source_lines": False}, sink)):
        shield = Shield(directory=directory.path, sinks=[each], **settings)
        assert exchange(shield(application)).status == 500
    with_source, without = kept.incidents[0], sink.incidents[0]
    assert line in [frame["source"] for frame in with_source["exceptions"][0]["frames"]]
    assert not any("source" in frame for frame in without["exceptions"][0]["frames"])
    assert with_source.fingerprint == without.fingerprint
    with open_store(directory, print) as store:
        drain(directory, store)
        found = store.find(without.reference)
    assert found.as_dict() == without.as_dict()
    assert 'raise ValueError(\\"secret' not in without.as_json()
    text = CliRunner().invoke(
        command, ["--directory", str(directory.path), "show", without.reference]
    )
    assert text.exit_code == 0
    assert "ValueError: secret" in text.output
    assert line not in text.output
