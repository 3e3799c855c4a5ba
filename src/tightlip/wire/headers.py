"""Header fields: what never leaves, and in which order the others do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tightlip.exchange import Headers

# Fields that name the machinery. They leave with no response at all.
_NEVER = frozenset(
    {
        b"liferay-portal",
        b"server",
        b"via",
        b"x-amz-executed-version",
        b"x-application-context",
        b"x-backend",
        b"x-backend-server",
        b"x-framework",
        b"x-generator",
        b"x-mod-pagespeed",
        b"x-powered-by",
        b"x-powered-cms",
        b"x-runtime",
        b"x-served-by",
        b"x-server",
        b"x-sourcefiles",
    }
)
_NEVER_STARTS = (b"x-aspnet", b"x-debug", b"x-drupal", b"x-exception", b"x-php", b"x-rack")

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5
_LENGTH = re.compile(rb"[0-9]+")


def names_machinery(name: bytes) -> bool:
    """Tell whether the header `name`, in any case, says what the API is made of."""
    lower = name.lower()
    return lower in _NEVER or lower.startswith(_NEVER_STARTS)


def without_machinery(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return `headers` without the fields that say what the API is made of.

    Raises:
        TypeError: A name or value is not of bytes.
        ValueError: A name or value is one that HTTP cannot hold (RFC 9110, section 5), or a length
            is none (section 8.6); servers cut the connection, or send it as it is.
    """
    kept = []
    for field in headers:
        known = _passed.get(field) if type(field) is tuple else None
        if known is not None:
            kept.append(known)
            continue
        name, value = field
        form = _form_of(name)
        if form is not None:
            plain = value.strip(b" \t")
            if form.fullmatch(plain) is None:
                raise ValueError(f"{name!r}: {value!r}")
            kept.append((name, plain))
            if name in _REPEATED and type(name) is bytes and type(plain) is bytes:
                if len(_passed) == _MOST_PASSED:
                    _passed.clear()
                _passed[name, plain] = (name, plain)
    return kept


_REPEATED = frozenset(
    {b"cache-control", b"content-encoding", b"content-length", b"content-type", b"vary"}
)
"""Fields whose values come again and again, and are secrets of nobody."""

_MOST_PASSED = 1024

_passed: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}
"""Fields of `_REPEATED` that were found to be fit to leave as they are."""


@lru_cache(maxsize=1024)
def _form_of(name: bytes) -> re.Pattern[bytes] | None:
    """Return the form of the values of this field; None where no such field leaves.

    The answer is kept, since names are few.

    Raises:
        ValueError: HTTP has no such name.
    """
    if names_machinery(name):
        return None
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r}")
    return _LENGTH if name.lower() == b"content-length" else _VALUE


def assemble(own: Mapping[bytes, bytes], from_application: Headers) -> Headers:
    """Join our fields with those of the application, sorted by name; ours win.

    The order is the same on every server, also on those that sort by themselves.
    """
    kept = [(name, value) for name, value in dict.fromkeys(from_application) if name not in own]
    return tuple(sorted([*kept, *own.items()], key=itemgetter(0)))
