"""What MySQL and MariaDB tell of a failure, whichever driver hands it on.

Names stand in the message alone, and the message is in the language of the server (lc_messages):
only quotes and the keywords of SQL are read, never words.
"""

from __future__ import annotations

import re

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation import codes
from tightlip.translation.foreign import argument, meaning, number, text

_DUPLICATE = {1062, 1586, 1859, 1761, 1762}
_FOREIGN_KEY = {1451, 1452}
_NO_VALUE = {1048, 1263, 1364}
_CHECK = {3819, 4025}

# The name comes first; words after it may have an apostrophe ("doesn't").
_FIRST_QUOTED = re.compile(r"'([^']+)'")
# The value comes first and may hold quotes and any words: the key is what is quoted last.
_LAST_QUOTED = re.compile(r".*'([^']+)'", re.DOTALL)

_NAME = r"(?:`((?:[^`]|``)+)`|\"((?:[^\"]|\"\")+)\")"
_BACKQUOTED = re.compile(_NAME)
# The server quotes the declaration, in its own syntax, which no language changes.
_REFERENCE = re.compile(rf"{_NAME}, CONSTRAINT {_NAME} FOREIGN KEY \(([^()]*)\)")

# What a class means where neither number nor SQLSTATE is known (PEP 249).
_KINDS = {
    "DataError": DatabaseKind.INVALID_VALUE,
    "IntegrityError": DatabaseKind.CHECK,
    "ProgrammingError": DatabaseKind.PROGRAMMING,
    "NotSupportedError": DatabaseKind.PROGRAMMING,
    "Error": DatabaseKind.INTERNAL,
}


def failure(exception: BaseException, package: str) -> DatabaseFailure | None:
    """Return the facts of an exception of a driver of `package`.

    Args:
        exception: Its arguments are the error number and the message.
        package: The driver's top-level package, for errors that it raises without a number.
    """
    error = number(argument(exception, 0))
    sqlstate = text(exception, "sqlstate")
    row = codes.by_mysql(error, sqlstate) if error is not None else None
    kind = row.kind if row is not None else meaning(exception, package, _KINDS)
    if kind is None:
        return None
    if error == 0 and meaning(exception, package, {"InterfaceError": True}):
        kind = DatabaseKind.CANNOT_CONNECT  # both drivers say so of a connection that is closed
    facts = DatabaseFailure(kind=kind, sqlstate=sqlstate, number=error)
    message = text(argument(exception, 1))
    return facts if message is None or error is None else _with_names(facts, error, message)


def _with_names(facts: DatabaseFailure, error: int, message: str) -> DatabaseFailure:
    if error in _DUPLICATE:
        return _with_key(facts, message)
    if error in _FOREIGN_KEY:
        return _with_reference(facts, message)
    if error in _CHECK:
        return _with_check(facts, message)
    column = _FIRST_QUOTED.search(message) if error in _NO_VALUE else None
    return facts if column is None else facts._replace(columns=(column[1],))


def _with_key(facts: DatabaseFailure, message: str) -> DatabaseFailure:
    """Read `... 'users.email_key'` (MySQL since 8.0.19) or `... 'email_key'` (MariaDB)."""
    found = _LAST_QUOTED.match(message)
    if found is None:
        return facts
    table, dot, key = found[1].partition(".")
    if dot and table and key:
        return facts._replace(table=table, constraint=key)
    return facts._replace(constraint=found[1])


def _with_reference(facts: DatabaseFailure, message: str) -> DatabaseFailure:
    """Read ``(`test`.`orders`, CONSTRAINT `fk` FOREIGN KEY (`user`) REFERENCES ...``."""
    found = _REFERENCE.search(message)
    if found is None:
        return facts
    table, constraint = _unquoted(found[1], found[2]), _unquoted(found[3], found[4])
    columns = tuple(_unquoted(*pair) for pair in _BACKQUOTED.findall(found[5]))
    return facts._replace(constraint=constraint, table=table, columns=columns)


def _with_check(facts: DatabaseFailure, message: str) -> DatabaseFailure:
    """Read ``CONSTRAINT `adult` failed for `test`.`users` `` or `... 'adult' ...` (MySQL)."""
    names = [_unquoted(*pair) for pair in _BACKQUOTED.findall(message)]
    if names:
        table = names[-1] if len(names) > 1 else None
        return facts._replace(constraint=names[0], table=table)
    found = _FIRST_QUOTED.search(message)
    return facts if found is None else facts._replace(constraint=found[1])


def _unquoted(backquoted: str | None, quoted: str | None) -> str:
    return (backquoted or "").replace("``", "`") or (quoted or "").replace('""', '"')
