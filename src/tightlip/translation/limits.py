"""Limits that a schema declares, filled into a sentence: numbers, dates, choices, nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from string import Formatter
from typing import Any

from tightlip.catalog.wording import fault_of
from tightlip.expression import expression

_NUMBER = expression(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_WRITTEN_DECIMAL = expression(r"Decimal\('(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)'\)")
_SPAN = r"[0-9]{1,9} (?:day|hour|minute|second|microsecond)s?"
_DURATION = expression(rf"{_SPAN}(?: and {_SPAN}){{0,4}}")
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = expression(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_CLOCK})?|{_CLOCK}")
_LARGEST_MAGNITUDE = 15
_MOST_SIGNIFICANT_DIGITS = 30

_CHOICE = r"""'[^'"\\]*'|"[^"\\]*"|-?[0-9]{1,15}(?:\.[0-9]{1,15})?|True|False|None"""
_CHOICES = expression(rf"(?:{_CHOICE})(?:, (?:{_CHOICE}))*(?: or (?:{_CHOICE}))?")
_PLAIN_CHOICE = expression(r"[\w-][\w .:/+@#-]{0,39}")
_MOST_CHOICES = 12
_LONGEST_CHOICES = 200
_JSON_WORDS = {"True": "true", "False": "false", "None": "null"}


def fill(sentence: str, label: str, context: Mapping[str, Any]) -> str | None:
    """Fill a sentence of the table, or return None if a limit is missing or has another form."""
    pieces = []
    for text, name, form, _ in Formatter().parse(sentence):
        pieces.append(text)
        if name == "field":
            pieces.append(label)
        elif name is not None:
            value = value_of(context, name)
            limit = _FORMS[form](value) if form in _FORMS else _count(value, form or "")
            if limit is None:
                return None
            pieces.append(limit)
    return "".join(pieces)


def value_of(context: Mapping[str, Any], name: str) -> object:
    """Return a value of a failure's context, or None where there is none to be had."""
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
