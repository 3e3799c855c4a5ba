"""`tightlip scan` as a process: what it reads, what it says, how it ends."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# They stand where they are, so that what is compiled of them can be kept.
RULES = Path(__file__).with_name("acme.toml")
FAILING_RULES = Path(__file__).with_name("failing.toml")
LEAK = b"shelved in acme_users"
CLEAN = b'{"message": "Item not found"}'


@pytest.fixture
def scan(tmp_path):
    def scan(*arguments, data=b"", **environment) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "tightlip", "scan", "--rules", RULES, *arguments],
            input=data,
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            timeout=120,
            check=False,
        )

    return scan


def lines_of(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def findings_of(done) -> list[dict]:
    return json.loads(done.stdout)["findings"]


def places_of(done) -> list[tuple]:
    return [
        (one["rule"], one["path"], one["part"], one["line"], one["column"])
        for one in findings_of(done)
    ]


# What it says.


def test_help_tells_all_with_examples():
    done = subprocess.run(
        [sys.executable, "-m", "tightlip", "scan", "--help"], capture_output=True, check=True
    )
    said = done.stdout.decode()
    for option in (
        "--jsonl --format --status --content-type --kind --rules --category --min-severity --jobs "
        "--test-rules"
    ).split():
        assert f"  {option}" in said
    assert "curl -si https://shop.example/orders | tightlip scan\n" in said
    assert "tightlip scan --format sarif captures/ > tightlip.sarif\n" in said
    assert "Exit codes: 0 clean, 1 findings, 2 wrong use" in said


def test_a_finding_is_told_with_place_rule_and_excerpt(scan, tmp_path):
    (tmp_path / "answer.txt").write_bytes(b"Sorry!\n\xc3\xa9t\xc3\xa9: " + LEAK + b"\x1b[2J at 7\n")
    done = scan("answer.txt")
    assert done.returncode == 1
    assert done.stdout.decode() == (
        "answer.txt:2:17: acme-table (database_error, high): A table of Acme.\n"
        "  été: shelved in acme_users\\x1b[2J at 7\n"
        "                  ^^^^^^^^^^\n"
    )
    assert done.stderr.decode() == "1 finding in 1 file (1 high); 1 file read.\n"


def test_a_clean_text_is_told_as_such(scan):
    done = scan(data=CLEAN)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"No findings; 1 file read.\n"


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_standard_input_is_read(scan, arguments):
    done = scan(*arguments, data=LEAK)
    assert done.returncode == 1
    assert done.stdout.startswith(b"-:1:12: acme-table")


def test_a_credential_is_masked_in_every_form(scan, tmp_path):
    secret = "hunter2hunter2"
    (tmp_path / "a.txt").write_text(
        f"acme_users postgresql://shop:{secret}@db.example/shop acme_orders password={secret}"
    )
    for form in ("text", "json", "sarif"):
        done = scan("--format", form, "a.txt")
        assert done.returncode == 1
        assert b"credentials-dsn-password" in done.stdout
        assert b"acme_orders" in done.stdout
        assert secret.encode() not in done.stdout + done.stderr
        masked = scan("--format", form, "--category", "database_error", "a.txt")
        assert b"acme_users" in masked.stdout
        assert secret.encode() not in masked.stdout + masked.stderr


def test_colours_need_a_terminal(scan, tmp_path):
    (tmp_path / "a.txt").write_bytes(LEAK)
    assert b"\x1b" not in scan("a.txt").stdout


def on_a_terminal(arguments, cwd, **environment) -> tuple[int, str]:
    """Run with a terminal on all three streams; return the exit code and what it showed."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tightlip", "scan", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=cwd,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
    )
    os.close(follower)
    shown = b""
    try:
        while data := os.read(leader, 65536):
            shown += data
    except OSError:  # the terminal's other end is closed
        pass
    os.close(leader)
    return process.wait(60), shown.decode()


