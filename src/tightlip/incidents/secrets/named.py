"""Secrets under their names, in the notations in which a name and its value are written."""

from __future__ import annotations

import re
from collections.abc import Callable

from tightlip.expression import expression
from tightlip.incidents.secrets.forms import looks_random
from tightlip.incidents.secrets.found import SCRUBBED, Found
from tightlip.incidents.secrets.names import counts, is_fault_name, is_key_name, is_secret_name
from tightlip.incidents.secrets.phrases import begins_sentence, phrase_end
from tightlip.incidents.secrets.replacing import replaced, without_spans

_NAMED = expression(
    r"""
    (?<![\w.-]) (?P<name> [\w.-]{2,100}+ )
    (?: (?P<escape> \\*) (?P<quote> ["'] | &(?:quot|\#34|\#39|\#x27|\#x22); | %2[27] ) )?
    (?:
        (?: (?:[ ]\.){2,40}+ )?
        (?(quote) \]?+ (?:\s|\\+[nrt]){0,40}+ | (?: \] | %5[Dd] )? [ \t]{0,8}+ )
        (?: :[ ]?(?:str|bytes|int|string|String|Any|[\w.]{0,40}Secret(?:Str|Bytes))
                (?:[ ]?\|[ ]?None)?[ ]?=(?!=)               # password: str = …
          | => | -> | := | ::(?=[ ]) | = | : | %3[AaDd] )  # password=…  'password': …  [password]=…
        (?(quote) (?:\s|\\+[nrt]){0,40}+ | [ \t]{0,8}+ )
      | (?(quote) [ \t]{0,3}+ , [ \t]{0,3}+ | (?!) )   # ('password', …)
      | \)=\(?                                         # (password)=(…)
      | (?(quote) [^\x00\r\n\\]{0,100}
            (?: (?:\r?\n|\\+r\\+n|\\+n) [\w-]+:[ ][^\x00\r\n\\]{0,200} ){0,4}
            (?: \r?\n\r?\n | (?:\\+r\\+n|\\+n){2} )    # name="password" of a multipart body
          | (?!) )
      | \t{1,3}(?=[^\s])
    )
    """,
    re.VERBOSE,
)
# A value without quotes goes on over a sign that is no end: what follows is neither a space nor
# the next name.
_NEXT = r"""(?! \s | \Z | [\x00)\]}"'\\] | [\w.%\[\]\ -]{1,60} [=:] )"""
_VALUE = expression(
    rf"""
      (?: [A-Za-z_][\w.]{{0,80}}\( (?: \w{{1,40}}= )? ){{0,3}}           # SecretStr('…')
      (?: [bruBRUEN]{{0,2}} | _\w{{1,10}}[ ]? )
      (?: " (?P<double> (?: [^"\\\x00] | \\+[^\\\x00] | "" )* )
        | ' (?P<single> (?: [^'\\\x00] | \\+[^\\\x00] | '' )* ) )
    | [bruBRUEN]{{0,2}} (?P<mark> \\+ ["'] ) (?P<escaped> (?: (?!(?P=mark)) [^\x00] )* )
    | (?P<entity> &(?:quot|\#34|\#39|\#x27|\#x22); | %2[27] )
        (?P<told> (?: (?!(?P=entity)) [^\x00] )* )
    | [|>][+-]?\d? [ ]* (?:\r?\n|\\+n)
        (?P<block> (?: (?:[ \t]|\\+t)*+ (?:\r?\n|\\+n) )*+  # lines may be empty
            (?P<indented> (?:[ \t]|\\+t)+ ) [^\n\x00\\]*
            (?: (?:\r?\n|\\+n) (?: (?:[ \t]|\\+t)*+ (?:\r?\n|\\+n) )*+
                (?P=indented) [^\n\x00\\]* )* )
    | (?P<group> [\[({{] [^\])}}\x00]* [\])}}]? )
    | (?P<bare>
        (?: (?i: bearer|basic|digest|token|apikey|negotiate|hawk ) [ ]{{1,4}} )?
        (?! [)\]}}] )
        (?: [^\s,;&<>"'\x00\\\uff0c\uff1b\u3002]
          | [,;&] {_NEXT}
          | (?<=\w) ["'<>] (?=\w)
          | (?<=\w) \\ (?![nrtxuU"'\\])
        )+ )
    """,
    re.VERBOSE | re.DOTALL,
)
# SecretStr("…"), and what is taken where a setting is missing: os.environ.get("DB", "…").
_LITERAL = expression(
    r"""(?: (?:\w{1,40}\.){0,4} (?: \w{0,40}(?:Secret|Password|Token)\w{0,40}\(
                                 | \w{1,40}\( \s? ["'][\w.-]{1,100}["'] , \s? ) )?
        (?P<literal> [bru]{0,2}\\*["'] | \d{4} )""",
    re.VERBOSE,
)
_REST_OF_LINE = expression(r"""[^\r\n"'\x00]*""")
# RFC 9110, section 11.4: a scheme, and a token or parameters with commas between them.
_CREDENTIALS = expression(
    r"""
    (?P<all> (?: [A-Za-z][\w-]{1,30} [ ]{1,4} )?
      (?: [\w.-]{1,40} = (?: \\*"[^"\x00\r\n]{0,600}" | [^\s,"'\x00]{0,600} )
          (?: [ ]?[,;][ ]{0,2} | (?=["'\s\x00]|\Z) ) ){1,20} )
    """,
    re.VERBOSE,
)
_WHOLE_LINES = frozenset({"cookie", "set-cookie", "cookies"})
_HEADERS = ("authorization", "signature", "-signature-256", "-sig")
# A line of its own, among others of its kind: YAML, INI, an environment.
_LINE = expression(
    r"""(?:\n|\\n)[ \t-]{0,20}(?:export[ ])?(?P<name>[\w.-]{2,60})[ \t]?[:=][ \t]?
        (?P<value>[^\s"'=:\x00\\][^\n"'=:\x00\\]{0,200})(?=\r?\n|\\|\Z)""",
    re.VERBOSE,
)
# A name, and its value on the line below it.
_BELOW = expression(
    r"""(?:(?<![\w.-])|(?<=\\n))(?P<name>[\w.-]{2,60}+)[ ]?:[ ]{0,4}(?:\r?\n|\\n)
        (?P<value>(?=\S{0,200}?\d)[^\s"':=\x00\\-][^\s"':=\x00\\]{3,200})
        (?=\s|\\n|\x00|\Z|["'])""",
    re.VERBOSE,
)
# A name and its value as two attributes of one thing: of an element, or of an object.
_ATTRIBUTES = expression(
    r"""\b(?:key|name|id)\\*["']?\s?[:=]\s?\\*["'](?P<name>[\w.-]{2,100})\\*["'][,;\s]{1,4}
        (?:\\*["'])?value\\*["']?\s?[:=]\s?(?P<mark>\\*["'])
        (?P<value>(?:(?!(?P=mark))[^\x00]){1,2000})""",
    re.VERBOSE,
)
# The same as two lines of YAML: - name: DB_PASSWORD, and value: … below it.
_LINES = expression(
    r"""\bname:[ ]["']?(?P<name>[\w.-]{2,100})["']?[ ]{0,4}(?:\r?\n|\\n)[ \t]{0,40}
        value:[ ]["']?(?P<value>[^\n\x00"'\\]{1,2000})""",
    re.VERBOSE,
)
# requests.auth.HTTPBasicAuth('alice', '…') and its like, which take no names.
_CALL = expression(
    r"""\b(?:\w{0,20}(?:Basic|Digest|Proxy|Ntlm|NTLM|Plain|PlainText)Auth(?:entication|Provider)?
          | login | authenticate | simple_bind(?:_s)? | username_pw_set )\(\s?
        (?:\\*["'])[^"'\x00]{0,200}["'],\s?(?P<mark>\\*["'])
        (?P<value>(?:(?!(?P=mark))[^\x00]){1,500})""",
    re.VERBOSE,
)
# client.setPassword("…"), user.check_password('…').
_SETTER = expression(
    r"""\b(?P<name>(?:set|check|verify|validate|change|reset|update|hash|with)_?[A-Za-z]\w{2,40})\(\s?
        [bru]?(?P<mark>\\*["'])(?P<value>(?:(?!(?P=mark))[^\x00]){1,500})(?=(?P=mark)\s?[,)])""",
    re.VERBOSE,
)
# The head of a part of a multipart body (RFC 7578), and the boundary behind what it holds.
_PART = expression(
    r"""form-data;[ ]name=\\*["']?(?P<name>[\w.\[\]-]{2,100}+)(?:[^\x00\r\n\\]|\\+["']){0,200}+
        (?: (?:\r?\n|\\+r\\+n|\\+n) [\w-]+:[ ][^\x00\r\n\\]{0,200} ){0,4}
        (?: \r?\n\r?\n | (?:\\+r\\+n|\\+n){2} )""",
    re.VERBOSE,
)
_PART_ENDS = expression(r"(?:\r?\n|(?<!\\)\\++(?:r\\+)?n)--|\x00")
_LONGEST_PART = 4000
# The first scheme of Amazon's, a bearer token where only a subprotocol can be sent, and PayPal's.
_SIGNED = expression(
    r"""\bAWS[ ][A-Z0-9]{16,32}:(?P<signature>[A-Za-z0-9+/]{16,64}={0,2})
      | \bbearer\.authorization\.[\w.]{1,40}\.(?P<token>[\w-]{8,2000})
      | \baccess_token\$(?:production|sandbox)\$(?P<paypal>[\w$]{8,200})""",
    re.VERBOSE,
)
# A variable of Terraform's, as it is declared.
_DEFAULT = expression(
    r"""["'](?P<name>[\w.-]{2,100})\\*["']\s?\{[^{}\x00]{0,200}?
        \b(?:default|value)\s{0,8}=\s?(?P<mark>\\*["'])(?P<value>(?:(?!(?P=mark))[^\x00]){1,500})""",
    re.VERBOSE,
)
# What pydantic says of a value that it refused, as a text and as a list of mappings.
_REFUSED = expression(
    r"""(?:\A|\n|\\n|\x00|[ ]) (?P<place>[\w.-]{1,200}) (?:\n|\\n)[ ]{2} [^\n\x00]{0,500}?
        ,[ ]input_value= (?P<value>[^\n\x00]{0,2000}?) (?=,[ ]input_type=)""",
    re.VERBOSE,
)
_REFUSED_IN_A_LIST = expression(
    r"""["']loc["']:[ ][(\[] (?P<place>[^)\]\x00]{0,300}) [)\]] [^\x00]{0,600}?
        ["']input["']:[ ] (?P<value> "[^"\x00]*" | '[^'\x00]*' | [^,}\x00]+ )""",
    re.VERBOSE,
)
_PART_OF_A_PLACE = expression(r"[A-Za-z][\w-]*")
_LONGEST_SIGN = 2
_PLAIN_VALUES = frozenset(
    """
    None none null nil True False true false undefined NULL [] {} () YES NO yes no
    str int bytes bool float object Any Optional SecretStr string number boolean
    must should is are was were has have cannot can could may the this a an no not and or
    required optional invalid missing wrong incorrect expired unknown empty too field value ensure
    needs String Value Input Length This expected unexpected unsupported malformed mismatch
    fehlt ist muss darf mindestens zu leer falsch ungültig erforderlich Pflichtfeld
    est obligatoire requis requise trop invalide es obligatoria demasiado non
    """.split()  # noqa: SIM905 - a column of words reads better than a list of quoted ones
)
_SHORT_OPTION = expression(r"-[A-Za-z]{1,3}")
_NAME_ENDS = expression(r"""\\*["']\s?[:=]""")
# In a statement or a template: the place of a value, not the value.
_PLACE = expression(
    r"""%s|%\(\w+\)s|:[a-z_]+(?:_\d+)?\)?|\?\)?|\$\d{1,2}\)?|\{\w*\}|\$\{\w+\}|\*{3,}|<\w+>
        |\(?%\(\w+\)s\)?|\(?[:@]\w+\)?|\[\w+\]?
        |\{[a-z_]{1,40}(?:\.[a-z_]{1,40}){0,8}(?:![rsa])?\}""",
    re.VERBOSE,
)
_IN_BRACES = expression(r"\{(?=\w*[A-Za-z])(?=\w*\d)\w{6,}\}")
# What is called so by Amazon: arn:aws:secretsmanager:…:secret:shop/database.
_IN_AN_ARN = expression(r"\barn:[\w:*-]{1,120}:\Z")
_LONGEST_ARN = 128
_MIXED = expression(r"(?![A-Za-z]+[_-]\d+\Z)(?=\S*[A-Za-z])(?=\S*\d)\S{6,}")
_NUMBER = expression(r"\d+(?:\.\d+)?[)\]}]*")
_ESCAPED = expression(r"[0-9A-Fa-f]{2}")
_TYPED = expression(r"[A-Za-z]+(?=[ ]?(?:\||\[|=|\)|$))")


