"""Reader of mysqlclient's exceptions: error number and message."""  # noqa: N999 - the file's name is the library's

from __future__ import annotations

from tightlip.failure import DatabaseFailure
from tightlip.translation import mysql


def read(exception: BaseException) -> DatabaseFailure | None:
    """Return what mysqlclient tells of `exception`; None if it is none of mysqlclient's."""
    return mysql.failure(exception, "MySQLdb")