def test_a_terminal_shows_colours_and_how_far_it_is(tmp_path):
    (tmp_path / "a.txt").write_bytes(LEAK)
    code, shown = on_a_terminal(["--rules", RULES, "."], tmp_path, NO_COLOR="")
    assert code == 1
    assert "\x1b[1;31macme_users\x1b[0m" in shown
    assert "Scanning [##############################] 100 %  21 B of 21 B" in shown
    assert "Scanning" not in re.split(r"\r +\r", shown)[-1]


def test_a_terminal_without_colours_is_respected(tmp_path):
    (tmp_path / "a.txt").write_bytes(LEAK)
    code, shown = on_a_terminal(["--rules", RULES, "a.txt"], tmp_path, NO_COLOR="1")
    assert code == 1
    assert "\x1b" not in shown


def test_no_bar_is_drawn_without_a_terminal(scan, tmp_path):
    (tmp_path / "a.txt").write_bytes(CLEAN)
    assert b"Scanning" not in scan(".").stderr


# What it refuses.


def test_without_anything_to_scan_it_says_what_to_do(tmp_path):
    code, shown = on_a_terminal([], tmp_path)
    assert code == 2
    assert "Error: There is nothing to scan. Name a FILE or a directory" in shown


def test_a_closed_standard_input_is_told(tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m tightlip scan --rules "$1" - <&-', sys.executable, RULES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "-: cannot be read: it is closed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--jsonl", "--format", "sarif"], "--jsonl writes JSON lines"),
        (["--test-rules", "x.toml", "a.txt"], "--test-rules scans nothing"),
        (["--category", "nonsense"], "'nonsense' is not one of 'stack_trace'"),
        (["--status", "7"], "7 is not in the range"),
        (["--jobs", "0"], "0 is not in the range"),
    ],
)
def test_wrong_use_is_told(arguments, said):
    done = subprocess.run(
        [sys.executable, "-m", "tightlip", "scan", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_read_is_named_and_the_rest_is_scanned(scan, tmp_path):
    (tmp_path / "a.txt").write_bytes(LEAK)
    done = scan("missing.txt", "/proc/self/mem", "a.txt")
    assert done.returncode == 2
    assert b"a.txt:1:12: acme-table" in done.stdout
    assert done.stderr.decode().splitlines() == [
        "missing.txt: cannot be read: No such file or directory",
        "/proc/self/mem: cannot be read: Input/output error",
        "1 finding in 1 file (1 high); 1 file read; 2 errors.",
    ]


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_a_faulty_file_of_rules_stops_the_scan_before_it_begins(scan, tmp_path, form):
    (tmp_path / "a.txt").write_bytes(LEAK)
    (tmp_path / "bad.toml").write_text(RULES.read_text().replace("[a-z]{3,12}", "[a-z]+", 1))
    done = scan("--rules", "bad.toml", "--format", form, "a.txt")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"bad.toml: rule 'acme-table': patterns" in done.stderr


# What it reads.


def test_a_message_is_read_with_its_head(scan, tmp_path):
    (tmp_path / "m").write_bytes(
        b"HTTP/1.1 500 zz1.acme\r\nX-Note: AcmeServer/4\r\n\r\nAcmeServer/4 zz2.acme\r\n"
    )
    assert places_of(scan("--format", "json", "m")) == [
        ("acme-host", "m", None, 1, 14),
        ("acme-banner", "m", None, 2, 9),
        ("acme-host", "m", None, 4, 14),
    ]


def test_status_and_kind_can_be_given(scan):
    assert scan(data=b"zz2.acme").returncode == 0
    assert scan("--status", "200", data=b"zz2.acme").returncode == 0
    assert scan("--status", "500", data=b"zz2.acme").returncode == 1
    assert scan(data=b"A: b\nX-Note: AcmeServer/4").returncode == 0
    done = scan("--kind", "header", "--format", "json", data=b"A: b\nX-Note: AcmeServer/4")
    assert places_of(done) == [("acme-banner", "-", None, 2, 9)]


def test_a_content_type_can_be_given(scan):
    data = LEAK.decode().encode("utf-16-le")
    done = scan("--content-type", "text/plain; charset=utf-16-le", "--format", "json", data=data)
    (finding,) = findings_of(done)
    assert (finding["column"], finding["byte_start"]) == (12, None)


def archive(*entries: dict) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}}).encode()


