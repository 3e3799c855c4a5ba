"""Signals: what Sanic tells of a request, where a failing listener would leave the client alone."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sanic import Request
from sanic.exceptions import BadRequest, ServerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sanic import Sanic

    Keep = Callable[[Request, Exception], None]
    Context = dict[str, Any]

_FAILED = "tightlip_signal_failed"
_BEGIN = "http.lifecycle.begin"
_EXCEPTION = "http.lifecycle.exception"
_RESPONSE = "http.lifecycle.response"
_SEND = "http.lifecycle.send"
_TOLD = "__dispatched__"
"""What Sanic sets on an exception that a listener has raised."""


def listen_on(
    application: Sanic[Any, Any],
    hear: Callable[..., Awaitable[None]],
    has_failed: Callable[[Request], bool],
    keep: Keep,
) -> None:
    """Have exceptions heard before all other listeners, and an answer follow where one fails.

    Sanic sends some signals before there is a request, or while it answers one, and lets go of the
    connection where that raises.

    Args:
        application: The application.
        hear: Is told of each exception before it is answered.
        has_failed: Tells whether a request is being answered after a failure.
        keep: Records a failure of which the client is told nothing more.
    """
    for event in (_EXCEPTION, _RESPONSE):  # Sanic sends no signal that nobody listens for
        application.signal(event)(_listen)
    router = application.signal_router
    dispatcher = _Dispatcher(application, router.dispatch, hear, has_failed, keep)
    router.__dict__["dispatch"] = dispatcher.dispatch


class _Dispatcher:
    """Stands before what sends the signals of an application; the arguments are as above."""

    def __init__(
        self,
        application: Sanic[Any, Any],
        dispatch: Callable[..., Awaitable[Any]],
        hear: Callable[..., Awaitable[None]],
        has_failed: Callable[[Request], bool],
        keep: Keep,
    ) -> None:
        self._application = application
        self._dispatch = dispatch
        self._hear = hear
        self._has_failed = has_failed
        self._keep = keep

    def dispatch(
        self, event: Any, *, context: Context | None = None, **options: Any
    ) -> Awaitable[Any]:
        """Send a signal, as Sanic's own function would."""
        sending = self._dispatch(event, context=context, **options)
        if context is None:
            return sending
        if event in {_EXCEPTION, _RESPONSE} and "request" in context:
            return self._answering(event, context, sending)
        if event == _BEGIN and not self._application.asgi:
            return self._beginning(context, sending)
        return self._writing(sending) if event == _SEND else sending

    async def _beginning(self, context: Context, sending: Awaitable[Any]) -> Any:
        try:
            return await sending
        except Exception as exception:  # there is nobody yet who could be answered
            setattr(context["conn_info"].ctx, _FAILED, (exception, exception.__traceback__))

    async def _writing(self, sending: Awaitable[Any]) -> Any:
        try:
            return await sending
        except Exception as exception:  # what is being sent is whole without the listener
            with suppress(ServerError):  # there is no request, and no answer to one
                if _is_first(request := Request.get_current(), _SEND):
                    self._keep(request, exception)

    async def _answering(self, event: str, context: Context, sending: Awaitable[Any]) -> Any:
        request = context["request"]
        if event == _EXCEPTION:
            await self._hear(**context)
        try:
            return await sending
        except Exception as exception:
            is_first = _is_first(request, event)
            if event == _RESPONSE and not self._has_failed(request):
                raise
            if is_first:
                self._keep(request, exception)


def raise_earlier(request: Request) -> None:
    """Raise what a listener raised when the connection of `request` began, for each request on it.

    It may have been meant to keep the client out.
    """
    failed = getattr(getattr(request.conn_info, "ctx", None), _FAILED, None)
    if failed is not None:
        exception, traceback = failed
        raise exception.with_traceback(traceback)


def failure_behind(exception: BaseException) -> BaseException | None:
    """Return what a listener raised while Sanic read a request, which takes it for a bad one."""
    behind = exception.__context__ if type(exception) is BadRequest else None
    return behind if getattr(behind, _TOLD, False) else None


def _is_first(request: Request, event: str) -> bool:
    """Tell whether listeners of `event` have not failed before for the same request."""
    known = getattr(request.ctx, _FAILED, None) == event
    setattr(request.ctx, _FAILED, event)
    return not known


async def _listen(**_: Any) -> None:
    """Do nothing."""
