"""The bare twin is bare: what its server says by itself is what uvicorn says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

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
        "HTTP/1.1 422 Unprocessable Entity",
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


@pytest.mark.parametrize("request_bytes", AS_UVICORN_ANSWERS, ids=["unreadable", "refused"])
def test_the_servers_words_and_order_are_its_own(demo, request_bytes):
    head = head_of(demo.bare, request_bytes)
    expected = AS_UVICORN_ANSWERS[request_bytes]
    assert len(head) == len(expected)
    for line, start in zip(head, expected, strict=True):
        assert line.startswith(start)
    shielded = head_of(demo.shielded, request_bytes)
    assert "server: uvicorn" not in shielded
    assert shielded[1:] == sorted(shielded[1:])


PROGRAM = """
import sys
from tightlip.demo.servers import run

if __name__ == "__main__":
    with run("127.0.0.1", 0, None) as demo:
        print(demo.bare, flush=True)
        sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_it_ends_with_the_demo_however_the_demo_ends(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        address = process.stdout.readline().strip()
        assert head_of(address, b"NONSENSE\r\n\r\n")
        process.send_signal(signal.SIGKILL)
        # Its end of the pipe is closed when the twin has ended too.
        process.stdout.read()
    with pytest.raises(ConnectionError):
        head_of(address, b"NONSENSE\r\n\r\n")
