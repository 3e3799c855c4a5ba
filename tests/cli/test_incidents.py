"""`tightlip incidents`: what it shows of what other processes recorded."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import click
import pytest
from click.testing import CliRunner

from tightlip import PublicError, Shield
from tightlip.cli.incidents import command
from tightlip.incidents.archive import archive_at
from tightlip.incidents.framing import frame
from tightlip.incidents.spool import Spool


@pytest.fixture
def fail(directory, exchange):
    """Let a request fail behind a shield; return the reference that its client was given."""

    async def application(scope, receive, send):
        price = None
        if scope["path"] == "/keys":
            raise KeyError("EUR \x1b[2J\u202e")
        price + 1

    shielded = Shield(directory=directory.path, sinks=[])(application)

    def call(path="/prices"):
        error = json.loads(exchange(shielded, path).body)["error"]
        assert error["code"] == "INTERNAL_SERVER_ERROR"
        return error["reference"]

    return call


@pytest.fixture
def run(directory):
    def call(*arguments, **more):
        settings = {"env": {"TIGHTLIP_DIRECTORY": str(directory.path)}, **more}
        return CliRunner().invoke(command, arguments, standalone_mode=False, **settings)

    return call


def test_a_reference_leads_to_the_whole_incident_at_once(fail, run):
    reference = fail()
    done = run("show", reference)
    assert done.return_value == 0
    assert reference in done.stdout
    assert "The client saw" in done.stdout
    assert "TypeError: unsupported operand" in done.stdout
    assert "price + 1" in done.stdout
    assert "price = None" in done.stdout


def test_json_lines_hold_the_record_as_it_was_made(fail, run):
    first, second = fail(), fail("/keys")
    done = run("show", first, second, "--format", "jsonl")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["reference"] for record in records] == [first, second]
    assert records[0]["exceptions"][0]["frames"][-1]["source"] == "price + 1"


def test_an_unknown_reference_is_told_and_the_others_are_shown(fail, run):
    known = fail()
    done = run("show", "ZZZZZZZZZZZZ", known, "\x1b[2Jodd", "--format", "jsonl")
    assert done.return_value == 1
    assert json.loads(done.stdout)["reference"] == known
    assert done.stderr.splitlines() == [
        "There is no incident ZZZZZZZZZZZZ.",
        "There is no incident \\x1b[2Jodd.",
    ]


def test_an_unknown_reference_is_told_as_it_was_given_and_a_pasted_one_is_found(fail, run):
    known = fail()
    done = run("show", "http://x/incidents/", f'"{known}".', "--format", "jsonl")
    assert json.loads(done.stdout)["reference"] == known
    assert done.stderr == "There is no incident http://x/incidents/.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--store", "mysql://u:planted@h/d", "list"), "postgresql://user@host:5432/database"),
        (("--store", "postgresql://u:planted@h/d", "--directory", "x", "list"), "one record"),
        (("--store", "postgresql://u:planted@h/d", "list", "--directory", "x"), "one record"),
        (("--store", "postgresql://u:planted@h/d", "alerts"), "alerts are not in --store"),
        (("--store", "postgresql://u:planted@h/d", "metrics"), "metrics are not in --store"),
    ],
)
def test_a_store_is_refused_where_it_would_not_be_read(run, arguments, said):
    failed = run(*arguments).exception
    assert isinstance(failed, click.UsageError)
    assert said in failed.message
    assert "planted" not in failed.message


def test_references_are_read_from_standard_input(fail, run):
    first, second, third = fail(), fail(), fail()
    done = run("show", first, "-", "--format", "jsonl", input=f"{second}\n  {third}\n\n")
    shown = [json.loads(line)["reference"] for line in done.stdout.splitlines()]
    assert shown == [first, second, third]
    assert run("show", "-", input="").stdout == ""


def test_a_reference_that_was_read_aloud_is_understood(directory, run, summary):
    Spool(directory).append(frame(summary("10ABCDEFGH99")))
    for heard in ("10abcdefgh99", "IOAB-CDEF-GH99", "lOABCDEFGH99"):
        assert run("show", heard).return_value == 0


def test_the_list_has_the_newest_first(fail, run):
    first, second = fail(), fail("/keys")
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [second, first]
    assert "500 INTERNAL_SERVER_ERROR" in lines[0]
    assert "KeyError in fail.<locals>.application" in lines[0]
    records = [json.loads(line) for line in run("list", "--format", "jsonl").stdout.splitlines()]
    assert [record["reference"] for record in records] == [second, first]
    assert records[1]["exception.type"] == "TypeError"
    fingerprint = records[0]["fingerprint"]
    assert run("list", "--fingerprint", fingerprint).stdout.splitlines() == lines[:1]


def test_a_long_list_is_cut_for_readers_and_whole_for_programs(directory, run, summary):
    spool = Spool(directory)
    for number in range(60):
        spool.append(frame(summary(f"R{number}")))
    done = run("list")
    assert len(done.stdout.splitlines()) == 50
    assert done.stderr == "These are the newest 50; --limit 0 lists all.\n"
    done = run("list", "--limit", "60", "--fingerprint", "v1:0")
    assert len(done.stdout.splitlines()) == 60
    assert done.stderr == ""  # there is no more to list
    assert len(run("list", "--limit", "0").stdout.splitlines()) == 60
    assert len(run("list", "--limit", f"{10**30}").stdout.splitlines()) == 60
    assert len(run("list", "--limit", "7", "--format", "jsonl").stdout.splitlines()) == 7
    assert len(run("list", "--format", "jsonl").stdout.splitlines()) == 60


def test_a_record_with_nothing_to_show_says_so(fail, run, directory):
    directory.path.mkdir()
    assert run("list").stderr == "There is no incident.\n"
    assert run("alerts").stderr == "No alert was made.\n"
    fail()
    done = run("list", "--fingerprint", "v1:\x1b")
    assert (done.stdout, done.stderr) == ("", "There is no incident of the fault v1:\\x1b.\n")
    assert run("list", "--fingerprint", "v1:0", "--format", "jsonl").stderr == ""
    assert run("alerts", "--format", "jsonl").stderr == ""


def test_one_that_was_thinned_out_is_shown_with_the_nearest_report(fail, directory, run, summary):
    full = fail()
    (record,) = run("show", full, "--format", "jsonl").stdout.splitlines()
    fingerprint = json.loads(record)["fingerprint"]
    time = "2026-05-01T12:00:00Z"
    more = {
        "fingerprint": fingerprint,
        "http.response.status_code": 503,
        "error.code": "STORE_CLOSED",
        "exception.type": "TypeError",
    }
    Spool(directory).append(frame(summary("BR1EF0000000", time, **more)))
    shown = run("show", "BR1EF0000000").stdout
    assert time in shown
    assert f"nearest report of the same fault is {full}:" in shown
    assert "price + 1" in shown
    own, _, _ = shown.partition("was one of many alike")
    assert "no status" not in own
    assert "503 STORE_CLOSED" in own
    assert re.search(r"TypeError$", own, re.MULTILINE)
    (line,) = run("show", "BR1EF0000000", "--format", "jsonl").stdout.splitlines()
    assert json.loads(line)["nearest_report"] == full


def test_what_clients_and_libraries_wrote_moves_no_terminal(directory, run, summary, fail):
    reference = fail("/keys")
    evil = "\x1b[2J\r\nFORGED\u202e"
    odd = summary("0DD000000000", **{"http.route": evil, "error.code": evil, "service.name": evil})
    Spool(directory).append(frame(odd))
    for arguments in (
        ("list",),
        ("show", "0DD000000000", reference),
        ("stats",),
        ("list", "--format", "jsonl"),
    ):
        output = run(*arguments).output
        assert not {"\x1b", "\r", "\u202e"} & set(output)
        assert not any(line.startswith("FORGED") for line in output.splitlines())


def test_statistics_tell_each_fault_with_its_count(fail, run):
    last = [fail(), fail("/keys"), fail()][-1]
    done = run("stats")
    first, second = done.stdout.splitlines()
    assert first.split()[:2] == ["2", "x"]
    assert "TypeError" in first
    assert first.endswith(last)
    assert "KeyError" in second
    assert done.stderr == ("3 incidents happened; kept are 3, 3 of them with their full report.\n")
    counts = [
        json.loads(line)["incidents"]
        for line in run("stats", "--format", "jsonl").stdout.splitlines()
    ]
    assert counts == [2, 1]


def test_a_fault_without_an_exception_is_told_with_its_route(directory, run, summary):
    answered = {"http.request.method": "GET", "http.route": "/orders/{order}"}
    Spool(directory).append(frame(summary("HANDMADE0000", **answered, **{"error.type": "400"})))
    (line,) = run("stats").stdout.splitlines()
    assert "  400 in GET /orders/{order}  " in line


def test_damage_is_told_once_and_remembered(directory, run, summary):
    spool = Spool(directory)
    spool.append(b"garbage")
    spool.append(frame(summary("A00000000000")))
    done = run("list")
    assert "A00000000000" in done.stdout
    assert f"1 place of spools could not be read, now set aside in {directory.damaged}." in (
        done.stderr
    )
    assert run("list").stderr == ""
    assert "1 place of spools could not be read." in run("stats").stderr


def test_the_directory_is_taken_from_the_option_before_the_environment(fail, run, tmp_path):
    reference = fail()
    elsewhere = str(tmp_path / "elsewhere")
    assert run("show", reference, "--directory", elsewhere).return_value == 1
    assert run("--directory", elsewhere, "show", reference).return_value == 1
    for arguments in (("list",), ("stats",)):
        done = run(*arguments, "--directory", elsewhere)
        assert done.stdout == ""
        assert done.stderr.startswith(f"Nothing was recorded in {elsewhere}: there is no such dir")
    assert not (tmp_path / "elsewhere").exists()


def test_a_directory_without_a_name_is_refused():
    done = CliRunner().invoke(command, ["list", "--directory", ""])
    assert done.exit_code == 2
    assert "the path is empty" in done.output


def tightlip(*arguments, directory):
    return subprocess.run(
        [sys.executable, "-m", "tightlip", "incidents", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "TIGHTLIP_DIRECTORY": str(directory)},
        timeout=60,
        check=False,
    )


def test_the_exit_code_is_one_for_an_unknown_reference(fail, directory):
    assert tightlip("show", fail(), "ZZZZ", directory=directory.path).returncode == 1


def test_a_store_by_a_newer_version_is_refused_with_what_to_do(directory):
    directory.make()
    connection = sqlite3.connect(directory.store)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = tightlip("show", "A00000000000", directory=directory.path)
    assert done.returncode == 2
    assert "made by a newer version of Tightlip" in done.stderr
    assert "pip install --upgrade tightlip" in done.stderr


def test_a_file_where_the_directory_should_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    done = tightlip("list", directory=tmp_path / "file")
    assert done.returncode == 2
    assert done.stderr == f"Error: {tmp_path / 'file'} is no directory.\n"


@contextmanager
def tailing(directory, *arguments):
    with subprocess.Popen(
        [sys.executable, "-m", "tightlip", "incidents", "tail", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TIGHTLIP_DIRECTORY": str(directory.path)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_incidents_are_shown_as_they_come(fail, directory):
    before = fail()
    with tailing(directory, "--format", "jsonl") as process:
        assert "Waiting for incidents in" in process.stderr.readline()
        seen = [fail(), fail("/keys")]
        shown = [json.loads(process.stdout.readline())["reference"] for _ in seen]
        assert shown == seen
        assert before not in shown
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_other_machines_are_served_only_behind_a_proxy_that_knows_its_users(directory):
    done = CliRunner().invoke(
        command, ["serve", "--host", "0.0.0.0", "--directory", str(directory.path)]
    )
    assert done.exit_code == 2
    assert "--user-header" in done.output
    assert not directory.path.exists()


def test_what_no_header_can_be_called_is_refused(directory):
    done = CliRunner().invoke(
        command, ["serve", "--user-header", "X User:", "--directory", str(directory.path)]
    )
    assert done.exit_code == 2
    assert "'X User:' is no name of a header." in done.output


def test_a_proxy_is_named_by_its_address(directory):
    done = CliRunner().invoke(
        command,
        ["serve", "--user-header", "X-User", "--proxy", "edge", "--directory", str(directory.path)],
    )
    assert done.exit_code == 2
    assert "'edge' is no IP address." in done.output


def test_a_port_that_is_taken_is_told(directory):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(
            command, ["serve", "--port", port, "--directory", str(directory.path)]
        )
    assert done.exit_code == 1
    assert f"Nothing can listen on 127.0.0.1, port {port}: {os.strerror(errno.EADDRINUSE)}.\n" in (
        done.output
    )


class CliCouponExpired(PublicError):
    status = 410
    message = "This coupon has expired"


def test_codes_tell_what_clients_were_told_and_what_never(fail, run, directory):
    reference = fail()
    archive_at(directory).close()
    done = run("codes")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:5] == ["1", "x", "500", "INTERNAL_SERVER_ERROR", "standard"]
    assert lines[0][-1] == reference
    (never,) = (line for line in lines if "CLI_COUPON_EXPIRED" in line)
    assert (never[0], never[-2:]) == ("0", ["never", "sent"])
    assert done.stderr.startswith("0 of ")
    told = [json.loads(line) for line in run("codes", "--format", "jsonl").stdout.splitlines()]
    assert (told[0]["kind"], told[0]["answers"]) == ("standard", 1)
    assert {entry["kind"] for entry in told[1:]} == {"declared"}
