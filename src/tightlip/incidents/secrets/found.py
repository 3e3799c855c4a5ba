"""Found: what took the place of a secret, and the secrets that were taken out on the way."""

from __future__ import annotations

import re
from json.encoder import encode_basestring_ascii
from urllib.parse import quote, quote_plus

SCRUBBED = "[scrubbed]"

_LONGEST = 512
_SHORT = 6  # characters; what is shorter stands in many a text by chance
_LONG = 12
_MOST = 64
_FEWEST_DIGITS = 6


class Found:
    """Gathers the secrets of one record, so that they are taken out wherever else they stand."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: set[str] = set()

    def add(self, secret: str) -> None:
        """Take a text that stood where a secret stands; one that is like a plain word is left."""
        if (
            _SHORT <= len(secret) <= _LONGEST
            and len(self.values) < _MOST
            and secret not in self.values
            and SCRUBBED not in secret
            and _is_telling(secret)
        ):
            self.values.add(secret)

    def pattern(self) -> re.Pattern[str]:
        """Return what matches each of the secrets, also in the escapes of an address or of JSON."""
        forms = {form for value in self.values for form in _forms(value)}
        return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))

    def numbers(self) -> frozenset[int]:
        """Return those of the secrets that are whole numbers."""
        return frozenset(int(value) for value in self.values if value.isdecimal())


def _forms(value: str) -> tuple[str, ...]:
    escaped = encode_basestring_ascii(value)[1:-1]
    return value, quote(value, safe=""), quote_plus(value), escaped, value.replace("'", "\\'")


def _is_telling(secret: str) -> bool:
    """Tell whether a text is so much its own that it stands nowhere else by chance."""
    digits = sum(map(str.isdigit, secret))
    if digits == len(secret):
        return digits >= _FEWEST_DIGITS
    return digits > 0 or len(secret) >= _LONG