ENTRY = {
    "request": {"method": "GET", "url": "https://shop.example/a?token=7f3a9c1be2d45608"},
    "response": {
        "status": 500,
        "headers": [{"name": "X-Note", "value": "AcmeServer/4"}],
        "content": {"mimeType": "text/plain", "text": "zz1.acme"},
    },
}


@pytest.mark.parametrize("name", ["session.har", "session.json", "session.har.gz"])
def test_an_archive_is_read_entry_by_entry(scan, tmp_path, name):
    data = archive({}, ENTRY)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    done = scan("--format", "json", name)
    assert places_of(done) == [
        ("acme-banner", name, "/log/entries/1/response/headers/0", 1, 9),
        ("acme-host", name, "/log/entries/1/response/content/text", 1, 1),
    ]
    exchange = findings_of(done)[0]["exchange"]
    assert exchange.startswith("GET https://shop.example/a?token=")
    assert exchange.endswith(" 500")
    assert "7f3a9c1be2d45608" not in done.stdout.decode()


def test_a_broken_archive_is_read_as_far_as_it_goes(scan, tmp_path):
    (tmp_path / "a.har").write_bytes(archive(ENTRY, ENTRY)[:-60])
    done = scan("--category", "server_banner", "a.har")
    assert done.returncode == 2
    assert b"a.har#/log/entries/0/response/headers/0:1:9: acme-banner" in done.stdout
    assert b"entries/1" not in done.stdout
    assert b"a.har: is no whole HAR: it is cut off at byte" in done.stderr


def test_what_only_looks_like_an_archive_is_read_as_a_body(scan):
    done = scan("--format", "json", data=b'{"x": {"log": {}, "entries": []}, "y": "acme_users"}')
    assert done.returncode == 1
    assert places_of(done)[0][2] is None


def test_a_directory_is_read_with_all_below_it(scan, tmp_path):
    below = tmp_path / "captures" / "b"
    below.mkdir(parents=True)
    (tmp_path / "captures" / "z.txt").write_bytes(LEAK)
    (below / "a.txt").write_bytes(LEAK)
    (below / "image").write_bytes(b"\x89PNG\r\n\0\0\0\0\0\0\0\0\0\0" + LEAK)
    (below / "loop").symlink_to("..")
    (below / "link.txt").symlink_to("a.txt")
    os.mkfifo(below / "pipe")
    (below / os.fsdecode(b"\xff\n.txt")).write_bytes(LEAK)
    done = scan("captures")
    assert done.returncode == 1
    told = [line for line in done.stdout.decode().splitlines() if "acme-table" in line]
    assert [line.partition(": ")[0] for line in told] == [
        "captures/z.txt:1:12",
        "captures/b/a.txt:1:12",
        r"captures/b/\udcff\n.txt:1:12",
    ]
    assert done.stderr.decode() == (
        "3 findings in 3 files (3 high); 4 files read, 1 of them passed over as binary; "
        "2 links not followed.\n"
    )
    assert scan("--format", "json", "captures").returncode == 1
    assert scan("--format", "sarif", "captures").returncode == 1


def test_an_empty_directory_is_clean(scan):
    assert scan(".").returncode == 0


def test_a_named_pipe_is_read_to_its_end(tmp_path):
    command = 'exec "$0" -m tightlip scan --rules "$1" <(printf "shelved in acme_users")'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, RULES],
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert re.match(rb"/dev/fd/\d+:1:12: acme-table", done.stdout)


# What counts.


