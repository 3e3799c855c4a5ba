"""Header fields: what may leave with an error, and what never leaves."""

from __future__ import annotations

from tightlip.wire.headers import without_machinery


def test_the_server_is_not_named():
    assert without_machinery([(b"Server", b"uvicorn")]) == []
