"""The wording check: which messages may stand in front of a client."""

from __future__ import annotations

from tightlip.catalog.wording import fault_of


def test_an_empty_message_is_refused():
    assert fault_of(" ") == "is empty"
