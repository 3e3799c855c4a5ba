"""Secrets in statements of databases, and in what servers and drivers say of them."""

from __future__ import annotations

import re

from tightlip.expression import expression
from tightlip.incidents.secrets.found import SCRUBBED, Found
from tightlip.incidents.secrets.names import is_secret_name
from tightlip.incidents.secrets.phrases import is_of_sentences
from tightlip.incidents.secrets.replacing import replaced

_LONGEST_NAME = 200
_LITERAL = expression(r"'(?:[^'\x00]|'')*'")
_IDENTIFIER = expression(r"\w+")
_PARAMETERS = "[parameters: "
_PARAMETERS_OF_DJANGO = " - PARAMS = ("
_FAILING_ROW = "Failing row contains ("
# A line break stands as itself, or as it is written inside of JSON.
_PARAMETERS_END = expression(r"\](?=\n|\\n)")
# A value may end with a parenthesis, too: behind its quote stands a comma, or the last parenthesis.
_PARAMETERS_OF_DJANGO_END = expression(r"\)(?=\Z|\x00|\n|\\n|[\"'\\]{1,4}(?![,)\s\"'\\]))")
_FAILING_ROW_END = expression(r"(?:\n|\\n)\[SQL: ")
_INSERT = expression(
    r"\binsert\s+into\s[^()\x00]{1,200}\((?P<columns>[^()\x00]{1,4000})\)\s*values\s*(?=\()",
    re.IGNORECASE,
)
# state IN ('open', 'paid'): literals, after the name that they are compared with.
_IN = expression(
    r"""\b(?P<name>\w{2,100})["'`\]]?\s{1,4}(?:not\s{1,4})?in\s{0,4}\(\s{0,4}
        (?P<literals>'(?:[^'\x00]|'')*'(?:\s{0,4},\s{0,4}'(?:[^'\x00]|'')*'){0,200})""",
    re.VERBOSE | re.IGNORECASE,
)
# token LIKE '…%', as a search by a beginning is written.
_LIKE = expression(
    r"""\b(?P<name>\w{2,100})(?:\\*["'`\]])?\s{1,4}(?:not\s{1,4})?(?:[ir]?like|regexp|similar\s{1,4}to)\s{1,4}
        (?:binary\s{1,4})?[EN]?(?P<mark>\\*')(?P<literal>(?:(?!(?P=mark))[^\x00]|''){1,300})""",
    re.VERBOSE | re.IGNORECASE,
)
# SQLCipher, and the Connection of another database.
_PRAGMA = expression(
    r"""\bpragma\s+(?:\w+\.)?(?:re|hex|hexre)?key\s*(?:=|\()\s*'(?P<key>[^'\x00]{1,300})""",
    re.VERBOSE | re.IGNORECASE,
)
_NEXT_ROW = expression(r"\s{0,40},\s{0,40}(?=\()")
_INSERTED = expression(r"[^\n\\\x00]*")
# What stands beside literals where a quote is missing or was not escaped: 'O'Brien'.
_STRAY = expression(r"''\w|\w\w''|(?<!')'(?!')")
# A literal, a place for a parameter, or what parts the values of a row.
_IN_A_STATEMENT = expression(
    r"""'(?:[^'\x00]|'')*' | (?P<place>\?|%s|\$(?P<number>\d{1,3})\b) | [(),]""", re.VERBOSE
)
_COLUMN_BEFORE = expression(
    r"""(?P<name>\w{1,100})["'`\]]?\s*(?:[<>!~]?=|<>|[<>]|\b(?:i?like|in)\b)\s*(?:\w{1,60}\()?\(?\s*\Z""",
    re.IGNORECASE,
)
_LONGEST_STATEMENT = 20_000
_FARTHEST_COLUMN = 300
_MOST_PLACES = 64
_STRING = r"""N?(?: (?P<mark> \\*["'] ) (?P<quoted> (?: (?!(?P=mark)) [^\x00] | '' ){1,300} )
    | (?P<bare> [^\s"'\\,;()\x00]{3,200} ) )"""
