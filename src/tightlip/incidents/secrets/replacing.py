"""Replacing: secrets make room for their mark, where a pattern or a search has found them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tightlip.incidents.secrets.found import SCRUBBED, Found


def replaced(
    pattern: re.Pattern[str],
    text: str,
    found: Found,
    is_secret: Callable[[re.Match[str]], bool] | None = None,
) -> str:
    """Return `text` with the last group of each match replaced that `is_secret` says is one.

    Without `is_secret`, all of them are.
    """
    spans: list[tuple[int, int]] = []
    at = 0
    for match in pattern.finditer(text):
        group = match.lastgroup or 0
        start, end = match.span(group)
        if start < at or start == end or match[group] == SCRUBBED:
            continue
        if is_secret is not None and not is_secret(match):
            continue
        spans.append((start, end))
        at = end
    return without_spans(text, spans, found) if spans else text


def without_spans(text: str, spans: Iterable[tuple[int, int]], found: Found) -> str:
    """Return `text` without the secrets at `spans`, which are in order.

    One that begins inside of another is a part of that.
    """
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        if start >= at:
            found.add(text[start:end])
            pieces += (text[at:start], SCRUBBED)
            at = end
    return "".join([*pieces, text[at:]])
