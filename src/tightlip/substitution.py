"""Put a function of ours in the place of a library's, if that is the one that we know."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

_ORIGINALS: dict[tuple[type | ModuleType, str], Any] = {}


class UnknownFunctionError(Exception):
    """A library has no such function, or it takes other parameters than those that we know."""


def substitute(
    owner: type | ModuleType,
    name: str,
    parameters: str,
    make: Callable[[Any], Callable[..., Any]],
) -> None:
    """Put a function, or a class, in the place of `owner.name`; done twice, it counts once.

    Names that a library does not promise may change with any release. Their parameters change
    with their meaning, so they are what is compared.

    Args:
        owner: The class or the module that has the function.
        name: The name of the function.
        parameters: The names of its parameters, with spaces between them.
        make: Takes the function that is there, and returns what stands in its place.

    Raises:
        UnknownFunctionError: Nothing was replaced, since this is not the function that we know.
    """
    if (owner, name) in _ORIGINALS:
        return
    original = getattr(owner, name, None)
    try:
        found = " ".join(inspect.signature(original).parameters)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = None
    if found != parameters:
        raise UnknownFunctionError(
            f"{owner.__name__}.{name} takes "
            f"{'nothing that can be read' if found is None else f'({found})'}, not ({parameters})"
        )
    _ORIGINALS[owner, name] = original
    setattr(owner, name, make(original))


def restore() -> None:
    """Take everything back."""
    while _ORIGINALS:
        (owner, name), original = _ORIGINALS.popitem()
        setattr(owner, name, original)