_IDENTIFIED = expression(
    rf"""\b identified \s+ (?:with \s+ [\w\\"'`-]{{1,60}} \s+)? (?:by|as|using) \s+ (?:password\s+)?
        (?!password\b|random\b) {_STRING}""",
    re.VERBOSE | re.IGNORECASE,
)
_ROLE = expression(rf"\b(?:PASSWORD|SECRET|CREDENTIALS)\s+(?!FOR\b|=){_STRING}", re.VERBOSE)
_SET_PASSWORD = expression(
    rf"\bset\s+password\s+for\s+[^=\n\x00]{{1,100}}=\s*(?:password\()?{_STRING}",
    re.VERBOSE | re.IGNORECASE,
)
_FUNCTION = expression(
    r"\b(?:crypt|pgp_sym_\w+|aes_(?:en|de)crypt|des_(?:en|de)crypt|hmac|old_password|password|sha1|sha2"
    r"|(?:en|de)cryptby\w+|(?:en|de)crypt(?:_\w+)?|dbms_crypto\.\w+|digest)\s*\(",
    re.IGNORECASE,
)
_CALL = expression(r"[^\n;\x00]{0,1000}")
# Redis (AUTH, HELLO, ACL SETUSER, CONFIG SET), SMTP (AUTH PLAIN), FTP and POP3 (PASS).
_PROTOCOL = expression(
    r"""(?: (?: (?<=[(\['"`\n]) | (?<=\\n) ) (?: AUTH | PASS | AUTH[ ](?:PLAIN|LOGIN|XOAUTH2) ) [ ]
            (?:[^\s()'"\\]{1,100}[ ])?
          | \b(?:requirepass|masterauth)[ ]
          | (?P<sure> (?:\b|(?<=\\n))HELLO[ ][23][ ]AUTH[ ]\S{1,100}[ ]
              | \bACL[ ]SETUSER[ ][^\n\x00]{0,200}[ ][>]
              | (?:\b|(?<=\\n))[A-Za-z]{1,5}\d{1,6}[ ]LOGIN[ ]\S{1,100}[ ] )  # IMAP
          | \bAUTH[ ]LOGIN[ ][A-Za-z0-9+/=]{2,200}[ ]
          | ["']AUTH["'],[ ]?b?["'][^"'\x00]{1,100}["'],[ ]?b?
          | \bAUTH[ ](?:PLAIN|LOGIN|XOAUTH2)[ ] )
        [\\"']{0,3} (?P<password> [^\s()'"\[\]\\]{1,300} )""",
    re.VERBOSE,
)
_DUPLICATE = expression(
    r"""\bKey[ ]\((?P<columns>[^()\x00]{1,400})\)=\((?P<values>[^\x00\n]{1,2000}?)
        \)(?=[ ](?:already|is|conflicts)\b|\.|"|'|\\|\x00|\n|\Z)""",
    re.VERBOSE,
)
# MySQL tells the value first: Duplicate entry '…' for key 'users.token'.
_NAME_AFTER = expression(
    r"""(?P<mark>["'])[ ]for[ ](?:key|column|field|parameter)[ ]\\*["'`]?(?P<name>[\w.-]{1,100})""",
    re.VERBOSE,
)
_LONGEST_BEFORE = 500


def without_statements(text: str, found: Found) -> str:
    """Return `text` without the secrets of the statements in it."""
    folded = text.lower()
    if "insert" in folded:
        text = _without_inserted(text, found)
    if " in (" in folded or " in(" in folded:
        text = _IN.sub(lambda listed: _without_listed(listed, found), text)
    if "like" in folded or "regexp" in folded or "similar" in folded:
        text = replaced(_LIKE, text, found, lambda searched: is_secret_name(searched["name"]))
    if "pragma" in folded:
        text = replaced(_PRAGMA, text, found)
    if _PARAMETERS in text:
        text = _without_rest(text, _PARAMETERS, _PARAMETERS_END, unless=("{", "[{"))
    if _PARAMETERS_OF_DJANGO in text:
        text = _without_rest(text, _PARAMETERS_OF_DJANGO, _PARAMETERS_OF_DJANGO_END)
    if _FAILING_ROW in text:
        text = _without_rest(text, _FAILING_ROW, _FAILING_ROW_END)
    if "Key (" in text:
        text = _DUPLICATE.sub(_without_values, text)
    if " for " in folded:
        text = _without_values_before(text, found)
    return _without_words(text, folded, found)


def secret_parameters(statement: str) -> tuple[int, frozenset[int]]:
    """Return how many parameters a statement has places for, and which of them are secrets.

    A place (`?`, `%s`, `$1`) belongs to the column that it is compared with or assigned to, or
    that stands in its position before the values of an INSERT. They are counted from 0; which are
    secrets is told of the first 64.
    """
    if len(statement) > _LONGEST_STATEMENT:
        return 0, frozenset()
    insert = _INSERT.search(statement)
    columns = insert["columns"].split(",") if insert is not None else []
    first = insert.end() if insert is not None else len(statement)
    secret: set[int] = set()
    total = depth = column = 0
    for found in _IN_A_STATEMENT.finditer(statement):
        if found["place"] is None:
            if found.start() >= first:
                depth += (found[0] == "(") - (found[0] == ")")
                column = 0 if not depth else column + (found[0] == "," and depth == 1)
            continue
        index = int(found["number"]) - 1 if found["number"] else total
        total = max(total, index + 1)
        if index >= _MOST_PLACES:
            continue
        if depth and column < len(columns):
            name = columns[column]
        else:
            before = statement[max(0, found.start() - _FARTHEST_COLUMN) : found.start()]
            compared = _COLUMN_BEFORE.search(before)
            name = compared["name"] if compared is not None else ""
        if is_secret_name(name[:_LONGEST_NAME]):
            secret.add(index)
    return total, frozenset(secret)


