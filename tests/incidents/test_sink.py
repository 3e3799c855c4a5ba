from __future__ import annotations

import subprocess
import sys

import pytest

from tightlip.incidents.incident import Incident
from tightlip.incidents.sink import Sink, known_sinks, open_sink
from tightlip.incidents.sinks.memory import MemorySink

KEEP = "K7Q29FMX4D1T"


def incident(reference=KEEP):
    return Incident({"reference": reference, "fingerprint": "v1:0", "severity_number": 17})


@pytest.mark.parametrize("name", ["logging", "structlog", "memory"])
def test_every_sink_of_ours_is_found_by_its_name(name):
    sink = open_sink(name)
    assert isinstance(sink, Sink)
    assert name in known_sinks()
    sink.close()


def test_a_sink_object_stands_for_itself():
    sink = MemorySink()
    assert open_sink(sink) is sink


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match="no sink 'papyrus': choose one of logging, memory, structlog"
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
from tightlip.incidents.incident import Incident
from tightlip.incidents.sink import known_sinks, open_sink
open_sink("papyrus").send(Incident({{"reference": "K7Q29FMX4D1T"}}))
print(known_sinks())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "sent K7Q29FMX4D1T\n('logging', 'memory', 'papyrus', 'structlog')\n"


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
