"""The documented error answers are the ones on the wire."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

import tightlip
from tightlip import MaxLength, PublicError
from tightlip.catalog.exports.openapi import describe, errors
from tightlip.catalog.standard import STANDARD
from tightlip.wire.envelope import render


class Account(BaseModel):
    email: str


class Words(BaseModel):
    text: str


def _code_of(response):
    schema = response["content"]["application/json"]["schema"]
    return schema["properties"]["error"]["properties"]["code"]["enum"]


def test_the_helper_is_public():
    assert tightlip.errors is errors


def test_a_declared_error_is_documented_word_for_word():
    class DocumentedTaken(PublicError):
        status = 409
        message = "An account with this email already exists"

    assert errors(DocumentedTaken) == {
        409: {
            "description": "An account with this email already exists",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["error"],
                        "properties": {
                            "error": {
                                "type": "object",
                                "required": ["code", "message"],
                                "properties": {
                                    "code": {"type": "string", "enum": ["DOCUMENTED_TAKEN"]},
                                    "message": {"type": "string"},
                                    "reference": {
                                        "type": "string",
                                        "description": "Names the incident; "
                                        "quote it when you ask for help.",
                                    },
                                },
                            }
                        },
                    },
                    "examples": {
                        "DOCUMENTED_TAKEN": {
                            "value": {
                                "error": {
                                    "code": "DOCUMENTED_TAKEN",
                                    "message": "An account with this email already exists",
                                }
                            }
                        }
                    },
                }
            },
        }
    }


def test_the_example_is_what_stands_on_the_wire():
    class ExampleOnWire(PublicError):
        status = 409
        message = "Only {available} seats are left"
        available: int

    content = errors(ExampleOnWire)[409]["content"]["application/json"]
    assert content["examples"]["EXAMPLE_ON_WIRE"]["value"] == json.loads(
        render(ExampleOnWire(available=1), None)
    )


def test_errors_of_one_status_stand_together_once():
    class TogetherFirst(PublicError):
        status = 409
        message = "First"

    class TogetherSecond(PublicError):
        status = 409
        message = "Second"

    class Elsewhere(PublicError):
        status = 410
        message = "Gone"

    found = errors(TogetherFirst, Elsewhere, TogetherSecond, TogetherFirst)
    assert list(found) == [409, 410]
    assert _code_of(found[409]) == ["TOGETHER_FIRST", "TOGETHER_SECOND"]
    assert found[409]["description"] == "First / Second"
    assert list(found[409]["content"]["application/json"]["examples"]) == [
        "TOGETHER_FIRST",
        "TOGETHER_SECOND",
    ]


def test_each_parameter_is_documented_with_its_type():
    class Reason(Enum):
        CARD = "card"
        LIMIT = 2

    class AllParameters(PublicError):
        status = 409
        message = "No"
        count: int
        share: float
        final: bool
        price: Decimal
        coupon: Annotated[str, MaxLength(8)]
        reason: Reason
        side: Literal["left", "right"]
        seat: int | None
        number: int | float

    content = errors(AllParameters)[409]["content"]["application/json"]
    details = content["schema"]["properties"]["error"]["properties"]["details"]
    assert details == {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "share": {"type": "number"},
            "final": {"type": "boolean"},
            "price": {"type": "string"},
            "coupon": {"type": "string"},
            "reason": {"enum": ["card", 2]},
            "side": {"enum": ["left", "right"]},
            "seat": {"type": ["integer", "null"]},
            "number": {"type": ["integer", "number"]},
        },
    }
    example = content["examples"]["ALL_PARAMETERS"]["value"]["error"]["details"]
    assert example["reason"] == "card"
    assert example["side"] == "left"
    assert example["count"] == 1


def test_only_a_422_tells_of_fields():
    def properties(status):
        content = errors(STANDARD[status])[status]["content"]["application/json"]
        return content["schema"]["properties"]["error"]["properties"]

    assert "fields" in properties(422)
    assert "fields" not in properties(409)


class FamilyToDocument(PublicError):
    status = 409


@pytest.mark.parametrize(
    "given", [FamilyToDocument, PublicError, ValueError, 404, "NOT_FOUND", None, STANDARD[404]()]
)
def test_what_is_no_error_that_can_be_raised_is_refused(given):
    with pytest.raises(TypeError, match=r"errors\(\) takes subclasses of PublicError"):
        errors(given)


def test_errors_twice_are_the_same():
    assert errors(STANDARD[404], STANDARD[409]) == errors(STANDARD[404], STANDARD[409])
    assert errors() == {}


class DocumentedOnRoute(PublicError):
    status = 409
    message = "Only {available} seats are left"
    available: int


def _application():
    application = FastAPI()

    @application.post("/accounts", responses=errors(DocumentedOnRoute))
    def create(account: Account): ...

    @application.get(
        "/accounts/{number}",
        responses={
            404: {"model": Words, "description": "No such account"},
            500: {"description": "Broken", "content": {"text/plain": {}}},
            499: {"description": "Closed"},
            304: {"description": "The same"},
        },
    )
    def read(number: int): ...

    @application.get("/health")
    def health(): ...

    @application.webhooks.post("changed")
    def changed(account: Account): ...

    return application


def test_nothing_of_the_default_422_is_left():
    document = _application().openapi()
    assert "HTTPValidationError" in json.dumps(document), "FastAPI documents its own 422"
    described = describe(document)
    assert described is document
    told = json.dumps(document)
    assert "HTTPValidationError" not in told
    assert "ValidationError" not in document["components"]["schemas"]
    assert '"loc"' not in told
    responses = document["paths"]["/accounts"]["post"]["responses"]
    assert _code_of(responses["422"]) == ["VALIDATION_ERROR"]
    assert "fields" in json.dumps(responses["422"])
    webhook = document["webhooks"]["changed"]["post"]["responses"]
    assert _code_of(webhook["422"]) == ["VALIDATION_ERROR"]
    assert set(document["components"]["schemas"]) >= {"Account"}


def test_what_was_declared_on_a_route_stays_and_the_rest_becomes_standard():
    document = _application().openapi()
    declared = copy.deepcopy(document["paths"]["/accounts"]["post"]["responses"]["409"])
    describe(document)
    assert document["paths"]["/accounts"]["post"]["responses"]["409"] == declared
    assert _code_of(declared) == ["DOCUMENTED_ON_ROUTE"]
    responses = document["paths"]["/accounts/{number}"]["get"]["responses"]
    assert _code_of(responses["404"]) == ["NOT_FOUND"]
    assert responses["404"]["description"] == "No such account"
    assert _code_of(responses["500"]) == ["INTERNAL_SERVER_ERROR"]
    assert list(responses["500"]["content"]) == ["application/json"]
    assert _code_of(responses["499"]) == ["INVALID_REQUEST"]
    assert responses["304"] == {"description": "The same"}
    assert set(document["paths"]["/health"]["get"]["responses"]) == {"200"}


def test_describing_twice_changes_nothing_more():
    once = describe(_application().openapi())
    twice = describe(copy.deepcopy(once))
    assert twice == once


def test_a_schema_of_the_same_name_that_is_in_use_stays():
    document = {
        "paths": {
            "/": {
                "summary": "A text, no operation",
                "get": {
                    "responses": {
                        "200": {
                            "description": "Well",
                            "content": {
                                "application/json": {
                                    "schema": {"$ref": "#/components/schemas/ValidationError"}
                                }
                            },
                        },
                        "default": {"description": "Else"},
                        "4XX": {"description": "Some"},
                    }
                },
            }
        },
        "components": {"schemas": {"ValidationError": {"type": "object"}}},
    }
    before = copy.deepcopy(document)
    assert describe(document) == before


def test_components_that_are_empty_then_go():
    document = {"components": {"schemas": {"HTTPValidationError": {}, "ValidationError": {}}}}
    assert describe(document) == {}
    document = {"components": {"schemas": {"HTTPValidationError": {}}, "responses": {}}}
    assert describe(document) == {"components": {"responses": {}}}


def test_a_document_without_paths_is_left_whole():
    assert describe({"openapi": "3.1.0"}) == {"openapi": "3.1.0"}