def without_named(text: str, found: Found, *, only_literals: bool = False) -> str:
    """Return `text` without the values that follow a secret name.

    Args:
        text: The text.
        found: Gets the secrets.
        only_literals: Only literals are replaced: in source code all else is an expression.
    """
    text = _without_pairs(text, found)
    pieces: list[str] = []
    at = 0
    for named in _NAMED.finditer(text):
        start = named.end()
        name = _plain_name(named)
        look = _look(name)
        if start < at or look is None or _is_in_an_arn(text, named.start()):
            continue
        if only_literals:
            literal = _LITERAL.match(text, start)
            if literal is None:
                continue
            start = literal.start("literal")
        span = _value(text, start, name.lower(), look)
        if span is None or (named[0].rstrip()[-1:] == "," and _is_no_value(text, *span)):
            continue
        start, end = span
        _gather(found, text[start:end])
        pieces += (text[at:start], SCRUBBED)
        at = end
    if not pieces:
        return text
    pieces.append(text[at:])
    return "".join(pieces)


def _without_pairs(text: str, found: Found) -> str:
    """Replace values that stand apart from their names: in calls, attributes, parts of a body."""
    if "value" in text:
        text = replaced(_ATTRIBUTES, text, found, _is_named)
        text = replaced(_LINES, text, found, _is_named)
    if "('" in text or '("' in text or "(\\" in text or "(b" in text:
        text = replaced(_CALL, text, found)
        text = replaced(_SETTER, text, found, _is_named)
    if "form-data" in text:
        text = _without_parts(text, found)
    if "AWS " in text or "bearer." in text or "access_token$" in text:
        text = replaced(_SIGNED, text, found)
    if "{" in text and ("default" in text or "value" in text):
        text = replaced(_DEFAULT, text, found, _is_named)
    return text


