"""The documented error answers are the ones on the wire."""

from __future__ import annotations

from tightlip.catalog.exports.openapi import describe


def test_a_document_without_paths_is_left_whole():
    assert describe({"openapi": "3.1.0"}) is not None
