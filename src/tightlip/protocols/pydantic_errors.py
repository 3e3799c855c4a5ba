"""What pydantic says of refused values, for the frameworks that validate by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tightlip.failure import FieldFailure, ValidationFailure


def read_errors(
    errors: Iterable[Mapping[str, Any]], declared: frozenset[str] | None = None
) -> ValidationFailure:
    """Return the failure that the list of `ValidationError.errors()` describes.

    Args:
        errors: One mapping for each refused value, with `type`, `loc` and `ctx`.
        declared: The names that the API's own schema declares, where they are known.
    """
    fields = []
    for error in errors:
        context = error.get("ctx")
        context = context if isinstance(context, Mapping) else {}
        cause = context.get("error")
        fields.append(
            FieldFailure(
                location=tuple(error.get("loc", ())),
                type=error.get("type", ""),
                context=context,
                error=cause if isinstance(cause, BaseException) else None,
            )
        )
    malformed = any(field.type == "json_invalid" for field in fields)
    return ValidationFailure(tuple(fields), malformed, declared)
