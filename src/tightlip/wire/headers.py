"""Header fields: what never leaves, and in which order the others do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple

from tightlip.exchange import Head, Headers

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

_PLAIN = frozenset(
    # Fields with values of a fixed form that an application or a server sets on most answers.
    {
        b"accept-ranges",
        b"age",
        b"allow",
        b"cache-control",
        b"connection",
        b"content-language",
        b"content-length",
        b"date",
        b"etag",
        b"expires",
        b"keep-alive",
        b"last-modified",
        b"transfer-encoding",
        b"vary",
        b"x-content-type-options",
        b"x-frame-options",
    }
)

_REPEATED = frozenset(
    # Fields whose values come again and again, and are secrets of nobody.
    {
        b"accept-ranges",
        b"access-control-allow-credentials",
        b"access-control-allow-origin",
        b"access-control-expose-headers",
        b"allow",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-language",
        b"content-length",
        b"content-type",
        b"cross-origin-embedder-policy",
        b"cross-origin-opener-policy",
        b"cross-origin-resource-policy",
        b"permissions-policy",
        b"referrer-policy",
        b"strict-transport-security",
        b"vary",
        b"x-content-type-options",
        b"x-frame-options",
        b"x-xss-protection",
    }
)
_MOST_KEPT = 1024
_LONGEST_KEPT = 1024  # bytes of a head: an application may repeat what a client sends
_LONGEST_NAME_KEPT = 64

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OUTSIDE_VALUES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, section 5.5


class _Name(NamedTuple):
    """What is known of a field by its name: in lower case, and whether it is of these kinds."""

    lower: bytes
    never_leaves: bool
    is_plain: bool
    is_repeated: bool


_heads: dict[Headers, Head] = {}
"""The usual heads, by the fields that were given."""

_names: dict[bytes, _Name] = {}


def names_machinery(name: bytes) -> bool:
    """Tell whether the header `name`, in any case, says what the API is made of."""
    lower = name.lower()
    return lower in _NEVER or lower.startswith(_NEVER_STARTS)


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Read the header fields of a good answer; those that name the machinery are left out.

    Raises:
        TypeError: A name or value is not of bytes.
        ValueError: A name or value is one that HTTP cannot hold (RFC 9110, section 5), a length is
            none (section 8.6), or a transfer coding is one that no server applies (RFC 9112,
            section 6.1); servers cut the connection, or send it as it is.
    """
    given = tuple(headers)
    try:
        known = _heads.get(given)
    except TypeError:  # a field may be a list
        return _read_anew(given)
    return known or _read_anew(given)


def _read_anew(given: Headers) -> Head:
    fields, free = [], []
    content_type = content_encoding = b""
    lengths: tuple[int, ...] = ()
    is_usual = True
    for name, value in given:
        lower, never_leaves, is_plain, is_repeated = _names.get(name) or _learn(name)
        if never_leaves:
            is_usual = False
            continue
        plain = value.strip(b" \t")
        fields.append((name, plain))
        if not is_repeated:
            is_usual = False
        if lower == b"content-length":
            lengths += (_length(name, plain),)
        elif lower == b"transfer-encoding" and plain.lower() != b"chunked":
            raise ValueError(f"{name!r}: {value!r}")
        elif lower == b"content-type":
            content_type = plain
        elif lower == b"content-encoding":
            content_encoding = plain
        elif not is_plain:
            free.append((lower, plain))
    _check_values(fields)
    content = content_type, content_encoding
    is_usual = is_usual and sum(len(name) + len(value) for name, value in given) <= _LONGEST_KEPT
    head = Head(tuple(fields), content, lengths, tuple(free), is_usual)
    if is_usual:
        _keep(given, head)
    return head


def _length(name: bytes, value: bytes) -> int:
    """Read a length.

    Raises:
        ValueError: It is none.
    """
    if not value.isdigit():
        raise ValueError(f"{name!r}: {value!r}")
    return int(value)


def _check_values(fields: list[tuple[bytes, bytes]]) -> None:
    """See that HTTP can hold the values; all are read at once, and one by one to tell the wrong.

    Raises:
        ValueError: One of them is none.
    """
    if _OUTSIDE_VALUES.search(b"".join([value for _, value in fields])) is not None:
        name, value = next(field for field in fields if _OUTSIDE_VALUES.search(field[1]))
        raise ValueError(f"{name!r}: {value!r}")


def _keep(given: Headers, head: Head) -> None:
    if all(type(name) is type(value) is bytes for name, value in given):
        if len(_heads) >= _MOST_KEPT:
            _heads.clear()
        _heads[tuple((name, value) for name, value in given)] = head


def _learn(name: bytes) -> _Name:
    """Return what is known of a field by its name.

    Raises:
        ValueError: HTTP has no such name.
    """
    never_leaves = names_machinery(name)
    if not never_leaves and _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r}")
    lower = name.lower()
    known = _Name(lower, never_leaves, lower in _PLAIN, lower in _REPEATED)
    if len(name) <= _LONGEST_NAME_KEPT:
        if len(_names) >= _MOST_KEPT:
            _names.clear()
        _names[name] = known
    return known


def assemble(own: Mapping[bytes, bytes], from_application: Headers) -> Headers:
    """Join our fields with those of the application, sorted by name; ours win.

    The order is the same on every server, also on those that sort by themselves.
    """
    kept = [(name, value) for name, value in dict.fromkeys(from_application) if name not in own]
    return tuple(sorted([*kept, *own.items()], key=itemgetter(0)))
