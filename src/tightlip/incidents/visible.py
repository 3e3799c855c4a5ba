"""Characters that cannot be seen, made visible, so that no text can pass for another."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from tightlip.incidents.encoding import JSON

_INVISIBLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, ESC among them
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # format, bidi
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e0fff"  # tags and variation selectors
)
_INVISIBLE_IN_A_LINE = f"\t\n{_INVISIBLE}"


def visible_line(text: str) -> str:
    """Return `text` as one line: what cannot be seen stands as a backslash escape."""
    return _any_of(_INVISIBLE_IN_A_LINE).sub(_escape, text)


def visible_text(text: str) -> str:
    """Return `text` with its line breaks and tabs; all else that is unseen is escaped."""
    return _any_of(_INVISIBLE).sub(_escape, text)


def visible_record(fields: dict[str, JSON], visible: Callable[[str], str]) -> dict[str, JSON]:
    """Return a record with every text in it, its keys too, as `visible` gives it."""

    def shown(value: JSON) -> JSON:
        if type(value) is str:
            return visible(value)
        if type(value) is list:
            return [shown(item) for item in value]
        if type(value) is dict:
            return visible_record(value, visible)
        return value

    return {visible(key): shown(value) for key, value in fields.items()}


def storable(text: str) -> str:
    """Return `text` without what UTF-8 or a database cannot hold: lone surrogates and NUL."""
    if text.isascii() and "\x00" not in text:
        return text
    return _any_of("\x00\ud800-\udfff").sub(_escape, text)


@cache
def _any_of(characters: str) -> re.Pattern[str]:
    """Return what matches one of `characters`; so large a set takes long to compile."""
    return re.compile(f"[{characters}]")


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character) or _numbered(ord(character))


def _numbered(code: int) -> str:
    if code <= 0xFF:  # noqa: PLR2004 - the widest that \x can tell
        return f"\\x{code:02x}"
    if code <= 0xFFFF:  # noqa: PLR2004 - the widest that \u can tell
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
