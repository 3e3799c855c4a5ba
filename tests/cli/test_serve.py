"""`tightlip serve`, by each server that it knows."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest
from click.testing import CliRunner

from tightlip import plugins
from tightlip.cli.serve import command

SECONDS_TO_START = 150
TOLD_ABOVE = "Its traceback is above."
HOTEL = """
from fastapi import FastAPI, HTTPException

def create():
    app = FastAPI()

    @app.get("/rooms/{number}")
    def room(number: int):
        if number > 3:
            raise HTTPException(404, "There is no such room")
        raise ValueError("CANARY of room 3")

    return app
"""
HOUSE = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    if scope["path"] == "/rooms/3":
        raise ValueError("CANARY of room 3")
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"CANARY by hand"})

def plain(environ, start_response):
    if environ["PATH_INFO"] == "/rooms/3":
        raise ValueError("CANARY of room 3")
    start_response("404 Not Found", [("content-type", "text/plain")])
    return [b"CANARY by hand"]

number = 3
"""
REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\ncache-control: no-store\r\nconnection: close\r\n"
    b"content-length: 108\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n\r\n"
    b'{"error":{"code":"INVALID_REQUEST",'
    b'"message":"The request could not be understood. Check it and try again"}}'
)


@pytest.fixture
def house(tmp_path):
    (tmp_path / "house.py").write_text(HOUSE)
    (tmp_path / "hotel.py").write_text(HOTEL)
    (tmp_path / "torn.py").write_text("1 / 0\n")
    return tmp_path


@contextmanager
def serving(house, target: str, *options: str):
    """Run the command on a free port; give back the port, and end it as a supervisor does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    said = house / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tightlip", "serve", target),
                *("--port", str(port), "--app-dir", house, *options),
            ],
            stdout=output,
            stderr=output,
        )
    try:
        # Answered, not only taken: some servers listen before a worker is there.
        deadline = time.monotonic() + SECONDS_TO_START
        while not ask(port, "/rooms/4"):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)
        yield port, said
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
    # uvicorn ends by the signal that it was given.
    assert process.returncode in {0, -signal.SIGTERM}, said.read_text()


def raw(port: int, request: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def ask(port: int, path: str) -> bytes:
    request = f"GET {path} HTTP/1.1\r\nhost: api.example\r\nconnection: close\r\n\r\n"
    try:
        return raw(port, request.encode())
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("server", "target", "options"),
    [
        ("uvicorn", "hotel:create", ["--factory"]),
        ("hypercorn", "house:app", []),
        ("gunicorn", "house:app", []),
        ("gunicorn", "house:plain", []),
        ("granian", "house:app", []),
    ],
)
def test_an_application_is_served_in_its_shield(house, server, target, options):
    with serving(house, target, "--server", server, *options) as (port, said):
        missing, failed, refused = (
            ask(port, "/rooms/4"),
            ask(port, "/rooms/3"),
            raw(port, b"CANARY\r\n\r\n"),
        )
    words = "There is no such room" if target == "hotel:create" else "What you are looking for"
    assert missing.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert f'{{"error":{{"code":"NOT_FOUND","message":"{words}'.encode() in missing
    assert failed.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    everything = missing + failed + refused
    assert not re.search(rb"CANARY|uvicorn|gunicorn|hypercorn|granian", everything)
    if server == "granian":
        assert b"\r\ncontent-length: 0\r\n" in refused
    else:
        assert refused == REFUSAL
    first, second = said.read_text().splitlines()[:2]
    assert first == f"Serving {target} in its shield by {server} at http://127.0.0.1:{port}"
    assert second


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_a_worker_that_is_still_loading_ends_when_the_server_is_told_to_stop(house, server):
    progress = house / "progress"
    (house / "slow.py").write_text(
        "import time\nfrom house import app\n"
        f"progress = open({str(progress)!r}, 'a', buffering=1)\n"
        "progress.write('loading\\n')\ntime.sleep(2)\nprogress.write('loaded\\n')\n"
    )
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tightlip", "serve", "slow:app", "--server", server),
            *("--port", "0", "--app-dir", house),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    examined = ["loading", "loaded"]
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not progress.exists() or progress.read_text().split() != [*examined, "loading"]:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
    assert progress.read_text().split() == [*examined, "loading"]


def test_an_application_that_cannot_be_loaded_is_told_before_the_server_starts(house):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tightlip",
            "serve",
            "torn:app",
            "--app-dir",
            house,
            "--server",
            "gunicorn",
            "--port",
            "0",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    torn = house / "torn.py"
    assert done.stderr.splitlines() == [
        "Traceback (most recent call last):",
        f'  File "{torn}", line 1, in <module>',
        "    1 / 0",
        "    ~~^~~",
        "ZeroDivisionError: division by zero",
        f"Error: torn:app could not be loaded: ZeroDivisionError in {torn}, line 1. {TOLD_ABOVE}",
    ]


def test_what_a_library_raises_is_told_with_the_line_of_the_application(run, house):
    (house / "deep.py").write_text("import json\n\njson.loads('{')\n")
    (house / "unread.py").write_text("def app(:\n")
    for module, line in (("deep", 3), ("unread", 1)):
        said = run(f"{module}:app")
        assert f"{house / module}.py, line {line}. {TOLD_ABOVE}" in said


@pytest.fixture
def run(house, monkeypatch):
    """Run the command up to the start of a server, in this process; return what it says."""
    for name in ("TIGHTLIP_TARGET", "TIGHTLIP_TARGET_FACTORY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(sys, "path", sys.path.copy())

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(command, ["--port", "0", *arguments, "--app-dir", str(house)])
        assert result.exit_code != 0
        return result.output

    yield run
    sys.modules.pop("house", None)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere:app"], "There is no module 'nowhere'. It was looked for in "),
        (["house:ap"], "The module 'house' has no 'ap'. Did you mean 'app'?"),
        (["house:number"], "shield() takes an application: "),
        (["torn:app"], "torn:app could not be loaded: ZeroDivisionError in "),
        (["house:plain"], "tightlip serve house:plain --server gunicorn"),
        (["house:app", "--key", __file__], "TLS takes both --certificate and --key."),
        (
            ["house:app", "--certificate", __file__, "--key", __file__],
            f"{__file__} and {__file__} are no certificate and its key in PEM: ",
        ),
        (["house:app", "--reload", "--workers", "2"], "--reload is for one worker"),
    ],
)
def test_wrong_use_is_told_with_what_to_do(run, arguments, told):
    assert told in run(*arguments)


@pytest.mark.parametrize("missing", ["hypercorn.config", "h11"])
def test_a_server_that_is_not_installed_is_told_with_the_command_that_installs_it(
    run, monkeypatch, missing
):
    def find(seam, name):
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(plugins, "find", find)
    said = run("house:app", "--server", "hypercorn")
    assert "hypercorn is not installed. Run:" in said
    assert 'pip install "tightlip[hypercorn]"' in said


def test_an_address_at_which_nothing_can_listen_is_told(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = run("house:app", "--port", port)
    assert f"Nothing can listen at 127.0.0.1, port {port}: " in said
    assert "Nothing can listen at 203.0.113.1, port 0: " in run(
        "house:app", "--host", "203.0.113.1"
    )
