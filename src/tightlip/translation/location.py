"""Which field of a request a refusal is about, in the API's own names and in words."""

from __future__ import annotations

from typing import NamedTuple

from tightlip.expression import expression

_MOST_NAMES = 16
_LONGEST_NAME = 128
_HIGHEST_POSITION = 999_999

_PLACES = {
    "body": "The body",
    "query": "The query string",
    "path": "The path",
    "header": "The request header",
    "cookie": "The cookie header",
}
_NAMED_PLACES = {"header": "The header", "cookie": "The cookie"}
_NOWHERE = "request"
_KEY_MARK = "[key]"
NAMED_BY_THE_CLIENT = frozenset(
    {"extra_forbidden", "unexpected_keyword_argument", "unexpected_positional_argument"}
)

_NAME = expression(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_PARAMETER_PLACES = frozenset({"query", "path", "header", "cookie"})
_CLASS_NAME = expression(r"_*[A-Z][A-Z0-9_]*[a-z][A-Za-z0-9_]*")
_SCHEMA_NAME = expression(
    r"(?:function|constrained|lax|json|is|model|tagged|typed|multi|definition)-[a-z-]+"
)
_SIGNS_OF_A_TYPE = expression(r"[\[\]()<>]")
# Names that a validator gives to a branch. Of those that are plain English as well, a field may
# bear the name: they count as a branch only where the schema declares no such field.
_TYPE_NAMES = frozenset(
    {
        *("str", "int", "float", "bool", "bytes", "dict", "tuple", "frozenset", "none", "decimal"),
        *("datetime", "timedelta", "nullable", "callable", "dataclass", "frozendict", "namedtuple"),
    }
)
_ENGLISH_TYPE_NAMES = frozenset({"any", "complex", "date", "fraction", "time", "url", "uuid"})
_REFUSED_AS_A_WHOLE = frozenset(
    {
        *("model_type", "model_attributes_type", "named_tuple_type"),
        *("dataclass_type", "dataclass_exact_type"),
    }
)
_WORD_BREAK = expression(r"[\s_\-]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ABBREVIATIONS = frozenset({"iban", "id", "ip", "url", "uuid", "vat"})


class Target(NamedTuple):
    """What was refused: its field, the field in words, and the part of it that is meant."""

    field: str
    field_label: str
    label: str
    whole: bool = True


def target_of(
    location: tuple[str | int, ...], kind: str, declared: frozenset[str] | None
) -> Target:
    """Find the field that a location names, and what of it is meant.

    A part that must not be shown and is no branch of a union is a key of a mapping: what stands
    below it is a value somewhere in the field, and positions below it count for nothing. A class
    as last part is a branch if the input is no object at all, else a key that looks like one.
    """
    first = location[0] if location else None
    place = first if type(first) is str and first in _PLACES else None
    parts = location if place is None else location[1:]
    about_key = False
    if kind.endswith("_inside"):
        parts = parts[:-1]
    elif kind == "invalid_key":
        about_key, parts = True, parts[:-1]
    elif parts and type(parts[-1]) is str and parts[-1] == _KEY_MARK:
        about_key, parts = True, parts[:-2]
    names: list[str | int] = []
    lost = False
    for index, part in enumerate(parts):
        shown = _may_be_shown(part, declared, None if index else place)
        if shown and not (lost and type(part) is int):
            names.append(part)
            lost = False
        elif not _is_branch(part) and not (
            kind in _REFUSED_AS_A_WHOLE and index == len(parts) - 1 and _is_class_name(part)
        ):
            lost = True
    whole = len(names) <= _MOST_NAMES  # a client can nest what is recursive as deep as it likes
    del names[_MOST_NAMES:]
    field_label = _label(names, place)
    label = field_label
    if whole and about_key:
        label = f"A key of {_inner(field_label)}"
    elif whole and lost:
        label = f"A value in {_inner(field_label)}"
    field = ".".join(str(name) for name in names) or place or _NOWHERE
    return Target(field, field_label, label, whole)


def ends_in_declared_name(location: tuple[str | int, ...], declared: frozenset[str] | None) -> bool:
    """Tell whether the last part of a location is a name that the API declares."""
    last = location[-1] if len(location) > 1 else None
    return declared is not None and type(last) is str and _may_be_shown(last, declared, None)


def _may_be_shown(part: object, declared: frozenset[str] | None, place: str | None) -> bool:
    """Say whether a part of a location is a position or a name of the API.

    `place` is given for the first part after it: outside the body, that one is a parameter.
    """
    if type(part) is int:
        return 0 <= part <= _HIGHEST_POSITION
    if type(part) is not str:
        return False
    if declared is not None:
        return part in declared and 0 < len(part) <= _LONGEST_NAME and part.isprintable()
    if _NAME.fullmatch(part) is None:
        return False
    if place in _PARAMETER_PLACES or part in _ENGLISH_TYPE_NAMES:
        return True
    return not _is_branch(part) and not _is_class_name(part)


def _is_branch(part: object) -> bool:
    """Say whether a part has the form of a name that a validator gives to a branch."""
    return type(part) is str and (
        part in _TYPE_NAMES
        or part in _ENGLISH_TYPE_NAMES
        or _SIGNS_OF_A_TYPE.search(part) is not None
        or _SCHEMA_NAME.fullmatch(part) is not None
    )


def _is_class_name(part: object) -> bool:
    return type(part) is str and _CLASS_NAME.fullmatch(part) is not None


def _label(names: list[str | int], place: str | None) -> str:
    """Put a field into words: `first_name` is "First name", `tags.0` "Entry 1 of Tags"."""
    if not names:
        return _PLACES.get(place or _NOWHERE, "The request")
    last = names[-1]
    if isinstance(last, int):
        return f"Entry {last + 1} of {_inner(_label(names[:-1], place))}"
    if len(names) == 1 and place in _NAMED_PLACES:
        return f"{_NAMED_PLACES[place]} {last}"
    words = [word for word in _WORD_BREAK.split(last) if word]
    if not words:
        return last
    shouted = last.isupper()
    text = " ".join(_word(word, shouted=shouted) for word in words)
    return text[0].upper() + text[1:]


def _word(word: str, *, shouted: bool) -> str:
    lower = word.lower()
    if lower in _ABBREVIATIONS:
        return word.upper()
    return word if word.isupper() and len(word) > 1 and not shouted else lower


def _inner(label: str) -> str:
    """Return a label for the inside of another: "the body", "entry 1 of Tags", but "Tags"."""
    starts_with_article = label.startswith(("Entry ", "The "))
    return label[0].lower() + label[1:] if starts_with_article else label
