"""The adapter that CONTRIBUTING.md shows works as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

from tightlip.responder.policy import Policy
from tightlip.responder.responder import Responder

ROOT = Path(__file__).parents[2]


class HTTPError(Exception):
    def __init__(self, status, words):
        self.status = status
        self.words = words


def test_the_adapter_in_the_document_carries_a_literal_and_withholds_the_rest(monkeypatch, sink):
    document = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    framework, adapter = ModuleType("little"), ModuleType("little_adapter")
    framework.HTTPError = HTTPError
    monkeypatch.setitem(sys.modules, "little", framework)
    monkeypatch.setitem(sys.modules, "little_adapter", adapter)
    exec(compile(source, "little_adapter.py", "exec"), adapter.__dict__)

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/literal":
            raise HTTPError(404, "There is no such thing")
        raise HTTPError(404, f"canary of {environ['PATH_INFO']}")

    def ask(path):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "little.route": "/{any}"}
        return b"".join(shielded(environ, lambda *_: None))

    shielded = adapter.wrap(application, Responder(Policy(sinks=(sink,))))
    assert ask("/literal") == (b'{"error":{"code":"NOT_FOUND","message":"There is no such thing"}}')
    assert b"canary" not in ask("/formatted")
    (incident,) = sink.incidents
    assert incident["http.route"] == "/{any}"
