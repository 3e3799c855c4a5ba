"""Ariadne."""

from __future__ import annotations

import ariadne
from ariadne.asgi import GraphQL
from ariadne.asgi.handlers import GraphQLTransportWSHandler

from contract.graphql_material import FIELDS, SUBSCRIPTIONS, TEXTS, TITLE, crash


def declarations(names):
    return "\n".join(f"{name}: {'String' if name in TEXTS else 'Int'}!" for name in names)


TYPES = f"""
    type Seat {{ number: Int! }}
    type Show {{ title: String! seats: [Seat!]! }}
    type Query {{
        {declarations(FIELDS)}
        show: Show
        number(value: Int!): Int!
    }}
    type Mutation {{ crash: Int! }}
    type Subscription {{
        {declarations(SUBSCRIPTIONS)}
    }}
"""


def schema():
    query = ariadne.QueryType()
    for name, resolve in FIELDS.items():
        query.set_field(name, lambda *_, resolve=resolve: resolve())
    query.set_field("show", lambda *_: {"title": TITLE, "seats": [{}]})
    query.set_field("number", lambda *_, value: value)
    mutation = ariadne.MutationType()
    mutation.set_field("crash", lambda *_: crash())
    seat = ariadne.ObjectType("Seat")
    seat.set_field("number", lambda *_: crash())
    subscription = ariadne.SubscriptionType()
    for name, source in SUBSCRIPTIONS.items():
        subscription.set_source(name, lambda _, info, source=source: source(info))
        subscription.set_field(name, lambda event, *_: event)
    return ariadne.make_executable_schema(TYPES, query, mutation, seat, subscription)


def build(shield, *, debug, introspection):
    return shield(
        GraphQL(
            schema(),
            debug=debug,
            introspection=introspection,
            execute_get_queries=True,
            websocket_handler=GraphQLTransportWSHandler(),
        )
    )
