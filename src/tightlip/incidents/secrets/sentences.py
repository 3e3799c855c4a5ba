"""Secrets in sentences: what follows a noun such as `password`, in several languages."""

from __future__ import annotations

import re

from tightlip.expression import expression
from tightlip.incidents.secrets.found import Found
from tightlip.incidents.secrets.replacing import replaced, without_spans

_SAID = expression(
    r"""
    (?P<name>
        (?: api|access|secret|private|signing )[ ]keys?
      | (?: security|verification|login|one-time|sms )[ ]code
      | (?: account|card|passport|social[ ]security )[ ]number
      | session[ ]id
      | cl[ée][ ](?: secrète|privée|api|d['\u2019](?:accès|api) ) | jeton(?:[ ]d['\u2019]accès)?
      | clave[ ](?: secreta|privada|de[ ](?:acceso|api) ) | chiave[ ](?: segreta|privata|api )
      | zugangsschlüssel | geheimschlüssel | geheimnis
      | bestätigungscode | sicherheitscode | prüfcode | tan (?=[ ]?[:=]?[ ]\d{6}\b)
      | code[ ]de[ ](?:vérification|sécurité) | código[ ]de[ ](?:verificación|seguridad)
      | pass(?:wor[dt]|phrase|code|wd|e) | kennwort | contraseña | senha | wachtwoord | lösenord
      | adgangskode | hasło | heslo | şifre | parola(?:[ ]d['\u2019]ordine)? | пароль | 密[码碼]
      | パスワード | 비밀번호
      | pin | otp | cvv | cvc | ssn | iban | secrets? | tokens?
    )
    (?: [ ](?:entered|given|provided|received|submitted|supplied) (?=:) )?
    (?: [ ](?: temporaire|provisoire|temporal|provisional|inicial|initial|provvisoria ) )?
    (?: [ ](?: is|was|are|of|as|for[ ]\S{1,64}[ ](?:is|was) | ist|lautet|war|est|es|è
            | (?:(?:has[ ]been|was)[ ])?(?:re)?set[ ]to | (?:has[ ]been|was)[ ]changed[ ]to | to )
      | [ \xa0\u202f]?[:=\#\uff1aは] )?
    (?: [ \xa0\u202f]{1,3} | (?<=[\uff1aは]) )
    (?: (?P<mark> \\*["'`] ) (?P<quoted> (?: (?!(?P=mark)) [^\x00\n] ){1,200} ) (?=(?P=mark))
      | (?P<parted> \d{3}[ -]\d{3} (?![\w-]) )
      | (?P<bare> [^\s"'`,;=()<>\x00\\\uff0c\uff1b\u3002]{3,200}+ (?![\w=]) ) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NOUNS = (
    *("pass", "pin", "otp", "cvv", "cvc", "ssn", "iban", "secret", "token", "session id", "jeton"),
    *("clave ", "chiave ", "geheim", "kennwort", "senha", "wachtwoord", "adgangskode", "heslo"),
    *("parola", "sicherheitscode", "tan"),
)
_NOUNS_IN_OTHER_LETTERS = (
    *("clé ", "zugangsschlüssel", "bestätigungscode", "prüfcode", "code de ", "código de "),
    *("contraseña", "lösenord", "hasło", "şifre", "пароль", "密码", "密碼", "パスワード"),
    "비밀번호",
)
# Of these, the second word is looked for: the first would be met everywhere.
_SECOND_WORDS = (" key", " code", " number")
_FIRST_WORD = expression(
    r"(?:api|access|secret|private|signing|security|verification|login|one-time|sms"
    r"|account|card|passport|social security)\Z",
    re.IGNORECASE,
)
_LONGEST_FIRST_WORD = 20
_LONGEST_NOUN = 40
_BEFORE_A_NOUN = frozenset("/.-_")
_SHORTEST_PASSWORD = 4
_SHORTEST_TOKEN = 8
_PASSWORDS = (
    *("pass", "pin", "otp", "kennwort", "contrase", "senha", "wachtwoord", "lösenord"),
    *("adgangskode", "hasło", "heslo", "şifre", "parola", "пароль", "密", "パ", "비"),
)
_OF_CARDS = frozenset({"cvc", "cvv", "prüfcode"})
_LENGTHS_ON_CARDS = (3, 4)
_ONE_TIME = ("code", "otp", "pin", "tan")
_CODES = expression(
    r"""\b(?:recovery|backup|scratch|wiederherstellungs)[ -]?codes?
        (?:[ ]?[:=]|[ ](?:are|were|is|sind))[ ]{1,3}(?P<codes>(?=[\w-]{0,24}\d)[\w-]{5,24}
            (?:[,;]?[ ]{1,2}(?=[\w-]{0,24}\d)[\w-]{5,24}){0,31})""",
    re.VERBOSE | re.IGNORECASE,
)
# BIP 39: 12 to 24 words, each of three to eight letters.
_WORDS = expression(
    r"""\b(?:mnemonic|(?:seed|recovery|wallet)[ _-]?(?:phrase|words))\W{1,4}
        (?P<words>(?:\[scrubbed\]|[a-z]{3,8})(?:[ ][a-z]{3,8}){11,23})\b""",
    re.VERBOSE | re.IGNORECASE,
)


def without_said(text: str, found: Found) -> str:
    """Return `text` without what sentences in it say of passwords, tokens, codes and cards.

    The nouns are looked for one by one: that is many times faster than one pattern of all.
    """
    folded = text.lower()
    if len(folded) != len(text):  # a few letters are longer in lower case
        folded = text
    text = without_spans(text, sorted(_spans(text, folded)), found)
    if "code" in folded:
        text = replaced(_CODES, text, found)
    if "mnemonic" in folded or "phrase" in folded or "words" in folded:
        text = replaced(_WORDS, text, found)
    return text


def _spans(text: str, folded: str) -> set[tuple[int, int]]:
    """Return where in `text` secrets stand; `folded` is the same in lower case."""
    spans: set[tuple[int, int]] = set()
    nouns = _NOUNS if text.isascii() else _NOUNS + _NOUNS_IN_OTHER_LETTERS
    for noun in nouns + _SECOND_WORDS:
        at = folded.find(noun)
        while at >= 0:
            start, behind = at, at + 1
            if noun in _SECOND_WORDS:
                first = _FIRST_WORD.search(text, max(0, at - _LONGEST_FIRST_WORD), at)
                start = -1 if first is None else first.start()
            if start >= 0 and not _is_inside(text, start):
                match = _SAID.match(text, start)
                if match is not None and _is_told(match):
                    spans.add(match.span(match.lastgroup or 0))
                elif match is not None and match["bare"]:
                    # Nothing is told by a noun inside of it, but by one at its end.
                    behind = max(behind, match.end() - _LONGEST_NOUN)
            at = folded.find(noun, behind)
    return spans


def _is_inside(text: str, start: int) -> bool:
    if not start:
        return False
    before = text[start - 1]
    return before.isalnum() or before in _BEFORE_A_NOUN


def _is_told(match: re.Match[str]) -> bool:
    """Tell whether what follows the noun is a secret, and not the rest of a sentence."""
    name = match["name"].lower()
    if match["parted"]:
        return name.endswith(_ONE_TIME)
    value = match["quoted"] or match["bare"]
    has_digit = any(map(str.isdigit, value))
    if name in _OF_CARDS:
        return value.isdigit()
    if name == "security code" and value.isdigit() and len(value) in _LENGTHS_ON_CARDS:
        return True
    if name == "tokens" and value.isdigit():  # how many there are
        return False
    if name.startswith(_PASSWORDS):
        return bool(match["quoted"]) or (has_digit and len(value) >= _SHORTEST_PASSWORD)
    if match["quoted"]:
        return has_digit and " " not in value
    if value.isdigit():
        return len(value) >= _SHORTEST_PASSWORD and name != "session id"
    return has_digit and len(value) >= _SHORTEST_TOKEN
