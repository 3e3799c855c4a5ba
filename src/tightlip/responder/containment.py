"""Containment: a success answer without the values that leak, and otherwise as it was.

Blocking the answer for a text that its users can write would hand them a switch to turn pages off.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from tightlip.catalog.standard import standard_error
from tightlip.detection.json_strings import JSONString, json_strings
from tightlip.detection.scanner import MOST_FINDINGS
from tightlip.findings.finding import Category, Finding
from tightlip.responder.markup import texts_around

WORDS = standard_error(500).message
"""What stands in the place of a text that leaked."""

_NEAR = 3
_HALF = 2
_BREAKS = b"\r\n"


class Contained(NamedTuple):
    """What is left of an answer, and what was taken out of it.

    Attributes:
        body: The body that may leave.
        removed: The texts that may not.
    """

    body: bytes
    removed: tuple[bytes, ...]


def contain(body: bytes, findings: Sequence[Finding], media_type: str) -> Contained | None:
    """Return `body` with the leaking values replaced, or None where nothing of it may leave.

    In JSON the whole string value gives way, and the structure stays; in HTML the text between
    two tags, or the value of an attribute; in any other text the line, and what stands between
    two such lines that are near each other. An answer that is a debug page, or of which half or
    more would go, is not worth keeping; one with as many findings as are told may have more.

    Args:
        body: The unpacked body in UTF-8.
        findings: What leaks, with places in `body`.
        media_type: The media type of the answer, in lower case.
    """
    if any(finding.category is Category.DEBUG_PAGE for finding in findings):
        return None
    if len(findings) >= MOST_FINDINGS:
        return None
    spans = _joined([(finding.start, finding.end) for finding in findings])
    if _is_json(body):
        return _contained_json(body, spans)
    if "html" in media_type or "xml" in media_type:
        return _contained_text(body, texts_around(body, spans))
    return _contained_text(body, _near(body, _lines(body, spans)))


def _is_json(body: bytes) -> bool:
    if body.lstrip()[:1] not in {b"{", b"[", b'"'}:
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _contained_json(body: bytes, spans: list[tuple[int, int]]) -> Contained | None:
    pieces: list[bytes] = []
    removed: list[bytes] = []
    at = keys = 0
    for string in _leaking_strings(body, spans):
        keys += string.is_key
        words = f"{WORDS} {keys}" if string.is_key and keys > 1 else WORDS
        pieces += (body[at : string.start], json.dumps(words).encode())
        removed.append(body[string.start : string.end])
        at = string.end
    pieces.append(body[at:])
    contained = b"".join(pieces)
    if not removed or contained.strip() == json.dumps(WORDS).encode():
        return None  # the leak stands outside of any string, or is the whole answer
    return Contained(contained, tuple(removed))


def _leaking_strings(body: bytes, spans: list[tuple[int, int]]) -> list[JSONString]:
    """Return the strings that `spans` touch; of a span over keys and values, the values alone."""
    starts = [start for start, _ in spans]
    touched: dict[int, list[JSONString]] = {}
    for string in json_strings(body):
        index = bisect_left(starts, string.end) - 1
        if index >= 0 and spans[index][1] > string.start:
            touched.setdefault(index, []).append(string)
    leaking: list[JSONString] = []
    for strings in touched.values():
        values = [string for string in strings if not string.is_key]
        leaking += values or strings
    return leaking


def _contained_text(body: bytes, spans: list[tuple[int, int]]) -> Contained | None:
    spans = _joined(spans)
    gone = sum(len(body[start:end].strip()) for start, end in spans)
    if gone * _HALF >= len(body.strip()):
        return None
    pieces: list[bytes] = []
    at = 0
    for start, end in spans:
        pieces += (body[at:start], WORDS.encode())
        at = end
    pieces.append(body[at:])
    return Contained(b"".join(pieces), tuple(body[start:end] for start, end in spans))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return `spans` in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _lines(body: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the lines of `spans`; no byte is looked at twice, however long a line is."""
    lines: list[tuple[int, int]] = []
    for start, end in spans:
        behind = lines[-1][1] if lines else 0
        while start < end and body[start] in _BREAKS:
            start += 1  # noqa: PLW2901 - a break at the edge of a span is no part of its lines
        if end <= behind or start == end:
            continue
        # A break that ends the span ends its last line.
        after = body.find(b"\n", end - 1)
        line = body.rfind(b"\n", behind, start) + 1 or behind
        lines.append((line, after if after >= 0 else len(body)))
    return lines


def _near(body: bytes, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join lines with at most three between them: a traceback shows source in between."""
    near: list[tuple[int, int]] = []
    for start, end in _joined(lines):
        if near and body.count(b"\n", near[-1][1], start) <= _NEAR + 1:
            near[-1] = (near[-1][0], end)
        else:
            near.append((start, end))
    return near
