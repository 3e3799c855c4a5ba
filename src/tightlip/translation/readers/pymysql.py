"""Reader of PyMySQL's exceptions, which aiomysql raises too: error number and message."""

from __future__ import annotations

from tightlip.failure import DatabaseFailure
from tightlip.translation import mysql


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what PyMySQL tells of `exception`; None if it is none of PyMySQL's."""
    return mysql.failure(exception, "pymysql")
