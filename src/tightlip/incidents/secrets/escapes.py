"""Escapes: how JSON, a repr, HTML and addresses write the signs and letters around a secret."""

from __future__ import annotations

import re

from tightlip.expression import expression

# In JSON and in the repr of bytes, a name may be written so, and is in JSON if it is not ASCII.
_ESCAPE = expression(r"(?<!\\)\\++(?:u(?P<four>[0-9A-Fa-f]{4})|x(?P<two>[0-7][0-9A-Fa-f])|/)")
_ENTITY = expression(r"&(?:(?P<name>lt|gt|amp|quot|apos)|\#(?:(?P<ten>\d{2,3})|x(?P<hex>\w{2})));")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_TWICE = expression(r"%25(?=[0-9A-Fa-f]{2})")
# The colours of a terminal, and what takes no room.
_UNSEEN = expression(
    r"""(?: \x1b | (?<!\\)\\++(?:u001b|x1b) ) \[[\d;]{0,20}m
        | [\u00ad\u200b-\u200d\u2060\ufeff] | (?<!\\)\\++u(?:00ad|200[b-d]|2060|feff)""",
    re.VERBOSE,
)


def with_letters(text: str) -> str:
    """Return `text` with the letters and digits in it that are escaped as they are."""
    return _ESCAPE.sub(_letter, text) if "\\" in text else text


def with_signs(text: str) -> str:
    r"""Return `text` with the other signs in it that are escaped as they are, but no backslash.

    What cannot be seen is left out. A quote inside of a value looks like its end then: `text` is
    to be searched before, too.
    """
    if "\\" in text or "\x1b" in text or not text.isascii():
        text = _ESCAPE.sub(_sign, _UNSEEN.sub("", text))
    if "&" in text:
        text = _ENTITY.sub(_of_entity, text)
    return _TWICE.sub("%", text) if "%25" in text else text


def _letter(escape: re.Match[str]) -> str:
    character = _character(escape)
    return character if character.isalnum() else escape[0]


def _sign(escape: re.Match[str]) -> str:
    character = _character(escape)
    return escape[0] if character == "\\" or not character.isprintable() else character


def _character(escape: re.Match[str]) -> str:
    number = escape["four"] or escape["two"]
    return chr(int(number, 16)) if number else "/"


def _of_entity(entity: re.Match[str]) -> str:
    if entity["name"]:
        return _ENTITIES[entity["name"]]
    try:
        character = chr(int(entity["ten"] or entity["hex"], 10 if entity["ten"] else 16))
    except ValueError:  # no hexadecimal number
        return entity[0]
    return character if character.isprintable() and character != "\\" else entity[0]
