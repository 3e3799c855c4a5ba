"""Encoding: a record as JSON in one line of printable ASCII."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

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


class EncodedFrames(NamedTuple):
    """The frames of one exception as JSON, without their locals.

    Attributes:
        frames: Each frame; nobody may change the list.
        with_locals: The indices of those that have locals in the record.
    """

    frames: list[str]
    with_locals: Sequence[int]


def encode_around(fields: dict[str, JSON], frames: Sequence[EncodedFrames]) -> str:
    """Return what `encode` does, around the frames, which are JSON already.

    Frames make most of a record, and are the same at each failure but for their locals. The
    exceptions, and the frames of each, come last in the line.

    Args:
        fields: A record.
        frames: The frames of each of its exceptions.

    Raises:
        ValueError, TypeError: As `encode`.
    """
    around = fields.copy()
    records: Any = around.pop("exceptions")
    exceptions = [_exception(record, known) for record, known in zip(records, frames, strict=True)]
    return _with_list(around, "exceptions", exceptions)


def _exception(record: dict[str, Any], known: EncodedFrames) -> str:
    around = record.copy()
    frames = around.pop("frames")
    whole = known.frames.copy()
    for index in known.with_locals:
        whole[index] = f'{whole[index][:-1]},"locals":{_encode(frames[index]["locals"])}}}'
    return _with_list(around, "frames", whole)


def _with_list(around: dict[str, JSON], name: str, items: Sequence[str]) -> str:
    """Return the JSON of `around` with one more list, whose items are JSON already."""
    return f'{_encode(around)[:-1]},"{name}":[{",".join(items)}]}}'
