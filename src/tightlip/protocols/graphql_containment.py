"""What keeps a resolver of GraphQL from ending more than its field.

graphql-core runs resolvers that are awaited, and the source of a subscription, in tasks of its
own: the end of the process goes from there to the event loop, past whoever awaits them.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from tightlip.protocols.asgi_exchange import is_for_others, must_pass
from tightlip.protocols.asgi_faults import EndedEarlyError
from tightlip.slots import is_a
from tightlip.substitution import UnknownFunctionError, substitute

_WORDS = "the application asked for its own end"
_PACKAGE = "graphql.execution"


def contain() -> None:
    """Have what is no `Exception` fail the field, or the event, in which it was raised."""
    for module, owner, name, parameters, make in (
        (
            "execute",
            "ExecutionContext",
            "execute_field",
            "self parent_type source field_nodes path",
            _staying,
        ),
        ("subscribe", "", "execute_subscription", "context", _subscribing),
        ("map_async_iterator", "MapAsyncIterator", "__init__", "self iterable callback", _heard),
    ):
        place = sys.modules.get(f"{_PACKAGE}.{module}")
        # Another release may do it in another way.
        with suppress(AttributeError, UnknownFunctionError):
            substitute(getattr(place, owner) if owner else place, name, parameters, make)  # type: ignore[arg-type]


def _staying(execute_field: Callable[..., Any]) -> Callable[..., Any]:
    """Return what executes a field, and has it fail where its resolver asks for an end."""

    @wraps(execute_field)
    def staying(context: Any, parent_type: Any, source: Any, nodes: Any, path: Any) -> Any:
        try:
            result = execute_field(context, parent_type, source, nodes, path)
        except BaseException as exception:
            # A plain call is no generator that could be ended.
            if not is_a(exception, GeneratorExit) and _is_passing(exception, is_for_others):
                raise
            return _fail(context, parent_type, nodes, path, exception)
        if context.is_awaitable(result):
            return _awaited(result, context, parent_type, nodes, path)
        return result

    return staying


async def _awaited(
    result: Awaitable[Any], context: Any, parent_type: Any, nodes: Any, path: Any
) -> Any:
    try:
        return await result
    except BaseException as exception:
        if _is_passing(exception, must_pass):
            raise
        return _fail(context, parent_type, nodes, path, exception)


def _is_passing(exception: BaseException, is_no_failure: Callable[[BaseException], bool]) -> bool:
    return is_a(exception, Exception) or is_no_failure(exception)


def _fail(context: Any, parent_type: Any, nodes: Any, path: Any, exception: BaseException) -> None:
    """Answer for a field as graphql-core does for one whose resolver has raised."""
    graphql, execution = sys.modules["graphql"], sys.modules[f"{_PACKAGE}.execute"]
    ended = EndedEarlyError(_WORDS)
    ended.__cause__ = exception
    error = graphql.located_error(ended, nodes, path.as_list())
    field = execution.get_field_def(context.schema, parent_type, nodes[0])
    context.handle_field_error(error, field.type, path)


def _subscribing(execute_subscription: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return what asks for the source of a subscription."""

    @wraps(execute_subscription)
    async def subscribing(context: Any) -> Any:
        try:
            return await execute_subscription(context)
        except BaseException as exception:
            if _is_passing(exception, must_pass):
                raise
            raise EndedEarlyError(_WORDS) from exception

    return subscribing


def _heard(begin: Callable[..., None]) -> Callable[..., None]:
    """Return what begins to take the events of a subscription from their source."""

    @wraps(begin)
    def heard(iterator: Any, iterable: Any, callback: Any) -> None:
        begin(iterator, _events(iterable), callback)

    return heard


async def _events(iterable: Any) -> AsyncIterator[Any]:
    """Yield the events of a source."""
    source = aiter(iterable)
    try:
        async for event in source:
            yield event
    except BaseException as exception:
        if _is_passing(exception, must_pass):
            raise
        raise EndedEarlyError(_WORDS) from exception
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
