"""Codes of databases, and what each means: the tables of this folder, read at first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tightlip.failure import DatabaseKind

_TEXT = {"kind": str, "name": str, "reason": str}


class TableError(ValueError):
    """A table cannot be used; the message names the file, the row and the key."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a code means.

    Attributes:
        kind: What went wrong.
        name: The code's name in its product's manual.
        reason: Why it is of this kind, in one sentence.
    """

    kind: DatabaseKind
    name: str
    reason: str


def by_sqlstate(sqlstate: str) -> Row | None:
    """Return the row of an SQLSTATE of PostgreSQL, else of its class, else None.

    Source: PostgreSQL 17, Appendix A; ISO/IEC 9075 for the classes.
    """
    if not _is_sqlstate(sqlstate):
        return None
    table = _sqlstates()
    return table.get(sqlstate) or table.get(sqlstate[:2])


def by_mysql(number: int, sqlstate: str | None = None) -> Row | None:
    """Return the row of an error number of MySQL or MariaDB, else of its SQLSTATE's class.

    Args:
        number: The error number, of the server (from 1000) or of the client (from 2000).
        sqlstate: The SQLSTATE, where the driver tells it. `HY000`, which says nothing, has no row.
    """
    numbers, classes = _mysql()
    row = numbers.get(number)
    if row is None and sqlstate is not None and _is_sqlstate(sqlstate):
        row = classes.get(sqlstate[:2])
    return row


def by_sqlite(code: int) -> Row | None:
    """Return the row of a result code of SQLite, extended or primary, else of its primary code.

    The primary code is the lower eight bits (SQLite documentation, "Result and Error Codes").
    """
    table = _sqlite()
    return table.get(code) or table.get(code & 0xFF)


@cache
def _sqlstates() -> Mapping[str, Row]:
    return sqlstate_rows(_content("sqlstate.toml"), "sqlstate.toml")


@cache
def _mysql() -> tuple[Mapping[int, Row], Mapping[str, Row]]:
    return mysql_rows(_content("mysql.toml"), "mysql.toml")


@cache
def _sqlite() -> Mapping[int, Row]:
    return sqlite_rows(_content("sqlite.toml"), "sqlite.toml")


def _content(name: str) -> dict[str, Any]:
    import tomllib  # only where a code is asked for
    from importlib.resources import files

    text = (files("tightlip.translation") / "tables" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def sqlstate_rows(content: Mapping[str, Any], file: str) -> dict[str, Row]:
    """Return the rows of a table of SQLSTATEs, by code of five and class of two characters.

    Raises:
        TableError: A key is unknown, missing, of a wrong type, or a code stands twice.
    """
    rows: dict[str, Row] = {}
    for position, table in _tables(content, file, {"class"}):
        _check(table, position, _TEXT | {"code": str, "conditions": dict}, {"exception": list})
        code = table["code"]
        where = f"{file}: class {code!r}"
        group = _row(table, where)
        _add(rows, code, group, where)
        exceptions = dict(_exceptions(table.get("exception", []), where))
        for condition, name in table["conditions"].items():
            if not (_is_sqlstate(condition) and condition[:2] == code and isinstance(name, str)):
                raise TableError(f"{where}: condition {condition!r} is no code and name of it")
            kind, reason = exceptions.pop(condition, (group.kind, group.reason))
            _add(rows, condition, Row(kind, name, reason), f"{where}: condition {condition!r}")
        if exceptions:
            raise TableError(f"{where}: exception {min(exceptions)!r} is none of its conditions")
    return rows


def mysql_rows(content: Mapping[str, Any], file: str) -> tuple[dict[int, Row], dict[str, Row]]:
    """Return the rows of a table of MySQL's errors: by number, and by class of SQLSTATE.

    Raises:
        TableError: A key is unknown, missing, of a wrong type, or a number stands twice.
    """
    numbers: dict[int, Row] = {}
    classes: dict[str, Row] = {}
    _known(content, file, {"error", "class"})
    for where, table in _tables({"error": content.get("error")}, file, {"error"}):
        _check(table, where, _TEXT | {"number": int})
        _add(numbers, table["number"], _row(table, where), where)
    for where, table in _tables({"class": content.get("class")}, file, {"class"}):
        _check(table, where, _TEXT | {"code": str})
        _add(classes, table["code"], _row(table, where), where)
    return numbers, classes


def sqlite_rows(content: Mapping[str, Any], file: str) -> dict[int, Row]:
    """Return the rows of a table of SQLite's result codes, by number.

    Raises:
        TableError: A key is unknown, missing, of a wrong type, or a number stands twice.
    """
    rows: dict[int, Row] = {}
    for where, table in _tables(content, file, {"code"}):
        _check(table, where, _TEXT | {"number": int})
        _add(rows, table["number"], _row(table, where), where)
    return rows


def _exceptions(tables: list[Any], where: str) -> Iterator[tuple[str, tuple[DatabaseKind, str]]]:
    for position, table in enumerate(tables, start=1):
        place = f"{where}: exception {position}"
        _check(table, place, {"code": str, "kind": str, "reason": str})
        yield table["code"], (_kind(table, place), table["reason"])


def _tables(content: Mapping[str, Any], file: str, keys: set[str]) -> Iterator[tuple[str, Any]]:
    _known(content, file, keys)
    for key in keys:
        tables = content.get(key)
        if not isinstance(tables, list) or not tables:
            raise TableError(f"{file}: {key} is missing: write at least one [[{key}]]")
        for position, table in enumerate(tables, start=1):
            yield f"{file}: {key} {position}", table


def _known(content: Mapping[str, Any], file: str, keys: set[str]) -> None:
    for key in content.keys() - keys:
        raise TableError(f"{file}: unknown key {key!r}: keys are {', '.join(sorted(keys))}")


def _check(
    table: Any, where: str, needed: Mapping[str, type], optional: Mapping[str, type] | None = None
) -> None:
    if not isinstance(table, dict):
        raise TableError(f"{where}: is no table")
    types = {**needed, **(optional or {})}
    for key, value in table.items():
        if key not in types:
            raise TableError(f"{where}: unknown key {key!r}: keys are {', '.join(sorted(types))}")
        if type(value) is not types[key] or value == "":
            raise TableError(f"{where}: {key} is {value!r}, not {types[key].__name__}")
    for key in needed:
        if key not in table:
            raise TableError(f"{where}: {key} is missing")


def _row(table: Mapping[str, Any], where: str) -> Row:
    return Row(_kind(table, where), table["name"], table["reason"])


def _kind(table: Mapping[str, Any], where: str) -> DatabaseKind:
    try:
        return DatabaseKind(table["kind"])
    except ValueError:
        kinds = ", ".join(DatabaseKind)
        raise TableError(f"{where}: kind {table['kind']!r} is unknown: kinds are {kinds}") from None


def _add(rows: dict[Any, Row], key: object, row: Row, where: str) -> None:
    if key in rows:
        raise TableError(f"{where}: {key!r} stands there already: each once")
    rows[key] = row


def _is_sqlstate(text: str) -> bool:
    return len(text) == 5 and text.isalnum() and text.isascii()  # noqa: PLR2004 - ISO/IEC 9075
