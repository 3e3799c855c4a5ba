"""Event: what one event of a stream says (HTML standard, section 9.2.6)."""

from __future__ import annotations

import re
from dataclasses import replace

from tightlip.detection.reading import FAILING, Reading

_DATA = re.compile(rb"^data:? ?([^\r\n]*)", re.MULTILINE)
_NAMES_FAILURE = re.compile(
    rb"^event: ?[a-z_.-]{0,40}(?:error|fail|exception)", re.MULTILINE | re.IGNORECASE
)


def event_of(part: bytes, reading: Reading) -> tuple[bytes, Reading]:
    """Return the text of one part of a stream, and how it is to be read.

    Of a server-sent event that is its data; one that is named an error is a failing answer. A
    line of JSON is a text by itself.
    """
    if reading.media_type != "text/event-stream":
        return part, reading
    if _NAMES_FAILURE.search(part) is not None:
        reading = replace(reading, status=FAILING.status)
    return b"\n".join(_DATA.findall(part)), reading
