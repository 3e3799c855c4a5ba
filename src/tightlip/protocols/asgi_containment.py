"""What keeps an exception from ending more than its exchange, and from being told too late."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from functools import wraps
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from typing import Any, ParamSpec

from tightlip.protocols.asgi_exchange import (
    Application,
    Receive,
    Scope,
    Send,
    is_for_others,
    must_pass,
    state_of,
)
from tightlip.protocols.asgi_faults import EndedEarlyError, UntoldError
from tightlip.slots import cause_of, is_a

_Parameters = ParamSpec("_Parameters")
_MARK = "tightlip_contained"
_WORDS = "the application asked for its own end"


def contained(
    function: Callable[_Parameters, Awaitable[None]],
) -> Callable[_Parameters, Awaitable[None]]:
    """Return `function` for a task of its own, from which no failure goes to the event loop.

    What is no `Exception` would end the loop, or the task without a word.
    """

    async def run(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> None:
        try:
            await function(*arguments, **named)
        except BaseException as exception:
            if is_a(exception, Exception) or must_pass(exception):
                raise
            raise EndedEarlyError(_WORDS) from exception

    return run


def own_failure(exception: BaseException) -> BaseException:
    """Return what the application raised, without the exception that we put around it."""
    cause = cause_of(exception) if is_a(exception, EndedEarlyError) else None
    return exception if cause is None else cause


def contained_steps(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a generator function of either kind that does the same; any other as it is."""
    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
    if not flags & (CO_GENERATOR | CO_ASYNC_GENERATOR) or getattr(function, _MARK, False):
        return function
    if flags & CO_ASYNC_GENERATOR:

        @wraps(function)
        async def steps(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            try:
                async with aclosing(function(*arguments, **named)) as inner:
                    async for step in inner:
                        yield step
            except BaseException as exception:
                if is_a(exception, Exception) or must_pass(exception):
                    raise
                raise EndedEarlyError(_WORDS) from exception

        setattr(steps, _MARK, True)
        return steps

    @wraps(function)
    def plain_steps(*arguments: Any, **named: Any) -> Iterator[Any]:
        try:
            yield from function(*arguments, **named)
        except BaseException as exception:
            if is_a(exception, Exception) or is_for_others(exception):
                raise
            raise EndedEarlyError(_WORDS) from exception

    setattr(plain_steps, _MARK, True)
    return plain_steps


def raising(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain `function` for a thread, with failures that its caller gets to see.

    A future does not take a `StopIteration` (asyncio), and whoever awaits it would wait for ever.
    """
    run = telling(function)

    @wraps(function)
    def raised(*arguments: Any, **named: Any) -> Any:
        try:
            return run(*arguments, **named)
        except StopIteration as stopped:
            raise RuntimeError("a function of the application raised StopIteration") from stopped

    return raised


def telling(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain `function` for a thread, whose exceptions can be asked what they are.

    Whatever runs it there asks, and would end without a word where its question fails.
    """

    def told(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except BaseException as exception:
            if is_a(exception, GeneratorExit):  # it would go through whoever awaits the thread
                raise EndedEarlyError(_WORDS) from exception
            if _is_honest(exception):
                raise
            raise UntoldError("the application raised what hides its class") from exception

    return told


def _is_honest(exception: BaseException) -> bool:
    try:
        return exception.__class__ is type(exception)
    except BaseException:  # it is code of the application's, whatever it raises
        return False


def solving(solve: Callable[..., Any]) -> Callable[..., Any]:
    """Return FastAPI's `solve_dependencies`, which comes before every call of an endpoint.

    FastAPI runs a generator of events in a task of its own.
    """

    @wraps(solve)
    def solved(*, dependant: Any, **named: Any) -> Any:
        dependant.call = contained_steps(dependant.call)
        return solve(dependant=dependant, **named)

    return solved


class Containment:
    """An ASGI application inside a middleware that runs it in a task of its own.

    Such a middleware ends an answer as if it were whole, and raises afterwards what broke it.
    """

    def __init__(self, app: Application) -> None:
        self.app = app
        self._run = contained(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; let the guard know that an exception is on its way."""
        try:
            await self._run(scope, receive, send)
        except Exception:
            state_of(scope).has_escaped = True
            raise
