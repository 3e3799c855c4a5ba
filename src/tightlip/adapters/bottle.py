"""Bottle: the guard around the application, and ears where it turns exceptions into answers."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Unpack, cast

from bottle import Bottle, HTTPResponse, abort, auth_basic, request, static_file

from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.asgi_exchange import Scope, state_of
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.origin import innermost_frame, is_raised_while_reading
from tightlip.protocols.wsgi import Guard
from tightlip.responder.policy import ConfigurationError, Settings
from tightlip.responder.responder import Responder
from tightlip.serving import open_responder
from tightlip.slots import traceback_of

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Framework
    from tightlip.protocols.wsgi_environ import Environ, StartResponse

_BODY_READERS = {
    # Its reader of JSON is a lambda.
    "bottle": frozenset({"json", "<lambda>", "POST", "forms", "files", "params", "_body"})
}
_BODY_LIBRARIES = frozenset({"json", "codecs", "cgi"})
_PATH_READER = "getargs"  # what a filter refuses in a path is not there
_ABORTING = "abort"
_FIRST_ERROR = 400
_NOT_FOUND = 404
_OWN_WORDS = frozenset(static_file.__code__.co_consts) | frozenset(auth_basic.__defaults__ or ())
"""What Bottle's own functions say in answers that they return."""
_TOLD_ANYWAY = ("Traceback (most recent call last):", "<h1>Critical error")

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around `application`, and return it.

    Raises:
        ConfigurationError: It is a part of Bottle's that is no application, such as a route.
    """
    if not isinstance(application, Bottle):
        raise ConfigurationError(
            f"shield() takes the Bottle application, not a {type(application).__qualname__} of it"
        )
    if not has_put_on(application):
        guard = Guard(call_of(application), responder, _FRAMEWORK)
        put_on(application, _guarded_class(type(application), guard))
    return application


class ShieldPlugin:
    """The guard as a plugin: `app.install(ShieldPlugin())`.

    Args:
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """

    name = "tightlip"
    api = 2

    def __init__(self, **settings: Unpack[Settings]) -> None:
        self._responder = open_responder(settings)

    def setup(self, app: Bottle) -> None:
        """Put the guard around `app`."""
        wrap(app, self._responder)

    def apply(self, callback: Any, route: Any) -> Any:  # noqa: ARG002 - the protocol of plugins
        """Leave the callback as it is: the guard stands around all of them."""
        return callback


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of Bottle's says; None for any other."""
    if isinstance(exception, HTTPResponse):
        return _read_answer(exception)
    if is_raised_while_reading(exception, _BODY_READERS, _BODY_LIBRARIES):
        return HttpFailure(_FIRST_ERROR)
    return None


def is_disconnect(exception: BaseException) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell whether `exception` says no more than that the client has gone: Bottle has none."""
    return False


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the rule that matched, and the name of its callback."""
    found = scope.get("bottle.route")
    rule = getattr(found, "rule", None)
    name = getattr(getattr(found, "callback", None), "__name__", "")
    return (rule if isinstance(rule, str) else None), (name if isinstance(name, str) else "")


def is_own_answer(body: bytes) -> bool:  # noqa: ARG001 - what the guard asks
    """Tell whether a plain answer was written by Bottle itself: its page is not made."""
    return False


def _read_answer(exception: HTTPResponse) -> HttpFailure:
    """Return what a raised answer says; words that Bottle chose by itself are no one's."""
    status, headers = exception.status_code, dict(exception.headerlist)
    frame = innermost_frame(exception)
    if frame is not None and frame.f_globals.get("__name__") == "bottle":
        raised_by = frame.f_code.co_name
        if raised_by == _PATH_READER:
            return HttpFailure(_NOT_FOUND)
        if raised_by != _ABORTING or exception.body in (abort.__defaults__ or ()):
            return HttpFailure(status, headers=headers)
    return HttpFailure(status, exception.body or None, headers)


def _guarded_class(before: Any, guard: Guard) -> type:
    """Return the class of an application that tells the guard around it of its exceptions."""

    class Guarded(before):  # type: ignore[misc]
        def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return guard(environ, start_response)

        def wsgi(self, environ: Environ, start_response: StartResponse) -> Any:
            errors = environ.get("wsgi.errors")
            environ["wsgi.errors"] = _WithoutTracebacks(errors)
            try:
                return super().wsgi(environ, start_response)
            finally:
                environ["wsgi.errors"] = errors

        def _cast(self, out: Any, peek: Any = None) -> Any:
            if isinstance(out, HTTPResponse) and out.status_code >= _FIRST_ERROR:
                _note(out)
                failure = read(out)
                if isinstance(failure, HttpFailure) and failure.status != out.status_code:
                    out.status = failure.status
            return super()._cast(out, peek)

        def default_error_handler(self, res: Any) -> Any:
            """Write no page, which would be no one's words, but what the application returned."""
            return b"" if traceback_of(_exception_of(res)) is not None else _returned_words(res)

    return Guarded


def _note(out: HTTPResponse) -> None:
    """Remember what was raised; an answer that was only returned is one made by hand."""
    exception = _exception_of(out)
    if traceback_of(exception) is not None:
        state_of(request.environ).note(exception)


def _exception_of(out: HTTPResponse) -> BaseException:
    """Return the exception that an answer was made of, or the answer, which is one itself."""
    exception = getattr(out, "exception", None)
    return exception if isinstance(exception, BaseException) else out


def _returned_words(out: HTTPResponse) -> str | bytes:
    """Return the body of an answer made by hand, for the guard to withhold and record."""
    words = out.body
    return words if isinstance(words, (str, bytes)) and words not in _OWN_WORDS else b""


class _WithoutTracebacks:
    """The server's log, without what the incident tells."""

    def __init__(self, errors: Any) -> None:
        self._errors = errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._errors, name)

    def write(self, text: str) -> Any:
        """Write what the application says; Bottle writes the traceback of every failure."""
        return None if text.startswith(_TOLD_ANYWAY) else self._errors.write(text)
