"""Encoding: a record as JSON in one line of printable ASCII."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

JSON: TypeAlias = bool | int | float | str | list["JSON"] | dict[str, "JSON"] | None
"""A value of RFC 8259, of exact built-in types, without NaN and infinities."""


def _prepared() -> Callable[[object], str]:
    """Return what writes a value as JSON.

    `JSONEncoder.encode` makes an encoder in C at each call, and a record takes several calls.
    """
    plain = json.JSONEncoder(
        ensure_ascii=True, check_circular=False, allow_nan=False, separators=(",", ":")
    )
    try:
        write: Any = vars(json.encoder)["c_make_encoder"](
            markers=None,
            default=plain.default,
            encoder=json.encoder.encode_basestring_ascii,
            indent=None,
            key_separator=plain.key_separator,
            item_separator=plain.item_separator,
            sort_keys=plain.sort_keys,
            skipkeys=plain.skipkeys,
            allow_nan=plain.allow_nan,
        )
    except (KeyError, TypeError):  # a Python without it, or with another one
        return plain.encode
    return lambda value: "".join(write(value, 0))


_encode = _prepared()


def encode(fields: dict[str, JSON]) -> str:
    """Return `fields` as JSON in one line of printable ASCII.

    Raises:
        ValueError: If a number is NaN or infinite.
        TypeError: If a value is of no JSON type.
    """
    return _encode(fields)
