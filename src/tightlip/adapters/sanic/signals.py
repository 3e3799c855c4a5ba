"""Signals: what Sanic tells of a request, where a failing listener would leave the client alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sanic import Request, Sanic

    Keep = Callable[[Request, Exception], None]

_FAILED = "tightlip_signal_failed"
_EXCEPTION = "http.lifecycle.exception"
_RESPONSE = "http.lifecycle.response"


def listen_on(
    application: Sanic[Any, Any],
    hear: Callable[..., Awaitable[None]],
    has_failed: Callable[[Request], bool],
    keep: Keep,
) -> None:
    """Have exceptions heard before all other listeners, and an answer follow where one fails.

    Sanic sends these two signals while it answers an exception, and lets go of the connection
    where that raises.

    Args:
        application: The application.
        hear: Is told of each exception before it is answered.
        has_failed: Tells whether a request is being answered after a failure.
        keep: Records a failure of which the client is told nothing more.
    """
    for event in (_EXCEPTION, _RESPONSE):  # Sanic sends no signal that nobody listens for
        application.signal(event)(_listen)
    dispatch = application.signal_router.dispatch

    async def told(event: str, context: dict[str, Any], options: dict[str, Any]) -> Any:
        request = context["request"]
        if event == _EXCEPTION:
            await hear(**context)
        try:
            return await dispatch(event, context=context, **options)
        except Exception as exception:
            known = getattr(request.ctx, _FAILED, None) == event
            setattr(request.ctx, _FAILED, event)
            if event == _RESPONSE and not has_failed(request):
                raise
            if not known:
                keep(request, exception)

    def dispatched(
        event: Any, *, context: dict[str, Any] | None = None, **options: Any
    ) -> Awaitable[Any]:
        if event in {_EXCEPTION, _RESPONSE} and context and "request" in context:
            return told(event, context, options)
        return dispatch(event, context=context, **options)

    application.signal_router.__dict__["dispatch"] = dispatched


async def _listen(**_: Any) -> None:
    """Do nothing."""
