"""Header fields: what may leave with an error, and what never leaves."""

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
_TOKENS = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_RETRY_AFTER = re.compile(
    rb"\d{1,9}|[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT"
)
_PRINTABLE = re.compile(rb"[\x20-\x7e]{0,4096}")
_ORIGIN = re.compile(rb"\*|null|[a-z][a-z0-9+.-]{0,31}://[A-Za-z0-9.\[\]:_-]{1,255}")
_FLAG = re.compile(rb"true|false")
_NUMBER = re.compile(rb"\d{1,9}")

# Fields that an application may send with an error, and the form that each must have.
_WITH_ERRORS: Mapping[bytes, re.Pattern[bytes]] = {
    b"access-control-allow-credentials": _FLAG,
    b"access-control-allow-headers": _TOKENS,
    b"access-control-allow-methods": _TOKENS,
    b"access-control-allow-origin": _ORIGIN,
    b"access-control-expose-headers": _TOKENS,
    b"access-control-max-age": _NUMBER,
    b"allow": _TOKENS,
    b"content-security-policy": _PRINTABLE,
    b"content-security-policy-report-only": _PRINTABLE,
    b"cross-origin-embedder-policy": _PRINTABLE,
    b"cross-origin-opener-policy": _PRINTABLE,
    b"cross-origin-resource-policy": _TOKENS,
    b"origin-agent-cluster": _PRINTABLE,
    b"permissions-policy": _PRINTABLE,
    b"referrer-policy": _TOKENS,
    b"retry-after": _RETRY_AFTER,
    b"strict-transport-security": _PRINTABLE,
    b"timing-allow-origin": _ORIGIN,
    b"vary": _TOKENS,
    b"x-content-type-options": _TOKENS,
    b"x-frame-options": _TOKENS,
    b"x-permitted-cross-domain-policies": _TOKENS,
    b"x-xss-protection": _PRINTABLE,
}
_CHALLENGES = frozenset({b"www-authenticate", b"proxy-authenticate"})
_CHALLENGE = re.compile(
    rb"(?P<scheme>[A-Za-z][A-Za-z0-9-]{0,31})(?:[ \t]+(?P<parameters>[\x20-\x7e]*))?"
)
_PARAMETER = re.compile(
    rb"[ \t,]*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*"
    rb'(?P<value>"(?:[^"\\]|\\.)*"|[^\s,"]+)(?=[ \t,]|$)'
)
_TOKEN68 = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_LONGEST_REALM = 130


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


def allowed_with_error(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return those of `headers` that may leave with an error, names in lower case.

    A challenge keeps its scheme and its realm only; a value that has not the form of its
    field stays behind.
    """
    allowed = []
    for name, value in headers:
        lower = name.lower()
        if lower in _CHALLENGES:
            challenge = _bare_challenge(value)
            if challenge is not None:
                allowed.append((lower, challenge))
            continue
        form = _WITH_ERRORS.get(lower)
        if form is not None and form.fullmatch(value) is not None:
            said = _REWRITTEN[lower](value) if lower in _REWRITTEN else value
            if said:
                allowed.append((lower, said))
    return tuple(allowed)


def _sorted_methods(value: bytes) -> bytes:
    """Sort the methods, and leave out those that stand beside GET without saying more.

    Frameworks list them in the order of a set, or of their routes. Which of them add HEAD to GET,
    and OPTIONS to all, tells them apart; what is allowed is the same.
    """
    methods = {method.strip() for method in value.split(b",")}
    if b"GET" in methods:
        methods.discard(b"HEAD")
    return b", ".join(sorted(methods - {b"OPTIONS"} or methods))


def _varying(value: bytes) -> bytes:
    """Leave out what only a cache would ask for: no error is stored.

    Which of them is there tells of sessions and of packing, and of who brought them along.
    """
    names = [name.strip() for name in value.split(b",")]
    return b", ".join(name for name in names if name.lower() not in _OF_CACHES)


_OF_CACHES = frozenset({b"accept-encoding", b"cookie"})
_REWRITTEN = {b"allow": _sorted_methods, b"vary": _varying}


def _bare_challenge(value: bytes) -> bytes | None:
    match = _CHALLENGE.fullmatch(value.strip())
    if match is None:
        return None
    parameters = match["parameters"] or b""
    if parameters and not (_TOKEN68.fullmatch(parameters) or _PARAMETER.match(parameters)):
        return None  # RFC 9110, section 11.3: these are words, and so may be the scheme
    realm = _realm(parameters)
    return match["scheme"] + (b" realm=" + realm if realm is not None else b"")


def _realm(parameters: bytes) -> bytes | None:
    """Read parameter by parameter: `realm=` may also stand inside another one's quoted text."""
    position = 0
    while (match := _PARAMETER.match(parameters, position)) is not None:
        if match["name"].lower() == b"realm":
            return match["value"] if len(match["value"]) <= _LONGEST_REALM else None
        position = match.end()
    return None


def assemble(own: Mapping[bytes, bytes], from_application: Headers) -> Headers:
    """Join our fields with those of the application, sorted by name; ours win.

    The order is the same on every server, also on those that sort by themselves.
    """
    kept = [(name, value) for name, value in dict.fromkeys(from_application) if name not in own]
    return tuple(sorted([*kept, *own.items()], key=itemgetter(0)))
