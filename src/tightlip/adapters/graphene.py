"""Graphene: results and a formatter that say of an error only what was declared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Unpack

from graphene import Schema
from graphql import ExecutionResult, GraphQLError

from tightlip.failure import Failure
from tightlip.protocols.graphql import tell, tell_all
from tightlip.protocols.graphql_containment import contain
from tightlip.protocols.instance import has_put_on, put_on
from tightlip.responder.policy import ConfigurationError, Settings, read_policy
from tightlip.responder.responder import Responder


def wrap(application: Any, responder: Responder) -> Any:
    """Have a schema tell in its results only what was declared; return the same object.

    Raises:
        ConfigurationError: It is no schema: Graphene has no application of its own.
    """
    if not isinstance(application, Schema):
        raise ConfigurationError("of Graphene, shield() takes a graphene.Schema")
    contain()
    if not has_put_on(application):
        put_on(application, _telling_class(type(application), responder))
    return application


def error_formatter(**settings: Unpack[Settings]) -> Callable[[GraphQLError], dict[str, Any]]:
    """Return a formatter for servers that take one, and execute the schema by themselves.

    Args:
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    contain()
    responder = Responder(read_policy(settings))

    def format_error(error: GraphQLError) -> dict[str, Any]:
        return dict(tell(error, responder).formatted)

    return format_error


def read(exception: BaseException) -> Failure | None:  # noqa: ARG001 - what the responder asks
    """Know no exception: errors of GraphQL are told where they stand in a result."""
    return None


def _telling_class(before: Any, responder: Responder) -> type:
    class Telling(before):  # type: ignore[misc]
        def execute(self, *arguments: Any, **options: Any) -> Any:
            result = super().execute(*arguments, **options)
            tell_all(result, responder)
            return result

        async def execute_async(self, *arguments: Any, **options: Any) -> Any:
            result = await super().execute_async(*arguments, **options)
            tell_all(result, responder)
            return result

        async def subscribe(self, query: Any, *arguments: Any, **options: Any) -> Any:
            result = await super().subscribe(query, *arguments, **options)
            if isinstance(result, ExecutionResult):
                tell_all(result, responder)
                return result
            return _told(result, responder)

    return Telling


async def _told(results: Any, responder: Responder) -> AsyncIterator[Any]:
    """Yield the results of a subscription with what leaves of their errors."""
    try:
        async for result in results:
            tell_all(result, responder)
            yield result
    except Exception as exception:  # the source of the events failed
        error = GraphQLError("", original_error=exception)
        yield ExecutionResult(None, [tell(error, responder)])
    finally:
        await results.aclose()
