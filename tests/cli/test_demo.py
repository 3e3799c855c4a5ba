"""`tightlip demo` as a process: what it says, what it leaves behind, how it ends."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest

POSTGRESQL = os.environ.get("TIGHTLIP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")


@contextmanager
def demo(*arguments: str):
    """Run the demo; give the process and all that it has said once it can be used."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tightlip", "demo", "--no-open", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        yield process, said
    finally:
        process.terminate()  # as gently as a user would: it removes what it has made
        try:
            process.communicate(timeout=90)
        finally:
            process.kill()


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a demo that cannot start."""
    return subprocess.run(
        [sys.executable, "-m", "tightlip", "demo", "--no-open", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def addresses_in(said: str) -> list[str]:
    return re.findall(r"http://\S+", said)


def page_of(entrance: str) -> str:
    return entrance.partition("/?token=")[0]


def test_help_says_what_happens():
    said = " ".join(ended("--help").stdout.split())
    assert "The same shop (accounts, orders, payments on a real database) runs twice" in said
    assert "Ctrl-C stops all of it and removes the shop's data; the incidents stay" in said
    for option in ("--host", "--port", "--database", "--open / --no-open"):
        assert option in said


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "terminate"]
)
def test_it_runs_until_it_is_stopped_and_leaves_nothing_behind(number, code):
    with demo("--port", "0") as (process, said):
        entrance, bare, shielded, incidents = addresses_in(said)
        page = page_of(entrance)
        assert httpx.get(entrance).headers["location"] == "/"
        file = Path(re.search(r"Database +SQLite, (.+)", said)[1])
        assert file.exists()
        assert "Tightlip demo" in httpx.get(page).text
        assert "Traceback" in httpx.get(f"{bare}/orders/4/total").text
        assert httpx.get(f"{shielded}/orders/4/total").json()["error"]["message"] == (
            "Something went wrong"
        )
        process.send_signal(number)
        _, complaints = process.communicate(timeout=90)
        assert process.returncode == code
        assert "Traceback" not in re.sub(r"^\{.*\}$", "", complaints, flags=re.MULTILINE)
        assert not file.parent.exists()
        for address in (page, bare, shielded, incidents):
            with pytest.raises(httpx.ConnectError):
                httpx.get(address)


def test_a_second_ctrl_c_does_not_disturb_the_clearing_up():
    with demo("--port", "0") as (process, said):
        file = Path(re.search(r"Database +SQLite, (.+)", said)[1])
        # The first is taken before the second comes, which would be one with it.
        process.send_signal(signal.SIGINT)
        while process.poll() is None and not is_ignored(process.pid, signal.SIGINT):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=90)
        assert (process.returncode, complaints) == (130, "")
        assert not file.parent.exists()


def is_ignored(process: int, number: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    return bool(int(re.search(r"SigIgn:\s+(\w+)", status)[1], 16) >> (number - 1) & 1)


def test_ctrl_c_while_the_bare_twin_starts_is_no_complaint_of_the_twin():
    process = subprocess.Popen(
        [sys.executable, "-m", "tightlip", "demo", "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        # A twin that has just begun: a terminal tells the whole group.
        while process.poll() is None and len(children.read_text().split()) < 2:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        said, complaints = process.communicate(timeout=90)
    finally:
        process.kill()
    assert (process.returncode, said, complaints.strip()) == (130, "", "")


def test_what_the_bare_twin_logs_does_not_hide_the_incidents():
    with demo("--port", "0") as (process, said):
        _, bare, shielded, _ = addresses_in(said)
        httpx.get(f"{bare}/orders/4/total")
        reference = httpx.get(f"{shielded}/orders/4/total").headers["x-error-reference"]
        process.send_signal(signal.SIGINT)
        _, logged = process.communicate(timeout=90)
    assert [reference in line for line in logged.splitlines() if line.strip()] == [True]


def test_killed_under_load_it_loses_no_incident(tmp_path, monkeypatch):
    monkeypatch.setenv("TIGHTLIP_DIRECTORY", str(tmp_path / "private"))
    references = []

    def ask(address):
        with suppress(httpx.HTTPError), httpx.Client() as client:
            while True:
                answer = client.get(f"{address}/orders/4/total")
                references.append(answer.headers["x-error-reference"])

    with demo("--port", "0") as (process, said):
        assert str(tmp_path / "private") in said
        shielded = addresses_in(said)[2]
        # The incidents are logged too, and a pipe that nobody reads fills up.
        fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 1 << 20)
        threads = [threading.Thread(target=ask, args=(shielded,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        while len(references) < 25:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
    done = subprocess.run(
        [sys.executable, "-m", "tightlip", "incidents", "show", "-", "--format", "jsonl"],
        input="\n".join(references),
        capture_output=True,
        text=True,
        check=True,
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["reference"] for record in records] == references
    assert {record["http.route"] for record in records} == {"/orders/{order_id}/total"}


def test_it_says_which_port_it_takes_instead_of_a_taken_one():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo("--port", str(port)) as (_, said):
            page = page_of(addresses_in(said)[0])
            other = int(page.rpartition(":")[2])
            assert other > port
            assert f"Port {port} is taken, so the page is at {other}." in said
            assert httpx.get(page).status_code == 200


def test_behind_the_last_port_the_others_stand_anywhere():
    with demo("--port", "65535") as (_, said):
        entrance, *others = addresses_in(said)
        assert page_of(entrance) == "http://127.0.0.1:65535"
        assert [httpx.get(address).status_code for address in others[:2]] == [404, 404]


def test_a_free_port_is_taken_without_a_word():
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with demo("--port", str(port)) as (_, said):
        assert f"http://127.0.0.1:{port}/?token=" in said
        assert "is taken" not in said


def test_postgresql_is_used_in_a_schema_that_is_removed_at_the_end():
    with demo("--port", "0", "--database", POSTGRESQL) as (process, said):
        schema = re.search(r"PostgreSQL, .*, schema (tightlip_demo_\w+)", said)[1]
        assert schema in schemas()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=90)
        assert process.returncode == 130
    assert schema not in schemas()


def schemas() -> list[str]:
    with psycopg.connect(POSTGRESQL) as connection:
        return [row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "This is no address. Give a PostgreSQL address"),
        ("postgresql://user:hidden@host:port/name", "This is no address."),
        ("mysql://root:hidden@127.0.0.1/test", "The demo does not run on mysql."),
        (
            "postgresql://user:hidden@127.0.0.1:1/test",
            "The database postgresql://user:***@127.0.0.1:1/test cannot be used:",
        ),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(address, said):
    done = ended("--database", address)
    assert done.returncode == 2
    assert f"Error: {said}" in done.stderr
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "203.0.113.7"], "Nothing can listen on 203.0.113.7 from port 8000 on:"),
        (["--host", "no.such.host.invalid"], "There is no address 'no.such.host.invalid'"),
    ],
)
def test_an_address_that_is_not_here_is_told(arguments, said):
    done = ended(*arguments)
    assert done.returncode == 2
    assert f"Error: {said}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_for_everyone_comes_with_a_warning():
    with demo("--port", "0", "--host", "0.0.0.0") as (process, said):
        page = page_of(addresses_in(said)[0])
        assert page.startswith("http://127.0.0.1:")
        assert httpx.get(page, headers={"host": "shop.example"}).status_code == 200
        process.send_signal(signal.SIGINT)
        _, warned = process.communicate(timeout=90)
    assert "Whoever can reach this address sees the reports" in warned


@pytest.mark.parametrize("library", ["fastapi", "uvicorn", "sqlalchemy", "httpx", "jinja2"])
def test_a_missing_extra_is_told_with_the_command_to_run(library):
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from tightlip.cli.main import main; main(['demo', '--port', '0', '--no-open'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert f"Error: The demo needs {library}, which is not installed." in done.stderr
    assert 'pip install "tightlip[demo]"' in done.stderr
    assert "Traceback" not in done.stderr
