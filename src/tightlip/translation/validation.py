"""From a refused request to calm sentences, one for each refused field."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import islice
from math import isfinite
from string import Formatter
from typing import Any

from tightlip.catalog.error import FieldError
from tightlip.catalog.wording import fault_of
from tightlip.failure import FieldFailure, ValidationFailure

# A client can make as many failures as its body has values: both bounds keep the answer small
# and the work short.
_MOST_FIELDS = 100
_MOST_EXAMINED = 1000
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
_NAMED_BY_THE_CLIENT = frozenset(
    {"extra_forbidden", "unexpected_keyword_argument", "unexpected_positional_argument"}
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_PARAMETER_PLACES = frozenset({"query", "path", "header", "cookie"})
_CLASS_NAME = re.compile(r"_*[A-Z][A-Z0-9_]*[a-z][A-Za-z0-9_]*")
_SCHEMA_NAME = re.compile(
    r"(?:function|constrained|lax|json|is|model|tagged|typed|multi|definition)-[a-z-]+"
)
_SIGNS_OF_A_TYPE = re.compile(r"[\[\]()<>]")
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
_WORD_BREAK = re.compile(r"[\s_\-]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ABBREVIATIONS = frozenset({"iban", "id", "ip", "url", "uuid", "vat"})

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_WRITTEN_DECIMAL = re.compile(r"Decimal\('(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)'\)")
_SPAN = r"[0-9]{1,9} (?:day|hour|minute|second|microsecond)s?"
_DURATION = re.compile(rf"{_SPAN}(?: and {_SPAN}){{0,4}}")
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_CLOCK})?|{_CLOCK}")
_LARGEST_MAGNITUDE = 15
_MOST_SIGNIFICANT_DIGITS = 30

_CHOICE = r"""'[^'"\\]*'|"[^"\\]*"|-?[0-9]{1,15}(?:\.[0-9]{1,15})?|True|False|None"""
_CHOICES = re.compile(rf"(?:{_CHOICE})(?:, (?:{_CHOICE}))*(?: or (?:{_CHOICE}))?")
_PLAIN_CHOICE = re.compile(r"[\w-][\w .:/+@#-]{0,39}")
_MOST_CHOICES = 12
_LONGEST_CHOICES = 200
_JSON_WORDS = {"True": "true", "False": "false", "None": "null"}


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Table:
    codes: Mapping[str, str]
    types: Mapping[str, _Row]


@dataclass(frozen=True, slots=True)
class _Target:
    """What was refused: its field, the field in words, and the part of it that is meant."""

    field: str
    field_label: str
    label: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Answer:
    target: _Target
    code: str
    message: str
    authored: bool = False


def describe(
    failure: ValidationFailure,
    words_of: Callable[[BaseException], str | None],
    declared: Collection[str] | None = None,
) -> tuple[FieldError, ...]:
    """Say of each refused field, in declared words only, what is wrong with it.

    The sentences stand in `tables/validation.toml`; of a failure's context only limits that the
    schema declares are filled in, after a check of their exact type and form. The input, the
    failure's own message and everything else in the context are never read.

    Locations are the delicate part, for they mix three things: names that the API declares,
    names that the validator gives to the branches of a union (`list[int]`, `Cat`,
    `function-after[…]`), and keys that the client chose (keys of a free mapping, and the unknown
    field that `extra_forbidden` reports). Only the first and list positions may be shown, and the
    form of a part cannot tell them apart. Therefore:

    - With `declared`, a name is shown exactly if it is declared. A client's key that happens to
      be a declared name shows nothing that the API's own document does not.
    - Without it, what looks like a plain name is shown and what looks like a class or a type of
      the validator is not, so a client's key may be named back to the client that sent it. An
      adapter that can read the schema should give `declared`.
    - An unknown field that is not declared is told of what holds it, and a key of a mapping
      likewise (`"[key]"` in the location), in both cases without the key.

    Several failures of one field come from the branches of a union, or from parts that were
    dropped. They become one: an author's own words stand before ours, equal codes keep the
    code's sentence, and different ones say no more than that the field is not valid.

    Args:
        failure: What was refused. One that could not be read at all has no fields to tell of.
        words_of: Returns the declared words of an exception that the application's own validator
            raised, or None. Such words stand unchanged, with the code `NOT_VALID`. If it raises,
            that counts as None.
        declared: The names that the API's schema declares: the aliases of fields and parameters.

    Returns:
        At most 100 fields, in the order of the failure; the first 1000 failures are looked at.
    """
    if failure.malformed:
        return ()
    names = None if declared is None else frozenset(declared)
    answers: dict[str, _Answer] = {}
    for refused in islice(failure.fields, _MOST_EXAMINED):
        answer = _answer(refused, words_of, names)
        earlier = answers.get(answer.target.field)
        if earlier is not None:
            answer = _merge(earlier, answer)
        elif len(answers) == _MOST_FIELDS:
            break
        answers[answer.target.field] = answer
    return tuple(
        FieldError(answer.target.field, answer.code, answer.message) for answer in answers.values()
    )


@cache
def _table() -> _Table:
    source = files("tightlip.translation").joinpath("tables", "validation.toml")
    content = tomllib.loads(source.read_text("utf-8"))
    rows = {
        name: _Row(row["code"], tuple(row.get("sentences", ())))
        for name, row in content["types"].items()
    }
    return _Table(content["codes"], rows)


def _answer(
    refused: FieldFailure,
    words_of: Callable[[BaseException], str | None],
    declared: frozenset[str] | None,
) -> _Answer:
    kind = _kind(refused, declared)
    target = _target(refused.location, kind, declared)
    words = None if refused.error is None else _authored_words(refused.error, words_of)
    if words is not None:
        return _Answer(target, "NOT_VALID", words, authored=True)
    row = _table().types.get(kind)
    if row is None or not target.whole:
        return _plain(target, "NOT_VALID")
    for sentence in row.sentences:
        message = _fill(sentence, target.label, refused.context)
        if message is not None:
            return _Answer(target, row.code, message)
    return _plain(target, row.code)


def _authored_words(
    error: BaseException, words_of: Callable[[BaseException], str | None]
) -> str | None:
    try:
        words = words_of(error)
    except Exception:  # the proof looks into a foreign exception; what fails is not proved
        return None
    return words if type(words) is str and words.strip() else None


def _kind(refused: FieldFailure, declared: frozenset[str] | None) -> str:
    """Return the name of the table's row that fits: the type, or a variant of it."""
    kind = refused.type
    if type(kind) is not str:
        return ""
    if kind in _NAMED_BY_THE_CLIENT and not _ends_in_declared_name(refused.location, declared):
        return f"{kind}_inside"
    if kind in {"too_short", "too_long"}:
        measured = _value(refused.context, "field_type")
        if type(measured) is str and measured == "Value":
            return f"{kind}_value"
    return kind


def _plain(target: _Target, code: str) -> _Answer:
    message = _fill(_table().codes[code], target.label, {})
    return _Answer(target, code, message or target.label)


def _merge(first: _Answer, second: _Answer) -> _Answer:
    """Make one answer of two about the same field."""
    if first.authored or first == second:
        return first
    if second.authored:
        return second
    if first.code == second.code and first.target == second.target:
        return _plain(first.target, first.code)
    target = first.target
    return _plain(_Target(target.field, target.field_label, target.field_label), "NOT_VALID")


def _target(location: tuple[str | int, ...], kind: str, declared: frozenset[str] | None) -> _Target:
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
    return _Target(field, field_label, label, whole)


def _ends_in_declared_name(
    location: tuple[str | int, ...], declared: frozenset[str] | None
) -> bool:
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


def _fill(sentence: str, label: str, context: Mapping[str, Any]) -> str | None:
    """Fill a sentence of the table, or return None if a limit is missing or has another form."""
    pieces = []
    for text, name, form, _ in Formatter().parse(sentence):
        pieces.append(text)
        if name == "field":
            pieces.append(label)
        elif name is not None:
            value = _value(context, name)
            limit = _FORMS[form](value) if form in _FORMS else _count(value, form or "")
            if limit is None:
                return None
            pieces.append(limit)
    return "".join(pieces)


def _value(context: Mapping[str, Any], name: str) -> object:
    try:
        return context[name]
    except Exception:  # a foreign mapping; a limit that cannot be read is no limit
        return None


def _count(value: object, noun: str) -> str | None:
    if type(value) is not int or not 0 <= value < 10**_LARGEST_MAGNITUDE:
        return None
    return f"{value} {noun}" if value == 1 else f"{value} {noun}s"


def _nothing_if_one(value: object) -> str | None:
    return "" if type(value) is int and value == 1 else None


def _amount(value: object) -> str | None:
    """Write a number without exponent or idle zeros; a span of time comes as text."""
    if type(value) is str:
        written = _WRITTEN_DECIMAL.fullmatch(value)
        if written is not None:
            return written.group(1)
        plain = _NUMBER.fullmatch(value) or _DURATION.fullmatch(value)
        return value if plain is not None else None
    if type(value) is int:
        return str(value) if abs(value) < 10**_LARGEST_MAGNITUDE else None
    if type(value) is float and isfinite(value):
        return _decimal(Decimal(repr(value)))
    if type(value) is Decimal and value.is_finite():
        return _decimal(value)
    return None


def _decimal(value: Decimal) -> str | None:
    if value == 0:
        return "0"
    if (
        abs(value.adjusted()) > _LARGEST_MAGNITUDE
        or len(value.as_tuple().digits) > _MOST_SIGNIFICANT_DIGITS
    ):
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _date(value: object) -> str | None:
    if type(value) in {date, datetime, time}:
        try:
            value = value.isoformat()  # type: ignore[attr-defined]  # the line above says what it is
        except Exception:  # a time zone of the application's own takes part
            return None
    if type(value) is str and _DATE.fullmatch(value) is not None:
        return value
    return None


def _choices(value: object) -> str | None:
    """Rewrite `'a', 1 or 'b'`, as pydantic lists declared choices, to `a, 1 or b`.

    Text of another form, long lists, choices that would read as several, and those that the
    wording check refuses are not shown.
    """
    if type(value) is not str or _CHOICES.fullmatch(value) is None:
        return None
    choices = [
        choice[1:-1] if choice[0] in "'\"" else _JSON_WORDS.get(choice, choice)
        for choice in re.findall(_CHOICE, value)
    ]
    if len(choices) > _MOST_CHOICES or any(
        _PLAIN_CHOICE.fullmatch(choice) is None or " or " in choice for choice in choices
    ):
        return None
    *others, last = choices
    text = f"{', '.join(others)} or {last}" if others else last
    return text if len(text) <= _LONGEST_CHOICES and fault_of(text) is None else None


_FORMS: Mapping[str | None, Callable[[object], str | None]] = {
    "amount": _amount,
    "date": _date,
    "choices": _choices,
    "if 1": _nothing_if_one,
}
