"""What PostgreSQL tells of a failure, whichever driver hands it on."""

from __future__ import annotations

from tightlip.failure import DatabaseFailure, DatabaseKind
from tightlip.translation import codes
from tightlip.translation.foreign import text


def failure(sqlstate: str, diagnostics: object) -> DatabaseFailure:
    """Return the facts of an error that the server reported.

    Args:
        sqlstate: The SQLSTATE, always in the same five characters.
        diagnostics: The driver's object with the fields `constraint_name`, `table_name` and
            `column_name` (PostgreSQL manual, "Error and Notice Message Fields"). The server fills
            them with names alone: no field is translated, and none holds a value.
    """
    row = codes.by_sqlstate(sqlstate)
    column = text(diagnostics, "column_name")
    return DatabaseFailure(
        kind=row.kind if row is not None else DatabaseKind.INTERNAL,
        sqlstate=sqlstate,
        constraint=text(diagnostics, "constraint_name"),
        table=text(diagnostics, "table_name"),
        columns=() if column is None else (column,),
    )
