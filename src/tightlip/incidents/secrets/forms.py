"""Secrets known by their form: cards, bank accounts, and what only chance could write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tightlip.detection.luhn import is_card_number
from tightlip.expression import expression
from tightlip.incidents.secrets.found import SCRUBBED

# A pattern that begins with what it looks for is many times faster than one that looks behind it.
_CARD = expression(r"\d(?<![\w.-]\d)(?:[ \xa0\u2009\u202f-]?\d){13,15}(?![\w-]|\.\d)")
_LONG_CARD = expression(r"\d(?<![\w.-]\d)(?:[ \xa0\u2009\u202f-]?\d){16,18}(?![\w-]|\.\d)")
_CARD_WITH_POINTS = expression(r"\d(?<![\w.-]\d)\d{3}(?:\.\d{4}){3}(?![\w-]|\.\d)")
_POINTS = expression(r"\.\d{4}\.\d{4}\.\d{4}")
# ISO/IEC 7813: the first and the second track of a card's stripe.
_FIRST_TRACK = expression(r"%?B\d{12,19}\^[^^?\x00\n]{2,26}\^\d{4}[^?\x00\n]{0,60}\??")
_SECOND_TRACK = expression(r";(?:\d{12,19}|\[[\w-]{1,60}\])=\d{7}[\d=]{0,20}\??")
# The answer to a challenge of NTLM ([MS-NLMP], section 2.2.1.3), in base64.
_NTLM = expression(r"\bTlRMTVNTUAAD[A-Za-z0-9+/]{20,}={0,2}")
_CARD_LENGTHS = frozenset({14, 15, 16})
_CARD_STARTS = (
    "4", "51", "52", "53", "54", "55", "34", "37", "36", "38", "39",
    "300", "301", "302", "303", "304", "305", "6011", "65", "35",
    "22", "23", "24", "25", "26", "27", "62", "64",
)  # fmt: skip
# UnionPay's and Maestro's may be longer.
_LONG_CARD_LENGTHS = frozenset({17, 18, 19})
_LONG_CARD_STARTS = ("62", "5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763")
# ISO 13616: country, check digits, and at most 30 characters of the account, in groups of four.
_IBAN = expression(
    r"[A-Z](?<![\w-][A-Z])[A-Z]\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])"
)
_IBAN_CHECK = 97
_SHORTEST_IBAN = 15  # Norway's (the IBAN registry of SWIFT)
_NO_DIGIT = expression(r"\D")
_VENDORS = expression(  # Mailgun, Mailchimp, Twilio
    r"(?<![\w-])(?:key-[0-9a-z]{32}|[0-9a-f]{32}-us\d{1,2}|SK[0-9a-f]{32})(?![\w-])"
)
# RFC 6750; with a comma as a subprotocol of a WebSocket, where a browser can send no other header.
_BEARER = expression(r"\b(?i:bearer)(?:,[ ]{0,3}|[ ]{1,3})([\w.~+/=-]{7,2000})")
_LONG = expression(r"(?<![A-Za-z0-9_+=-])[A-Za-z0-9_+-]{32,1000}={0,2}(?![A-Za-z0-9_+-])")
_OF_AWS = expression(r"(?<![A-Za-z0-9_+/=.-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9_+/=.-])")
# RFC 7468, RFC 9580. Whatever stands between the two, in whatever dress, is the key.
_FIRST_LINE = expression(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_LAST_LINE = expression(r"-----END [A-Z0-9 ]{1,60}-----")
_SHORTEST_LONG = 32
_APART = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) not in "_+-/="}
_SHORTEST_RANDOM = 16
_UUID = expression(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_ONE_OF_MOST = 3


def without_forms(text: str) -> str:
    """Return `text` without what is a secret by its form alone, beside what the detectors know."""
    text = _CARD.sub(_without_card, _LONG_CARD.sub(_without_card, text))
    if "^" in text:
        text = _FIRST_TRACK.sub(SCRUBBED, text)
    if ";" in text:
        text = _SECOND_TRACK.sub(SCRUBBED, text)
    if _POINTS.search(text):
        text = _CARD_WITH_POINTS.sub(_without_card, text)
    if "TlRM" in text:
        text = _NTLM.sub(SCRUBBED, text)
    text = _IBAN.sub(_without_account, text)
    if "key-" in text or "-us" in text or "SK" in text:
        text = _VENDORS.sub(SCRUBBED, text)
    if "earer" in text:
        text = _BEARER.sub(_without_bearer, text)
    if max(map(len, text.translate(_APART).split()), default=0) < _SHORTEST_LONG:
        return text
    text = _LONG.sub(_without_random, text)
    return _OF_AWS.sub(_without_random, text)


def without_private_keys(text: str) -> str:
    """Return `text` without the private keys that have both their first and their last line."""
    pieces: list[str] = []
    at = 0
    while (first := _FIRST_LINE.search(text, at)) is not None:
        last = _LAST_LINE.search(text, first.end())
        if last is None:
            break
        other = text.find("\x00", first.end(), last.start())  # it ends in another text
        if other < 0:
            pieces += (text[at : first.start()], SCRUBBED)
            at = last.end()
        else:
            pieces.append(text[at:other])
            at = other
    return "".join([*pieces, text[at:]])


def lines_of_private_keys(lines: Sequence[str | None]) -> frozenset[int]:
    """Return the positions of those lines that are between a private key's first and its last."""
    inside = False
    positions: set[int] = set()
    for position, line in enumerate(lines):
        if line is None:
            continue
        if inside:
            inside = _LAST_LINE.search(line) is None
            if inside:
                positions.add(position)
        else:
            first = _FIRST_LINE.search(line)
            inside = first is not None and _LAST_LINE.search(line, first.end()) is None
    return frozenset(positions)