def _without_parts(text: str, found: Found) -> str:
    """Replace what the parts of multipart bodies hold whose names are secret."""
    spans: list[tuple[int, int]] = []
    at = 0
    for part in _PART.finditer(text):
        start = part.end()
        if start < at or start == len(text) or not is_secret_name(part["name"]):
            continue
        last = min(len(text), start + _LONGEST_PART)
        ends = _PART_ENDS.search(text, start, last)
        at = last if ends is None else ends.start()
        spans.append((start, at))
    return without_spans(text, spans, found)


def without_lines(text: str, found: Found) -> str:
    """Return `text` without the secrets on lines of settings."""
    if "\n" in text or "\\n" in text:
        text = replaced(_LINE, text, found, _is_line)
        text = replaced(_BELOW, text, found, _is_named)
    return text


def without_refused(text: str, found: Found) -> str:
    """Return `text` without the secrets in what pydantic says of values that it refused.

    A value may hold the name of a secret: this comes before names are looked for.
    """
    if "input" in text:
        text = replaced(_REFUSED, text, found, _is_refused)
        text = replaced(_REFUSED_IN_A_LIST, text, found, _is_refused)
    return text


def _plain_name(named: re.Match[str]) -> str:
    name = named["name"]
    start = named.start()
    if start and named.string[start - 1] == "%" and _ESCAPED.match(name):
        return name[2:]
    return name


