"""Fixtures for every room: where incidents are kept, a raw ASGI call, a real server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import settings

from tightlip.detection.compilation import compiled_rules
from tightlip.incidents.archive import close_archives
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.sinks.memory import MemorySink

# Time is not what a property test is about; what one finds here must be found again there.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# A shell has what it runs in the background ignore Ctrl-C, and so do all that are started there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Also the programs that tests start keep their incidents here, and none in the user's own record.
_directory = tempfile.TemporaryDirectory(prefix="tightlip-tests-", ignore_cleanup_errors=True)
os.environ["TIGHTLIP_DIRECTORY"] = _directory.name


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name packed bytes by their argument: they hold the time, and every process must name alike."""
    return argname if isinstance(val, bytes) and not val.isascii() else None


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        compiled_rules()  # once, and not in each process: a first start takes long, and says so


def pytest_unconfigure():
    close_archives()
    _directory.cleanup()


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def directory(tmp_path: Path) -> PrivateDirectory:
    """A directory for incidents that is not there yet."""
    return PrivateDirectory(tmp_path / "private")


@pytest.fixture
def summary() -> Callable[..., bytes]:
    """Make the summary of an incident, as it stands in a frame."""

    def make(reference: str, time: str = "2026-05-01T12:00:00.000001Z", **more: object) -> bytes:
        fields = {
            "reference": reference,
            "fingerprint": "v1:0",
            "time": time,
            "severity_number": 17,
            "error.type": "ValueError",
            "error.code": "INTERNAL_SERVER_ERROR",
            "http.response.status_code": 500,
            **more,
        }
        return json.dumps(
            {key: value for key, value in fields.items() if value is not None}
        ).encode()

    return make


@dataclass
class Exchange:
    """All that an ASGI application sent, and what it raised."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    raised: BaseException | None = None

    @property
    def status(self) -> int:
        (start,) = (m for m in self.sent if m["type"].endswith("response.start"))
        return start["status"]

    @property
    def headers(self) -> dict[bytes, bytes]:
        (start,) = (m for m in self.sent if m["type"].endswith("response.start"))
        return dict(start["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.sent if "response.body" in m["type"])

    @property
    def everything(self) -> bytes:
        """Every byte that a server would have put on the socket."""
        return repr([{**message, "type": ""} for message in self.sent]).encode()


def http_scope(path: str = "/", **overrides: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"api.example")],
        "client": ("203.0.113.7", 50312),
        "server": ("127.0.0.1", 80),
        "extensions": {},
        "state": {},
        **overrides,
    }


async def _call(application: Any, scope: dict[str, Any], incoming: list[dict[str, Any]]) -> Any:
    exchange = Exchange()
    waiting = list(incoming)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits that long")

    async def send(message: dict[str, Any]) -> None:
        exchange.sent.append(dict(message))

    try:
        async with asyncio.timeout(10):
            await application(scope, receive, send)
    except BaseException as raised:  # all that leaves the application is looked at
        exchange.raised = raised
    return exchange


@pytest.fixture
def exchange() -> Callable[..., Exchange]:
    """Call an ASGI application as a server would; return all that it sent."""

    def call(
        application: Any,
        path: str = "/",
        *,
        body: bytes = b"",
        incoming: list[dict[str, Any]] | None = None,
        **overrides: Any,
    ) -> Exchange:
        messages = incoming or [{"type": "http.request", "body": body, "more_body": False}]
        return asyncio.run(_call(application, http_scope(path, **overrides), messages))

    return call


@dataclass
class Server:
    """A running uvicorn."""

    port: int
    records: list[logging.LogRecord]

    def raw(self, request: bytes, timeout: float = 10) -> bytes:
        """Send `request` as it is; return every byte until the server closes."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout)) as connection:
            connection.sendall(request)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except ConnectionResetError:
                pass
            return received

    def get(self, path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
        """Ask for `path`; return every byte of the answer."""
        lines = [f"{method} {path} HTTP/{version}", "host: api.example", "connection: close"]
        return self.raw("\r\n".join([*lines, *headers, "", ""]).encode())

    @property
    def log(self) -> str:
        """What the server logged, tracebacks included."""
        formatter = logging.Formatter()
        return "\n".join(formatter.format(record) for record in self.records)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _running(application: Any, **options: Any) -> Iterator[Server]:
    kept = _Kept()
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(kept)
    listening = socket.create_server(("127.0.0.1", 0))
    # The level is the process's: another test's server may have left it higher.
    config = uvicorn.Config(application, log_config=None, log_level="info", **options)
    server = uvicorn.Server(config)

    def run() -> None:
        # A server that cannot start leaves by SystemExit: what it said is in its log.
        with suppress(SystemExit):
            server.run([listening])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            thread.join(0.01)
        yield Server(listening.getsockname()[1], kept.records)
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
        logger.removeHandler(kept)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Serve an ASGI application by a real uvicorn, until the test is over."""
    with ExitStack() as stack:
        yield lambda application, **options: stack.enter_context(_running(application, **options))