def test_only_what_is_asked_for_is_reported(scan):
    data = LEAK + b" zz1.acme"
    asked = ("--status", "500", "--format", "json")
    assert len(findings_of(scan(*asked, data=data))) == 2
    done = scan(*asked, "--category", "infrastructure", data=data)
    assert [one["rule"] for one in findings_of(done)] == ["acme-host"]
    done = scan(*asked, "--min-severity", "medium", data=data)
    assert [one["rule"] for one in findings_of(done)] == ["acme-table"]
    done = scan(*asked, "--min-severity", "critical", data=data)
    assert (done.returncode, findings_of(done)) == (0, [])


# JSON lines.


def test_each_line_gets_its_verdict(scan):
    lines = [
        {"id": 1, "text": "shelved in acme_users"},
        {"id": "two", "text": "", "unknown": [1]},
        {"id": [3, {"x": None}], "text": "caf\u00e9 \ud800 \U0001f600 acme_users"},
        {"id": None, "text": "zz1.acme"},
        {"id": 5.5, "text": "zz1.acme", "status": 500},
        {"id": True, "text": "X-Note: AcmeServer/4", "kind": "header", "status": None},
        {"id": 7, "text": "AcmeServer/4", "kind": "body", "content_type": "text/html"},
    ]
    data = b"\xef\xbb\xbf" + "\r\n\n".join(map(json.dumps, lines)).encode()
    done = scan("--jsonl", data=data)
    assert done.returncode == 1
    assert done.stderr == b""
    told = lines_of(done)
    assert [one["id"] for one in told] == [one["id"] for one in lines]
    assert [one["leak"] for one in told] == [True, False, True, False, True, True, False]
    assert told[0] == {
        "id": 1,
        "leak": True,
        "findings": [{"rule": "acme-table", "category": "database_error", "start": 11, "end": 21}],
    }
    assert list(told[0]) == ["id", "leak", "findings"]
    assert (told[2]["findings"][0]["start"], told[2]["findings"][0]["end"]) == (9, 19)


def test_a_line_in_raw_utf8_is_read(scan):
    done = scan("--jsonl", data='{"id": "é", "text": "é acme_users"}'.encode())
    assert lines_of(done)[0]["id"] == "é"
    assert lines_of(done)[0]["findings"][0]["start"] == 2


def test_a_bad_line_is_told_and_the_rest_goes_on(scan):
    good = b'{"id": 1, "text": "acme_users"}\n'
    done = scan("--jsonl", data=good + b'\n{"id": 1}\n' + good + b"[" * 200_000)
    assert done.returncode == 2
    assert [one["leak"] for one in lines_of(done)] == [True, True]
    assert done.stderr.decode().splitlines() == [
        "-:3: the line has no text",
        "-:5: the line is nested too deeply",
    ]


def test_settings_count_where_a_line_is_silent(scan):
    data = b'{"id": 1, "text": "zz1.acme"}\n{"id": 2, "text": "zz1.acme", "status": 200}\n'
    done = scan("--jsonl", "--status", "500", data=data)
    assert [one["leak"] for one in lines_of(done)] == [True, False]
    done = scan("--jsonl", "--status", "500", "--min-severity", "high", data=data)
    assert done.returncode == 0


