"""Which form a client gets."""

from __future__ import annotations

from tightlip.wire import envelope, negotiation


def test_a_client_that_says_nothing_gets_the_envelope():
    assert negotiation.choose(b"") is envelope
