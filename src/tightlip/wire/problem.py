"""The same content as problem details for HTTP APIs (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tightlip.exchange import reason_phrase
from tightlip.wire.envelope import encode, members_of

if TYPE_CHECKING:
    from tightlip.catalog.error import PublicError

CONTENT_TYPE = b"application/problem+json"


def render(error: PublicError, reference: str | None) -> bytes:
    """Return the body for `error` as problem details.

    `type` is the error's page, else `about:blank`, whose `title` is the phrase of the status
    (RFC 9457, section 4.2.1); `code`, `fields`, `details` and `reference` are extensions.
    """
    docs = error.docs
    title = error.code.replace("_", " ").capitalize() if docs else reason_phrase(error.status)
    return encode(
        {
            "type": docs or "about:blank",
            **({"title": title} if title else {}),
            "status": error.status,
            "detail": error.public_message,
            "code": error.code,
            **members_of(error, reference),
        }
    )
