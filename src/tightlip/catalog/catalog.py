"""Catalog: every declared error of the process, each code once."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tightlip.catalog.error import PublicError


class Declaration(NamedTuple):
    """A code, the class that declares it, and `file:line` of the class statement."""

    code: str
    error: type[PublicError]
    place: str


class Catalog:
    """Declared errors by code. A class that is no longer alive gives its code back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: dict[str, tuple[weakref.ref[type[PublicError]], str]] = {}

    def add(self, declaration: Declaration) -> None:
        """Take in a declaration.

        A class that is declared again, by a reload or as `__main__` beside its module, replaces
        itself.

        Raises:
            ValueError: Another living class has the code; both places are named.
        """
        with self._lock:
            held = self._holder(declaration)
            if held is not None:
                # A class is a reference cycle: one of a finished function, or of a module before
                # its reload, is dead, but does not know it until the collector has run.
                del held
                gc.collect()
                held = self._holder(declaration)
            if held is not None:
                raise ValueError(
                    f"the code {declaration.code} is declared twice: here and by "
                    f"{held.error.__qualname__} at {held.place}; give one of them another `code`"
                )
            reference = weakref.ref(declaration.error)
            self._errors[declaration.code] = (reference, declaration.place)

    def _holder(self, declaration: Declaration) -> Declaration | None:
        reference, place = self._errors.get(declaration.code, (None, ""))
        error = reference() if reference is not None else None
        if error is None or _is_same(error, place, declaration):
            return None
        return Declaration(declaration.code, error, place)

    def __iter__(self) -> Iterator[Declaration]:
        """Yield the declarations in the order of their codes."""
        with self._lock:
            errors = sorted(self._errors.items())
        for code, (reference, place) in errors:
            error = reference()
            if error is not None:
                yield Declaration(code, error, place)

    def __contains__(self, code: object) -> bool:
        return any(declaration.code == code for declaration in self)


def _is_same(error: type[PublicError], place: str, declaration: Declaration) -> bool:
    if error.__qualname__ != declaration.error.__qualname__:
        return False
    same_module = error.__module__ == declaration.error.__module__
    same_file = place.rpartition(":")[0] == declaration.place.rpartition(":")[0]
    return same_module or same_file


catalog = Catalog()
"""The one catalog of the process."""
