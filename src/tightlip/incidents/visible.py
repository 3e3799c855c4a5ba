"""Characters that cannot be seen, made visible, so that no text can pass for another."""

from __future__ import annotations

import re
from functools import cache

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
