"""The author's translations: which internal failure becomes which public error."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from tightlip.catalog.error import DeclarationError, PublicError
from tightlip.failure import DatabaseFailure, DatabaseKind

Target: TypeAlias = type[PublicError] | Callable[[Any], PublicError]
"""A public error without parameters, or what makes one from the exception or the facts."""

_CONSTRAINT, _TABLE, _KIND = 3, 2, 1


class DatabaseRule(NamedTuple):
    """Translates one kind of database failure, for one constraint, one table, or all."""

    kind: DatabaseKind
    name: str | None
    error: Target
    place: str

    @property
    def key(self) -> tuple[object, ...]:
        """What this rule answers to; two rules with the same key contradict each other."""
        return (self.kind, self.name)

    def specificity(self, failure: DatabaseFailure) -> int:
        """Say how closely this rule matches: constraint or columns 3, table 2, kind 1, not 0."""
        if failure.kind is not self.kind:
            return 0
        if self.name is None:
            return _KIND
        if failure.constraint is not None and self.name in {
            failure.constraint,
            f"{failure.table}.{failure.constraint}",
        }:
            return _CONSTRAINT
        if failure.columns and _columns(self.name, failure.table) == set(failure.columns):
            return _CONSTRAINT
        return _TABLE if self.name == failure.table else 0


class ExceptionRule(NamedTuple):
    """Translates an exception class and its subclasses, where `when` holds."""

    exception: type[BaseException]
    when: Callable[[Any], bool] | None
    error: Target
    place: str

    @property
    def key(self) -> tuple[object, ...]:
        """What this rule answers to; two rules with the same key contradict each other."""
        return (self.exception, self.when)


Rule: TypeAlias = DatabaseRule | ExceptionRule


def on_unique(name: str | None, error: Target) -> DatabaseRule:
    """Translate a violated unique constraint.

    Args:
        name: The constraint or key as the database names it (`users_email_key`), with its table
            where that helps (`users.email_key`); the columns where the database tells only
            those, as SQLite does (`users.email`, or `users.tenant, users.email`); a table for
            all of its constraints; None for every constraint.
        error: A public error without parameters, or a function from the facts
            (`DatabaseFailure`) to one.

    Raises:
        DeclarationError: The name or the error is not of these forms; file and line are named.
    """
    return _database_rule(DatabaseKind.UNIQUE, name, error)


def on_foreign_key(name: str | None, error: Target) -> DatabaseRule:
    """Translate a violated foreign key; see `on_unique` for the arguments."""
    return _database_rule(DatabaseKind.FOREIGN_KEY, name, error)


def on_check(name: str | None, error: Target) -> DatabaseRule:
    """Translate a violated check constraint; see `on_unique` for the arguments."""
    return _database_rule(DatabaseKind.CHECK, name, error)


def on_not_null(name: str | None, error: Target) -> DatabaseRule:
    """Translate a missing value; `name` is the column with its table (`users.email`)."""
    return _database_rule(DatabaseKind.NOT_NULL, name, error)


def on_exception(
    exception: type[BaseException],
    error: Target,
    *,
    when: Callable[[Any], bool] | None = None,
) -> ExceptionRule:
    """Translate an exception class and its subclasses.

    The rule of the most specific class wins; inside a class, one whose `when` holds wins over
    one without.

    Args:
        exception: The class.
        error: A public error without parameters, or a function from the exception to one.
        when: A condition on the exception.

    Raises:
        DeclarationError: An argument is not of these forms; file and line are named.
    """
    place = _place()
    if not (isinstance(exception, type) and issubclass(exception, BaseException)):
        raise DeclarationError(f"{place}: on_exception takes an exception class, not {exception!r}")
    if when is not None and not callable(when):
        raise DeclarationError(f"{place}: when is a function of the exception, not {when!r}")
    return ExceptionRule(exception, when, _checked(error, place), place)


def _database_rule(kind: DatabaseKind, name: str | None, error: Target) -> DatabaseRule:
    place = _place()
    if name is not None and not (isinstance(name, str) and name.strip()):
        raise DeclarationError(
            f"{place}: on_{kind} takes the name of a constraint, of columns or of a table, "
            f"or None for all; not {name!r}"
        )
    return DatabaseRule(kind, name, _checked(error, place), place)


def _columns(name: str, table: str | None) -> set[str]:
    """Return the columns that `name` lists, without their table.

    A database that does not tell the table (MySQL, of a missing value) is matched by column.
    """
    columns = [column.strip().rpartition(".") for column in name.split(",")]
    if table is not None and any(owner != table for owner, _, _ in columns):
        return set()
    return {column for _, _, column in columns}


def _checked(error: Target, place: str) -> Target:
    if isinstance(error, type) and issubclass(error, PublicError):
        needed = error.required_parameters()
        if not error.is_concrete():
            raise DeclarationError(f"{place}: {error.__name__} declares no message to show")
        if needed:
            raise DeclarationError(
                f"{place}: {error.__name__} needs {', '.join(needed)}; give a function that "
                f"makes it, such as lambda found: {error.__name__}({needed[0]}=…)"
            )
        return error
    if callable(error) and not isinstance(error, type):
        try:
            inspect.signature(error).bind(None)
        except TypeError:
            raise DeclarationError(f"{place}: the function takes one argument") from None
        except ValueError:
            pass  # a callable without a signature to read
        return error
    raise DeclarationError(
        f"{place}: give a subclass of PublicError, or a function that makes one; not {error!r}"
    )


def _place() -> str:
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to name the author's line
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def check_contradictions(rules: tuple[Rule, ...]) -> None:
    """See that no two rules give different errors for the same thing.

    Raises:
        DeclarationError: Two do; both places are named.
    """
    seen: dict[tuple[object, ...], Rule] = {}
    for rule in rules:
        other = seen.setdefault((type(rule), *rule.key), rule)
        if other.error is not rule.error:
            raise DeclarationError(
                f"two translations contradict each other: {other.place} and {rule.place}; "
                f"keep one of them"
            )
