from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys

import pytest

from tightlip.incidents import sinks
from tightlip.incidents.delivery import OutsideSink
from tightlip.incidents.incident import Incident
from tightlip.incidents.sink import Follower, Sink, known_sinks, open_sink
from tightlip.incidents.sinks.memory import MemorySink

KEEP = "K7Q29FMX4D1T"


def incident(reference=KEEP):
    return Incident({"reference": reference, "fingerprint": "v1:0", "severity_number": 17})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("logging", {}),
        ("structlog", {}),
        ("memory", {}),
        ("opentelemetry", {}),
        ("sentry", {}),
        ("postgresql", {"url": "postgresql://h/d"}),
        ("webhook", {"url": "https://h/"}),
    ],
)
def test_every_sink_of_ours_is_found_by_its_name(name, options):
    sink = open_sink((name, options))
    assert isinstance(sink, Sink)
    assert name in known_sinks()
    sink.close()


IN_THE_HOUSE = {"logging", "memory", "structlog"}
FED_FROM_THE_DIRECTORY = {"postgresql"}  # the store has parted the compartments already


@pytest.mark.parametrize(
    "name", sorted(module.name for module in pkgutil.iter_modules(sinks.__path__))
)
def test_every_sink_that_speaks_to_another_system_lets_delivery_decide_what_leaves(name):
    module = importlib.import_module(f"tightlip.incidents.sinks.{name}")
    (kind,) = (
        found
        for key, found in vars(module).items()
        if key.endswith("Sink") and found.__module__ == module.__name__
    )
    is_outside = name not in IN_THE_HOUSE | FED_FROM_THE_DIRECTORY
    assert issubclass(kind, OutsideSink) is is_outside
    assert issubclass(kind, Follower) is (name in FED_FROM_THE_DIRECTORY)
    if is_outside:
        assert kind.send is OutsideSink.send


def test_only_the_open_part_leaves_unless_a_sink_was_opened_for_all():
    class Elsewhere(OutsideSink):
        def __init__(self, **options):
            super().__init__("elsewhere", **options)
            self.got = []

        def deliver(self, incidents):
            self.got += incidents

    whole = Incident({**incident().as_dict(), "url.path": "/planted"})
    for options, expected in ({}, incident()), ({"closed": True}, whole):
        sink = Elsewhere(**options)
        sink.send(whole)
        sink.close()
        assert [dict(got) for got in sink.got] == [dict(expected)]


def test_a_sink_object_stands_for_itself():
    sink = MemorySink()
    assert open_sink(sink) is sink


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError,
        match="no sink 'papyrus': choose one of logging, memory, opentelemetry, postgresql, sentry, structlog, webhook",
    ):
        open_sink("papyrus")


@pytest.mark.parametrize("spec", [None, 3, MemorySink, ["memory"], ("memory", 3), object()])
def test_what_is_no_sink_is_refused_with_the_accepted_forms(spec):
    with pytest.raises(TypeError, match="is no sink: give the name of one"):
        open_sink(spec)


def test_an_unknown_option_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="the sink 'memory' has no option 'size': it takes limit"):
        open_sink(("memory", {"size": 3}))
    with pytest.raises(ValueError, match="the sink 'logging' has no option 'level': it takes none"):
        open_sink(("logging", {"level": 3}))


@pytest.mark.parametrize("limit", [0, -1, "10", True, None, 2.5])
def test_a_limit_that_is_no_positive_whole_number_is_refused(limit):
    with pytest.raises(ValueError, match="give a whole number from 1"):
        open_sink(("memory", {"limit": limit}))


def test_the_memory_sink_holds_the_last_incidents_and_finds_them():
    sink = open_sink(("memory", {"limit": 3}))
    made = [incident(f"REFERENCE{number:03}") for number in range(5)]
    for each in made:
        sink.send(each)
    assert sink.incidents == tuple(made[2:])
    assert sink.find("REFERENCE004") is made[4]
    assert sink.find("REFERENCE000") is None
    assert len(sink) == 3
    sink.clear()
    assert sink.incidents == ()


def test_the_default_follows_what_the_application_has_set_up_when_an_incident_comes():
    code = """
import sys
from tightlip.incidents import sinks
from tightlip.incidents.delivery import OutsideSink
from tightlip.incidents.incident import Incident
from tightlip.incidents.sink import default_sinks
sink, = default_sinks()
incident = Incident({"reference": "K7Q29FMX4D1T", "fingerprint": "v1:0", "severity_number": 17})
sink.send(incident)
assert "structlog" not in sys.modules
import structlog
sink.send(incident)
structlog.configure(processors=[structlog.processors.JSONRenderer()])
sink.send(incident)
sink.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = '{"reference":"K7Q29FMX4D1T","fingerprint":"v1:0","severity_number":17}\n'
    assert done.stderr == line * 2
    assert done.stdout.startswith('{"reference": "K7Q29FMX4D1T"')
    assert '"event": "incident"' in done.stdout


def test_an_installed_sink_is_found_by_its_entry_point(tmp_path):
    (tmp_path / "papyrus.py").write_text(
        "class Papyrus:\n    def send(self, incident): print('sent', incident.reference)\n    def close(self): ...\n"
        "def open(options): return Papyrus()\n"
    )
    metadata = tmp_path / "papyrus-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: papyrus\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[tightlip.incidents.sinks]\npapyrus = papyrus\n")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from tightlip.incidents import sinks
from tightlip.incidents.delivery import OutsideSink
from tightlip.incidents.incident import Incident
from tightlip.incidents.sink import known_sinks, open_sink
open_sink("papyrus").send(Incident({{"reference": "K7Q29FMX4D1T"}}))
print(known_sinks())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        done.stdout
        == "sent K7Q29FMX4D1T\n('logging', 'memory', 'opentelemetry', 'papyrus', 'postgresql', 'sentry', 'structlog', 'webhook')\n"
    )


def test_a_missing_library_is_told_with_the_command_to_run(monkeypatch):
    monkeypatch.setitem(sys.modules, "structlog", None)
    with pytest.raises(ImportError, match=r"pip install 'tightlip\[structlog\]'"):
        open_sink("structlog")


def test_making_the_default_sinks_imports_no_third_party_library():
    code = (
        "import sys; from tightlip.incidents import recorder, sink; sink.default_sinks(); "
        "print({m.partition('.')[0] for m in sys.modules} & {'rich', 'structlog', 'opentelemetry', 'click'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_full_standard_error_is_not_written_to_in_the_request(logger, record, monkeypatch):
    reading, writing = os.pipe()
    monkeypatch.setattr("tightlip.incidents.standard_error._DESCRIPTOR", writing)
    sink = open_sink("logging")
    calls = []
    monkeypatch.setattr(sink._patience, "call", calls.append)
    sink.send(record())
    assert not calls
    while not calls:
        os.write(writing, bytes(4096))
        sink.send(record())
    assert len(os.read(reading, 1 << 20)) < 1 << 16
    os.close(reading)
    os.close(writing)
