"""Secrets in markup: in the elements and attributes of XML and HTML."""

from __future__ import annotations

import re

from tightlip.expression import expression
from tightlip.incidents.secrets.found import SCRUBBED, Found
from tightlip.incidents.secrets.names import is_secret_name
from tightlip.incidents.secrets.replacing import replaced

# The white space is not given back: a client could make the search of it grow with its square.
_ELEMENT = expression(
    r"""(?:<|&lt;)(?:[\w-]{1,40}:)?(?P<name>[\w.-]{2,60})(?:\s[^<>\x00]{0,200}?)?(?:>|&gt;)\s*+
        (?: <!\[CDATA\[ (?P<data> (?: (?!\]\]>) [^\x00] ){1,4000} )
          | (?P<value> [^<\x00]{1,4000}? ) (?=<|&lt;|\x00|\Z) )""",
    re.VERBOSE,
)
# <key>password</key><string>…</string> of a property list, <name>, <value> and <string> of XML-RPC,
# and the two cells of a row in a page.
_SIBLINGS = expression(
    r"""<(?:\w{1,40}:)?(?:key|name|td|th|dt)>\s{0,40}(?P<name>[\w.-]{2,100})\s{0,40}</[^<>\x00]{1,60}>
        (?:\s{0,40}<(?!th\b)[\w:.-]{1,60}(?:\s[^<>\x00]{0,100})?>){1,3}\s{0,40}(?P<value>[^<\x00]{1,4000})""",
    re.VERBOSE,
)
# <entry key="password">…</entry> of Java, <property name="password">…</property>.
_ENTRY = expression(
    r"""<(?:entry|property|param(?:eter)?|string|setting|item|field|variable|prop|header)\s
        [^<>\x00]{0,200}?\b(?:key|name|id)\s?=\s?\\*["'](?P<name>[\w.-]{2,100})\\*["']
        [^<>/\x00]{0,200}>\s{0,40}(?P<value>[^<\s\x00][^<\x00]{0,4000})""",
    re.VERBOSE,
)
_TAG = expression(r"<[A-Za-z][\w:.-]{0,60}\s[^<>\x00]{1,4000}>")
_NAMING = expression(
    r"""\b(?:name|key|id|type|property|autocomplete)\s?=\s?\\*["'](?P<name>[\w.-]{2,100})\\*["']"""
)
_HOLDING = expression(
    r"""\b(?:value|content)\s?=\s?(?P<mark>\\*["'])(?P<value>(?:(?!(?P=mark))[^\x00]){1,4000})"""
)


def without_markup(text: str, found: Found) -> str:
    """Return `text` without the secrets in the elements and attributes that it holds."""
    if "</" in text:
        text = replaced(_SIBLINGS, text, found, _is_named)
    if "<" in text and "=" in text:
        text = replaced(_ENTRY, text, found, _is_named)
        if "value" in text or "content" in text:
            text = _TAG.sub(lambda tag: _without_values(tag[0], found), text)
    return replaced(_ELEMENT, text, found, _is_named)


def _without_values(tag: str, found: Found) -> str:
    if not any(is_secret_name(naming["name"]) for naming in _NAMING.finditer(tag)):
        return tag
    return replaced(_HOLDING, tag, found)


def _is_named(match: re.Match[str]) -> bool:
    value = match[match.lastgroup or 0]
    return is_secret_name(match["name"]) and not value.isspace() and value != SCRUBBED
