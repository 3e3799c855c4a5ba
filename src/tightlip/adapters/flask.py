"""Flask: the guard around the application, and ears where it turns exceptions into answers."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Unpack, cast

from flask import Flask, request
from werkzeug.exceptions import ClientDisconnected, InternalServerError

from tightlip.failure import Failure
from tightlip.protocols.asgi_exchange import Scope, state_of
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.werkzeug_exceptions import (
    BODY_READERS,
    is_page_of_its_own,
    read_exception,
)
from tightlip.protocols.wsgi import Guard
from tightlip.responder.policy import ConfigurationError, Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Framework
    from tightlip.protocols.wsgi_environ import Environ, StartResponse

_OWN_PACKAGES = frozenset({"flask", "werkzeug"})
_BODY_READERS = {"werkzeug.wrappers.request": BODY_READERS}
_BODY_LIBRARIES = frozenset({"json", "flask", "werkzeug", "codecs"})

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`, and return it.

    Whatever else is put around `application.wsgi_app`, before or afterwards, is inside.

    Raises:
        ConfigurationError: It is a part of Flask's that is no application, such as a blueprint.
    """
    if not isinstance(application, Flask):
        raise ConfigurationError(
            f"shield() takes the Flask application, not a {type(application).__qualname__} of it"
        )
    if not has_put_on(application):
        guard = Guard(call_of(application), responder, _FRAMEWORK)
        put_on(application, _guarded_class(_listening_class(type(application)), guard))
    return application


class ShieldExtension:
    """The guard as an extension: `ShieldExtension(app)`, or `init_app(app)` later.

    Args:
        app: The application, where it is there already.
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """

    def __init__(self, app: Flask | None = None, **settings: Unpack[Settings]) -> None:
        self._responder = open_responder(settings)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Put the guard around `app`."""
        wrap(app, self._responder)


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of Flask's or Werkzeug's says; None for any other."""
    return read_exception(exception, _OWN_PACKAGES, _BODY_READERS, _BODY_LIBRARIES)


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, ClientDisconnected)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the rule that matched, and the endpoint's name."""
    return state_of(scope).route


def is_own_answer(body: bytes) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell whether a plain answer was written by Flask itself: it raises instead."""
    return False


def _listening_class(before: Any) -> type:
    """Return the class of an application that tells of its exceptions, and shows none.

    Flask 3.2 gives most of these methods the context before their other arguments.
    """

    class Listening(before):  # type: ignore[misc]
        __slots__ = ()

        def full_dispatch_request(self, *arguments: Any) -> Any:
            _keep_route()
            return super().full_dispatch_request(*arguments)

        def handle_user_exception(self, *arguments: Any) -> Any:
            _note(arguments[-1])
            return super().handle_user_exception(*arguments)

        def handle_exception(self, *arguments: Any) -> Any:
            error = arguments[-1]
            _note(error)
            try:
                return super().handle_exception(*arguments)
            except Exception as raised:
                if raised is not error:
                    raise
                # For a debugger or a test it would be raised on: it is answered all the same.
                plain = InternalServerError(original_exception=error)
                answer = self.handle_http_exception(*arguments[:-1], plain)
                return self.finalize_request(*arguments[:-1], answer, from_error_handler=True)

        def log_exception(self, *arguments: Any) -> None:
            """Write nothing: the incident tells all."""

        def make_response(self, rv: Any) -> Any:
            response = super().make_response(rv)
            if is_page_of_its_own(rv, response):
                response.set_data(b"")  # the page that Werkzeug writes is no one's words
            return response

    return Listening


def _guarded_class(before: Any, guard: Guard) -> type:
    """Return the class of an application whose calls go through the guard."""

    class Guarded(before):  # type: ignore[misc]
        __slots__ = ()

        def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return guard(environ, start_response)

    return Guarded


def _note(error: BaseException) -> None:
    state_of(request.environ).note(error)


def _keep_route() -> None:
    # By way of the proxy once: each time it asks a context variable.
    asked: Any = request._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - Werkzeug documents it
    rule = asked.url_rule
    if rule is not None:
        state_of(asked.environ).route = (rule.rule, str(rule.endpoint))
