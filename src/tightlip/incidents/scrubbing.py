"""Scrubbing: secrets are taken out by the names that they stand under and by their form."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from tightlip.detection.luhn import is_card_number
from tightlip.detection.scanner import default_scanner
from tightlip.findings.finding import Category
from tightlip.incidents.incident import JSON
from tightlip.incidents.secret_names import is_secret_name
from tightlip.incidents.visible import storable

SCRUBBED = "[scrubbed]"
UNSEARCHED = "[not kept: the search for secrets failed]"

_CREDENTIALS = frozenset({Category.CREDENTIAL})
_LOOK_AHEAD = 16_384  # a secret across the place where a text is cut is seen whole
_LONGEST_NAME = 200
_LONGEST_SEARCH = 65_536  # what the scanner takes at once
_BETWEEN = "\x00"  # stands in no storable text, and no pattern crosses it

_suspect = re.compile(r"""[=:@<$'"]|\S{20}|\d[\d -]{11}|earer |asic """).search

_NAMED = re.compile(
    r"""
    (?<![\w.-]) (?P<name> [\w.-]{2,100}+ )
    (?: (?P<escape> \\*) (?P<quote> ["']) )?
    (?: \]? [ \t]{0,3}+ (?: => | := | = | : ) [ \t]{0,3}+  # password=…  'password': …  [password]=…
      | (?(quote) [ \t]{0,3}+ , [ \t]{0,3}+ | (?!) )        # ('password', …)
      | \)=\(?                                              # Key (password)=(…)
      | (?(quote) \r?\n\r?\n | (?!) )                       # name="password" of a multipart body
      | > (?! [ \t]*< )                                     # <password>…
    )
    """,
    re.VERBOSE,
)
_VALUE = re.compile(
    r"""
      [bru]{0,2} " (?P<double> (?: [^"\\\x00] | \\. )* )
    | [bru]{0,2} ' (?P<single> (?: [^'\\\x00] | \\. )* )
    | (?P<mark> \\+ ["'] ) (?P<escaped> (?: (?!(?P=mark)) [^\x00] )* )
    | (?P<group> [\[({] [^\])}\x00]* [\])}]? )
    | (?P<bare> (?: (?i: bearer|basic|digest|token|apikey ) [ ]{1,4} )? [^\s,;&<>"'\x00\\]+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING = re.compile(r"""[bru]{0,2}\\*["']""")
_REST_OF_LINE = re.compile(r"""[^\r\n"'\x00]*""")
_PLAIN_VALUES = frozenset({"None", "null", "True", "False", "true", "false"})
# The bounds of these keep the work in step with the text's length, whoever wrote it.
_USER_PASSWORD = re.compile(
    r"""://(?P<user>[^\s/:@"'<>\x00]{0,128})
        : (?!\d{1,5}(?:[/?#\s,;]|\Z)) [^\s"'<>\x00]{0,256} @ (?=[^\s@"'<>\x00])""",
    re.VERBOSE,
)
_USER_TOKEN = re.compile(r"""://[^\s/:@"'<>\x00]{16,256}@""")
_PASSWORD_HASH = re.compile(
    r"(?:\$(?:2[abxy]?|argon2\w{1,2}|scrypt|7|5|6|1|y|gy)|\bpbkdf2[\w-]{1,20}|\$pbkdf2[\w-]{0,20})"
    r"\$(?:[\w$./+=-]|,(?=[a-z]=)){16,512}"
)
_PARAMETERS = "[parameters: "
_FAILING_ROW = "Failing row contains ("
# A line break stands as itself, or as it is written inside of JSON.
_PARAMETERS_END = re.compile(r"\](?=\n|\\n)")
_FAILING_ROW_END = re.compile(r"(?:\n|\\n)\[SQL: ")
_INSERT = re.compile(
    r"\binsert\s+into\s[^()\x00]{1,200}\((?P<columns>[^()\x00]{1,4000})\)\s*values\s*(?=\()",
    re.IGNORECASE,
)
_STRING = re.compile(r"""(["'])((?:(?!\1)[^\\]|\\.)*)\1?""")
_LITERAL = re.compile(r"'(?:[^'\x00]|'')*'")
_IDENTIFIER = re.compile(r"\w+")
_CARD = re.compile(r"\d(?:[ -]?\d){11,18}")
_CARD_LENGTHS = frozenset({14, 15, 16})
_CARD_STARTS = ("4", "51", "52", "53", "54", "55", "34", "37", "36", "6011", "65", "35", "22", "27")


class Scrubber:
    """Takes the texts of one record, and finds out once, at the end, whether one holds a secret.

    A text is stored as it comes; those that could hold a secret are searched together by
    `finish`, because one search of many short texts costs little more than one search.
    """

    __slots__ = ("_seen", "failed")

    def __init__(self) -> None:
        self._seen: dict[str, bool] = {}
        self.failed = False

    def text(self, text: str, limit: int) -> str:
        """Return `text`, storable and at most `limit` characters long, with a note of a cut.

        A text that has to be cut is searched at once: half a secret has no form. Whatever comes
        back must go into the record as it is: `finish` knows no text that was put into another.
        """
        if len(text) > limit:
            return self._cut(text, limit)
        if text not in self._seen:  # one request's texts come again in every frame
            if not text.isascii() or _BETWEEN in text:
                text = storable(text)
            self._seen[text] = _suspect(text) is not None
        return text

    def _cut(self, text: str, limit: int) -> str:
        length = len(text)
        text = storable(text[: limit + _LOOK_AHEAD])
        try:
            text = scrub_text(text)
        except Exception:  # a fault of ours must not keep what it could not search
            self.failed = True
            return UNSEARCHED
        return f"{text[:limit]}[{length - limit} more characters]"

    def finish(self, tree: dict[str, JSON]) -> dict[str, JSON]:
        """Return `tree` with the secrets taken out of the texts that were given before."""
        suspects = [text for text, suspected in self._seen.items() if suspected]
        if not suspects:
            return tree
        try:
            joined = _BETWEEN.join(suspects)
            if len(joined) <= _LONGEST_SEARCH and scrub_text(joined) == joined:
                return tree
            scrubbed = {text: scrub_text(text) for text in suspects}
        except Exception:  # as above
            self.failed = True
            scrubbed = dict.fromkeys(suspects, UNSEARCHED)
        return {key: _replaced(value, scrubbed) for key, value in tree.items()}


def scrub_text(text: str) -> str:
    """Return `text` with the secrets in it replaced.

    Found are: passwords in addresses, values under secret names (`password=…`, JSON, tuples,
    multipart bodies, XML), rows and parameters of statements on secret columns, hashes of
    passwords, and all that the detectors know by its form: tokens, keys, cards.
    """
    if "://" in text and "@" in text:
        text = _USER_PASSWORD.sub(rf"://\g<user>:{SCRUBBED}@", text)
        text = _USER_TOKEN.sub(f"://{SCRUBBED}@", text)
    if "nsert" in text or "NSERT" in text:
        text = _without_inserted(text)
    if _PARAMETERS in text:
        text = _without_rest(text, _PARAMETERS, _PARAMETERS_END, unless=("{", "[{"))
    if _FAILING_ROW in text:
        text = _without_rest(text, _FAILING_ROW, _FAILING_ROW_END)
    text = _without_named(text)
    if "$" in text:
        text = _PASSWORD_HASH.sub(SCRUBBED, text)
    return default_scanner().mask(text, _CREDENTIALS)


def scrub_source(line: str) -> str:
    """Return a line of source code without the secrets that are written into it.

    Only its strings are looked at: a name followed by an expression tells no secret.
    """
    line = storable(line)
    if "'" not in line and '"' not in line:
        return line
    line = _without_named(line, only_quoted=True)
    return _STRING.sub(_without_secrets, line)


def _without_secrets(string: re.Match[str]) -> str:
    mark = string[1]
    return f"{mark}{scrub_text(string[2])}{mark}"


def scrub_query(query: str) -> str:
    """Return a query string (RFC 3986, section 3.4) without the values of secret parameters."""
    return "&".join(_scrubbed_parameter(pair) for pair in query.split("&"))


def is_card(number: int) -> bool:
    """Tell whether an integer is a payment card's number, by length, issuer and check digit."""
    text = str(number)
    return (
        len(text) in _CARD_LENGTHS
        and text.startswith(_CARD_STARTS)
        and is_card_number(text, 0, len(text))
    )


def _scrubbed_parameter(pair: str) -> str:
    name, separator, value = pair.partition("=")
    if not value:
        return pair
    if is_secret_name(unquote_plus(name)[:_LONGEST_NAME]):
        return f"{name}{separator}{SCRUBBED}"
    plain = unquote_plus(value)
    if plain != value and scrub_text(plain) != plain:
        return f"{name}{separator}{scrub_text(plain)}"
    return pair


def _without_named(text: str, *, only_quoted: bool = False) -> str:
    """Replace the values that follow a secret name in `text`."""
    pieces: list[str] = []
    at = 0
    for named in _NAMED.finditer(text):
        start = named.end()
        if start < at or not is_secret_name(named["name"]):
            continue
        if only_quoted and not _OPENING.match(text, start):
            continue
        if named["name"].lower() in {"cookie", "set-cookie"}:
            value = _REST_OF_LINE.match(text, start)
        else:
            value = _VALUE.match(text, start)
        if value is None or value["bare" if value.lastgroup == "bare" else 0] in _PLAIN_VALUES:
            continue
        start, end = value.span(value.lastgroup or 0)
        pieces += (text[at:start], SCRUBBED)
        at = end
    if not pieces:
        return text
    pieces.append(text[at:])
    return "".join(pieces)


def _without_inserted(text: str) -> str:
    """Replace the literals of an INSERT into columns of which one has a secret name."""
    for insert in _INSERT.finditer(text):
        if _names_a_secret(insert["columns"]):
            head, tail = text[: insert.end()], text[insert.end() :]
            return head + _LITERAL.sub(f"'{SCRUBBED}'", tail)
    return text


def _without_rest(
    text: str, opening: str, closing: re.Pattern[str], unless: tuple[str, ...] = ()
) -> str:
    """Replace the values that stand without their names beside a statement on secret columns.

    A driver or library shows them from `opening` to `closing` or to the end of its message.
    """
    if not _names_a_secret(text):
        return text
    pieces: list[str] = []
    at = 0
    start = text.find(opening)
    while start >= 0:
        start += len(opening)
        closed = closing.search(text, start)
        end = closed.start() if closed is not None else len(text)
        if not unless or not text.startswith(unless, start):
            pieces += (text[at:start], SCRUBBED)
            at = end
        start = text.find(opening, end)
    pieces.append(text[at:])
    return "".join(pieces)


def _names_a_secret(text: str) -> bool:
    return any(is_secret_name(name[:_LONGEST_NAME]) for name in _IDENTIFIER.findall(text))


def _replaced(value: JSON, scrubbed: dict[str, str]) -> JSON:
    if type(value) is str:
        return scrubbed.get(value, value)
    if type(value) is list:
        return [_replaced(item, scrubbed) for item in value]
    if type(value) is dict:
        return {scrubbed.get(key, key): _replaced(item, scrubbed) for key, item in value.items()}
    return value
