"""What the resolvers of the contract of GraphQL do, the same for every library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from graphql import GraphQLError

from contract.material import CANARY, LEAK, SoldOut, violate_unique

TITLE = "Hamlet"


def crash() -> NoReturn:
    raise ValueError(CANARY)


def declared() -> NoReturn:
    raise SoldOut


def literal() -> NoReturn:
    raise GraphQLError("There is no such show", extensions={"secret": CANARY})


def formatted() -> NoReturn:
    raise GraphQLError(f"{CANARY} of {crash}")


def database() -> NoReturn:
    violate_unique()
    raise AssertionError("the database took the row twice")


def cancelled() -> NoReturn:
    raise asyncio.CancelledError(CANARY)


FIELDS = {
    "title": lambda: TITLE,
    "leak": lambda: LEAK,
    "crash": crash,
    "declared": declared,
    "literal": literal,
    "formatted": formatted,
    "database": database,
    "cancelled": cancelled,
    "refused": lambda: CANARY,
    "absent": lambda: None,
}
"""The fields of a query without arguments, each of a type that may not be null."""

TEXTS = {"title", "leak"}
"""Those whose type is String; the others are of Int."""


async def titles(info: Any) -> AsyncIterator[str]:
    yield TITLE


def early(info: Any) -> AsyncIterator[int]:
    raise ValueError(CANARY)


def sold_out(info: Any) -> AsyncIterator[int]:
    raise SoldOut


async def late(info: Any) -> AsyncIterator[int]:
    yield 1
    raise ValueError(CANARY)


async def odd(info: Any) -> AsyncIterator[Any]:
    yield CANARY
    yield 2


SUBSCRIPTIONS = {"title": titles, "early": early, "soldOut": sold_out, "late": late, "odd": odd}
"""The sources of events, each of a type that may not be null."""
