"""Graphene, which has no server of its own: behind routes of Starlette."""

from __future__ import annotations

import graphene
from graphql import ExecutionResult
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from contract.graphql_material import FIELDS, SUBSCRIPTIONS, TEXTS, TITLE, crash


def type_of(name):
    return graphene.String if name in TEXTS else graphene.Int


class Seat(graphene.ObjectType):
    number = graphene.Int(required=True)

    def resolve_number(self, info):
        crash()


class Show(graphene.ObjectType):
    title = graphene.String(required=True)
    seats = graphene.List(graphene.NonNull(Seat), required=True)


def query():
    members = {"number": graphene.Int(required=True, value=graphene.Int(required=True))}
    members["resolve_number"] = lambda _, info, value: value
    members["show"] = graphene.Field(Show)
    members["resolve_show"] = lambda _, info: Show(title=TITLE, seats=[Seat()])
    for name, resolve in FIELDS.items():
        members[name] = type_of(name)(required=True)
        members[f"resolve_{name}"] = lambda _, info, resolve=resolve: resolve()
    return type("Query", (graphene.ObjectType,), members)


def mutation():
    members = {"crash": graphene.Int(required=True), "resolve_crash": lambda _, info: crash()}
    return type("Mutation", (graphene.ObjectType,), members)


def subscription():
    members = {}
    for name, source in SUBSCRIPTIONS.items():
        members[name] = type_of(name)(required=True)
        members[f"subscribe_{name}"] = lambda _, info, source=source: source(info)
    return type("Subscription", (graphene.ObjectType,), members)


def build(shield, *, debug, introspection):
    schema = shield(graphene.Schema(query(), mutation(), subscription(), auto_camelcase=False))

    async def asked(request):
        question = await request.json()
        if not isinstance(question, dict) or not isinstance(question.get("query"), str):
            raise HTTPException(400)
        variables = question.get("variables")
        if variables is not None and not isinstance(variables, dict):
            raise HTTPException(400)
        result = await schema.execute_async(
            question["query"],
            variables=variables,
            operation_name=question.get("operationName"),
        )
        return JSONResponse(result.formatted)

    async def listened(socket):
        """Speak the protocol graphql-transport-ws."""
        await socket.accept("graphql-transport-ws")
        await socket.receive_json()
        await socket.send_json({"type": "connection_ack"})
        operation = await socket.receive_json()
        identity = {"id": operation["id"]}
        results = await schema.subscribe(operation["payload"]["query"])
        if isinstance(results, ExecutionResult):
            errors = results.formatted["errors"]
            await socket.send_json({"type": "error", "payload": errors, **identity})
            return
        async for result in results:
            await socket.send_json({"type": "next", "payload": result.formatted, **identity})
        await socket.send_json({"type": "complete", **identity})

    routes = [Route("/", asked, methods=["POST"]), WebSocketRoute("/", listened)]
    return shield(Starlette(debug=debug, routes=routes))
