"""The typed parameters of a public error: what may be filled into a declared message."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin
from uuid import UUID

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]+"
)

ELLIPSIS = "…"
"""Ends a text that was cut to its length."""

_PLAIN: dict[type, Callable[[Any], Any]] = {
    bool: bool,
    int: int,
    float: float,
    Decimal: str,
    UUID: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
}


@dataclass(frozen=True, slots=True)
class MaxLength:
    """The most characters that a text parameter may hold: `Annotated[str, MaxLength(40)]`."""

    max_length: int

    def __post_init__(self) -> None:
        if type(self.max_length) is not int or self.max_length < 1:
            raise ValueError(
                f"MaxLength takes a whole number of characters from 1, not {self.max_length!r}"
            )


class Parameter(NamedTuple):
    """One declared parameter.

    Attributes:
        name: Its name, in the template and under `details`.
        accepts: A phrase for the accepted form, for error messages.
        types: The exact types that are accepted.
        choices: The accepted values, where they are listed.
        max_length: The most characters of a text.
        optional: Whether None is accepted.
    """

    name: str
    accepts: str
    types: tuple[type, ...]
    choices: tuple[Any, ...] | None = None
    max_length: int | None = None
    optional: bool = False

    @property
    def takes_none(self) -> bool:
        """Whether its value may be None where it is shown."""
        return self.optional or None in map(_shown, self.choices or ())

    def clean(self, value: Any) -> Any:
        """Return `value` as a JSON value that may leave.

        Control characters of a text become spaces, and a text over its length is cut, with an
        ellipsis in the last place.

        Raises:
            TypeError: The value has not the declared type.
            ValueError: The value is none of the declared choices, or is a number that is not
                finite or is beyond the range of a double (RFC 8259, section 6).
        """
        if value is None and self.optional:
            return None
        if self.choices is not None:
            if not any(type(value) is type(choice) and value == choice for choice in self.choices):
                raise ValueError(f"parameter {self.name!r} takes {self.accepts}")
            return _shown(value)
        kind = type(value)
        takes_as_float = kind is int and int not in self.types and float in self.types
        if kind not in self.types and not takes_as_float:
            raise TypeError(f"parameter {self.name!r} takes {self.accepts}, not {kind.__name__}")
        if kind is str:
            return self._clean_text(value)
        if isinstance(value, int | float | Decimal) and not _is_finite(value):
            raise ValueError(f"parameter {self.name!r} takes a finite number")
        return float(value) if takes_as_float else _PLAIN[kind](value)

    def _clean_text(self, value: str) -> str:
        text = cleaned(value)
        if self.max_length is not None and len(text) > self.max_length:
            text = text[: self.max_length - 1] + ELLIPSIS
        return text


def cleaned(text: str) -> str:
    """Return `text` with a space in the place of each run of control characters."""
    return _CONTROL.sub(" ", text)


def _is_finite(value: float | Decimal) -> bool:
    try:
        return math.isfinite(value)
    except (OverflowError, ValueError):  # beyond the range of a double; a signaling NaN
        return False


def read_parameter(name: str, annotation: Any) -> Parameter:
    """Read the declaration of one parameter.

    Raises:
        TypeError: The annotation is no type that can be shown to a client.
    """
    annotation, max_length = _bare(annotation)
    optional = False
    kinds: tuple[Any, ...] = (annotation,)
    if get_origin(annotation) in (Union, types.UnionType):
        members = [_bare(member) for member in get_args(annotation)]
        max_length = next((length for _, length in members if length is not None), max_length)
        kinds = tuple(member for member, _ in members if member is not type(None))
        optional = len(kinds) < len(members)
    if len(kinds) == 1:
        if get_origin(kinds[0]) is Literal:
            choices = get_args(kinds[0])
            _check_choices(name, choices)
            return Parameter(name, f"one of {choices}", (), choices, optional=optional)
        if isinstance(kinds[0], type) and issubclass(kinds[0], Enum):
            choices = tuple(kinds[0])
            _check_choices(name, choices)
            return Parameter(
                name, f"a member of {kinds[0].__name__}", (), choices, optional=optional
            )
    if str in kinds and max_length is None:
        raise TypeError(
            f"parameter {name!r} is a text without a length: "
            f"declare it as Annotated[str, tightlip.MaxLength(40)]"
        )
    if any(kind is not str and kind not in _PLAIN for kind in kinds):
        accepted = ", ".join(["str", *(kind.__name__ for kind in _PLAIN)])
        raise TypeError(
            f"parameter {name!r} has a type that cannot stand in an answer; "
            f"use one of {accepted}, a Literal or an Enum"
        )
    accepts = " or ".join(kind.__name__ for kind in kinds)
    return Parameter(name, accepts, kinds, max_length=max_length, optional=optional)


def _bare(annotation: Any) -> tuple[Any, int | None]:
    """Take a type out of its `Annotated`, with the length that stood beside it."""
    if get_origin(annotation) is not Annotated:
        return annotation, None
    bare, *metadata = get_args(annotation)
    return bare, next(filter(None, map(_max_length, metadata)), None)


def _shown(choice: Any) -> Any:
    """Return a choice as a client is shown it: of a member of an Enum its value."""
    return choice.value if isinstance(choice, Enum) else choice


def _check_choices(name: str, choices: tuple[Any, ...]) -> None:
    for choice in choices:
        value = _shown(choice)
        if value is not None and type(value) not in (str, int, bool):
            raise TypeError(
                f"parameter {name!r} has the choice {choice!r}; "
                f"a choice is a text, a whole number, a flag or None"
            )


def _max_length(metadata: Any) -> int | None:
    """Read a length from our `MaxLength` or from its like in annotated-types and pydantic."""
    for candidate in (metadata, *getattr(metadata, "metadata", ())):
        length = getattr(candidate, "max_length", None)
        if isinstance(length, int) and length > 0:
            return length
    return None
