"""Addresses: whether what looks like an address is one, and no version of a product."""

from __future__ import annotations

import re

from tightlip.expression import expression

_BEFORE = 48
_AFTER = 24
_VERSION = expression(
    r"\b(?:version|release|build|firmware|revision|patch|upgrad|updat|downgrad|semver)"
    r"|\bv(?:er)?[.:=]? ?\Z",
    re.IGNORECASE,
)
_VERSION_BEHIND = expression(r"[\s\"']{0,3}(?:is the |is a )?(?:new|latest|version|release)")
_OF_THE_CLIENT = expression(
    r"(?:\b(?:your|client|remote|caller|visitor|user|peer|source|real)[ _-]?(?:ip|addr|host)"
    r"[a-z_-]{0,10}[\"']?(?: address)?(?: is)?[: =]{0,3}[\"'(]?"
    r"|\b(?:requests?|calls?|traffic|access|connections?|logins?|sign-ins?) from "
    r"(?:(?:your|the|ip|address) ){0,3})\Z",
    re.IGNORECASE,
)
_MORE = expression(r"\.[0-9]|/[0-9]{1,2}(?![0-9.])|-[a-z]", re.ASCII)
_HIGHEST_OCTET = 255


def is_address(text: str, start: int, end: int) -> bool:
    """Tell whether the characters from `start` to `end` of `text` are an address.

    A version number such as 10.7.31.9 has the form of an address: words near it tell them
    apart. A network such as 10.0.0.0/16 is no address of a machine, nor is a longer number, nor
    "10.2.0.0" as a whole value. And what a client is told of its own address tells it nothing.
    """
    found = text[start:end]
    if "." in found and not all(map(_is_octet, found.split("."))):
        return False
    if found.endswith(".0.0") and text[start - 1 : start] == '"' == text[end : end + 1]:
        return False
    before = text[max(0, start - _BEFORE) : start]
    if before.endswith(".") or _MORE.match(text, end):
        return False
    if _OF_THE_CLIENT.search(before):
        return False
    behind = text[end : end + _AFTER]
    return _VERSION.search(before) is None and _VERSION_BEHIND.match(behind) is None


def _is_octet(text: str) -> bool:
    """Tell whether `text` is a part of an address; of a longer number, a part may have no digit."""
    return text.isdecimal() and int(text) <= _HIGHEST_OCTET
