"""The standard errors: every registered status, and what an unregistered one becomes."""

from __future__ import annotations

from tightlip.catalog.standard import standard_error


def test_an_unregistered_status_keeps_its_number():
    assert standard_error(599).status == 599
