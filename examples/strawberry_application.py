"""Strawberry: the words of a GraphQL error stay where they are a plain text; no others leave."""

import strawberry
from graphql import GraphQLError
from strawberry.asgi import GraphQL

import tightlip

DISHES = {1: ["soup", "bread"], 2: []}


@strawberry.type
class Query:
    @strawberry.field
    def first_dish(self, table: int) -> str:
        if table not in DISHES:
            raise GraphQLError("There is no such table")
        return DISHES[table][0]


app = tightlip.shield(GraphQL(strawberry.Schema(Query)))