def test_a_writer_that_waits_for_each_answer_gets_it():
    process = subprocess.Popen(
        [sys.executable, "-m", "tightlip", "scan", "--rules", RULES, "--jsonl", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    with process:
        for number in range(3):
            process.stdin.write(b'{"id": %d, "text": "acme_users"}\n' % number)
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(60) == 1


# Much to read.


def many_lines(path: Path, count: int) -> None:
    text = "Item not found. " * 40
    with path.open("w") as file:
        for number in range(count):
            file.write(json.dumps({"id": number, "text": text}) + "\n")
            if number % 1000 == 999:
                file.write('{"id": "leak", "text": "acme_users"}\nbroken\n')


@pytest.fixture
def much(tmp_path) -> Path:
    """More than one process would be started for: 13 MB."""
    path = tmp_path / "much.jsonl"
    many_lines(path, 20_000)
    return path


def test_several_processes_give_the_same_as_one(scan, much):
    alone = scan("--jsonl", "--jobs", "1", much)
    together = scan("--jsonl", "--jobs", "3", much)
    assert alone.stdout == together.stdout
    assert alone.stderr == together.stderr
    assert [one["id"] for one in lines_of(together)][:1002][-3:] == [999, "leak", 1000]
    faults = together.stderr.decode().splitlines()
    assert [line.split(":")[1] for line in faults] == [str(1002 * n) for n in range(1, 21)]
    body_alone = scan("--format", "json", "--jobs", "1", much)
    body_together = scan("--format", "json", "--jobs", "2", much)
    assert body_alone.stdout == body_together.stdout
    assert [line for _, _, _, line, _ in places_of(body_together)] == [
        1002 * n - 1 for n in range(1, 21)
    ]


def test_all_forms_read_much_from_standard_input(scan, much):
    with much.open("rb") as file:
        done = scan("--format", "json", "--jobs", "2", data=file.read())
    assert len(findings_of(done)) == 20


def processes_below(parent: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in done.stdout.split()]


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def endless(much):
    """A scan whose input does not end, with several processes at work."""
    good = much.with_name("good.jsonl")
    lines = much.read_bytes().splitlines(keepends=True)
    good.write_bytes(b"".join(line for line in lines if line != b"broken\n"))
    sender = subprocess.Popen(
        ["sh", "-c", 'while cat "$0"; do :; done', good],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tightlip", "scan", "--rules", RULES, "--jsonl", "--jobs", "2"],
        stdin=sender.stdout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    sender.stdout.close()
    with process, sender:
        try:
            yield process
        finally:
            process.kill()
            sender.kill()


def wait_for_workers(process) -> list[int]:
    for _ in range(20_100):
        process.stdout.readline()
    workers = processes_below(process.pid)
    assert len(workers) == 2
    return workers


def assert_ended(workers: list[int]) -> None:
    for _ in range(500):
        if not any(map(is_running, workers)):
            return
        time.sleep(0.02)
    raise AssertionError("a process goes on alone")


def test_an_interrupt_ends_all_processes_without_a_word(endless):
    workers = wait_for_workers(endless)
    os.killpg(endless.pid, signal.SIGINT)
    _, said = endless.communicate(timeout=60)
    assert endless.returncode == 130
    assert said.strip() == b""
    assert_ended(workers)


def test_a_reader_that_leaves_early_ends_all_processes_without_a_word(endless):
    workers = wait_for_workers(endless)
    endless.stdout.close()
    assert endless.wait(60) == 141
    assert endless.stderr.read() == b""
    assert_ended(workers)


def test_processes_do_not_outlive_the_one_that_started_them(endless):
    workers = wait_for_workers(endless)
    endless.kill()
    endless.wait()
    assert_ended(workers)


def test_a_process_that_is_ended_from_outside_is_told(endless):
    workers = wait_for_workers(endless)
    os.kill(workers[0], signal.SIGKILL)
    _, said = endless.communicate(timeout=60)
    assert endless.returncode == 2
    assert b"Error: A process that scanned was ended from outside" in said
    assert b"Traceback" not in said


# Files of rules.


def test_rules_that_hold():
    done = subprocess.run(
        [sys.executable, "-m", "tightlip", "scan", "--test-rules", RULES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "3 rules tested: all hold.\n")


def test_rules_that_do_not_hold_are_told_by_rule_and_key():
    done = subprocess.run(
        [sys.executable, "-m", "tightlip", "scan", "--test-rules", FAILING_RULES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == (
        f"{FAILING_RULES}: rule 'acme-host': clean: 'Nothing' shares no word with a leak, and so "
        "proves nothing\n"
    )
    assert done.stderr == "1 rule tested: 1 failure.\n"


def test_a_faulty_file_of_rules_is_told_by_rule_and_key(tmp_path):
    path = tmp_path / "acme.toml"
    path.write_text(RULES.read_text().replace("says =", "sais =", 1))
    done = subprocess.run(
        [sys.executable, "-m", "tightlip", "scan", "--test-rules", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"Error: {path}: rule 'acme-table': unknown key 'sais'" in done.stderr
