"""Secrets in addresses: of users, of queries, and of webhooks, whose path is the secret."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from tightlip.expression import expression
from tightlip.incidents.secrets.forms import is_uuid, looks_random, reads_as_words
from tightlip.incidents.secrets.found import SCRUBBED, Found
from tightlip.incidents.secrets.names import is_key_name, is_secret_name
from tightlip.incidents.secrets.replacing import replaced

_LONGEST_NAME = 200
# The bounds of these keep the work in step with the text's length, whoever wrote it.
_USER_PASSWORD = expression(
    r"""://[^\s/:@"'<>\x00]{0,128}
        : (?!\d{1,5}(?:[/?#\s,;]|\Z)) (?P<password> [^\s"'<>\x00]{0,256} ) @ (?=[^\s@"'<>\x00])""",
    re.VERBOSE,
)
_USER_TOKEN = expression(r"""://(?P<token>[^\s/:@"'<>\x00]{16,256})@""")
_USER_AND_PASSWORD = expression(
    r"""://(?P<token>[^\s/:@"'<>\x00]{16,256}):[^\s/@"'<>\x00]{1,256}@"""
)
_ORACLE = expression(
    r"""(?: \bjdbc:oracle:\w+: | \b(?:sqlplus|exp|imp|expdp|impdp|sqlldr|rman)[ ](?:-\S+[ ]){0,4} )
        [\w.$#]{1,60} / (?P<password> [^\s@"'\x00]{1,128} ) @""",
    re.VERBOSE,
)
# Easy Connect, as Oracle calls it: user/password@//host:port/service.
_EASY_CONNECT = expression(r"""(?<=[\w$#])/(?P<password>[^\s@/"'<>\x00]{1,128})@(?=//)""")
_SHORT_CONNECT = expression(
    r"""/(?P<password>[^\s@/"'<>\x00]{1,128})@(?=[\w.-]{1,100}:\d{2,5}/\w)"""
)
_ORACLE_USER = expression(r"(?<![\w./@:-])[\w$#]{1,60}\Z")
_LONGEST_USER = 62
# Looked for first: a pattern that begins with what it looks for is many times faster.
_PASSWORD = expression(r""":[^\s:@/"'<>\x00]{3,128}@""")
_WITHOUT_SCHEME = expression(
    r"""(?<![\w:.@-]) [\w.-]{1,64} : (?P<password> [^\s:@/"'<>\x00]{3,128} )
        @ (?=[\w.-]{1,100}(?::\d{2,5}\b|/\w)|(?:tcp|unix)\()""",
    re.VERBOSE,
)
# A line of .pgpass: host:port:database:user:password.
_PGPASS = expression(
    r"""[\w.*-]{1,100} : (?:54\d\d|6432|\*) : [\w*-]{1,63} : [\w.*-]{1,63}
        : (?P<password> (?: [^\s:\\"'\x00] | \\[:\\] ){3,200} ) (?=["'\s\\\x00]|\Z)""",
    re.VERBOSE,
)
_WEBHOOK = expression(
    r"""(?: //[\w.-]{0,100}hooks?[\w.-]{0,100}(?::\d{1,5})?/
          | //[\w.:-]{1,100}/[\w./@-]{0,200}?
            (?: webhook\w* | hooks? | incoming | services | triggers | with/key | use
              | bot(?=\d) )/? )
        (?P<path> [\w./:@%~+-]{8,500} )""",
    re.VERBOSE | re.IGNORECASE,
)
_PIECE = expression(r"[^/]+")
_SHORTEST_PIECE = 16
_SHORTEST_PIECE_OF_A_HOOK = 8
_CODE = expression(
    r"""(?:[?&\s"']|^)(?:code|device_code|user_code)=(?P<code>[^\s&"'\x00;]{4,600})""", re.VERBOSE
)
# Where a server sends a visitor back to with one.
_CALLBACK = expression(
    r"""(?:callback|oauth|oidc|/sso)[^\s?"'\x00]{0,100}(?:\?[^\s"'\x00]{0,300}+)?\Z""",
    re.IGNORECASE,
)
_FARTHEST_CALLBACK = 400
# RFC 6749: the parameters beside which `code` is an authorization code.
_CODES = frozenset({"code", "device_code", "user_code"})
_OAUTH = (
    "grant_type=",
    "redirect_uri=",
    "client_id=",
    "code_verifier=",
    "&state=",
    "session_state=",
)
_BEFORE_A_SECRET = frozenset(
    {"reset", "verify", "confirm", "invite", "invitation", "invitations", "activate", "unsubscribe"}
)
_AFTER_A_WORD = expression(
    r"""/(?P<word>[\w-]{0,20}(?:reset|verify|confirm|invit|activate|unsubscribe|magic)[\w-]{0,20})
        (?:/[\w-]{1,12})?(?:/|\?\w{1,3}=)(?P<secret>[\w~-]{8,2000}(?:\.[\w~-]{2,500}){0,4})(?![\w~-])""",
    re.VERBOSE | re.IGNORECASE,
)
_A_NUMBERED_WORD = expression(r"[A-Za-z]+[_-]?\d+|\d+[_-]?[A-Za-z]+|v\d[\w-]*")
_PARAMETER = expression(r"[{<](?:\w+:)?(?P<name>\w+)(?::\w+)?[}>]")


def without_addresses(text: str, found: Found) -> str:
    """Return `text` without the secrets of the addresses in it."""
    if "@" in text:
        if "://" in text:
            # GitHub and Stripe take the key as the user: https://<key>:x-oauth-basic@…
            text = replaced(
                _USER_AND_PASSWORD, text, found, lambda user: looks_random(user["token"])
            )
            text = replaced(_USER_PASSWORD, text, found)
            text = replaced(_USER_TOKEN, text, found)
        if "/" in text:
            text = replaced(_ORACLE, text, found)
        if "@//" in text:
            text = replaced(_EASY_CONNECT, text, found)
        if "/" in text:
            text = replaced(_SHORT_CONNECT, text, found, _follows_a_user)
        if _PASSWORD.search(text) is not None:
            text = replaced(_WITHOUT_SCHEME, text, found)
    if ":54" in text or ":6432:" in text or ":*:" in text:
        text = replaced(_PGPASS, text, found)
    if "/" in text:
        text = _WEBHOOK.sub(_without_pieces, text) if "//" in text else text
        text = replaced(_AFTER_A_WORD, text, found, _is_of_a_link)
    if "code=" in text:
        is_oauth = any(name in text for name in _OAUTH)
        text = replaced(_CODE, text, found, lambda code: is_oauth or _is_code(code))
    return text


def _is_code(match: re.Match[str]) -> bool:
    start = match.start()
    before = match.string[max(0, start - _FARTHEST_CALLBACK) : start + 1]
    return looks_random(match["code"]) or _CALLBACK.search(before) is not None


def _follows_a_user(match: re.Match[str]) -> bool:
    start = match.start()
    before = match.string[max(0, start - _LONGEST_USER) : start]
    return _ORACLE_USER.search(before) is not None


def without_path_secrets(path: str, route: str | None, found: Found) -> str:
    """Return a path without the parameters that its route gives a secret name.

    Without a route, what looks random after a word such as `reset` or `token` is taken for one.

    Args:
        path: The path, percent-decoded.
        route: The template, such as `/invitations/{token}`, where one has matched.
        found: Gets the secrets.
    """
    pieces = path.split("/")
    count, secret = _secret_parameters(route or "")
    if count != len(pieces):
        secret = frozenset()
    is_after = is_link = False
    for index, piece in enumerate(pieces):
        if not piece:
            continue
        if index in secret or (is_after and looks_random(piece)) or (is_link and is_uuid(piece)):
            found.add(piece)
            pieces[index] = SCRUBBED
        elif not is_after and not piece.isdecimal():  # most paths have a number of their own
            is_link = piece in _BEFORE_A_SECRET and not _is_of_things(piece)
            is_after = piece in _BEFORE_A_SECRET or is_secret_name(piece[:_LONGEST_NAME])
    return "/".join(pieces)


@lru_cache(maxsize=1024)
def _secret_parameters(route: str) -> tuple[int, frozenset[int]]:
    """Return how many pieces the template of a route has, and which have a secret name."""
    templates = route.split("/")
    names = [_PARAMETER.fullmatch(template) for template in templates]
    return len(templates), frozenset(
        index
        for index, name in enumerate(names)
        if name is not None and is_secret_name(name["name"])
    )


def _opens_a_door(piece: str) -> bool:
    """Tell whether a piece behind a word such as `reset` is a secret: no word and no number."""
    if not any(map(str.isdigit, piece)):
        return looks_random(piece) and not reads_as_words(piece)
    return any(map(str.isalpha, piece)) and _A_NUMBERED_WORD.fullmatch(piece) is None


def _is_of_a_link(match: re.Match[str]) -> bool:
    """Tell whether a link has a secret; a UUID may be the identity of an invitation, too."""
    piece = match["secret"]
    return _opens_a_door(piece) and not (is_uuid(piece) and _is_of_things(match["word"]))


def _is_of_things(word: str) -> bool:
    """Tell whether a word before an identity is that of things, and not of what is to be done."""
    return "invit" in word.lower() or word[-1:] in "sS"


def is_secret_parameter(name: str, value: str, query: str, path: str = "") -> bool:
    """Tell whether a parameter of a query, percent-encoded as it is, is a secret.

    Args:
        name: Its name.
        value: Its value.
        query: The whole query: `code` is a secret if it looks random, or beside the other
            parameters of OAuth, or where its path is that of a callback.
        path: The path before the query, where it is known.
    """
    plain = unquote_plus(name)[:_LONGEST_NAME]
    if is_secret_name(plain):
        return True
    if plain in _CODES:
        is_oauth = "state=" in query or any(word in query for word in _OAUTH)
        is_oauth = is_oauth or _CALLBACK.search(path) is not None
        return is_oauth or looks_random(unquote(value))
    return is_key_name(plain) and looks_random(unquote(value))


def _without_pieces(match: re.Match[str]) -> str:
    start = match.start("path") - match.start()
    head = match[0][:start]
    is_hook = "hook" in head.lower()

    def scrubbed(piece: re.Match[str]) -> str:
        text = piece[0]
        shortest = _SHORTEST_PIECE_OF_A_HOOK if is_hook else _SHORTEST_PIECE
        if len(text) < shortest or reads_as_words(text):
            return text
        return text if is_uuid(text) and not is_hook else SCRUBBED

    return head + _PIECE.sub(scrubbed, match["path"])
