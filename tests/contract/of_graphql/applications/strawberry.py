"""Strawberry."""

from __future__ import annotations

from collections.abc import AsyncIterator

import strawberry
from strawberry.asgi import GraphQL
from strawberry.extensions import DisableIntrospection
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from contract.graphql_material import FIELDS, SUBSCRIPTIONS, TEXTS, TITLE, crash


def type_of(name):
    return str if name in TEXTS else int


def field(name, resolve):
    def resolver():
        return resolve()

    resolver.__name__ = name
    resolver.__annotations__["return"] = type_of(name)
    return strawberry.field(resolver)


def subscription(name, source):
    async def resolver(info: strawberry.Info):
        async for event in source(info):
            yield event

    resolver.__name__ = name
    resolver.__annotations__ = {
        "info": strawberry.Info,
        "return": AsyncIterator[type_of(name)],
    }
    return strawberry.subscription(resolver)


@strawberry.type
class Seat:
    @strawberry.field
    def number(self) -> int:
        crash()


@strawberry.type
class Show:
    title: str
    seats: list[Seat]


@strawberry.field
def show() -> Show | None:
    return Show(title=TITLE, seats=[Seat()])


@strawberry.field
def number(value: int) -> int:
    return value


def build(shield, *, debug, introspection):
    fields = [field(name, resolve) for name, resolve in FIELDS.items()]
    sources = [subscription(name, source) for name, source in SUBSCRIPTIONS.items()]
    schema = strawberry.Schema(
        create_type("Query", [*fields, show, number]),
        create_type("Mutation", [field("crash", crash)]),
        create_type("Subscription", sources),
        config=StrawberryConfig(batching_config={"max_operations": 3}),
        extensions=[] if introspection else [DisableIntrospection],
    )
    return shield(GraphQL(schema))
