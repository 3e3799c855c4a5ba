"""Ariadne: the words of a GraphQL error stay where they are a plain text; no others leave."""

from ariadne import QueryType, make_executable_schema
from ariadne.asgi import GraphQL
from graphql import GraphQLError

import tightlip

DISHES = {1: ["soup", "bread"], 2: []}

query = QueryType()


@query.field("firstDish")
def first_dish(_root: object, _info: object, table: int) -> str:
    if table not in DISHES:
        raise GraphQLError("There is no such table")
    return DISHES[table][0]


schema = make_executable_schema("type Query { firstDish(table: Int!): String! }", query)
app = tightlip.shield(GraphQL(schema))
