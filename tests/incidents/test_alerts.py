from __future__ import annotations

import base64
import hmac
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tightlip
from tightlip.incidents import alerts as alerts_module
from tightlip.incidents.alerting import latest_alerts
from tightlip.incidents.alerts import Alerts, CommandError
from tightlip.incidents.archive import Archive
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.encoding import encode
from tightlip.incidents.groups import Groups, State
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference
from tightlip.incidents.span import span_of
from tightlip.incidents.summary import COUNTED, moment

MINUTE = 60_000_000
NOW = 1_700_000_000_000_000 // MINUTE * MINUTE
SECRET = "a secret of thirty-two bytes . ."


@pytest.fixture
def directory(tmp_path):
    directory = PrivateDirectory(tmp_path / "private")
    directory.make()
    return directory


@pytest.fixture
def store(directory):
    with open_store(directory, print) as store:
        yield store


class Faults:
    """Writes summaries of faults at times of ours, and takes them into the store."""

    def __init__(self, directory, store):
        self.archive, self.directory, self.store = Archive(directory), directory, store

    def seen(self, fingerprint, time, times=1):
        for _ in range(times):
            self.spool({"reference": new_reference(), "fingerprint": fingerprint}, time)
        self.take()

    def counted(self, fingerprint, time, times):
        self.spool({"reference": "", "fingerprint": fingerprint, COUNTED: times}, time)
        self.take()

    def spool(self, fields, time):
        kept = {"error.type": "KeyError", "error.code": "X", "url.path": "/planted", **fields}
        self.archive._spool.append(alerts_frame({**kept, "time": moment(time)}))

    def take(self):
        self.archive._spool.end()
        drain(self.directory, self.store)

    def decide(self, fingerprint, state, time):
        groups = Groups(self.store.database)
        group = groups.by_fingerprint(fingerprint, span_of(60, NOW))
        assert groups.decide(group.number, state, time)

    def told(self):
        return [
            (alert.occasion.value, alert.fingerprint)
            for alert in reversed(latest_alerts(self.store.database, 100))
        ]


def alerts_frame(fields):
    from tightlip.incidents.framing import frame

    return frame(encode(fields).encode())


@pytest.fixture
def faults(directory, store):
    return Faults(directory, store)