def _look(name: str) -> Callable[[str], object] | None:
    """Return what tells whether a value under `name` has a secret's look; None if none has it."""
    if is_secret_name(name):
        return bool
    if is_fault_name(name):
        return _MIXED.fullmatch
    return looks_random if is_key_name(name) else None


def _is_in_an_arn(text: str, start: int) -> bool:
    if text[start - 1 : start] != ":":
        return False
    return _IN_AN_ARN.search(text, max(0, start - _LONGEST_ARN), start) is not None


def _value(
    text: str, start: int, name: str, look: Callable[[str], object]
) -> tuple[int, int] | None:
    """Return where the secret under `name` stands; None where what stands there is none."""
    if name in _WHOLE_LINES:
        value = _REST_OF_LINE.match(text, start)
    else:
        value = _CREDENTIALS.match(text, start) if name.endswith(_HEADERS) else None
        value = value or _VALUE.match(text, start)
    if value is None:
        return None
    group = value.lastgroup or 0
    secret = value[group]
    if not secret or secret == SCRUBBED[:-1]:
        return None
    if len(secret) <= _LONGEST_SIGN and not any(map(str.isalnum, secret)):
        return None  # what a parser met: unexpected token: ')'
    if group in ("bare", "group") and _is_plain(secret, name):
        return None
    if begins_sentence(name, text, start) or not look(secret):
        return None
    first, end = value.span(group)
    return first, phrase_end(name, text, first, end) if group == "bare" else end


