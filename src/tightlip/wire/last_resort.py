"""The precomputed answer that cannot fail."""

from __future__ import annotations

from tightlip.exchange import Response

BODY = b'{"error":{"code":"INTERNAL_SERVER_ERROR","message":"Something went wrong"}}'

ANSWER = Response(
    500,
    (
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(BODY)).encode()),
        (b"content-type", b"application/json"),
        (b"x-content-type-options", b"nosniff"),
    ),
    BODY,
)
"""The same bytes as the standard error of 500, made when this module is imported."""
