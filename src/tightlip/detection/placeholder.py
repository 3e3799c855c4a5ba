"""Placeholders: whether words or code stand in the place of a value, as in documentation."""

from __future__ import annotations

import re

from tightlip.expression import expression

_PLACEHOLDER = expression(
    r"//(?:[<{\[]?(?:your[_-]?|db[_-]?)?(?:user(?:name)?|login)[>}\]]?"
    r":[<{\[]?(?:your[_-]?|db[_-]?)?(?:pass(?:word|wd)?|pwd|secret)[>}\]]?"
    r"@[<{\[]?(?:your[_-]?|db[_-]?)?(?:host(?:name)?|server)[>}\]]?|"
    r"(?:user(?:name)?:pass(?:word)?@)?(?:localhost|127\.0\.0\.1))(?![A-Za-z0-9.\-])",
    re.IGNORECASE,
)


_ASSIGNED = expression(
    # No value, or one that an expression gives: password=None, pwd=settings["db"], pwd=read(1).
    # Either ends where a password would go on: none-of-it and pass(word)9 are passwords.
    r"""=["']?(?:(?:none|null|nil|true|false|undefined|required|missing|invalid|redacted|hidden|str
        |string|bool|optional)(?=[.!?:]?(?:[\s"'`&;,<>|(){}\[\]\\]|\Z))
      | (?:[A-Za-z_]{1,40}\.){0,4}[A-Za-z_]{1,40}[(\[][^()\[\]]{0,60}[)\]]
        (?=[!?:]?(?:[\s"'`&;,<>|.(){}\[\]\\]|\Z)))""",
    re.IGNORECASE | re.VERBOSE,
)


def is_no_code(text: str, start: int, end: int) -> bool:
    """Tell whether the characters from `start` to `end` of `text` may assign a real value.

    `password=None` and `password=settings["db"]` tell how code gets at one.
    """
    at = text.find("=", start, end)
    return at < 0 or _ASSIGNED.match(text, at) is None


def is_no_placeholder(text: str, start: int, end: int) -> bool:
    """Tell whether the characters from `start` to `end` of `text` may hold a real address.

    `postgres://user:password@host/name` tells how an address is written. One word of the three
    that is a real one is enough. `redis://localhost` is what a reader puts on his own machine.
    """
    at = text.find("//", start, end)
    return at < 0 or _PLACEHOLDER.match(text, at) is None
