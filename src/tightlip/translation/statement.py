"""Statement: what a public error says by its declaration, whatever became of its object."""

from __future__ import annotations

from typing import Any

from tightlip.catalog.error import Declared, FieldError, PublicError
from tightlip.slots import attributes_of

_ATTRIBUTES = ("code", "status", "docs", "headers", "public_message", "details")


class StatedError(PublicError):
    """The declared words of a public error, free of the code and the state of its object."""

    def __init__(self, declared: Declared, details: dict[str, Any]) -> None:
        self.code = declared.code
        self.status = declared.status
        self.docs = declared.docs
        self.headers = declared.headers
        self.retry_after = declared.retry_after
        self.details = details
        self.public_message = declared.message.format_map(details)


def statement_of(error: PublicError) -> StatedError:
    """Say again what `error` says, from what its class declared and from its typed parameters.

    Code, status, message, address and headers are those of the declaration. A parameter has the
    value that its attribute has now, and is checked again. `fields` and `retry_after`, which an
    instance may set, are taken over where they have their types.

    Raises:
        TypeError: The class declares nothing, or a parameter is missing or not of its type.
        ValueError: A parameter has a value that it does not take.
    """
    declared = type(error)._declared  # noqa: SLF001 - no name that a parameter may want
    if declared is None:
        raise TypeError("its class declares no status and message")
    held = attributes_of(error)
    details = {}
    for name, parameter in declared.parameters.items():
        if name not in held and name not in declared.defaults:
            raise TypeError(f"needs the parameter {name!r}")
        details[name] = parameter.clean(held.get(name, declared.defaults.get(name)))
    statement = StatedError(declared, details)
    retry_after = held.get("retry_after")
    if type(retry_after) is int and retry_after >= 0:
        statement.retry_after = retry_after
    fields = held.get("fields", declared.fields)
    if type(fields) is tuple and all(map(_is_field, fields)):
        statement.fields = fields
    return statement


def changes_of(error: PublicError, statement: StatedError) -> dict[str, Any]:
    """Return what the object of `error` says otherwise than its declaration, by attribute."""
    held = attributes_of(error)
    said = attributes_of(statement)
    return {
        name: held[name]
        for name in _ATTRIBUTES
        if name in held and not _is_same(held[name], said[name])
    }


def _is_same(value: Any, declared: Any) -> bool:
    if type(value) is not type(declared):
        return False
    if type(value) is dict:
        return len(value) == len(declared) and all(
            type(name) is str and name in declared and _is_same(member, declared[name])
            for name, member in value.items()
        )
    return bool(value == declared)


def _is_field(field: object) -> bool:
    return type(field) is FieldError and all(
        type(part) is str for part in (field.field, field.code, field.message)
    )
