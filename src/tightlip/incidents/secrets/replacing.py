"""Replacing: one group of every match of a pattern makes room for the mark of a secret."""

from __future__ import annotations

import re
from collections.abc import Callable

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
    pieces: list[str] = []
    at = 0
    for match in pattern.finditer(text):
        group = match.lastgroup or 0
        start, end = match.span(group)
        if start < at or start == end or match[group] == SCRUBBED:
            continue
        if is_secret is not None and not is_secret(match):
            continue
        found.add(match[group])
        pieces += (text[at:start], SCRUBBED)
        at = end
    if not pieces:
        return text
    pieces.append(text[at:])
    return "".join(pieces)