def is_card(number: int) -> bool:
    """Tell whether an integer is a payment card's number, by length, issuer and check digit."""
    return _is_card(str(number))


def looks_random(text: str) -> bool:
    """Tell whether a short text, under a name that may be a secret's, was made by chance.

    It has letters and digits, is no UUID, and is nothing that people write: no path, no name
    with dots or colons, no words with hyphens between them.
    """
    if len(text) < _SHORTEST_RANDOM or is_uuid(text):
        return False
    stripped = text.rstrip("=").replace("_", "").replace("-", "").replace("+", "")
    return stripped.isalnum() and _changes(stripped) * 6 >= len(stripped)


def reads_as_words(text: str) -> bool:
    """Tell whether a text without spaces is made of words, as `IncomingWebhook` is."""
    return not any(map(str.isdigit, text)) and _changes(text) * 3 < len(text)


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID (RFC 9562), with hyphens or without."""
    return _UUID.fullmatch(text) is not None


def _is_card(text: str) -> bool:
    is_long = len(text) in _LONG_CARD_LENGTHS
    return (
        (is_long or len(text) in _CARD_LENGTHS)
        and text.startswith(_LONG_CARD_STARTS if is_long else _CARD_STARTS)
        and is_card_number(text, 0, len(text))
    )


def _without_bearer(match: re.Match[str]) -> str:
    token = match[1]
    if len(token) < _SHORTEST_RANDOM and ("=" in token or not any(map(str.isdigit, token))):
        return match[0]
    return match[0] if reads_as_words(token) else f"{match[0][: -len(token)]}{SCRUBBED}"


def _without_card(match: re.Match[str]) -> str:
    return SCRUBBED if _is_card(_NO_DIGIT.sub("", match[0])) else match[0]


def _without_account(match: re.Match[str]) -> str:
    account = match[0].replace(" ", "")
    if len(account) < _SHORTEST_IBAN:
        return match[0]
    number = "".join(str(int(character, 36)) for character in account[4:] + account[:4])
    return SCRUBBED if int(number) % _IBAN_CHECK == 1 else match[0]


def _without_random(match: re.Match[str]) -> str:
    text = match[0]
    if (
        sum(map(str.isdigit, text)) < _ONE_OF_MOST
        or sum(map(str.isupper, text)) < _ONE_OF_MOST
        or sum(map(str.islower, text)) < _ONE_OF_MOST
    ):
        return text
    return SCRUBBED if _changes(text) * 4 >= len(text) else text


def _changes(text: str) -> int:
    """Count how often digits, capitals and small letters take turns in a text."""
    kinds = [0 if character.isdigit() else 1 if character.isupper() else 2 for character in text]
    return sum(left != right for left, right in pairwise(kinds))
