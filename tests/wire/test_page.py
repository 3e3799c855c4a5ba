"""The page, byte for byte."""

from __future__ import annotations

from tightlip.catalog.standard import standard_error
from tightlip.wire.page import render


def test_the_page_is_titled_with_the_message():
    assert b"<title>Something went wrong</title>" in render(standard_error(500), None)
