"""The precomputed answer is the standard error of 500."""

from __future__ import annotations

import dataclasses

import pytest

from tightlip.catalog.standard import standard_error
from tightlip.wire import last_resort, negotiation


def test_the_last_resort_is_the_standard_error_of_500_byte_for_byte():
    assert negotiation.render(standard_error(500), None, None) == last_resort.ANSWER
    assert last_resort.ANSWER.body is last_resort.BODY


def test_nobody_can_change_the_last_resort():
    with pytest.raises(dataclasses.FrozenInstanceError):
        last_resort.ANSWER.status = 200
    assert hash(last_resort.ANSWER) == hash(dataclasses.replace(last_resort.ANSWER))
