"""Shielding: an application of aiohttp's gets a server with the guard in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, cast

from aiohttp import web, web_fileresponse

from tightlip.adapters.aiohttp import reading
from tightlip.adapters.aiohttp.connection import guarded
from tightlip.adapters.aiohttp.writer import GuardedWriter
from tightlip.protocols.asgi_exchange import Surroundings
from tightlip.responder.policy import ConfigurationError, Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tightlip.adapters.aiohttp.writer import Handler
    from tightlip.protocols.asgi_exchange import Framework

_FRAMEWORK = cast("Framework", reading)
"""What the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Guard `application`, which is returned as itself: its server is made with the guard in it.

    Raises:
        ConfigurationError: It is no `aiohttp.web.Application`, or has been started already.
    """
    if not isinstance(application, web.Application):
        raise ConfigurationError(
            "shield() takes the aiohttp.web.Application, whose server it guards; "
            f"{type(application).__qualname__} is none"
        )
    if "_make_handler" in vars(application):
        return application
    if application.frozen:
        raise ConfigurationError("call shield() before the application is started")
    reading.keep_words()
    surroundings = Surroundings(responder, _FRAMEWORK)
    make: Callable[..., web.Server] = application._make_handler  # noqa: SLF001 - see `guarded`

    # Each runner asks the application for its server here; aiohttp warns of new attributes.
    application.__dict__["_make_handler"] = lambda **options: guarded(
        make(**options), application, surroundings
    )
    application.on_startup.append(_listen_inside)
    application.on_response_prepare.append(_take_socket)
    # The system would send a file by itself: nobody would read it.
    web_fileresponse.NOSENDFILE = True  # type: ignore[misc]
    return application


def setup(application: web.Application, **settings: Unpack[Settings]) -> None:
    """Guard `application`; the settings, and what is raised for them, are `Shield`'s."""
    wrap(application, open_responder(settings))


async def _listen_inside(application: web.Application) -> None:
    """Put our ear before the middlewares, where there are any."""
    if application.middlewares and not application.pre_frozen:
        application.middlewares.append(_listen)


@web.middleware
async def _listen(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note what the handler raises, before a middleware turns it into an answer."""
    try:
        return await handler(request)
    except Exception as exception:
        cast("GuardedWriter", request.writer).exchange.note(exception)
        raise


async def _take_socket(request: web.Request, response: web.StreamResponse) -> None:
    """Have a WebSocket close in words that were declared."""
    if isinstance(response, web.WebSocketResponse):
        await cast("GuardedWriter", request.writer).take_socket(response)
