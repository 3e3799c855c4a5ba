"""Strawberry: an extension of the schema that says of an error only what was declared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, Unpack
from weakref import WeakSet

from strawberry import Schema
from strawberry.extensions import SchemaExtension

from tightlip.failure import Failure
from tightlip.protocols.asgi import Guard
from tightlip.protocols.graphql import Serving, heard, tell_all
from tightlip.protocols.graphql_containment import contain
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.responder.policy import ConfigurationError, Settings, read_policy
from tightlip.responder.responder import Responder

_READERS = {"strawberry.http.async_base_view": frozenset({"parse_http_body"})}

_SHIELDED: WeakSet[Schema] = WeakSet()
"""The schemas that have the extension."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the extension into a schema, or into that of a view or a router; return the same object.

    An ASGI application of Strawberry's gets the guard around it besides.

    Raises:
        ConfigurationError: There is no schema in it.
    """
    schema = getattr(application, "schema", application)
    if not isinstance(schema, Schema):
        raise ConfigurationError("of Strawberry, shield() takes what has a strawberry.Schema")
    if schema not in _SHIELDED:
        _SHIELDED.add(schema)
        schema.extensions = (_factory(responder), *schema.extensions)
    routing = sys.modules.get("strawberry.fastapi")
    if routing is not None and isinstance(application, routing.GraphQLRouter):
        _refuse_plainly(application)
    served = sys.modules.get("strawberry.asgi")  # it needs Starlette, which may not be there
    if served is None or not isinstance(application, served.GraphQL):
        return application
    if not has_put_on(application):
        serving = Serving(served.HTTPException, _READERS)
        guard = Guard(call_of(application), responder, serving)
        put_on(application, _guarded_class(type(application), guard, serving))
    return application


def shield_extension(**settings: Unpack[Settings]) -> Callable[[], SchemaExtension]:
    """Return the extension: `strawberry.Schema(query=Query, extensions=[shield_extension()])`.

    It stands first, so that it has the last word.

    Args:
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    return _factory(Responder(read_policy(settings)))


def read(exception: BaseException) -> Failure | None:  # noqa: ARG001 - what the responder asks
    """Know no exception: errors of GraphQL are told where they stand in a result."""
    return None


def _factory(responder: Responder) -> Callable[[], SchemaExtension]:
    """Return what makes an extension for each operation, as Strawberry asks."""
    contain()

    class ShieldExtension(SchemaExtension):
        def on_operation(self) -> Iterator[None]:
            """Tell the errors of the whole operation once it is over."""
            asked = self.execution_context
            with heard(responder, lambda: f"{asked.query}\n{_written(asked.variables)}"):
                yield
                tell_all(asked.result, responder)

        def on_stream_result(self, result: Any) -> Iterator[None]:
            """Tell the errors of each result of a subscription before it leaves."""
            tell_all(result, responder)
            yield

    return ShieldExtension


def _written(variables: Any) -> str:
    try:
        return json.dumps(variables, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # a file that was sent with it, say
        return ""


def _refuse_plainly(router: Any) -> None:
    """Have a router of FastAPI's refuse a request by an exception that the guard knows.

    It would make a text of it.
    """
    if "run" in vars(router):
        return
    run = router.run
    serving = Serving(sys.modules["strawberry.fastapi.router"].HTTPException, _READERS)

    async def refusing(*arguments: Any, **options: Any) -> Any:
        try:
            return await run(*arguments, **options)
        except Exception as exception:
            status = serving.refuses(exception)
            if status is None:
                raise
        raise sys.modules["starlette.exceptions"].HTTPException(status)

    router.run = refusing


def _guarded_class(before: Any, guard: Guard, serving: Serving) -> type:
    class Guarded(before):  # type: ignore[misc]
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await guard(scope, receive, send)

        async def run(self, request: Any, *arguments: Any, **options: Any) -> Any:
            """Tell the guard why a request is refused, before that is an answer of text."""
            try:
                return await super().run(request, *arguments, **options)
            except Exception as exception:
                serving.hear(request.scope, exception)
                raise

    return Guarded
