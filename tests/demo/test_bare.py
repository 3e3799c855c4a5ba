"""The bare twin is bare: what its server says by itself is what uvicorn says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http import HTTPStatus

import pytest

# The header fields stand in the order in which uvicorn writes them, and not sorted.
AS_UVICORN_ANSWERS = {
    b"NONSENSE\r\n\r\n": [
        "HTTP/1.1 400 Bad Request",
        "date",
        "server: uvicorn",
        "content-type: text/plain; charset=utf-8",
        "content-length",
        "connection",
    ],
    b"POST /accounts HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n": [
        f"HTTP/1.1 422 {HTTPStatus(422).phrase}",
        "date",
        "server: uvicorn",
        "content-length",
        "content-type: application/json",
        "connection",
    ],
}


def head_of(address: str, request: bytes) -> list[str]:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


PROGRAM = """
import sys
from tightlip.demo.servers import run

if __name__ == "__main__":
    with run("127.0.0.1", 0, None) as demo:
        print(demo.bare, demo.shielded, flush=True)
        sys.stdin.read()
"""


@contextmanager
def demo_of_its_own(folder):
    """Run the demo where nothing else has replaced or put back what a server says."""
    program = folder / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, process.stdout.readline().split()
        finally:
            process.stdin.close()


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """The addresses of the bare twin and of the shielded one."""
    with demo_of_its_own(tmp_path_factory.mktemp("demo")) as (_, addresses):
        yield addresses


@pytest.mark.parametrize("request_bytes", AS_UVICORN_ANSWERS, ids=["unreadable", "refused"])
def test_the_servers_words_and_order_are_its_own(twins, request_bytes):
    bare_address, shielded_address = twins
    head = head_of(bare_address, request_bytes)
    expected = AS_UVICORN_ANSWERS[request_bytes]
    assert len(head) == len(expected)
    for line, start in zip(head, expected, strict=True):
        assert line.startswith(start)
    shielded = head_of(shielded_address, request_bytes)
    assert "server: uvicorn" not in shielded
    assert shielded[1:] == sorted(shielded[1:])


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_it_ends_with_the_demo_however_the_demo_ends(tmp_path):
    with demo_of_its_own(tmp_path) as (process, (address, _)):
        assert head_of(address, b"NONSENSE\r\n\r\n")
        process.send_signal(signal.SIGKILL)
        # Its end of the pipe is closed when the twin has ended too.
        process.stdout.read()
    with pytest.raises(ConnectionError):
        head_of(address, b"NONSENSE\r\n\r\n")
