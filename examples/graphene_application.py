"""Graphene: the words of a GraphQL error stay where they are a plain text; no others leave."""

from graphene import Int, ObjectType, Schema, String
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import tightlip

DISHES = {1: ["soup", "bread"], 2: []}


class Query(ObjectType):
    first_dish = String(required=True, table=Int(required=True))

    def resolve_first_dish(self, _info: object, table: int) -> str:
        if table not in DISHES:
            raise GraphQLError("There is no such table")
        return DISHES[table][0]


schema = tightlip.shield(Schema(query=Query))


async def answer(request: Request) -> Response:
    content = await request.json()
    result = await schema.execute_async(content["query"])
    return JSONResponse(result.formatted)


app = tightlip.shield(Starlette(routes=[Route("/", answer, methods=["POST"])]))
