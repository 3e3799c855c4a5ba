"""Problem details, byte for byte."""

from __future__ import annotations

from tightlip.catalog.standard import standard_error
from tightlip.wire.problem import render


def test_the_type_of_an_error_without_a_page_is_blank():
    assert b'"type":"about:blank"' in render(standard_error(404), None)
