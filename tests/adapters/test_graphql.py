"""Strawberry, Ariadne and Graphene: the same errors of the same schema, with the same words."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import closing, suppress
from contextvars import ContextVar
from io import BytesIO, StringIO
from typing import Annotated

import ariadne
import graphene
import pytest
import strawberry
from ariadne.asgi import GraphQL as AriadneGraphQL
from ariadne.wsgi import GraphQL as AriadneWsgi
from fastapi import FastAPI
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from strawberry.asgi import GraphQL as StrawberryGraphQL
from strawberry.extensions import SchemaExtension
from strawberry.fastapi import GraphQLRouter
from strawberry.permission import BasePermission

import tightlip
from tightlip import MaxLength, PublicError, Shield
from tightlip.adapters import ariadne as ariadne_adapter
from tightlip.adapters import graphene as graphene_adapter
from tightlip.adapters.strawberry import shield_extension

CANARY = "canary-e41c"
SEATS = "the seats of row 17 are not there"


class ShowCancelled(PublicError):
    status = 410
    message = "The show is cancelled"


class ShowMoved(PublicError):
    status = 410
    message = "The show is now at {place}"
    place: Annotated[str, MaxLength(40)]


class TicketGone(PublicError):
    status = 410
    message = "Only {left} tickets are left"
    left: int


def crash():
    raise ValueError(CANARY)


def literal():
    raise GraphQLError("There is no such ticket", extensions={"secret": CANARY})


def formatted():
    raise GraphQLError(f"{CANARY} {crash}")


def declared():
    raise TicketGone(left=2)


def plain():
    raise ShowCancelled


def repeated():
    try:
        raise LookupError(SEATS)
    except LookupError as exception:
        seen = str(exception)
    raise ShowMoved(place=seen)


def repeating_the_client(value):
    try:
        raise LookupError(f"no show at {value}")
    except LookupError:
        pass
    raise ShowMoved(place=value)


RESOLVERS = {
    "crash": crash,
    "literal": literal,
    "formatted": formatted,
    "declared": declared,
    "plain": plain,
    "repeated": repeated,
    "refused": lambda: CANARY,
    "absent": lambda: None,
}
SUBSCRIPTION = "subscription { events }"


def fail_later():
    async def events():
        yield 1
        raise ValueError(CANARY)

    return events()


REACHED = ContextVar("reached")


async def sleep_on():
    REACHED.get().set()
    await asyncio.Event().wait()


def ending_strawberry(sink, end):
    async def raising():
        raise end(CANARY)

    @strawberry.type
    class Query:
        @strawberry.field
        def now(self) -> str:
            raise end(CANARY)

        @strawberry.field
        async def later(self) -> str:
            await raising()

        @strawberry.field
        async def fine(self) -> str | None:
            return "fine"

        @strawberry.field
        async def endless(self) -> str | None:
            await sleep_on()

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def events(self) -> AsyncGenerator[str, None]:
            yield "fine"
            raise end(CANARY)

    schema = strawberry.Schema(Query, subscription=Subscription)
    return Shield(sinks=[sink])(schema), schema.execute


def ending_graphene(sink, end):
    class Query(graphene.ObjectType):
        now = graphene.String(required=True)
        later = graphene.String(required=True)
        fine = graphene.String()
        endless = graphene.String()

        def resolve_now(self, info):
            raise end(CANARY)

        async def resolve_later(self, info):
            raise end(CANARY)

        async def resolve_fine(self, info):
            return "fine"

        async def resolve_endless(self, info):
            await sleep_on()

    class Subscription(graphene.ObjectType):
        events = graphene.String(required=True)

        async def subscribe_events(self, info):
            yield "fine"
            raise end(CANARY)

    schema = Shield(sinks=[sink])(graphene.Schema(query=Query, subscription=Subscription))
    return schema, schema.execute_async


class NotAllowed(BasePermission):
    message = CANARY

    def has_permission(self, source, info, **arguments):
        return False


def strawberry_schema(*extensions):
    @strawberry.type
    class Query:
        @strawberry.field
        def crash(self) -> int:
            crash()

        @strawberry.field
        def literal(self) -> int:
            literal()

        @strawberry.field
        def formatted(self) -> int:
            formatted()

        @strawberry.field
        def declared(self) -> int:
            declared()

        @strawberry.field
        def plain(self) -> int:
            plain()

        @strawberry.field
        def repeated(self) -> int:
            repeated()

        @strawberry.field
        def asked(self, value: str) -> int:
            repeating_the_client(value)

        @strawberry.field
        def refused(self) -> int:
            return CANARY

        @strawberry.field
        def absent(self) -> int:
            return None

        @strawberry.field(permission_classes=[NotAllowed])
        def guarded(self) -> int:
            return 1

        @strawberry.field
        def number(self, value: int) -> int:
            return value

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def events(self) -> int:
            async for event in fail_later():
                yield event

    return strawberry.Schema(Query, subscription=Subscription, extensions=extensions)


TYPES = """
    type Query {
        crash: Int!
        literal: Int!
        formatted: Int!
        declared: Int!
        plain: Int!
        repeated: Int!
        asked(value: String!): Int!
        refused: Int!
        absent: Int!
        number(value: Int!): Int!
    }
    type Subscription {
        events: Int!
    }
