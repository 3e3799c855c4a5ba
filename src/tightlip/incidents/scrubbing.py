"""Scrubbing: secrets are taken out by the names that they stand under and by their form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

from tightlip.detection.scanner import default_scanner
from tightlip.expression import expression
from tightlip.incidents.encoding import JSON
from tightlip.incidents.secrets.addresses import is_secret_parameter, without_addresses
from tightlip.incidents.secrets.commands import without_options
from tightlip.incidents.secrets.comparisons import without_compared, without_equal
from tightlip.incidents.secrets.escapes import with_letters, with_signs
from tightlip.incidents.secrets.forms import without_forms, without_private_keys
from tightlip.incidents.secrets.found import SCRUBBED, Found
from tightlip.incidents.secrets.markup import without_markup
from tightlip.incidents.secrets.named import without_lines, without_named, without_refused
from tightlip.incidents.secrets.sentences import without_said
from tightlip.incidents.secrets.statements import without_statements
from tightlip.incidents.secrets.tables import without_tables
from tightlip.incidents.visible import storable

UNSEARCHED = "[not kept: the search for secrets failed]"

_LOOK_AHEAD = 16_384  # a secret across the place where a text is cut is seen whole
_LONGEST_SEARCH = 65_536  # what the scanner takes at once
_BETWEEN = "\x00"  # stands in no storable text, and no pattern crosses it

# `scrub_text` finds nothing in a text that is shorter than every token, card and key, and holds
# no sign that may stand between a name and its value.
_SHORTEST_SECRET = 8
_sign = re.compile(r"""[=:$'">\t]|%3[AaDd]""").search
_MOST_HARMLESS = 4096
_LONGEST_HARMLESS = 512
_PASSWORD_HASH = expression(
    r"(?:\$(?:2[abxy]?|argon2\w{1,2}|7|5|6|1|y|gy)"
    r"|(?:\$|\b)(?:pbkdf2|scrypt|bcrypt|argon2|sha1|md5)[\w-]{0,20})"
    r"\$(?:[\w$./+=-]|,(?=[a-z]=)){16,512}"
)
_STRING = expression(r"""(["'])((?:(?!\1)[^\\]|\\.)*)\1?""")
_harmless: set[str] = set()
"""Short texts in which no secret was found: failures say the same again and again."""

_PARAMETER_ENDS = expression("[&;]")


class Scrubber:
    """Takes the texts of one record, and finds out once, at the end, whether one holds a secret.

    A text is stored as it comes; those that could hold a secret are searched together by
    `finish`, because one search of many short texts costs little more than one search. Those in
    which earlier records found none are not searched again.
    """

    __slots__ = ("_known", "_unknown", "failed", "found")

    def __init__(self) -> None:
        self._unknown: set[str] = set()
        self._known: set[str] = set()
        self.failed = False
        self.found = Found()

    def text(self, text: str, limit: int) -> str:
        """Return `text`, storable and at most `limit` characters long, with a note of a cut.

        A text that has to be cut is searched at once: half a secret has no form. Whatever comes
        back must go into the record as it is: `finish` knows no text that was put into another.
        """
        if type(text) is not str:  # a subclass may run code, and pass for another text
            text = str.__str__(text)
        if len(text) > limit:
            return self._cut(text, limit)
        if text in _harmless:
            self._known.add(text)
        elif text not in self._unknown:
            if not text.isascii() or _BETWEEN in text:
                text = storable(text)
            self._unknown.add(text)
        return text

    def _cut(self, text: str, limit: int) -> str:
        length = len(text)
        text = storable(text[: limit + _LOOK_AHEAD])
        try:
            text = scrub_text(text, self.found)
        except Exception:  # a fault of ours must not keep what it could not search
            self.failed = True
            return UNSEARCHED
        text = f"{text[:limit]}[{length - limit} more characters]"
        self._known.add(text)
        return text

    def finish(self, tree: dict[str, JSON]) -> dict[str, JSON]:
        """Return `tree` with the secrets taken out of the texts that were given before.

        What stood under a secret name somewhere in the record is taken out wherever it stands.
        """
        suspects = [text for text in self._unknown if len(text) >= _SHORTEST_SECRET or _sign(text)]
        scrubbed: dict[str, str] = {}
        try:
            joined = _BETWEEN.join(suspects)
            if joined and (len(joined) > _LONGEST_SEARCH or scrub_text(joined) != joined):
                scrubbed = {text: scrub_text(text, self.found) for text in suspects}
            else:
                _remember(self._unknown)
            if self.found.values:
                self._scrub_elsewhere(scrubbed)
        except Exception:  # as above
            self.failed = True
            scrubbed = dict.fromkeys(suspects, UNSEARCHED)
        numbers = self.found.numbers()
        if not scrubbed and not numbers:
            return tree
        return {key: _replaced(value, scrubbed, numbers) for key, value in tree.items()}

    def _scrub_elsewhere(self, scrubbed: dict[str, str]) -> None:
        texts = self._unknown | self._known
        pattern = self.found.pattern()
        if pattern.search(_BETWEEN.join(texts)) is None:
            return
        for text in texts:
            before = scrubbed.get(text, text)
            after = pattern.sub(SCRUBBED, before)
            if after != text:
                scrubbed[text] = after


def scrub_text(text: str, found: Found | None = None) -> str:
    """Return `text` with the secrets in it replaced.

    Found are: passwords in addresses, webhooks, values under secret names (`password=…`, JSON,
    tuples, multipart bodies, XML, command lines), what statements tell of secret columns, hashes
    of passwords, and all that is known by its form: tokens, keys, cards, accounts.

    Args:
        text: The text.
        found: Gets those that may stand elsewhere, too.
    """
    found = Found() if found is None else found
    plain = with_letters(text)
    if plain != text and _searched(plain, found) != plain:
        text = plain
    text = _searched(text, found)
    plain = with_signs(text)
    if plain == text:
        return text
    searched = _searched(plain, found)
    return text if searched == plain else searched


def _searched(text: str, found: Found) -> str:
    if "PRIVATE KEY" in text:
        text = without_private_keys(text)
    text = without_refused(text, found)
    text = without_addresses(text, found)
    text = without_statements(text, found)
    text = without_tables(text, found)
    if "<" in text or "&lt;" in text:
        text = without_markup(text, found)
    if _sign(text):
        text = without_named(text, found)
    text = without_options(text, found)
    text = without_lines(text, found)
    text = without_said(text, found)
    text = without_compared(text, found)
    if "$" in text:
        text = _PASSWORD_HASH.sub(SCRUBBED, text)
    return without_forms(default_scanner().mask(text))


def is_harmless(text: str) -> bool:
    """Tell whether `scrub_text` finds nothing in `text`."""
    if text in _harmless:
        return True
    if scrub_text(text) != text:
        return False
    _remember([text])
    return True


def _remember(harmless: Iterable[str]) -> None:
    if len(_harmless) >= _MOST_HARMLESS:  # clients choose texts: the memory has a bound
        _harmless.clear()
    _harmless.update(text for text in harmless if len(text) <= _LONGEST_HARMLESS)


def scrub_source(line: str) -> str:
    """Return a line of source code without the secrets that are written into it.

    Only its strings and its comment are looked at: a name before an expression tells no secret.
    """
    line = storable(line)
    at = 0
    for string in _STRING.finditer(line):
        if "#" in line[at : string.start()]:
            break
        at = string.end()
    comment = line.find("#", at)
    code, comment_text = (line, "") if comment < 0 else (line[:comment], line[comment:])
    if "'" in code or '"' in code:
        code = without_equal(without_named(code, Found(), only_literals=True), Found())
        code = _STRING.sub(_without_secrets, code)
    return f"{code}{scrub_text(comment_text)}" if comment_text else code


def _without_secrets(string: re.Match[str]) -> str:
    mark, text = string[1], string[2]
    return f"{mark}{scrub_text(text)}{string[0][len(mark) + len(text) :]}"


def scrub_query(query: str, found: Found, path: str = "") -> str:
    """Return a query string (RFC 3986, section 3.4) without the values of secret parameters.

    Args:
        query: The query.
        found: Gets the secrets.
        path: The path before it, where it is known.
    """
    pieces: list[str] = []
    at = 0
    while at <= len(query):
        end = _PARAMETER_ENDS.search(query, at)
        stop = len(query) if end is None else end.start()
        pieces += (_scrubbed_parameter(query[at:stop], query, path, found), query[stop : stop + 1])
        at = stop + 1
    return "".join(pieces)


def _scrubbed_parameter(pair: str, query: str, path: str, found: Found) -> str:
    name, separator, value = pair.partition("=")
    if not value:
        return pair
    plain = unquote_plus(value)
    if is_secret_parameter(name, value, query, path):
        found.add(value)
        found.add(plain)
        return f"{name}{separator}{SCRUBBED}"
    if plain != value and scrub_text(plain) != plain:
        return f"{name}{separator}{scrub_text(plain)}"
    return pair


def _replaced(value: JSON, scrubbed: dict[str, str], numbers: frozenset[int]) -> JSON:
    if type(value) is str:
        return scrubbed.get(value, value)
    if type(value) is list:
        return [_replaced(item, scrubbed, numbers) for item in value]
    if type(value) is dict:
        return {
            scrubbed.get(key, key): _replaced(item, scrubbed, numbers)
            for key, item in value.items()
        }
    if type(value) is int and value in numbers:
        return SCRUBBED
    return value
