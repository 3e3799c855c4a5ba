"""HAR: what the entries of an HTTP Archive say of answers.

Facts: HTTP Archive format 1.2 (W3C web performance working group, historical draft);
`_webSocketMessages` as browsers built on Chromium write them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from tightlip.captures.part import Part
from tightlip.detection.reading import Reading

SUFFIX = ".har"
ARRAY = ("log", "entries")

_LOG = re.compile(rb'"log"\s{0,64}:\s{0,64}\{')
_ENTRIES = re.compile(rb'"entries"\s{0,64}:\s{0,64}\[')
_SPACE = b" \t\r\n"
_GZIP = b"\x1f\x8b"


class EntryError(ValueError):
    """An entry, or a part of it, is not of the form."""


def looks_like_har(head: bytes) -> bool:
    """Tell whether a text that begins with `head` may be a HAR: an object with log and entries."""
    begin = head.removeprefix(b"\xef\xbb\xbf")[:64].lstrip(_SPACE)
    return begin.startswith(b"{") and bool(_LOG.search(head) and _ENTRIES.search(head))


def entry_of(data: bytes) -> dict[str, Any]:
    """Return the entry that `data` holds.

    Raises:
        EntryError: It is no JSON object, or nested too deeply.
    """
    try:
        entry = json.loads(data)
    except RecursionError:
        raise EntryError("is nested too deeply") from None
    except ValueError as error:
        raise EntryError(f"is no JSON: {error}") from None
    if not isinstance(entry, dict):
        raise EntryError("is no object")
    return entry


def parts_of(
    entry: dict[str, Any], path: str, number: int, enclosing: tuple[int, int] | None
) -> Iterator[Part | EntryError]:
    """Yield the header fields and the bodies that came from the server, in the entry's order.

    What is missing or of another type than the format says is taken as not there; a body that
    is there and cannot be read is told as an `EntryError`.

    Args:
        number: The entry's place in the archive, from 0.
        enclosing: Which bytes of the file the entry takes.
    """
    response = _object(entry.get("response"))
    status = _status(response.get("status"))
    exchange = exchange_of(entry, status)
    pointer = f"/log/entries/{number}"

    def part(data: bytes, name: str, reading: Reading) -> Part:
        return Part(
            path,
            data,
            reading,
            name=f"{pointer}/{name}",
            exchange=exchange,
            is_verbatim=False,
            enclosing=enclosing,
        )

    header = Reading(status=status, kind="header")
    reason = response.get("statusText")
    if isinstance(reason, str) and reason:
        yield part(_utf8(reason), "response/statusText", header)
    for index, field in enumerate(_list(response.get("headers"))):
        name, value = _object(field).get("name"), _object(field).get("value")
        if isinstance(name, str) and isinstance(value, str):
            yield part(_utf8(f"{name}: {value}"), f"response/headers/{index}", header)
    content = _object(response.get("content"))
    text = content.get("text")
    if isinstance(text, str) and text:
        try:
            data, reading = _body(text, content, status)
        except EntryError as error:
            yield error
        else:
            yield part(data, "response/content/text", reading)
    for index, message in enumerate(_list(entry.get("_webSocketMessages"))):
        sent = _object(message).get("data")
        if _object(message).get("type") == "receive" and isinstance(sent, str):
            yield part(_utf8(sent), f"_webSocketMessages/{index}/data", Reading())


def exchange_of(entry: dict[str, Any], status: int | None) -> str:
    """Return method, address and status of an entry in one line, as far as they are told."""
    request = _object(entry.get("request"))
    words = [request.get("method"), request.get("url")]
    said = [word for word in words if isinstance(word, str) and word]
    return " ".join([*said, *([] if status is None else [str(status)])])


def _body(text: str, content: dict[str, Any], status: int | None) -> tuple[bytes, Reading]:
    type_ = content.get("mimeType")
    content_type = type_ if isinstance(type_, str) and type_ else None
    if content.get("encoding") != "base64":
        # The text was decoded already: the charset is that of the wire, not of this string.
        media_type = content_type and content_type.partition(";")[0]
        return _utf8(text), Reading(status=status, content_type=media_type)
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise EntryError(f"has a body that is no base64: {error}") from None
    coding = "gzip" if data.startswith(_GZIP) else None
    return data, Reading(status=status, content_type=content_type, content_encoding=coding)


def _status(value: object) -> int | None:
    is_status = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if is_status else None  # type: ignore[return-value] # 0: there was no answer


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
