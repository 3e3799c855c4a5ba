"""What a JSON Schema declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def property_names(schema: Any) -> Iterator[str]:
    """Yield the names of all properties in a JSON Schema, at every depth."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for member in schema.values():
            yield from property_names(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from property_names(member)
