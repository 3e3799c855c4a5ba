"""Malformed requests on raw sockets: every server refuses them with the same bytes."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PROGRAM = Path(__file__).parent / "program.py"
SECONDS_TO_START = 30

WORDS = {
    400: ("Bad Request", "INVALID_REQUEST", "The request could not be understood. Check it and try again"),
    403: ("Forbidden", "ACCESS_DENIED", "You do not have access to this"),
    413: ("Content Too Large", "PAYLOAD_TOO_LARGE", "The request is too large"),
    414: ("URI Too Long", "URI_TOO_LONG", "The address of the request is too long"),
    426: ("Upgrade Required", "UPGRADE_REQUIRED", "The request must use a newer protocol"),
    431: ("Request Header Fields Too Large", "HEADERS_TOO_LARGE", "The headers of the request are too large"),
    500: ("Internal Server Error", "INTERNAL_SERVER_ERROR", "Something went wrong"),
    501: ("Not Implemented", "NOT_IMPLEMENTED", "This is not supported"),
    503: ("Service Unavailable", "SERVICE_UNAVAILABLE", "The service is not available at the moment. Try again later"),
    505: ("HTTP Version Not Supported", "HTTP_VERSION_NOT_SUPPORTED", "The version of the protocol is not supported"),
}  # fmt: skip


def golden(status: int) -> bytes:
    """The one answer of `status`, by whichever server."""
    phrase, code, message = WORDS[status]
    body = f'{{"error":{{"code":"{code}","message":"{message}"}}}}'
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        "cache-control: no-store",
        "connection: close",
        f"content-length: {len(body)}",
        "content-type: application/json",
        "x-content-type-options: nosniff",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def post(*fields: str, body: str = "") -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "host: api.example", *fields, "", body]).encode()


def get(*fields: str, target: str = "/", method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", "host: api.example", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def handshake(*fields: str) -> bytes:
    return get("connection: upgrade", "upgrade: websocket", *fields)


CLOSE = "connection: close"
KEY = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
CAUSES = {
    "no HTTP": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n",
    "line of one word": b"CANARY\r\n\r\n",
    "header without a colon": get("CANARY canary", CLOSE),
    "length that is no number": post("content-length: CANARY", CLOSE),
    "two lengths": post("content-length: 1", "content-length: 2", CLOSE, body="ab"),
    "length and chunks": post("content-length: 5", "transfer-encoding: chunked", CLOSE, body="0\r\n\r\n"),
    "bad chunk": post("transfer-encoding: chunked", CLOSE, body="CANARY\r\n\r\n"),
    "unknown coding": post("transfer-encoding: canary", CLOSE),
    # More than a server reads at once: one that has all of it at hand may find it small enough.
    "large headers": get(f"x-large: {'a' * 300_000}", CLOSE),
    "long target": get(CLOSE, target=f"/{'a' * 300_000}"),
    "large body": post("content-length: 1000000", CLOSE, body="a"),
    "unknown method": get(CLOSE, method="BREW"),
    "CONNECT": get(CLOSE, method="CONNECT", target="api.example:443"),
    "folded header": get("x-folded: a\r\n canary", CLOSE),
    "unknown version": get(CLOSE, version="9.9"),
    "bad handshake key": handshake(KEY.replace("dGhl", "CANARY"), "sec-websocket-version: 13"),
    "no handshake key": handshake("sec-websocket-version: 13"),
    "refused handshake": handshake(KEY, "sec-websocket-version: 13"),
    "broken application": get(CLOSE, target="/raise"),
}  # fmt: skip

# The status that each server gives: it is the server that reads the request, and each finds other
# faults in it. Where one finds none, the request is served (200).
READ_BY = {
    "h11": [400, 400, 400, 400, 400, 200, 400, 501, 431, 431, None, 200, 200, 200, 200],
    "httptools": [400, 400, 400, 400, 400, 400, 400, 400, 200, 400, None, 400, 400, 400, 400],
    "gunicorn": [400, 400, 400, 400, 400, 400, 200, 501, 431, 414, None, 200, 200, 400, 400],
    "gunicorn_asgi": [400, 400, 400, 400, 400, 400, 400, 501, 431, 414, None, 200, 200, 400, 400],
    "twisted": [400, 400, 400, 400, 400, 400, 400, 400, None, None, None, 200, 200, 200, 400],
    "waitress": [400, 400, 400, 400, 400, 200, 400, 501, 431, 431, 413, 200, 200, 200, 200],
    "http.server": [400, 400, 200, 500, 200, 200, 200, 200, 431, 414, None, 200, 200, 200, 505],
}
SERVERS = {
    "uvicorn-h11": ("h11", [400, 400, 403, 500]),
    "uvicorn-httptools": ("httptools", [400, 400, 403, 500]),
    "gunicorn-sync": ("gunicorn", [200, 200, 200, 500]),
    "gunicorn-gthread": ("gunicorn", [200, 200, 200, 500]),
    "gunicorn-asgi": ("gunicorn_asgi", [400, 400, 403, 500]),
    "gunicorn-uvicorn": ("httptools", [400, 400, 403, 500]),
    "hypercorn": ("h11", [403, 400, 403, 500]),
    "daphne": ("twisted", [400, 400, 403, 500]),
    "waitress": ("waitress", [200, 200, 200, 500]),
    "werkzeug": ("http.server", [200, 200, 200, 500]),
    "wsgiref": ("http.server", [200, 200, 200, 500]),
    "runserver": ("http.server", [200, 200, 200, 500]),
}
CELLS = [
    pytest.param(server, cause, status, id=f"{server}: {cause}")
    for server, (parser, others) in SERVERS.items()
    for cause, status in zip(CAUSES, [*READ_BY[parser], *others], strict=True)
    if status is not None
]
CELLS += [
    pytest.param("uvicorn-old", cause, status, id=f"uvicorn-old: {cause}")
    for cause, status in zip(CAUSES, [None] * 15 + [400, 400, 403, 500], strict=True)
    if status is not None
]
TELLS = re.compile(
    rb"uvicorn|gunicorn|hypercorn|daphne|twisted|autobahn|waitress|werkzeug|wsgi|python|django"
    rb"|h11|llhttp|websockets|CANARY",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def ask():
    """Start each server at its first request; keep it until the module is done."""
    servers: dict[str, tuple[subprocess.Popen[bytes], int]] = {}

    def connected(kind: str) -> socket.socket:
        if kind not in servers:
            with socket.create_server(("127.0.0.1", 0)) as listening:
                port = listening.getsockname()[1]
            servers[kind] = (
                subprocess.Popen(
                    [sys.executable, PROGRAM, kind, str(port)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                ),
                port,
            )
        return connection_to(*servers[kind])

    def ask(kind: str, request: bytes, *frames: bytes) -> bytes:
        with closing(connected(kind)) as connection:
            return exchange(connection, request, *frames)

    ask.connected = connected
    yield ask
    for process, _ in servers.values():
        process.terminate()
    for process, _ in servers.values():
        process.wait(30)


def connection_to(process: subprocess.Popen[bytes], port: int) -> socket.socket:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 10)
        except ConnectionRefusedError:
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.02)


def exchange(connection: socket.socket, request: bytes, *frames: bytes) -> bytes:
    """Send; return every byte of the answer, or of all answers if the server closes.

    `frames` follow once the answer to a handshake is there.
    """
    received = b""
    with suppress(OSError):  # it may refuse before it has all of the request
        connection.sendall(request)
    with suppress(ConnectionResetError):
        if frames:
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            connection.sendall(b"".join(frames))
        while chunk := connection.recv(65536):
            received += chunk
            if is_whole(received):
                break
    return received


def is_whole(received: bytes) -> bool:
    """Whether this is an answer after which the connection stays open."""
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"^content-length: (\d+)\r?$", head, re.MULTILINE | re.IGNORECASE)
    closes = re.search(rb"^connection: close\r?$", head, re.MULTILINE | re.IGNORECASE)
    return bool(end and length and not closes) and len(body) >= int(length.group(1))


def without_date(answer: bytes) -> bytes:
    return re.sub(rb"^date: [^\r]+\r\n", b"", answer, flags=re.MULTILINE)


@pytest.mark.parametrize(("server", "cause", "status"), CELLS)
def test_a_malformed_request_gets_the_same_bytes_on_every_server(ask, server, cause, status):
    answer = ask(server, CAUSES[cause])
    assert not TELLS.search(answer)
    if status == 200:
        assert re.match(rb"HTTP/1.[01] 200 OK\r\n", answer)
        return
    assert same(server, answer) == golden(status)


def same(server: str, answer: bytes) -> bytes:
    """Leave out what a server adds to the answer of an application: here, to our 500."""
    answer = without_date(answer)
    if server == "wsgiref":
        answer = answer.replace(b"HTTP/1.0", b"HTTP/1.1")
    if b" 500 " in answer[:15] and b"connection:" not in answer:
        answer = answer.replace(b"content-length", b"connection: close\r\ncontent-length", 1)
    return answer


REQUESTS = {
    "1.1": get(CLOSE, target="/missing"),
    "1.0": get(target="/missing", version="1.0"),
    "handshake": get(
        "connection: upgrade", "upgrade: websocket", KEY, "sec-websocket-version: 13",
        target="/missing",
    ),
}  # fmt: skip
ANSWERED = [(server, version) for server in SERVERS for version in ("1.1", "1.0")]
# The servers that let an application answer a handshake with words of its own.
ANSWERED += [(server, "handshake") for server in ("uvicorn-httptools", "hypercorn")]


@pytest.mark.parametrize(("server", "request_"), ANSWERED)
def test_what_the_application_answers_has_no_banner_and_its_fields_sorted(ask, server, request_):
    answer = without_date(ask(server, REQUESTS[request_]))
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line, *fields = head.split(b"\r\n")
    assert status_line.endswith(b" 404 Not Found")
    assert body == b"ok"
    added = (b"connection:", b"content-type:")  # uvicorn gives the refusal of a handshake a type
    assert [field for field in fields if not field.startswith(added)] == [
        b"content-length: 2",
        b"x-a: 1",
        b"x-b: 2",
    ]
    assert fields == sorted(fields)


def test_a_full_server_says_so_in_the_same_words(ask):
    assert without_date(ask("uvicorn-full", get(CLOSE))) == golden(503)


# The answer of wsgiref and of runserver ends with the connection, whether it is whole or not.
CUTTING = {*SERVERS, "werkzeug-debugger"} - {"wsgiref", "runserver"}


@pytest.mark.parametrize("server", sorted(CUTTING))
def test_a_stream_that_breaks_is_cut_and_never_ended_as_if_it_were_whole(ask, server):
    answer = ask(server, get(target="/broken"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body == b"5\r\nfirst\r\n"


WITH_WEBSOCKETS = ["uvicorn-httptools", "uvicorn-old", "hypercorn", "gunicorn-asgi", "daphne"]


@pytest.mark.parametrize("server", WITH_WEBSOCKETS)
def test_a_websocket_that_fails_closes_with_its_code_and_reason(ask, server):
    client = connect("ws://api.example/failing", sock=ask.connected(server))
    with client, pytest.raises(ConnectionClosed) as closed:
        client.recv(10)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, "GONE")


FRAMES = {
    "reserved opcode": b"\x83\x80\0\0\0\0",
    "reserved bits": b"\xf1\x80\0\0\0\0",
    "no mask": b"\x81\x01a",
    "text that is no UTF-8": b"\x81\x81\0\0\0\0\xff",
    "close of one byte": b"\x88\x81\0\0\0\0a",
}
CODES = {code: b"\x88\x02" + code.to_bytes(2, "big") for code in (1002, 1007)}


@pytest.mark.parametrize("server", WITH_WEBSOCKETS)
@pytest.mark.parametrize("frame", FRAMES)
def test_a_malformed_frame_closes_with_its_code_and_no_words(ask, server, frame):
    answer = ask(
        server,
        handshake(KEY, "sec-websocket-version: 13").replace(b"GET /", b"GET /open"),
        FRAMES[frame],
    )
    head, _, frames = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    # Some cut the connection at once.
    assert frames in {b"", CODES[1007 if frame == "text that is no UTF-8" else 1002]}