"""


def ariadne_schema():
    query = ariadne.QueryType()
    for name, resolver in RESOLVERS.items():
        query.set_field(name, lambda *_, resolver=resolver: resolver())
    query.set_field("number", lambda *_, value: value)
    query.set_field("asked", lambda *_, value: repeating_the_client(value))
    subscription = ariadne.SubscriptionType()
    subscription.set_source("events", lambda *_: fail_later())
    subscription.set_field("events", lambda event, *_: event)
    return ariadne.make_executable_schema(TYPES, query, subscription)


def graphene_schema():
    class Query(graphene.ObjectType):
        crash = graphene.Int(required=True)
        literal = graphene.Int(required=True)
        formatted = graphene.Int(required=True)
        declared = graphene.Int(required=True)
        plain = graphene.Int(required=True)
        refused = graphene.Int(required=True)
        absent = graphene.Int(required=True)
        number = graphene.Int(required=True, value=graphene.Int(required=True))

        def resolve_crash(self, info):
            crash()

        def resolve_literal(self, info):
            literal()

        def resolve_formatted(self, info):
            formatted()

        def resolve_declared(self, info):
            declared()

        def resolve_plain(self, info):
            plain()

        def resolve_refused(self, info):
            return CANARY

        def resolve_number(self, info, value):
            return value

    class Subscription(graphene.ObjectType):
        events = graphene.Int(required=True)

        def subscribe_events(self, info):
            return fail_later()

    return graphene.Schema(query=Query, subscription=Subscription)


def over_http(application):
    """A way to ask an application that is served over ASGI."""
    client = TestClient(application, raise_server_exceptions=False)

    def asked(query, variables=None):
        response = client.post("/", json={"query": query, "variables": variables})
        return response.json()

    return asked


def shielded_strawberry(sink):
    return over_http(Shield(sinks=[sink])(StrawberryGraphQL(strawberry_schema())))


def extended_strawberry(sink):
    return over_http(StrawberryGraphQL(strawberry_schema(shield_extension(sinks=[sink]))))


def shielded_ariadne(sink):
    return over_http(Shield(sinks=[sink])(AriadneGraphQL(ariadne_schema(), debug=True)))


def formatted_ariadne(sink):
    formatter = ariadne_adapter.error_formatter(sinks=[sink])
    return over_http(AriadneGraphQL(ariadne_schema(), error_formatter=formatter, debug=True))


def shielded_ariadne_on_wsgi(sink):
    application = Shield(sinks=[sink])(AriadneWsgi(ariadne_schema(), debug=True))

    def asked(query, variables=None):
        body = json.dumps({"query": query, "variables": variables}).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "api.example",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": StringIO(),
        }
        with closing(application(environ, lambda *_: None)) as body:
            return json.loads(b"".join(body))

    return asked


def shielded_graphene(sink):
    schema = Shield(sinks=[sink])(graphene_schema())
    return lambda query, variables=None: schema.execute(query, variables=variables).formatted


def shielded_graphene_async(sink):
    schema = Shield(sinks=[sink])(graphene_schema())

    def asked(query, variables=None):
        return asyncio.run(schema.execute_async(query, variables=variables)).formatted

    return asked


def formatted_graphene(sink):
    schema = graphene_schema()
    formatter = graphene_adapter.error_formatter(sinks=[sink])

    def asked(query, variables=None):
        result = schema.execute(query, variables=variables)
        return {"data": result.data, "errors": [formatter(error) for error in result.errors]}

    return asked


WAYS = [
    shielded_strawberry,
    extended_strawberry,
    shielded_ariadne,
    formatted_ariadne,
    shielded_ariadne_on_wsgi,
    shielded_graphene,
    shielded_graphene_async,
    formatted_graphene,
]


def shown(result):
    """Return a result as a server shows it."""
    return {"data": result.data, "errors": [error.formatted for error in result.errors or ()]}


def one_error(answer):
    assert CANARY not in json.dumps(answer)
    assert not answer.get("data")
    (error,) = answer["errors"]
    reference = error["extensions"].pop("reference", None)
    return error, reference


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("field", "message", "extensions"),
    [
        ("crash", "Something went wrong", {"code": "INTERNAL_SERVER_ERROR"}),
        ("refused", "Something went wrong", {"code": "INTERNAL_SERVER_ERROR"}),
        ("absent", "Something went wrong", {"code": "INTERNAL_SERVER_ERROR"}),
        ("literal", "There is no such ticket", {"code": "INVALID_REQUEST"}),
        (
            "formatted",
            "The request could not be understood. Check it and try again",
            {"code": "INVALID_REQUEST"},
        ),
        ("plain", "The show is cancelled", {"code": "SHOW_CANCELLED"}),
        (
            "declared",
            "Only 2 tickets are left",
            {"code": "TICKET_GONE", "details": {"left": 2}},
        ),
    ],
)
def test_what_a_resolver_raises(sink, way, field, message, extensions):
    error, reference = one_error(way(sink)(f"{{\n  {field}\n}}"))
    assert error == {
        "message": message,
        "locations": [{"line": 2, "column": 3}],
        "path": [field],
        "extensions": extensions,
    }
    recorded = field not in {"literal", "plain", "declared"}
    assert (reference is not None) is recorded
    assert len(sink.incidents) == recorded
    if recorded:
        assert sink.find(reference)["event_name"] == "graphql.exception"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", None, "INVALID_REQUEST"),
        ("{ crush }", None, "VALIDATION_ERROR"),
        ('{ number(value: "canary-e41c") }', None, "VALIDATION_ERROR"),
        ("query($v: Int!) { number(value: $v) }", {"v": CANARY}, "VALIDATION_ERROR"),
        ("query($v: Int!) { number(value: $v) }", None, "VALIDATION_ERROR"),
    ],
)
def test_what_a_client_asks_wrongly_describes_no_schema(sink, way, query, variables, code):
    error, reference = one_error(way(sink)(query, variables))
    assert error["extensions"] == {"code": code}
    assert reference is None
    for word in ("crash", "Int", "Query", "Syntax", "Variable", "Did you mean"):
        assert word not in error["message"]
    assert error["locations"]
    assert not sink.incidents


@pytest.mark.parametrize("protocol", ["graphql-transport-ws", "graphql-ws"])
@pytest.mark.parametrize("served", ["strawberry", "ariadne"])
def test_an_event_of_a_subscription_that_fails(sink, served, protocol):
    if served == "strawberry":
        application = StrawberryGraphQL(strawberry_schema())
    else:
        handlers = {
            "graphql-ws": ariadne.asgi.handlers.GraphQLWSHandler,
            "graphql-transport-ws": ariadne.asgi.handlers.GraphQLTransportWSHandler,
        }
        application = AriadneGraphQL(
            ariadne_schema(), websocket_handler=handlers[protocol](), debug=True
        )
    client = TestClient(Shield(sinks=[sink])(application))
    start, event = {
        "graphql-ws": ("start", "data"),
        "graphql-transport-ws": ("subscribe", "next"),
    }[protocol]
    with client.websocket_connect("/", subprotocols=[protocol]) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json({"id": "1", "type": start, "payload": {"query": SUBSCRIPTION}})
        first = socket.receive_json()
        assert (first["type"], first["payload"]["data"]) == (event, {"events": 1})
        second = socket.receive_json()
    assert CANARY not in json.dumps(second)
    (error,) = second["payload"]["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["message"] == "Something went wrong"
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


@pytest.mark.parametrize(
    ("query", "name"), [("{ number(value: 1) }", None), (SUBSCRIPTION, "unknown")]
)
def test_a_client_that_asks_a_websocket_for_no_subscription_makes_no_incident(sink, query, name):
    client = TestClient(Shield(sinks=[sink])(StrawberryGraphQL(strawberry_schema())))
    payload = {"query": query, "operationName": name}
    with client.websocket_connect("/", subprotocols=["graphql-ws"]) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json({"id": "1", "type": "start", "payload": payload})
        answer = socket.receive_json()
    assert (answer["type"], answer["payload"]["extensions"]["code"]) == ("error", "INVALID_REQUEST")
    assert not sink.incidents


def test_an_event_of_a_subscription_that_fails_on_graphene(sink):
    schema = Shield(sinks=[sink])(graphene_schema())

    async def listen(query):
        results = await schema.subscribe(query)
        if not hasattr(results, "__aiter__"):
            return [results.formatted]
        return [result.formatted async for result in results]

    *_, last = asyncio.run(listen(SUBSCRIPTION))
    error, _ = one_error(last)
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    (wrong,) = asyncio.run(listen("subscription { evens }"))
    assert one_error(wrong)[0]["extensions"] == {"code": "VALIDATION_ERROR"}


ENDS = [SystemExit, GeneratorExit, asyncio.CancelledError]


@pytest.mark.parametrize("make", [ending_strawberry, ending_graphene])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("query", ["{ later }", "{ fine later }", "{ now }"])
def test_a_resolver_that_asks_for_the_end_of_more_than_itself_fails(sink, make, end, query):
    _, execute = make(sink, end)
    error, reference = one_error(shown(asyncio.run(execute(query))))
    assert error["path"] == [query.split()[-2]]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    (incident,) = sink.incidents
    assert incident.reference == reference
    assert incident["exception.type"].endswith(end.__name__)


@pytest.mark.parametrize("make", [ending_strawberry, ending_graphene])
@pytest.mark.parametrize("end", ENDS)
def test_the_source_of_a_subscription_that_asks_for_an_end_fails(sink, make, end):
    schema, _ = make(sink, end)

    async def listen():
        events = await schema.subscribe(SUBSCRIPTION)
        return [shown(event) async for event in events]

    first, second = asyncio.run(listen())
    assert first == {"data": {"events": "fine"}, "errors": []}
    error, _ = one_error(second)
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    (incident,) = sink.incidents
    assert incident["exception.type"].endswith(end.__name__)


@pytest.mark.parametrize("make", [ending_strawberry, ending_graphene])
def test_a_field_that_is_really_cancelled_makes_no_incident(sink, make):
    _, execute = make(sink, ValueError)

    async def cancelled():
        reached = asyncio.Event()
        REACHED.set(reached)
        task = asyncio.ensure_future(execute("{ endless }"))
        await reached.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(cancelled())
    assert not sink.incidents


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the interpreter tells no raises")
@pytest.mark.parametrize(
    "way", [shielded_strawberry, extended_strawberry, shielded_ariadne, shielded_ariadne_on_wsgi]
)
def test_a_parameter_that_repeats_an_exception_dealt_with_before_is_withheld(sink, way):
    answer = way(sink)("{ repeated }")
    assert SEATS not in json.dumps(answer)
    error, reference = one_error(answer)
    assert error["extensions"] == {"code": "GONE"}
    (incident,) = sink.incidents
    assert incident.reference == reference
    (withheld,) = incident["withheld"]
    assert (withheld["where"], withheld["text"]) == ("parameter place", SEATS)


@pytest.mark.parametrize(
    "way", [shielded_strawberry, extended_strawberry, shielded_ariadne, shielded_ariadne_on_wsgi]
)
def test_a_parameter_that_repeats_the_client_is_told(sink, way):
    answer = way(sink)("query($value: String!) { asked(value: $value) }", {"value": "Oak Avenue"})
    error, _ = one_error(answer)
    details = {"place": "Oak Avenue"}
    assert error["extensions"] == {"code": "SHOW_MOVED", "details": details}
    assert not sink.incidents


def test_a_permission_that_is_refused_is_told_as_that(sink):
    error, reference = one_error(shielded_strawberry(sink)("{ guarded }"))
    assert error["extensions"] == {"code": "ACCESS_DENIED"}
    assert reference is None


def test_our_extension_has_the_last_word(sink):
    class Telling(SchemaExtension):
        def on_operation(self):
            yield
            self.execution_context.result.errors = [GraphQLError(f"{CANARY} {self}")]

    schema = Shield(sinks=[sink])(strawberry_schema(Telling))
    (error,) = schema.execute_sync("{ number(value: 1) }").errors
    assert CANARY not in error.message
    assert error.extensions["code"] == "INVALID_REQUEST"


def test_the_same_objects_come_back_and_twice_counts_once(sink):
    schema = strawberry_schema()
    served = StrawberryGraphQL(schema)
    for thing in (schema, served, AriadneGraphQL(ariadne_schema()), graphene_schema()):
        assert Shield(sinks=[sink])(thing) is thing
        assert tightlip.shield(thing) is thing
    assert len(schema.extensions) == 1
    over_http(served)("{ crash }")
    assert len(sink.incidents) == 1


def test_an_error_that_passes_two_extensions_is_decided_once(sink):
    schema = Shield(sinks=[sink])(strawberry_schema(shield_extension(sinks=[sink])))
    (error,) = schema.execute_sync("{ crash }").errors
    (incident,) = sink.incidents
    assert error.extensions["reference"] == incident.reference


def included_later(shield):
    application = shield(FastAPI())
    application.include_router(GraphQLRouter(strawberry_schema()), prefix="/graphql")
    return application


def included_before(shield):
    application = FastAPI()
    application.include_router(GraphQLRouter(strawberry_schema()), prefix="/graphql")
    return shield(application)


def copied(shield):
    application = FastAPI()  # as an older FastAPI includes a router
    router = GraphQLRouter(strawberry_schema(), path="/graphql")
    application.router.routes.extend(router.routes)
    return shield(application)


def routed_to(shield):
    application = shield(FastAPI())
    application.add_route("/graphql", StrawberryGraphQL(strawberry_schema()))
    return application


def mounted(shield):
    return shield(Starlette(routes=[Mount("/graphql", AriadneGraphQL(ariadne_schema()))]))


@pytest.mark.parametrize("served", [included_later, included_before, copied, routed_to, mounted])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_inside_of_another_application_one_shield_is_enough(sink, served):
    client = TestClient(served(Shield(sinks=[sink])), raise_server_exceptions=False)

    def asked(query):
        return client.post("/graphql", json={"query": query}).json()

    error, reference = one_error(asked("{ crash }"))
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    assert error["path"] == ["crash"]
    assert [incident.reference for incident in sink.incidents] == [reference]
    assert one_error(asked("{ literal }"))[0]["message"] == "There is no such ticket"
    assert one_error(asked("{ crush }"))[0]["extensions"] == {"code": "VALIDATION_ERROR"}
    headers = {"content-type": "application/json"}
    for body in (b"", b'{"query":', b'"\xff"', b"[" * 100_000):
        response = client.post("/graphql", content=body, headers=headers)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "INVALID_REQUEST"
    assert len(sink.incidents) == 1
