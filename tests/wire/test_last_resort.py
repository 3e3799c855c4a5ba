"""The precomputed answer is the standard error of 500."""

from __future__ import annotations

from tightlip.catalog.standard import standard_error
from tightlip.wire import last_resort, negotiation


def test_the_last_resort_is_the_standard_error_of_500_byte_for_byte():
    assert negotiation.render(standard_error(500), None, None) == last_resort.ANSWER
