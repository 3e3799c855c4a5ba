"""Catalog: each code once, and classes that give their code back."""

from __future__ import annotations

from tightlip.catalog.catalog import catalog


def test_the_standard_errors_stand_in_the_catalog():
    assert "NOT_FOUND" in catalog
