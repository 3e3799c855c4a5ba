"""Secrets in command lines: options with a secret name, and the short ones of known programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

from tightlip.expression import expression
from tightlip.incidents.secrets.found import Found
from tightlip.incidents.secrets.names import is_secret_name
from tightlip.incidents.secrets.replacing import replaced

# Between an option and its value: a space, or what stands there in the repr of a list.
_GAP = r"""(?: [ ]{1,4}+ | \\{0,4}["'],[ ]?\\{0,4}(?=["']) )"""
_ARGUMENT = r"""
    (?: (?P<mark> \\{0,4}["'] ) (?P<quoted> (?: (?!(?P=mark)) [^\x00] ){1,300} )
      | (?P<plain> (?!-) [^\s"'\x00;|&<>]{1,300} ) )
"""
# All that follow hold such a hyphen; a pattern that begins with what it looks for is fast.
_OPTION = expression(r"-(?<![\w-]-)")
_LONG = expression(
    rf"""(?<![\w-]) --? (?P<name> [A-Za-z][\w.-]{{1,60}} ) {_GAP} {_ARGUMENT}""", re.VERBOSE
)
_SHORT = expression(rf"""(?<![\w-]) -(?P<name> [A-Za-z] ) {_GAP} {_ARGUMENT}""", re.VERBOSE)
_USER = expression(
    rf"""
    (?<![\w-]) (?: -u | -U | -a | --user | --proxy-user | --auth | --basic )
    (?: {_GAP} | = ) (?P<open> \\{{0,4}}["'] )? (?P<user> [\w.@\\+-]{{0,100}} ) [:%]
    (?! /| \d{{1,5}} (?![\w.-]) )
    (?P<password> (?(open) (?: (?!(?P=open)) [^\x00] ){{1,300}} | [^\s"'\x00]{{1,300}} ) )
    """,
    re.VERBOSE,
)
_ATTACHED = expression(
    r"""\b (?: mysql\w{0,30}+ | mariadb[\w-]{0,30}+ | mycli | 7za? ) \b [^\x00\n]{0,400}? [\s"'] -p
        (?P<password> [^\s"'\x00=]{2,200} )""",
    re.VERBOSE,
)
_ATTACHED_AFTER_USER = expression(
    r"""[\s"'] -u [\s"',]{0,6} [\w.-]{1,64} [\s"',]{1,6} -p (?P<password> [^\s"'\x00=]{2,200} )""",
    re.VERBOSE,
)
_NEXT = r"""(?: [ ] | \\{0,4}["'],[ ]?\\{0,4}["'] )"""
_OF_HTPASSWD = expression(
    rf"""\bhtpasswd (?: {_NEXT} -\w+ ){{0,4}} {_NEXT} -\w*b\w* (?: {_NEXT} -\w+ ){{0,4}}
        (?: {_NEXT} (?!-) [^\s"',\x00]{{1,200}} ){{1,2}}
        {_NEXT} (?P<password> [^\s"'\x00]{{1,200}} )""",
    re.VERBOSE,
)
_SET = expression(
    r"""\b(?:setenv|set[ ]-\w{1,4}|ENV)[ ](?P<name>\w{2,60})[ ]["']?(?P<value>[^\s"'\x00]{1,300})"""
)
_CONFIGURED = expression(
    r"""\bconfig(?:ure)?(?:[: ]set)?(?:[ ]--?[\w-]{1,30}){0,3}[ ](?:set[ ])?
        (?P<name>[\w.:/-]{2,100})[ ]["']?(?P<value>[^\s"'\x00-][^\s"'\x00]{0,300})""",
    re.VERBOSE,
)
_LOGIN = expression(
    r"\bvault[ ]login[ ](?:-[\w=-]{1,60}[ ]){0,3}"
    r"(?P<token>(?=\S{0,300}?\d)[^\s\"'\x00=-][^\s\"'\x00=]{3,300})"
)
# What is handed to a program that reads a password: echo … | docker login --password-stdin.
_PIPED = expression(
    r"""\b(?:echo|printf)[ ](?:-\w{1,3}[ ])?(?P<mark>\\*["'])?(?:[\w.-]{1,64}:)?
        (?P<password>(?(mark)(?:(?!(?P=mark))[^\x00|]){1,300}|[^\s"'|\x00]{1,300}))(?(mark)(?P=mark))
        [ ]?\|[^|;\n\x00]{0,200}?(?:-stdin\b|\bchpasswd\b|\bsudo[ ]-\w*S|\bkinit\b)""",
    re.VERBOSE,
)
_SECURE_STRING = expression(
    r"""\bConvertTo-SecureString[ ](?:-String[ ])?\\*["']?
        (?P<value>[^\s"'\\\x00$(-][^\s"'\\\x00]{0,300})""",
    re.VERBOSE,
)
# What a line of settings in columns says: PAYPAL_SECRET      …
_COLUMN = expression(
    r"""(?:^|\x00|\n|\\n)(?P<name>[A-Z][A-Z0-9_]{3,60})[ ]{2,40}
        (?P<value>(?=\S*\d)[^\s"'\\\x00]{4,300})
        (?=[ ]*(?:\r?\n|\\n|["'\x00]|\Z))""",
    re.VERBOSE,
)
_OF_OPENSSL = expression(r"\bpass:(?P<password>[^\s\"'\x00]{1,300})")

# What programs take a password by, as their manuals say. Options that have a secret name
# themselves need no line here.
_PROGRAMS = {
    "p": r"sshpass|mysql\w*|mariadb[\w-]*|mongo\w*|cqlsh|rabbitmqadmin|htpasswd|psexec|twine|vsql"
    r"|useradd|usermod"
    r"|(?:docker|podman|nerdctl|buildah|skopeo|helm|oras|crane|az|oc|cf|argocd)(?:[ ]\w+)?[ ]login",
    "P": r"sqlcmd|bcp|tsql|zip|unzip|ipmitool|jmxterm|dbaccess",
    "a": r"redis-cli|valkey-cli",
    "w": r"ldap\w+|pdbedit",
    "A": r"snmp\w+",
    "X": r"snmp\w+",
    "k": r"openssl|zabbix\w*",
    "K": r"openssl",
    "N": r"ssh-keygen",
}
_USES = {option: expression(rf"\b(?:{programs})\b") for option, programs in _PROGRAMS.items()}
_NAMES_A_USER = expression(r"""(?<![\w-])(?:-u|-U|-l|--user|--username|--login)(?=[\s="'])""")
_NO_PASSWORD = expression(r"\d{1,5}(?:[:/]\d.*)?|[./~].*|\d+\.\d+.*")
_FARTHEST_BEFORE = 200
_MOST_OPTIONS = 100
_ENDS = expression(r"[;|&\n\x00]")


def without_options(text: str, found: Found) -> str:
    """Return a text without the secrets of the command lines in it."""
    if _OPTION.search(text) is not None:
        text = replaced(_LONG, text, found, lambda match: is_secret_name(match["name"]))
        asked = count(1)
        # Each takes some work; who writes so many has no right to see them again.
        text = replaced(
            _SHORT, text, found, lambda match: next(asked) > _MOST_OPTIONS or _is_secret(match)
        )
        for pattern in (_USER, _ATTACHED, _ATTACHED_AFTER_USER, _OF_HTPASSWD):
            text = replaced(pattern, text, found)
        if "SecureString" in text:
            text = replaced(_SECURE_STRING, text, found)
    if "|" in text:
        text = replaced(_PIPED, text, found)
    if "   " in text:
        text = replaced(_COLUMN, text, found, lambda match: is_secret_name(match["name"]))
    if "set" in text or "ENV " in text:
        text = replaced(_SET, text, found, lambda match: is_secret_name(match["name"]))
    if "config" in text:
        text = replaced(_CONFIGURED, text, found, _is_set)
    if "vault login" in text:
        text = replaced(_LOGIN, text, found)
    if "pass:" in text:
        text = replaced(_OF_OPENSSL, text, found)
    return text


def _is_set(match: re.Match[str]) -> bool:
    """Tell whether a command sets a secret; `config token expired` is a sentence."""
    is_command = "set " in match[0] or any(map(str.isdigit, match["value"]))
    return is_command and is_secret_name(match["name"])


def secret_arguments(arguments: Sequence[object]) -> frozenset[int]:
    """Return the positions of a command's arguments that are secrets by the option before them."""
    words = [argument if type(argument) is str else "" for argument in arguments]
    line = " ".join(words)
    secret = {
        index
        for index, word in enumerate(words)
        if _ATTACHED.search(f"{words[0]} {word}") or (index and _pairs(words[index - 1], word))
    }
    for index, word in enumerate(words[:-1]):
        if not word.startswith("-") or words[index + 1].startswith("-"):
            continue
        name = word.lstrip("-")
        if len(name) == 1:
            before = " ".join(words[:index])
            is_secret = _is_short_secret(name, words[index + 1], f"{before} ", line)
        else:
            is_secret = is_secret_name(name)
        if is_secret:
            secret.add(index + 1)
    return frozenset(secret)


def _pairs(option: str, value: str) -> bool:
    return _USER.search(f"{option} {value}") is not None


def _is_secret(match: re.Match[str]) -> bool:
    name = match["name"]
    if name not in _PROGRAMS:
        return False
    text = match.string
    before = text[max(0, match.start() - _FARTHEST_BEFORE) : match.start()]
    before = _ENDS.split(before)[-1]
    after = _ENDS.split(text[match.end() : match.end() + _FARTHEST_BEFORE], 1)[0]
    around = f"{before}{match[0]}{after}"
    value = match["quoted"] or match["plain"]
    return _is_short_secret(name, value, before, around)


def _is_short_secret(name: str, value: str, before: str, around: str) -> bool:
    uses = _USES.get(name)
    if uses is not None and uses.search(before):
        return True
    return (
        name in {"p", "P"}
        and _NO_PASSWORD.fullmatch(value) is None
        and _NAMES_A_USER.search(around) is not None
    )
