"""Declared errors in an OpenAPI document: what it says is what is on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tightlip.catalog.error import PublicError
from tightlip.catalog.parameter import Parameter
from tightlip.catalog.standard import STANDARD, standard_error

_JSON = "application/json"
_FIRST_ERROR = 400
_EXAMPLES: dict[str, Any] = {"int": 1, "float": 1.5, "bool": True, "Decimal": "9.99"}

# OpenAPI of FastAPI's default 422, which is not what is on the wire.
_REPLACED_SCHEMAS = ("HTTPValidationError", "ValidationError")


def errors(*classes: type[PublicError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that can answer with these errors.

    Errors of one status stand together, each with an example:

        @app.post("/orders", responses=errors(EmailAlreadyExists, SoldOut))

    Raises:
        TypeError: An argument is no public error with a status and a message.
    """
    by_status: dict[int | str, list[type[PublicError]]] = {}
    for cls in classes:
        if not (isinstance(cls, type) and issubclass(cls, PublicError) and cls.is_concrete()):
            raise TypeError(
                f"errors() takes subclasses of PublicError that can be raised, not {cls!r}"
            )
        listed = by_status.setdefault(cls.status, [])
        if cls not in listed:
            listed.append(cls)
    return {status: _response(listed) for status, listed in by_status.items()}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Put the errors that are on the wire into an OpenAPI document, in place.

    Each documented answer of status 400 or above that has another shape gets ours; its
    description stays. Done twice, it changes nothing more.
    """
    for operation in _operations(document):
        responses = operation.get("responses", {})
        for status, response in responses.items():
            if not str(status).isdigit() or int(status) < _FIRST_ERROR:
                continue
            if isinstance(response, dict) and not _is_ours(response):
                ours = _response([STANDARD.get(int(status), type(standard_error(int(status))))])
                response.pop("content", None)
                response["content"] = ours["content"]
                response.setdefault("description", ours["description"])
    _drop_unused(document)
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in ("paths", "webhooks"):
        for item in document.get(section, {}).values():
            if isinstance(item, dict):
                yield from (operation for operation in item.values() if isinstance(operation, dict))


def _is_ours(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get(_JSON, {}).get("schema", {})
    error = schema.get("properties", {}).get("error", {})
    return bool(error.get("properties", {}).get("code", {}).get("enum"))


def _drop_unused(document: dict[str, Any]) -> None:
    schemas = document.get("components", {}).get("schemas", {})
    for name in _REPLACED_SCHEMAS:
        held = schemas.pop(name, None)
        if held is not None and f'"#/components/schemas/{name}"' in json.dumps(document):
            schemas[name] = held
    if not schemas:
        document.get("components", {}).pop("schemas", None)
        if not document.get("components", True):
            document.pop("components")


def _response(classes: list[type[PublicError]]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "code": {"type": "string", "enum": [cls.code for cls in classes]},
        "message": {"type": "string"},
    }
    if any(cls.status == 422 for cls in classes):  # noqa: PLR2004 - RFC 9110, section 15.5.21
        properties["fields"] = {"type": "array", "items": _FIELD}
    parameters = {name: found for cls in classes for name, found in cls.parameters().items()}
    if parameters:
        properties["details"] = {
            "type": "object",
            "properties": {name: _schema(found) for name, found in parameters.items()},
        }
    properties["reference"] = {
        "type": "string",
        "description": "Names the incident; quote it when you ask for help.",
    }
    error = {"type": "object", "required": ["code", "message"], "properties": properties}
    return {
        "description": " / ".join(dict.fromkeys(cls.message for cls in classes)),
        "content": {
            _JSON: {
                "schema": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": error},
                },
                "examples": {cls.code: {"value": _example(cls)} for cls in classes},
            }
        },
    }


_FIELD = {
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {
        "field": {"type": "string"},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}


def _schema(parameter: Parameter) -> dict[str, Any]:
    if parameter.choices is not None:
        return {"enum": [parameter.clean(choice) for choice in parameter.choices]}
    names = {"int": "integer", "float": "number", "bool": "boolean"}
    types = [names.get(kind.__name__, "string") for kind in parameter.types]
    if parameter.optional:
        types.append("null")
    return {"type": types[0] if len(types) == 1 else types}


def _example(cls: type[PublicError]) -> dict[str, Any]:
    details = {name: _example_value(found) for name, found in cls.parameters().items()}
    content: dict[str, Any] = {"code": cls.code, "message": cls.message.format_map(details)}
    if details:
        content["details"] = details
    return {"error": content}


def _example_value(parameter: Parameter) -> Any:
    if parameter.choices is not None:
        return parameter.clean(parameter.choices[0])
    return _EXAMPLES.get(parameter.types[0].__name__, parameter.name)
