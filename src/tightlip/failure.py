"""What is known of a failure, in facts alone: no words for a client stand here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias


class DatabaseKind(StrEnum):
    """What went wrong in a database, whatever its product."""

    UNIQUE = "unique"
    EXCLUSION = "exclusion"
    FOREIGN_KEY = "foreign_key"
    CHECK = "check"
    NOT_NULL = "not_null"
    INVALID_VALUE = "invalid_value"
    DEADLOCK = "deadlock"
    SERIALIZATION = "serialization"
    LOCK_TIMEOUT = "lock_timeout"
    STATEMENT_TIMEOUT = "statement_timeout"
    POOL_EXHAUSTED = "pool_exhausted"
    CANNOT_CONNECT = "cannot_connect"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    SHUTTING_DOWN = "shutting_down"
    READ_ONLY = "read_only"
    DISK_FULL = "disk_full"
    PERMISSION_DENIED = "permission_denied"
    PROGRAMMING = "programming"
    INTERNAL = "internal"


class NetworkKind(StrEnum):
    """What went wrong between us and something that we call."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    BAD_ANSWER = "bad_answer"


class HttpFailure(NamedTuple):
    """A framework's own HTTP exception: a status and what its author put beside it."""

    status: int
    detail: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


class DatabaseFailure(NamedTuple):
    """A failure that a database or its driver reported.

    Attributes:
        kind: What went wrong.
        sqlstate: Five characters of ISO/IEC 9075, where the driver tells them.
        number: The vendor's own error number (MySQL, SQLite), where there is one.
        constraint: The name of the violated constraint or unique key.
        table: The table, without schema.
        columns: The columns concerned, without table.
    """

    kind: DatabaseKind
    sqlstate: str | None = None
    number: int | None = None
    constraint: str | None = None
    table: str | None = None
    columns: tuple[str, ...] = ()


class NetworkFailure(NamedTuple):
    """A failure to reach, or to be answered by, a service that the application calls."""

    kind: NetworkKind


class FieldFailure(NamedTuple):
    """One value of the request that was refused.

    Attributes:
        location: The place in the request as the API names it, such as `("body", "email")`.
        type: The validator's name for the failure, such as `string_too_short`.
        context: The limits that were broken, such as `{"min_length": 8}`.
        error: The exception that an application's own validator raised.
    """

    location: tuple[str | int, ...]
    type: str
    context: Mapping[str, Any] = MappingProxyType({})
    error: BaseException | None = None


class ValidationFailure(NamedTuple):
    """The request was read, and its content refused.

    Attributes:
        fields: The values that were refused.
        malformed: Whether the request could not even be read.
        declared: The names that the API's own schema declares, where they are known.
    """

    fields: tuple[FieldFailure, ...] = ()
    malformed: bool = False
    declared: frozenset[str] | None = None


Failure: TypeAlias = HttpFailure | DatabaseFailure | NetworkFailure | ValidationFailure


class Withheld(NamedTuple):
    """Words that did not leave.

    Attributes:
        where: The place that they were to stand in, such as `detail`, `body`, `close reason`.
        text: The words.
        reason: Why they did not leave.
        source: `file:line` of the expression that gave them, where it is known.
        advice: Python source that would declare words for this place.
    """

    where: str
    text: str
    reason: str
    source: str | None = None
    advice: str | None = None
