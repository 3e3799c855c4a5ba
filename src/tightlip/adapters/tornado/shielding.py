"""Shielding: an application of Tornado's gets guarded connections only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, cast

from tornado import httputil
from tornado.web import Application

from tightlip.adapters.tornado import reading
from tightlip.adapters.tornado.connection import Delegate, GuardedConnection, speak_for
from tightlip.adapters.tornado.handlers import Listening, guarded_class
from tightlip.protocols.asgi_exchange import Surroundings
from tightlip.responder.policy import ConfigurationError, Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tightlip.protocols.asgi_exchange import Framework

_FRAMEWORK = cast("Framework", reading)
"""What the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Guard `application`, which is returned as itself: it gets guarded connections only.

    Raises:
        ConfigurationError: It is none.
    """
    if not isinstance(application, httputil.HTTPServerConnectionDelegate):
        kind = type(application).__qualname__
        raise ConfigurationError(f"shield() takes the tornado.web.Application; {kind} is none")
    if "start_request" in vars(application):
        return application
    surroundings = Surroundings(responder, _FRAMEWORK)
    start: Callable[..., httputil.HTTPMessageDelegate] = application.start_request

    def start_guarded(server: Any, connection: Any) -> httputil.HTTPMessageDelegate:
        speak_for(connection.stream)
        guarded = GuardedConnection(connection, surroundings)
        return Delegate(start(server, guarded), guarded)

    application.__dict__["start_request"] = start_guarded
    if isinstance(application, Application):
        delegate = application.get_handler_delegate

        def delegate_guarded(request: Any, target: type, *arguments: Any, **named: Any) -> Any:
            if not isinstance(request.connection, GuardedConnection):  # of a router around it
                request.connection = GuardedConnection(request.connection, surroundings)
                request.connection.open(request, request.headers)
            return delegate(request, guarded_class(target), *arguments, **named)

        application.__dict__["get_handler_delegate"] = delegate_guarded
        application.add_transform(Listening)
    return application


def setup(application: Application, **settings: Unpack[Settings]) -> None:
    """Guard `application`; the settings, and what is raised for them, are `Shield`'s."""
    wrap(application, open_responder(settings))