def _without_words(text: str, folded: str, found: Found) -> str:
    """Replace what follows a word or stands in the call of a function."""
    if "identified" in folded:
        text = replaced(_IDENTIFIED, text, found)
    if "PASSWORD" in text or "SECRET" in text or "CREDENTIALS" in text:
        text = replaced(_ROLE, text, found, _is_value)
    if "password for" in folded:
        text = replaced(_SET_PASSWORD, text, found)
    if "crypt" in folded or "sha" in folded or "password" in folded or "hmac" in folded:
        text = _without_arguments(text, found)
    if "AUTH" in text or "auth" in text or "PASS" in text or "LOGIN" in text or "requi" in text:
        text = replaced(_PROTOCOL, text, found, _is_value)
    return text


def _is_value(match: re.Match[str]) -> bool:
    """Tell whether a match without quotes has a secret's look: prose has words."""
    group = match.lastgroup
    if group == "quoted" or any(map(str.isdigit, match[group or 0])):
        return True
    return match.groupdict().get("sure") is not None and not is_of_sentences(match[group or 0])


def _without_listed(listed: re.Match[str], found: Found) -> str:
    if not is_secret_name(listed["name"]):
        return listed[0]
    literals = listed["literals"]
    return listed[0][: -len(literals)] + _without_literals(literals, found)


def _without_literals(text: str, found: Found) -> str:
    for literal in _LITERAL.findall(text):
        found.add(literal[1:-1])
    return _LITERAL.sub(f"'{SCRUBBED}'", text)


def _without_inserted(text: str, found: Found) -> str:
    """Replace the literals that an INSERT puts into columns with secret names.

    Where the values are not as many as the columns, all literals are replaced.
    """
    pieces: list[str] = []
    at = 0
    for insert in _INSERT.finditer(text):
        start = insert.end()
        if start < at or not _names_a_secret(insert["columns"]):
            continue
        values = _INSERTED.match(text, start)
        rest = values[0] if values is not None else ""
        if rest.endswith(")'"):  # the quote is that of the text that the statement stands in
            rest = rest[:-1]
        if _STRAY.search(_LITERAL.sub("''", rest)) is not None:
            scrubbed = SCRUBBED
        else:
            scrubbed = _without_columns(rest, insert["columns"], found)
        pieces += (text[at:start], scrubbed)
        at = start + len(rest)  # to the end of its line: no other begins there
    pieces.append(text[at:])
    return "".join(pieces)


def _without_columns(values: str, columns: str, found: Found) -> str:
    secret = [_names_a_secret(column) for column in columns.split(",")]
    pieces: list[str] = []
    at = depth = column = 0
    for token in _IN_A_STATEMENT.finditer(values):
        if token[0] == "(":
            depth += 1
            column = 0 if depth == 1 else column
        elif token[0] == ")":
            depth -= 1
            if depth < 0:  # one too many
                if _NEXT_ROW.match(values, token.end()) is None:
                    break
                depth = 0
                continue
            if not depth and column + 1 != len(secret):
                return _LITERAL.sub(f"'{SCRUBBED}'", values)
        elif token[0] == ",":
            column += depth == 1
        elif token["place"] is None and depth and (column >= len(secret) or secret[column]):
            found.add(token[0][1:-1])
            pieces += (values[at : token.start()], f"'{SCRUBBED}'")
            at = token.end()
    if depth > 0:  # it was cut off
        return _LITERAL.sub(f"'{SCRUBBED}'", values)
    return "".join([*pieces, values[at:]])


def _without_arguments(text: str, found: Found) -> str:
    """Replace the literals in calls of functions that take a password or a key."""
    pieces: list[str] = []
    at = 0
    for function in _FUNCTION.finditer(text):
        start = function.end()
        if start < at:
            continue
        call = _CALL.match(text, start)
        end = start + _closing(call[0]) if call is not None else start
        pieces += (text[at:start], _without_literals(text[start:end], found))
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def _closing(call: str) -> int:
    depth = 1
    for index, character in enumerate(call):
        depth += (character == "(") - (character == ")")
        if not depth:
            return index
    return len(call)


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


def _without_values(match: re.Match[str]) -> str:
    if not _names_a_secret(match["columns"]):
        return match[0]
    return f"Key ({match['columns']})=({SCRUBBED})"


def _without_values_before(text: str, found: Found) -> str:
    for named in reversed(list(_NAME_AFTER.finditer(text))):
        if not _names_a_secret(named["name"]):
            continue
        mark, end = named["mark"], named.start()
        first = max(0, end - _LONGEST_BEFORE)
        start = text.rfind(f"entry {mark}", first, end)
        start = text.rfind(mark, first, end) + 1 if start < 0 else start + len("entry ''") - 1
        if 0 < start < end:
            found.add(text[start:end])
            text = f"{text[:start]}{SCRUBBED}{text[end:]}"
    return text


def _names_a_secret(text: str) -> bool:
    return any(is_secret_name(name[:_LONGEST_NAME]) for name in _IDENTIFIER.findall(text))
