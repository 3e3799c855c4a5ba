"""The default body, byte for byte."""

from __future__ import annotations

from typing import Annotated

import pytest

from tightlip import FieldError, MaxLength, PublicError
from tightlip.catalog.standard import standard_error
from tightlip.wire.envelope import CONTENT_TYPE, encode, render


def test_the_standard_error_in_its_envelope():
    body = render(standard_error(500), None)
    assert body == b'{"error":{"code":"INTERNAL_SERVER_ERROR","message":"Something went wrong"}}'
    assert CONTENT_TYPE == b"application/json"


def test_the_reference_stands_last():
    assert render(standard_error(500), "K7Q29FMX4D1T") == (
        b'{"error":{"code":"INTERNAL_SERVER_ERROR","message":"Something went wrong",'
        b'"reference":"K7Q29FMX4D1T"}}'
    )


def test_the_example_of_the_wire_contract():
    class ContractExample(PublicError):
        status = 422
        message = "Email is required"

    error = ContractExample()
    error.fields = (FieldError("email", "REQUIRED", "Email is required"),)
    assert render(error, "K7Q29FMX4D1T") == (
        b'{"error":{"code":"CONTRACT_EXAMPLE","message":"Email is required","fields":[{"field":'
        b'"email","code":"REQUIRED","message":"Email is required"}],"reference":"K7Q29FMX4D1T"}}'
    )


def test_the_keys_stand_in_the_fixed_order_and_the_text_in_utf_8():
    class OrderOfKeys(PublicError):
        status = 409
        message = "Le café {name} est plein"
        zone: int
        name: Annotated[str, MaxLength(20)]

    error = OrderOfKeys(name='"漢"\\', zone=1)
    error.fields = (FieldError("a", "TAKEN", "A is taken"),)
    assert render(error, "K7Q29FMX4D1T").decode() == (
        '{"error":{"code":"ORDER_OF_KEYS","message":"Le café \\"漢\\"\\\\ est plein",'
        '"fields":[{"field":"a","code":"TAKEN","message":"A is taken"}],'
        '"details":{"zone":1,"name":"\\"漢\\"\\\\"},"reference":"K7Q29FMX4D1T"}}'
    )


def test_what_utf_8_cannot_hold_does_not_break_the_answer():
    assert encode({"a": "\ud800"}) == b'{"a":"?"}'


def test_a_number_that_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"a": float("nan")})
