"""Header fields of an application's that may leave with an error, each in the form of its field.

Where HTTP has a grammar for a field, or a list of values, only that passes: an exception's text
has no place in it. What is left for an author to choose (a realm, an origin, a name) is read by
the detectors besides (`responder.error_fields`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tightlip.expression import expression

if TYPE_CHECKING:
    from tightlip.exchange import Headers

# The registry of methods (iana.org/assignments/http-methods): a name beside it may be any word.
_METHODS = frozenset(
    b"""
    ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE
    MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI
    PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE
    UPDATEREDIRECTREF VERSION-CONTROL
    """.split()
)


def _list_of(item: bytes, gap: bytes, most: bytes = b"*") -> bytes:
    """Return the pattern of an `item`, and of more of its kind behind a `gap` each."""
    return b"%b(?:%b%b)%b" % (item, gap, item, most)


_COMMA, _SEMICOLON = rb"[ ]*,[ ]*", rb"[ ]*;[ ]*"
_COMMA_OF_HTTP = rb"[ \t]*,[ \t]*"  # RFC 9110, section 5.6.1
_METHOD = b"(?:%b)" % b"|".join(sorted(_METHODS, reverse=True))
_METHOD_LIST = expression(rb"\*|" + _list_of(_METHOD, _COMMA_OF_HTTP))
_TOKENS = expression(_list_of(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", _COMMA_OF_HTTP))
_RETRY_AFTER = expression(
    rb"\d{1,9}|[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT"
)
_ORIGIN = expression(rb"\*|null|[a-z][a-z0-9+.-]{0,31}://[A-Za-z0-9.\[\]:_-]{1,255}")
_FLAG = expression(rb"true|false")
_NUMBER = expression(rb"\d{1,9}")
_NOSNIFF = expression(rb"nosniff", re.IGNORECASE)
_FRAMES = expression(rb"DENY|SAMEORIGIN", re.IGNORECASE)
_DOMAINS = expression(
    rb"none|master-only|by-content-type|by-ftp-filename|all|none-this-response", re.IGNORECASE
)
_STRUCTURED_FLAG = expression(rb"\?[01]")  # RFC 9651, section 3.3.6
_LIFETIME = rb"(?:max-age=(?:\d{1,10}|\"\d{1,10}\")|includeSubDomains|preload)"
_STRICT_TRANSPORT = expression(_list_of(_LIFETIME, _SEMICOLON) + rb";?", re.IGNORECASE)
_XSS = expression(rb"[01](?:;[ ]*mode=block)?", re.IGNORECASE)
_REFERRER = (
    rb"(?:no-referrer-when-downgrade|no-referrer|same-origin|strict-origin-when-cross-origin"
    rb"|strict-origin|origin-when-cross-origin|origin|unsafe-url)"
)
_REFERRERS = expression(_list_of(_REFERRER, _COMMA))
_ISOLATION = expression(  # HTML standard, "Cross-origin isolation"; Fetch standard, section 3.8
    rb"(?:unsafe-none|same-origin-allow-popups|same-origin|noopener-allow-popups|require-corp"
    rb"|credentialless|same-site|cross-origin)(?:;[ ]*report-to=\"[\w-]{1,64}\")?"
)
# Content Security Policy Level 3, section 2.2: the directives, and the sources or names in each.
_SOURCE = rb"(?:'[\w+/=:-]{1,200}'|[\w.*:/%?&=+~-]{1,255})"
_DIRECTIVE = (
    rb"(?:(?:child|connect|default|fenced-frame|font|frame|img|manifest|media|object|prefetch"
    rb"|script|style|worker)-src(?:-elem|-attr)?|base-uri|block-all-mixed-content|form-action"
    rb"|frame-ancestors|navigate-to|plugin-types|report-to|report-uri|require-sri-for"
    rb"|require-trusted-types-for|sandbox|trusted-types|upgrade-insecure-requests|webrtc)"
    rb"(?:[ ]+%b){0,64}" % _SOURCE
)
_CONTENT_SECURITY = expression(_list_of(_DIRECTIVE, _SEMICOLON, rb"{0,32}") + rb"[ ]*;?")
# Permissions Policy, section 5.1: a structured dictionary of features and the origins they are for.
_FEATURE = (
    rb"[a-z][a-z-]{1,40}=(?:\*|self|\?[01]"
    rb"|\((?:(?:\*|self|src|\"[a-z]{2,8}://[\w.*:-]{1,255}\")[ ]?){0,16}\))"
)
_PERMISSIONS = expression(_list_of(_FEATURE, _COMMA, rb"{0,64}"))
_LONGEST = 4096

# Fields that an application may send with an error, and the form that each must have.
_WITH_ERRORS: Mapping[bytes, re.Pattern[bytes]] = {
    b"access-control-allow-credentials": _FLAG,
    b"access-control-allow-headers": _TOKENS,
    b"access-control-allow-methods": _METHOD_LIST,
    b"access-control-allow-origin": _ORIGIN,
    b"access-control-expose-headers": _TOKENS,
    b"access-control-max-age": _NUMBER,
    b"allow": _TOKENS,
    b"content-security-policy": _CONTENT_SECURITY,
    b"content-security-policy-report-only": _CONTENT_SECURITY,
    b"cross-origin-embedder-policy": _ISOLATION,
    b"cross-origin-opener-policy": _ISOLATION,
    b"cross-origin-resource-policy": _ISOLATION,
    b"origin-agent-cluster": _STRUCTURED_FLAG,
    b"permissions-policy": _PERMISSIONS,
    b"referrer-policy": _REFERRERS,
    b"retry-after": _RETRY_AFTER,
    b"strict-transport-security": _STRICT_TRANSPORT,
    b"timing-allow-origin": _ORIGIN,
    b"vary": _TOKENS,
    b"x-content-type-options": _NOSNIFF,
    b"x-frame-options": _FRAMES,
    b"x-permitted-cross-domain-policies": _DOMAINS,
    b"x-xss-protection": _XSS,
}
CHOSEN = frozenset(
    {
        b"access-control-allow-headers",
        b"access-control-allow-origin",
        b"access-control-expose-headers",
        b"content-security-policy",
        b"content-security-policy-report-only",
        b"permissions-policy",
        b"proxy-authenticate",
        b"timing-allow-origin",
        b"vary",
        b"www-authenticate",
    }
)
"""The fields in which an author chooses names of his own."""

CHALLENGES = frozenset({b"www-authenticate", b"proxy-authenticate"})
"""The fields in which he chooses words."""

_CHALLENGE = expression(
    rb"(?P<scheme>[A-Za-z][A-Za-z0-9-]{0,31})(?:[ \t]+(?P<parameters>[\x20-\x7e]*))?"
)
_PARAMETER = expression(
    rb"[ \t,]*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*"
    rb'(?P<value>"(?:[^"\\]|\\.)*"|[^\s,"]+)(?=[ \t,]|$)'
)
_TOKEN68 = expression(rb"[A-Za-z0-9._~+/-]+=*")
_LONGEST_REALM = 130


def allowed_with_error(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return those of `headers` that may leave with an error, names in lower case.

    A challenge keeps its scheme and its realm only; a value that has not the form of its
    field stays behind.
    """
    allowed = []
    for name, value in headers:
        lower = name.lower()
        if lower in CHALLENGES:
            challenge = _bare_challenge(value)
            if challenge is not None:
                allowed.append((lower, challenge))
            continue
        form = _WITH_ERRORS.get(lower)
        if form is None or len(value) > _LONGEST or form.fullmatch(value) is None:
            continue
        said = _REWRITTEN[lower](value) if lower in _REWRITTEN else value
        if said:
            allowed.append((lower, said))
    return tuple(allowed)


def _sorted_methods(value: bytes) -> bytes:
    """Sort the methods that are registered; leave out those that say no more beside GET.

    Frameworks list them in the order of a set, or of their routes. Which of them add HEAD to GET,
    and OPTIONS to all, tells them apart; what is allowed is the same.
    """
    methods = {method.strip() for method in value.split(b",")} & _METHODS
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
