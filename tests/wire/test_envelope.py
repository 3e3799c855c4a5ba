"""The default body, byte for byte."""

from __future__ import annotations

from tightlip.catalog.standard import standard_error
from tightlip.wire.envelope import render


def test_the_standard_error_in_its_envelope():
    body = render(standard_error(500), None)
    assert body == b'{"error":{"code":"INTERNAL_SERVER_ERROR","message":"Something went wrong"}}'
