"""What serializers of Django REST framework refuse, under the names that pydantic gives it.

The framework says with each refusal its code and a sentence; which limit was broken is asked of
the field that refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import fields
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer, ListSerializer
from rest_framework.settings import api_settings

from tightlip.adapters.django.origin import local_of
from tightlip.failure import FieldFailure, ValidationFailure

_JSON = "application/json"
_VIEWS = "rest_framework.views"
_MOST_FIELDS = 1000
_DEEPEST = 32

_TYPES: tuple[tuple[type, str], ...] = (
    # What a value of a wrong type is called; the first class that fits counts.
    (fields.BooleanField, "bool_type"),
    (fields.EmailField, "value_error"),
    (fields.RegexField, "string_pattern_mismatch"),
    (fields.URLField, "url_parsing"),
    (fields.UUIDField, "uuid_parsing"),
    (fields.IPAddressField, "ip_any_address"),
    (fields.CharField, "string_type"),
    (fields.IntegerField, "int_parsing"),
    (fields.FloatField, "float_parsing"),
    (fields.DecimalField, "decimal_parsing"),
    (fields.DateTimeField, "datetime_parsing"),
    (fields.DateField, "date_parsing"),
    (fields.TimeField, "time_parsing"),
    (fields.DurationField, "time_delta_parsing"),
    (fields.DictField, "dict_type"),
    (fields.JSONField, "json_invalid"),
    (fields.ListField, "list_type"),
    (ListSerializer, "list_type"),
    (BaseSerializer, "model_attributes_type"),
)

_CODES = {
    # What the framework's codes mean whatever the field.
    "required": "missing",
    "invalid_choice": "enum",
    "not_a_list": "list_type",
    "not_a_dict": "dict_type",
    "max_value": "less_than_equal",
    "min_value": "greater_than_equal",
    "max_digits": "decimal_max_digits",
    "max_decimal_places": "decimal_max_places",
    "max_whole_digits": "decimal_whole_digits",
    "max_string_length": "int_parsing_size",
    "surrogate_characters_not_allowed": "string_unicode",
}
_LIMITS = {
    "less_than_equal": ("le", "max_value"),
    "greater_than_equal": ("ge", "min_value"),
    "decimal_max_digits": ("max_digits", "max_digits"),
    "decimal_max_places": ("decimal_places", "decimal_places"),
    "decimal_whole_digits": ("whole_digits", "max_whole_digits"),
    "string_too_long": ("max_length", "max_length"),
    "string_too_short": ("min_length", "min_length"),
    "too_long": ("max_length", "max_length"),
    "too_short": ("min_length", "min_length"),
}


def read_validation(exception: ValidationError) -> ValidationFailure:
    """Return which values were refused, and why; a body that is not there could not be read."""
    serializer = local_of(exception, "rest_framework.serializers", "self")
    serializer = serializer if isinstance(serializer, BaseSerializer) else None
    refused = []
    for location, detail, field in _walk(exception.detail, ("body",), serializer, 0):
        raised = getattr(detail, "raised", None)
        if isinstance(raised, ValidationError):
            refused.append(FieldFailure(location, "", error=_with_one_text(raised, detail)))
        else:
            refused.append(FieldFailure(location, *_kind_of(getattr(detail, "code", ""), field)))
        if len(refused) == _MOST_FIELDS:
            break
    declared = None if serializer is None else frozenset(_names_of(serializer, 0))
    is_empty = serializer is not None and _is_empty(local_of(exception, _VIEWS, "request"))
    return ValidationFailure(tuple(refused), is_empty, declared)


def _is_empty(request: Any) -> bool:
    """Tell whether a body was announced as JSON and is not there: that is no JSON."""
    if not isinstance(request, Request) or not str(request.content_type).startswith(_JSON):
        return False
    return request.META.get("CONTENT_LENGTH") in {None, "", "0"}


def _with_one_text(raised: ValidationError, detail: Any) -> ValidationError:
    """Return what an author raised as if it said `detail` alone: each text is proved for itself."""
    one: ValidationError = type(raised).__new__(type(raised), detail.written)
    one.detail = detail.written
    one.__cause__, one.__context__ = raised.__cause__, raised.__context__
    one.__suppress_context__ = raised.__suppress_context__
    return one.with_traceback(raised.__traceback__)


def _walk(
    detail: Any, location: tuple[str | int, ...], field: Any, depth: int
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """Yield each refusal with its place and its field, as far as that is known."""
    if depth > _DEEPEST:
        return
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            if key == api_settings.NON_FIELD_ERRORS_KEY:
                yield from _walk(inner, location, field, depth + 1)
            else:
                part = key if isinstance(key, int) else str(key)
                yield from _walk(inner, (*location, part), _inside(field, key), depth + 1)
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            if isinstance(inner, Mapping):
                yield from _walk(inner, (*location, index), _inside(field, index), depth + 1)
            else:
                yield from _walk(inner, location, field, depth + 1)
    else:
        yield location, detail, field


def _inside(field: Any, key: Any) -> Any:
    """Return the field under `key`, or the one of every entry."""
    child = getattr(field, "child", None)
    if child is not None:
        return child
    inner = getattr(field, "fields", None)
    return inner.get(key) if isinstance(inner, Mapping) else None


def _kind_of(code: Any, field: Any) -> tuple[str, Mapping[str, Any]]:
    is_list = isinstance(field, fields.ListField | ListSerializer | fields.MultipleChoiceField)
    if code == "blank":
        return "string_too_short", {"min_length": 1}
    if code == "empty" and is_list:
        return "too_short", {"min_length": 1, "field_type": "List"}
    if code in {"invalid", "null"}:
        return next((kind for cls, kind in _TYPES if isinstance(field, cls)), ""), {}
    if code in {"max_length", "min_length"}:
        measure = "too_long" if code == "max_length" else "too_short"
        kind = measure if is_list else f"string_{measure}"
    else:
        kind = _CODES.get(code, "")
    return kind, _context_of(kind, field)


def _context_of(kind: str, field: Any) -> Mapping[str, Any]:
    if kind == "enum":
        choices = getattr(field, "choices", None)
        return {"expected": _listed(choices)} if isinstance(choices, Mapping) else {}
    name, attribute = _LIMITS.get(kind, ("", ""))
    limit = getattr(field, attribute, None) if attribute else None
    return {} if limit is None else {name: limit, "field_type": "List"}


def _listed(choices: Mapping[Any, Any]) -> str:
    """Write the declared choices as pydantic does: `'a', 'b' or 'c'`."""
    *others, last = [repr(choice) for choice in choices] or [""]
    return f"{', '.join(others)} or {last}" if others else last


def _names_of(field: Any, depth: int) -> Iterator[str]:
    """Yield the names of all fields that a serializer declares."""
    if depth > _DEEPEST:
        return
    child = getattr(field, "child", None)
    if child is not None:
        yield from _names_of(child, depth + 1)
    inner = getattr(field, "fields", None)
    if isinstance(inner, Mapping):
        for name, member in inner.items():
            yield str(name)
            yield from _names_of(member, depth + 1)
