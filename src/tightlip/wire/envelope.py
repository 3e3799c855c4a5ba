"""The default body: `{"error": …}` in compact JSON, its keys in a fixed order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tightlip.catalog.error import PublicError

CONTENT_TYPE = b"application/json"

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def members_of(error: PublicError, reference: str | None) -> dict[str, Any]:
    """Return what a client is told beside code and message: fields, details, reference."""
    members: dict[str, Any] = {}
    if error.fields:
        members["fields"] = [
            {"field": field.field, "code": field.code, "message": field.message}
            for field in error.fields
        ]
    if error.details:
        members["details"] = error.details
    if reference is not None:
        members["reference"] = reference
    return members


def encode(document: dict[str, Any]) -> bytes:
    """Encode as compact UTF-8 JSON (RFC 8259); what UTF-8 cannot hold becomes `?`."""
    return _encode(document).encode("utf-8", "replace")


def render(error: PublicError, reference: str | None) -> bytes:
    """Return the body for `error`: code, message, fields, details, reference, in this order."""
    members = {"code": error.code, "message": error.public_message, **members_of(error, reference)}
    # One by one: the encoder has a short way for a text, and most members are one.
    content = ",".join([f'"{name}":{_encode(member)}' for name, member in members.items()])
    return f'{{"error":{{{content}}}}}'.encode("utf-8", "replace")
