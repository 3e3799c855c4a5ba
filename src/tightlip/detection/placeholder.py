"""Placeholders: whether an address holds words in the place of values, as documentation does."""

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


def is_no_placeholder(text: str, start: int, end: int) -> bool:
    """Tell whether the characters from `start` to `end` of `text` may hold a real address.

    `postgres://user:password@host/name` tells how an address is written. One word of the three
    that is a real one is enough. `redis://localhost` is what a reader puts on his own machine.
    """
    at = text.find("//", start, end)
    return at < 0 or _PLACEHOLDER.match(text, at) is None
