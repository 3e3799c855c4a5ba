from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tightlip.exchange import Request
from tightlip.incidents.capture import capture
from tightlip.incidents.compartments import parts_of, split
from tightlip.incidents.incident import Incident, Occurrence
from tightlip.incidents.reference import new_reference
from tightlip.incidents.summary import summarise

Record = Callable[..., Incident]


@pytest.fixture
def raised() -> Callable[[Callable[[], object]], BaseException]:
    """Give what a function raises, with its traceback."""

    def catch(function: Callable[[], object]) -> BaseException:
        try:
            function()
        except BaseException as error:
            return error
        raise AssertionError("nothing was raised")

    return catch


@pytest.fixture
def record() -> Record:
    def make(
        exception: BaseException | None = None,
        *,
        request: Request | None = None,
        status: int = 500,
        code: str = "INTERNAL_SERVER_ERROR",
        answer: bytes = b"{}",
        own: str = __file__.rpartition("/")[0],
        **more: object,
    ) -> Incident:
        occurrence = Occurrence(new_reference(), request, exception, status, code, answer, **more)
        incident = capture(occurrence, lambda path: path.startswith(own), {"host.name": "test"})
        assert json.loads(incident.as_json()) == incident.as_dict()
        summary, others, closed = map(json.loads, parts_of(incident))
        assert summary == summarise(incident.fields)
        assert ({**summary, **others}, closed) == split(incident.fields)
        return incident

    return make


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The logger `tightlip` without handlers, under a root of its own; put back afterwards."""
    ours = logging.getLogger("tightlip")
    before = ours.parent, ours.handlers, ours.level, ours.disabled
    ours.parent, ours.handlers = logging.RootLogger(logging.WARNING), []
    ours.setLevel(logging.NOTSET)
    try:
        yield ours
    finally:
        ours.parent, ours.handlers, _, ours.disabled = before
        ours.setLevel(before[2])


class Receiver:
    """A real HTTP server that does as it is told. It listens on a port of its own from the start; `stop` and `start` take it down and up."""

    def __init__(self):
        self.requests = []
        self.answers = []  # statuses, or functions of the handler; 200 when there are no more
        self.changed = threading.Condition()
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.changed:
                    receiver.requests.append((self.path, self.headers, body))
                    answer = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.changed.notify_all()
                if callable(answer):
                    answer(self)
                    return
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def wait(self, count, seconds=10):
        """Return all requests as soon as there are `count` of them."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, seconds), (
                self.requests
            )
            return list(self.requests)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()
