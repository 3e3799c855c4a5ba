"""Characters that cannot be seen, made visible, so that no text can pass for another."""

from __future__ import annotations

import re

_INVISIBLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, ESC among them
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # format, bidi
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e0fff"  # tags and variation selectors
)
_IN_A_LINE = re.compile(f"[\t\n{_INVISIBLE}]")
_IN_A_TEXT = re.compile(f"[{_INVISIBLE}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def visible_line(text: str) -> str:
    """Return `text` as one line: what cannot be seen stands as a backslash escape."""
    return _IN_A_LINE.sub(_escape, text)


def visible_text(text: str) -> str:
    """Return `text` with its line breaks and tabs; all else that is unseen is escaped."""
    return _IN_A_TEXT.sub(_escape, text)


def storable(text: str) -> str:
    """Return `text` without what UTF-8 or a database cannot hold: lone surrogates and NUL."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character) or _numbered(ord(character))


def _numbered(code: int) -> str:
    if code <= 0xFF:  # noqa: PLR2004 - the widest that \x can tell
        return f"\\x{code:02x}"
    if code <= 0xFFFF:  # noqa: PLR2004 - the widest that \u can tell
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
