"""A client that sends bytes as they are, and looks at every byte that comes back."""

from __future__ import annotations

import base64
import socket
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO

_TIMEOUT = 10


@dataclass
class Answer:
    """One answer, taken apart.

    Attributes:
        version: `HTTP/1.1` or `HTTP/1.0`.
        status: The status code.
        reason: The reason phrase.
        headers: Names as sent, and values, in order.
        body: The body without its chunks' frames, also that which may not be there.
        is_whole: Whether the body came to the end that was announced.
        frames: What came over a WebSocket, each as its kind and its content.
    """

    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    is_whole: bool = True
    frames: list[tuple[str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """Return the values of the header `name`, given in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def everything(self) -> str:
        """All that was told, to be searched."""
        lines = [self.reason, *(f"{name}: {value}" for name, value in self.headers)]
        frames = [content for _, content in self.frames]
        return "\n".join([*lines, self.body.decode("utf-8", "replace"), *frames])


def exchange(port: int, *requests: bytes) -> Answer:
    """Send one request after the other over one connection; return the last answer."""
    with closing(socket.create_connection(("127.0.0.1", port), _TIMEOUT)) as connection:
        received = connection.makefile("rb")
        for request in requests:
            connection.sendall(request)
            answer = _read(received, request.partition(b" ")[0])
        received.close()
        return answer


def _read(received: BinaryIO, method: bytes) -> Answer:
    answer = _read_head(received)
    while 100 <= answer.status < 200:
        if answer.status == 101:
            answer.frames = _read_frames(received)
            return answer
        answer = _read_head(received)
    if method == b"HEAD":
        # The request asks for the end of the connection: what comes before may not be there.
        answer.body = received.read()
    else:
        _read_body(received, answer)
    return answer


def _read_head(received: BinaryIO) -> Answer:
    line = received.readline().decode("latin-1")
    if not line:
        return Answer("", 0, "nothing at all", [])
    version, status, reason = [*line.rstrip("\r\n").split(" ", 2), ""][:3]
    headers = []
    while (line := received.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return Answer(version, int(status), reason, headers)


def _read_body(received: BinaryIO, answer: Answer) -> None:
    for length in answer.values("content-length"):
        answer.body = received.read(int(length))
        answer.is_whole = len(answer.body) == int(length)
        return
    if answer.values("transfer-encoding") != ["chunked"]:
        answer.body = received.read()
        return
    while (size := _size(received.readline())) is not None:
        chunk = received.read(size)
        end = received.readline()
        answer.body += chunk
        if size == 0 or end != b"\r\n":
            answer.is_whole = end == b"\r\n"
            return
    answer.is_whole = False


def _size(line: bytes) -> int | None:
    return int(line.strip(), 16) if line.strip() else None


def _read_frames(received: BinaryIO) -> list[tuple[str, str]]:
    """Read to the end of a WebSocket (RFC 6455, section 5.2)."""
    frames: list[tuple[str, str]] = []
    while len(head := received.read(2)) == 2:
        length = head[1] & 0x7F
        if length == 126:
            length = int.from_bytes(received.read(2), "big")
        content = received.read(length)
        if head[0] & 0x0F == 8:
            code = str(int.from_bytes(content[:2], "big"))
            return [*frames, (f"close {code}", content[2:].decode())]
        frames.append((f"frame {head[0] & 0x0F}", content.decode()))
    return [*frames, ("cut", "")]


def handshake(path: str) -> bytes:
    """Return the request that opens a WebSocket (RFC 6455, section 4.1)."""
    key = base64.b64encode(bytes(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        "host: api.example",
        "upgrade: websocket",
        "connection: Upgrade",
        f"sec-websocket-key: {key}",
        "sec-websocket-version: 13",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
