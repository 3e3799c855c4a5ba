"""Error form: a body whose status nobody told is an error where it has the form of one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from tightlip.detection.reading import Reading

LONGEST = 65_536
"""How many bytes of JSON are read to know its form."""

_SOME_ERROR = 500

_MESSAGE = re.compile(
    r"(?:error|err|exception|fault|fail|message|msg|detail|reason|cause)[a-z_]*", re.IGNORECASE
)
"""A key of words about what happened, as APIs name it (RFC 9457, JSON:API, GraphQL, OData)."""

_COMPANION = re.compile(
    # What stands beside such words: when, where and how to learn more.
    r"(?:title|type|status|state|code|success|ok|request|trace|correlation|timestamp|time|date|path"
    r"|instance|meta|data|extensions|documentation|more|hint|name|stack|description|response"
    r"|service|upstream|location|node)[a-z_]*",
    re.IGNORECASE,
)

_HEADING = re.compile(
    # The heading of a page that tells of a failure.
    rb"<(?:title|h1|h2)[^<>]{0,80}>[^<>]{0,40}(?:\b[45][0-9]{2}\b|\b(?i:error|exception|failure|oops"
    rb"|whoops)\b|went wrong|something broke|[Nn]ot [Ff]ound)[^<>]{0,60}<",
    re.IGNORECASE,
)
_HEAD = 4096
_MARKS = b"\xef\xbb\xbf \t\r\n"


def with_likely_status(reading: Reading, data: bytes) -> Reading:
    """Return `reading`, as that of an error if no status is told and `data` has an error's form.

    It has if it is an object of JSON that holds nothing but words about what happened and what
    APIs put beside them, or a page whose heading tells of a failure. Other text is as it was:
    a sentence alone does not tell whether it is an answer or an error.

    Args:
        reading: What is known of the body.
        data: The body, unpacked; only a short one is read as JSON.
    """
    if reading.status is not None or reading.kind != "body":
        return reading
    head = data[:_HEAD].replace(b"\x00", b"").lstrip(_MARKS)
    is_error = False
    if head.startswith(b"{"):
        is_error = len(data) <= LONGEST and _tells_what_happened(data.replace(b"\x00", b""))
    elif head.startswith(b"<") and "xml" not in reading.media_type.replace("xhtml+xml", ""):
        is_error = _HEADING.search(head) is not None
    return replace(reading, status=_SOME_ERROR) if is_error else reading


def _tells_what_happened(data: bytes) -> bool:
    try:
        table: Any = json.loads(data.strip(_MARKS))
    except (ValueError, RecursionError):
        return False
    if not isinstance(table, dict):
        return False
    return any(value and _MESSAGE.fullmatch(key) for key, value in table.items()) and all(
        _MESSAGE.fullmatch(key) or _COMPANION.fullmatch(key) for key in table
    )
