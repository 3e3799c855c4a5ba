"""Finding: one place in a text that carries internals, and the kind of internals it carries."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Category(StrEnum):
    """The kinds of internals that a text can carry."""

    STACK_TRACE = "stack_trace"
    SOURCE_PATH = "source_path"
    DATABASE_ERROR = "database_error"
    LIBRARY = "library"
    INFRASTRUCTURE = "infrastructure"
    CREDENTIAL = "credential"
    DEBUG_PAGE = "debug_page"
    SERVER_BANNER = "server_banner"
    EXCEPTION_ECHO = "exception_echo"
    UNDECLARED_TEXT = "undeclared_text"


class Finding(NamedTuple):
    """One place in a text that carries internals.

    Attributes:
        rule: The id of the rule that found it, such as `postgresql-unique-violation`.
        category: What kind of internals it is.
        start: Where it begins, in characters (code points) from the start of the text.
        end: Where it ends; the character at `end` is no longer part of it.
    """

    rule: str
    category: Category
    start: int
    end: int
