r"""Encoding: how a text may be dressed on its way to a client, and how the dress is taken off.

Zero bytes, which part the letters where UTF-16 is read as something else, the escapes of JSON
(RFC 8259, section 7) and of JavaScript's strings (ECMA-262, section 12.9.4), HTML's character
references (HTML standard, section 13.5) and percent-encoding (RFC 3986, section 2.1) are undone as
far as rules can tell: what stands for a control character stays as it is, and what stands for a
character outside ASCII becomes its bytes in UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tightlip.expression import expression

_PAIR = rb"u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}"
"""The two halves of one character beyond U+FFFF (RFC 8259, section 7), after the backslash."""

_CODE = (
    rb"(" + _PAIR + rb")"
    rb"|(?:u00|x)([2-7][0-9A-Fa-f]|0[9AaDd])"
    rb"|u(00[89A-Fa-f][0-9A-Fa-f]|(?!00)[0-9A-Fa-f]{4})"
)
_JSON = expression(rb"""\\(?:""" + _CODE + rb"""|(["'\\/nrt]))""")
_JSON_CODE = expression(rb"\\(?:" + _CODE + rb")")
_JSON_ODD = expression(rb"\\(?:x|U|u00(?:0[0-8BbCcE-Fe-f]|1))")
"""What Python's own decoder reads otherwise than a client does, or not at all."""
_JSON_UNFINISHED = expression(rb"\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?\Z")
_PAIR_UNFINISHED = expression(
    rb"\\u[Dd][89ABab][0-9A-Fa-f]{2}(?:\\(?:u(?:[Dd](?:[C-Fc-f][0-9A-Fa-f]?)?)?)?)?\Z"
)
_JSON_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}

_ENTITY = expression(rb"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z]{2,7}));")
_ENTITY_UNFINISHED = expression(rb"&[#A-Za-z0-9]{0,9}\Z")
_ENTITY_NAMES = {
    b"amp": b"&",
    b"apos": b"'",
    b"ast": b"*",
    b"bsol": b"\\",
    b"colon": b":",
    b"comma": b",",
    b"commat": b"@",
    b"dollar": b"$",
    b"equals": b"=",
    b"excl": b"!",
    b"grave": b"`",
    b"gt": b">",
    b"lbrace": b"{",
    b"lbrack": b"[",
    b"lcub": b"{",
    b"lowbar": b"_",
    b"lpar": b"(",
    b"lsqb": b"[",
    b"lt": b"<",
    b"nbsp": b" ",
    b"NewLine": b"\n",
    b"num": b"#",
    b"percnt": b"%",
    b"period": b".",
    b"plus": b"+",
    b"quest": b"?",
    b"quot": b'"',
    b"rbrace": b"}",
    b"rbrack": b"]",
    b"rcub": b"}",
    b"rpar": b")",
    b"rsqb": b"]",
    b"semi": b";",
    b"sol": b"/",
    b"Tab": b"\t",
    b"vert": b"|",
}
_ENTITY_NAMES |= {
    # What PHP's htmlentities() writes of the languages of Western Europe.
    name: letter.encode()
    for name, letter in {
        b"Agrave": "À",
        b"Aacute": "Á",
        b"Auml": "Ä",
        b"Ccedil": "Ç",
        b"Egrave": "È",
        b"Eacute": "É",
        b"Ntilde": "Ñ",
        b"Oacute": "Ó",
        b"Ouml": "Ö",
        b"Uacute": "Ú",
        b"Uuml": "Ü",
        b"szlig": "ß",
        b"agrave": "à",
        b"aacute": "á",
        b"acirc": "â",
        b"atilde": "ã",
        b"auml": "ä",
        b"aring": "å",
        b"ccedil": "ç",
        b"egrave": "è",
        b"eacute": "é",
        b"ecirc": "ê",
        b"igrave": "ì",
        b"iacute": "í",
        b"icirc": "î",
        b"ntilde": "ñ",
        b"ograve": "ò",
        b"oacute": "ó",
        b"ocirc": "ô",
        b"otilde": "õ",
        b"ouml": "ö",
        b"ugrave": "ù",
        b"uacute": "ú",
        b"ucirc": "û",
        b"uuml": "ü",
        b"laquo": "«",
        b"raquo": "»",
    }.items()
}

_TAG = expression(rb"</?([A-Za-z][A-Za-z0-9\-]{0,30})(?:[\s/][^<>]{0,400})?>")
_INLINE = frozenset(
    # What stands within a line (HTML standard, section 4.5), and what older pages have there.
    b"a abbr b big cite code dfn em font i kbd mark q s samp small span strong sub sup tt u var wbr"
    b"".split()
)

_PERCENT = expression(rb"%([2-9A-Fa-f][0-9A-Fa-f]|0[9AaDd])|\+")
_PERCENT_UNFINISHED = expression(rb"%[0-9A-Fa-f]?\Z")
_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF
_LAST_CHARACTER = 0x10FFFF
_BACKSLASH, _AMPERSAND, _PERCENT_SIGN = b"\\&%"


class Encoding(NamedTuple):
    """One dress of a text.

    Attributes:
        name: What it is called.
        sign: A byte without which a text is not so dressed.
        token: What stands for something else, at any place of a text.
        meaning: What a match of `token` stands for.
        unfinished: What at the end of a piece may begin a token.
        decode: Takes the dress off a whole text; the same as `token` and `meaning`, faster.
    """

    name: str
    sign: bytes
    token: re.Pattern[bytes]
    meaning: Callable[[re.Match[bytes]], bytes]
    unfinished: Callable[[bytes], int]
    decode: Callable[[bytes], bytes]


def _json_meaning(match: re.Match[bytes]) -> bytes:
    return _JSON_LETTERS.get(match[4], match[4]) if match[4] else _json_meaning_of_code(match)


def _json_decode(data: bytes) -> bytes:
    """Undo escapes by whole-text replacements: a pair of backslashes parts what is left."""
    return b"\\".join(map(_json_piece, data.split(b"\\\\")))


def _json_piece(piece: bytes) -> bytes:
    if b"\\" not in piece:
        return piece
    for escape, meant in ((b'\\"', b'"'), (b"\\n", b"\n"), (b"\\/", b"/"), (b"\\'", b"'")):
        piece = piece.replace(escape, meant)
    if b"\\" in piece:
        piece = piece.replace(b"\\r", b"\r").replace(b"\\t", b"\t")
        if b"\\u" in piece or b"\\x" in piece:
            piece = _json_codes(piece)
    return piece


def _json_codes(piece: bytes) -> bytes:
    """Undo the escapes that name a code; a text in Cyrillic or Japanese may hold nothing else."""
    if piece.isascii() and _JSON_ODD.search(piece) is None:
        try:
            return _joined(piece)
        except UnicodeDecodeError:  # an escape that is none
            pass
    return _JSON_CODE.sub(_json_meaning_of_code, piece)


def _json_meaning_of_code(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return _joined(match[0])
    return chr(int(match[2] or match[3], 16)).encode("utf-8", "surrogatepass")


def _joined(escapes: bytes) -> bytes:
    """Return what `escapes` stand for, where two halves of a character make one."""
    text = escapes.decode("raw_unicode_escape")
    try:
        return text.encode()
    except UnicodeEncodeError:  # halves, which UTF-16 puts together
        octets = text.encode("utf-16-le", "surrogatepass")
        return octets.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")


def _json_unfinished(data: bytes) -> int:
    """Return how many bytes at the end of `data` wait for what follows."""
    for form, longest in ((_PAIR_UNFINISHED, 11), (_JSON_UNFINISHED, 5)):
        match = form.search(data, max(0, len(data) - longest))
        if match is not None:
            before = data[: match.start()]
            is_escaped = (len(before) - len(before.rstrip(b"\\"))) % 2
            if not is_escaped:
                return len(data) - match.start()
    return 0


def _entity_meaning(match: re.Match[bytes]) -> bytes:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _ENTITY_NAMES.get(name, match[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    is_character = 0 < code <= _LAST_CHARACTER and not _FIRST_SURROGATE <= code <= _LAST_SURROGATE
    return chr(code).encode() if is_character else match[0]


def _tag_meaning(match: re.Match[bytes]) -> bytes:
    return b"" if match[1].lower() in _INLINE else b"\n"


def _percent_meaning(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),)) if match[1] else b" "


def _waiting(unfinished: re.Pattern[bytes], longest: int) -> Callable[[bytes], int]:
    def waiting(data: bytes) -> int:
        match = unfinished.search(data, max(0, len(data) - longest))
        return 0 if match is None else len(data) - match.start()

    return waiting


JSON = Encoding("json", b"\\", _JSON, _json_meaning, _json_unfinished, _json_decode)
HTML = Encoding(
    "html",
    b"&",
    _ENTITY,
    _entity_meaning,
    _waiting(_ENTITY_UNFINISHED, 10),
    lambda data: _ENTITY.sub(_entity_meaning, data),
)
PERCENT = Encoding(
    "percent",
    b"%",
    _PERCENT,
    _percent_meaning,
    _waiting(_PERCENT_UNFINISHED, 2),
    lambda data: _PERCENT.sub(_percent_meaning, data),
)

ZEROS = Encoding(
    "zeros",
    b"\x00",
    expression(rb"\x00"),
    lambda _: b"",
    lambda _: 0,
    lambda data: data.replace(b"\x00", b""),
)

ENCODINGS = (ZEROS, JSON, HTML, PERCENT)
"""In the order in which they are taken off: what stands in a JSON string may be HTML."""

MARKUP = Encoding(
    "markup",
    b"<",
    _TAG,
    _tag_meaning,
    lambda _: 0,
    lambda data: _TAG.sub(_tag_meaning, data),
)
"""The tags of a page, which part the words of a sentence; taken off where a whole text is read."""


def is_dressed(data: bytes) -> bool:
    """Tell whether `data` may wear one of `ENCODINGS`."""
    # Numbers of bytes are looked for many times as fast as bytes are.
    return _BACKSLASH in data or _AMPERSAND in data or _PERCENT_SIGN in data or 0 in data