def _is_plain(value: str, name: str) -> bool:
    stripped = value.rstrip(".)]}:!")
    if value in _PLAIN_VALUES or stripped in _PLAIN_VALUES:
        return True
    if _PLACE.fullmatch(value):
        # Braces may be those of a template, or of ODBC around a password.
        return not (looks_random(value.strip("{}[]<>")) or _IN_BRACES.fullmatch(value))
    if counts(name) and _NUMBER.fullmatch(value):
        return True
    return value.split("[", maxsplit=1)[0].split("|", maxsplit=1)[0] in _PLAIN_VALUES


def _gather(found: Found, value: str) -> None:
    found.add(value)
    if " " in value:
        found.add(value.rpartition(" ")[2])


def _is_no_value(text: str, start: int, end: int) -> bool:
    """Tell whether what stands after a name and a comma is no second half of a pair.

    That is a word of prose, as in `expected 'token', got 'x'`, the next name, or an option of a
    program that is called like a secret.
    """
    if _NAME_ENDS.match(text, end) or _SHORT_OPTION.fullmatch(text, start, end):
        return True
    return text[start:end].isalpha() and text[start - 1 : start] == " "


def _is_named(match: re.Match[str]) -> bool:
    return is_secret_name(match["name"]) and not match["value"].isspace()


def _is_refused(match: re.Match[str]) -> bool:
    """Tell whether a value has a secret's place, or is an object whose middle was left out."""
    value = match["value"]
    if "..." in value and not value.startswith(("'", '"')):
        return True
    return any(map(is_secret_name, _PART_OF_A_PLACE.findall(match["place"])))


def _is_line(match: re.Match[str]) -> bool:
    first = match["value"].split(maxsplit=1)[0]
    return is_secret_name(match["name"]) and first not in _PLAIN_VALUES
