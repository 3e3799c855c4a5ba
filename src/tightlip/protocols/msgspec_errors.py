"""What msgspec says of a value that it refuses."""

from __future__ import annotations

import re

from tightlip.failure import FieldFailure

_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")
_OF_TYPE = re.compile(r"Expected `([a-z]+)(?: \| null)?`, got `")
_COMPARED = re.compile(
    r"Expected `(?:int|float)(?: \| null)?` (>=|>|<=|<) (-?[0-9]{1,15}(?:\.[0-9]+)?)"
)
_MULTIPLE = re.compile(r"Expected `(?:int|float)(?: \| null)?` that's a multiple of ([0-9.]{1,30})")
_OF_LENGTH = re.compile(r"Expected `([a-z]+)(?: \| null)?` of length (>=|<=) ([0-9]{1,15})")
_PART = re.compile(r"\[(\d+)\]|\[\.\.\.\]|([^.\[\]]+)")

_TYPES = {
    "array": "list_type",
    "bool": "bool_type",
    "bytes": "bytes_type",
    "date": "date_type",
    "datetime": "datetime_type",
    "decimal": "decimal_type",
    "duration": "time_delta_type",
    "float": "float_type",
    "int": "int_type",
    "object": "dict_type",
    "str": "string_type",
    "time": "time_type",
    "uuid": "uuid_type",
}
_COMPARISONS = {
    ">=": ("greater_than_equal", "ge"),
    ">": ("greater_than", "gt"),
    "<=": ("less_than_equal", "le"),
    "<": ("less_than", "lt"),
}
_LENGTHS = {
    ">=": ("too_short", "min_length"),
    "<=": ("too_long", "max_length"),
}
_MEASURED = {"str": "string_", "bytes": "bytes_"}
_STARTS = {
    "Invalid UUID": "uuid_parsing",
    "Invalid RFC3339 encoded datetime": "datetime_parsing",
    "Invalid RFC3339 encoded date": "date_parsing",
    "Invalid RFC3339 encoded time": "time_parsing",
    "Invalid ISO8601 duration": "time_delta_parsing",
    "Invalid base64 encoded string": "bytes_invalid_encoding",
    "Invalid decimal string": "decimal_parsing",
    "Invalid enum value": "enum",
    "Expected `str` matching regex": "string_pattern_mismatch",
}


def read_message(message: str, location: tuple[str | int, ...]) -> FieldFailure:
    """Return the refused value that a message of msgspec's `ValidationError` tells of.

    msgspec keeps what it found in no attribute. Its sentences stand in its C source
    (`_core.c`, 0.18 to 0.22); of one that is not known only the place counts.
    """
    for pattern, kind in ((_MISSING, "missing"), (_UNKNOWN, "extra_forbidden")):
        if (match := pattern.match(message)) is not None:
            return FieldFailure((*location, match[1]), kind)
    if (match := _OF_TYPE.match(message)) is not None:
        return FieldFailure(location, _TYPES.get(match[1], ""))
    if (match := _COMPARED.match(message)) is not None:
        kind, limit = _COMPARISONS[match[1]]
        return FieldFailure(location, kind, {limit: match[2]})
    if (match := _MULTIPLE.match(message)) is not None:
        return FieldFailure(location, "multiple_of", {"multiple_of": match[1]})
    if (match := _OF_LENGTH.match(message)) is not None:
        kind, limit = _LENGTHS[match[2]]
        kind = _MEASURED.get(match[1], "") + kind
        return FieldFailure(location, kind, {limit: int(match[3])})
    kind = next((kind for start, kind in _STARTS.items() if message.startswith(start)), "")
    return FieldFailure(location, kind)


def read_path(path: str) -> tuple[str | int, ...]:
    """Return the parts of a path of msgspec's, such as `inner.kind[...]` or `items[0].price`.

    A key that a client chose stands there as `[...]`; it is a part without a name.
    """
    return tuple(int(index) if index else name for index, name in _PART.findall(path))
