"""The same words as one minimal HTML page, for a client that prefers to read."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tightlip.catalog.error import PublicError

CONTENT_TYPE = b"text/html; charset=utf-8"


def render(error: PublicError, reference: str | None) -> bytes:
    """Return a page with the message, the refused fields, the code and the reference."""
    message = escape(error.public_message)
    fields = "".join(f"<li>{escape(field.message)}</li>" for field in error.fields)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{message}</title>",
        f"<h1>{message}</h1>",
        *([f"<ul>{fields}</ul>"] if fields else []),
        f"<p>{error.code}</p>",
        *([f"<p>Reference: {reference}</p>"] if reference else []),
        "",
    ]
    return "\n".join(lines).encode("utf-8", "replace")