def known(store, **settings):
    alerts = Alerts(command=[sys.executable], **settings)
    store.outbox.open(alerts.outlet(), time.time_ns() // 1000)


def test_a_fault_is_new_once(faults, store):
    known(store)
    faults.seen("v1:a", NOW)
    faults.seen("v1:a", NOW + 1)
    faults.seen("v1:b", NOW + 2, times=3)
    assert faults.told() == [("new", "v1:a"), ("new", "v1:b")]


def test_nothing_is_told_where_nobody_wants_to_be_told(faults, store):
    faults.seen("v1:a", NOW)
    known(store)
    faults.seen("v1:a", NOW + 1)
    assert faults.told() == []


def test_a_fault_that_comes_back_is_told_once_for_each_time_that_it_was_resolved(faults, store):
    known(store, occasions=["regression"])
    faults.seen("v1:a", NOW)
    faults.decide("v1:a", State.RESOLVED, NOW + MINUTE)
    faults.seen("v1:a", NOW + 1)  # it happened before that, and was drained late
    assert faults.told() == []
    faults.seen("v1:a", NOW + 2 * MINUTE)
    faults.seen("v1:a", NOW + 3 * MINUTE)
    assert faults.told() == [("regression", "v1:a")]
    faults.decide("v1:a", State.RESOLVED, NOW + 4 * MINUTE)
    faults.seen("v1:a", NOW + 5 * MINUTE)
    assert faults.told() == [("regression", "v1:a")] * 2


def test_a_fault_that_is_suddenly_frequent_is_told_once_an_hour(faults, store):
    known(store, occasions=["spike"], spike_times=10, spike_from=20)
    for minute in range(60):
        faults.counted("v1:a", NOW + minute * MINUTE, 3)
    faults.seen("v1:a", NOW + 60 * MINUTE, times=29)
    assert faults.told() == []
    faults.counted("v1:a", NOW + 60 * MINUTE, 1)
    assert faults.told() == [("spike", "v1:a")]
    faults.counted("v1:a", NOW + 61 * MINUTE, 500)
    assert faults.told() == [("spike", "v1:a")]
    faults.counted("v1:a", NOW + 200 * MINUTE, 500)
    assert faults.told() == [("spike", "v1:a")] * 2


def test_what_is_rare_makes_no_spike(faults, store):
    known(store, occasions=["spike"], spike_from=20)
    faults.counted("v1:a", NOW, 19)
    assert faults.told() == []


def test_a_muted_group_alerts_nobody(faults, store):
    known(store)
    faults.seen("v1:a", NOW)
    faults.decide("v1:a", State.MUTED, NOW + MINUTE)
    faults.counted("v1:a", NOW + 2 * MINUTE, 10_000)
    assert faults.told() == [("new", "v1:a")]


def sent(directory, alerts, *, attached=1):
    """Let the archive of this process send what waits, until that is done."""
    archive = Archive(directory)
    archive.attach(alerts.outlet())
    with open_store(directory, print) as store:
        end = time.monotonic() + 30
        while any(state.waiting for state in store.outbox.states()):
            assert time.monotonic() < end
            time.sleep(0.01)
        states = store.outlets()
    archive.close()
    return states


def test_a_webhook_gets_open_words_that_it_can_prove(directory, store, faults, receiver):
    alerts = Alerts(webhook=f"{receiver.url}/alerts", secret=SECRET, headers={"X-Team": "a"})
    store.outbox.open(alerts.outlet(), time.time_ns() // 1000)
    receiver.answers = [500]
    faults.seen("v1:a", NOW)
    (state,) = sent(directory, alerts)
    assert (state.delivered, state.dropped) == (1, 0)
    (_, first, _), (path, headers, body) = receiver.requests
    document = json.loads(body)
    assert path == "/alerts"
    assert headers["X-Team"] == "a"
    assert headers["webhook-id"] == first["webhook-id"] == document["id"]
    told = f"{document['id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.digest(SECRET.encode(), told, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert document["alert"] == "new"
    assert document["incident"]["error.code"] == "X"
    assert b"planted" not in body
    assert [alert.sent_time != "" for alert in latest_alerts(store.database, 9)] == [True]


def test_a_command_gets_the_alert_on_its_standard_input(directory, store, faults, tmp_path):
    taken = tmp_path / "taken; touch x"
    program = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"
    alerts = Alerts(command=[sys.executable, "-c", program, str(taken)])
    store.outbox.open(alerts.outlet(), time.time_ns() // 1000)
    faults.seen("v1:a", NOW)
    faults.seen("v1:b", NOW + 1)
    sent(directory, alerts)
    documents = [json.loads(line) for line in taken.read_text().splitlines()]
    assert [document["fingerprint"] for document in documents] == ["v1:a", "v1:b"]


def test_a_command_that_hangs_is_ended_with_what_it_has_started(tmp_path):
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    note = tmp_path / "child"
    hangs = Alerts(command=[sys.executable, "-c", program, str(note)], timeout=5.0)
    with pytest.raises(CommandError, match="took too long"):
        hangs._send([alerts_module.Alert("alert_1", "{}")])
    child = note.read_text()
    end = time.monotonic() + 10
    while is_alive(child):
        assert time.monotonic() < end
        time.sleep(0.01)


def is_alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_a_command_that_fails_is_run_again():
    fails = Alerts(command=[sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(CommandError, match="ended with 3"):
        fails._send([alerts_module.Alert("alert_1", "{}")])


PROCESS = """
import sys
import tightlip
from tightlip.incidents.archive import archive_at
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.reference import new_reference

archive = archive_at(PrivateDirectory(sys.argv[1]))
archive.attach(tightlip.Alerts(webhook=sys.argv[2]).outlet())
recorder = Recorder([], archive=archive)
for number in range(20):
    recorder.record(
        Occurrence(new_reference(), None, None, 500, "X", b"{}", fingerprint=f"v1:{number % 4}")
    )
"""


def test_of_several_processes_one_tells_of_a_fault(directory, receiver):
    command = [sys.executable, "-c", PROCESS, str(directory.path), f"{receiver.url}/"]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    sent(directory, Alerts(webhook=f"{receiver.url}/"))
    # One that ends while it sends leaves the same alert to another: told again, by the same name.
    alerts = [json.loads(body) for _, _, body in receiver.requests]
    told = {alert["id"]: alert["fingerprint"] for alert in alerts}
    assert sorted(told.values()) == ["v1:0", "v1:1", "v1:2", "v1:3"]


def test_alerts_that_fail_leave_the_drain_alone(directory, store, faults):
    down = Alerts(webhook="http://127.0.0.1:9/")
    store.outbox.open(down.outlet(), time.time_ns() // 1000)
    archive = Archive(directory)
    archive.attach(down.outlet())
    recorder = Recorder([], archive=archive)
    for number in range(3):
        faults.seen(f"v1:{number}", NOW)
    archive.close()
    assert store.count() == 3
    assert recorder.failures == {}
    assert [alert.sent_time for alert in latest_alerts(store.database, 9)] == ["", "", ""]
    end = time.monotonic() + 10
    while not store.outlets()[0].fault:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert "ConnectionRefusedError" in store.outlets()[0].fault


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give webhook, an address, or command"),
        ({"webhook": "https://h/", "command": ["true"]}, "give webhook, an address, or command"),
        ({"webhook": "http://planted.example/"}, "by https:// alone"),
        ({"webhook": "ftp://h/"}, "begins with http"),
        ({"webhook": "https://h/", "secret": "planted"}, "too short"),
        ({"webhook": "https://h/", "headers": {"Host": "x"}}, "cannot be sent"),
        ({"webhook": "https://h/", "timeout": 0}, "give seconds"),
        ({"webhook": "https://h/", "occasions": ["newest"]}, "occasions are of new, regression"),
        ({"webhook": "https://h/", "occasions": []}, "occasions are of new, regression"),
        ({"webhook": "https://h/", "spike_times": 1}, "more than once the usual"),
        ({"command": "notify --all"}, "a list of texts"),
        ({"command": []}, "a list of texts"),
        ({"command": ["there-is-none-of-this-name"]}, "no such program"),
        ({"command": ["true"], "secret": SECRET}, "belong to a webhook"),
    ],
)
def test_wrong_settings_are_refused_with_what_to_give(options, words):
    with pytest.raises((TypeError, ValueError), match=words) as refused:
        Alerts(**options)
    assert "planted" not in str(refused.value)
    assert "planted" not in repr(Alerts(webhook="https://h/", secret="planted " * 4))


def test_who_is_told_can_be_known_by_the_name_and_no_secret_is_in_it():
    alerts = Alerts(webhook="https://chat.example/hooks/planted?key=planted")
    assert re.fullmatch("alerts-chat.example-[0-9a-f]{12}", alerts.outlet().name)
    alerts = Alerts(command=[sys.executable, "--key", "planted"])
    program = Path(sys.executable).name
    assert re.fullmatch(f"alerts-{re.escape(program)}-[0-9a-f]{{12}}", alerts.outlet().name)


def test_alerts_are_a_setting_of_a_shield():
    with pytest.raises(tightlip.ConfigurationError, match="alerts: takes a list of tightlip"):
        tightlip.Shield(alerts=["https://h/"])
    with pytest.raises(tightlip.ConfigurationError, match="alerts: they are made of what a dir"):
        tightlip.Shield(directory=None, alerts=[Alerts(webhook="https://h/")])


def test_the_page_and_the_terminal_show_what_was_told(directory, store, faults):
    from click.testing import CliRunner
    from starlette.testclient import TestClient

    from tightlip.cli.incidents import command
    from tightlip.dashboard.access import Rules
    from tightlip.dashboard.application import create_dashboard

    alerts = Alerts(command=[sys.executable, "-c", "import sys; sys.stdin.read()"])
    store.outbox.open(alerts.outlet(), time.time_ns() // 1000)
    faults.seen("v1:a", NOW)
    sent(directory, alerts)
    (told,) = latest_alerts(store.database, 9)
    shown = CliRunner().invoke(command, ["alerts", "--directory", str(directory.path)])
    assert shown.exit_code == 0
    for words in "new", "KeyError", told.reference, f"sent {told.sent_time}":
        assert words in shown.output
    rules = Rules()
    page = TestClient(create_dashboard(directory, rules), base_url="http://127.0.0.1")
    health = page.get(f"/health?token={rules.token}").text
    assert f">{alerts.outlet().name}</td>" in health
    assert f'<a href="/groups/{told.group}">KeyError</a>' in health
    assert f'datetime="{told.sent_time}"' in health


@pytest.mark.parametrize("option", ["--alert-webhook=https://h.example/", "--alert-command=true"])
def test_a_page_of_several_hosts_refuses_alerts_that_only_a_host_can_make(directory, option):
    from click.testing import CliRunner

    from tightlip.cli.incidents import command

    given = ["--store", "postgresql://user@h.example/database", "serve", option]
    done = CliRunner().invoke(command, [*given, "--directory", str(directory.path)])
    assert done.exit_code == 2
    assert "Shield(alerts=" in done.output
