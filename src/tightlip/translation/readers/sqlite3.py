"""Reader of sqlite3's exceptions, which aiosqlite raises too: extended result code and message.

SQLite does not translate its messages; the names in them are those of the schema, never values.
"""

from __future__ import annotations

import re

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation import codes
from tightlip.translation.foreign import argument, meaning, number, text

# What a class means where Python's module itself raised it, without a code.
_KINDS = {
    "DataError": DatabaseKind.INVALID_VALUE,
    "InterfaceError": DatabaseKind.PROGRAMMING,
    "ProgrammingError": DatabaseKind.PROGRAMMING,
    "NotSupportedError": DatabaseKind.PROGRAMMING,
    "Error": DatabaseKind.INTERNAL,
}
_FAILED = " constraint failed: "
_INDEX = re.compile(r"index '(.+)'", re.DOTALL)


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what sqlite3 tells of `exception`; None if it is none of sqlite3's."""
    kind = meaning(exception, "sqlite3", _KINDS)
    if kind is None:
        return None
    code = number(exception, "sqlite_errorcode")
    row = codes.by_sqlite(code) if code is not None else None
    facts = DatabaseFailure(row.kind if row is not None else kind, number=code)
    message = text(argument(exception, 0)) or ""
    _, _, names = message.partition(_FAILED)
    return _with_names(facts, names) if names else facts


def _with_names(facts: DatabaseFailure, names: str) -> DatabaseFailure:
    """Read `users.tenant, users.email`, `index 'name'`, or the name of a check constraint."""
    index = _INDEX.fullmatch(names)
    if index is not None:
        return facts._replace(constraint=index[1])
    if facts.kind not in {DatabaseKind.UNIQUE, DatabaseKind.NOT_NULL}:
        return facts._replace(constraint=names)
    table, dot, rest = names.partition(".")
    if not dot:
        return facts
    return facts._replace(table=table, columns=tuple(rest.split(f", {table}.")))
