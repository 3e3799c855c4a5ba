"""Shield: one call around any application."""

from __future__ import annotations

import inspect
import sys
from typing import Any, TypeVar, Unpack

from tightlip.plugins import find_for
from tightlip.protocols import asgi, wsgi
from tightlip.responder.policy import ConfigurationError, Settings, read_policy
from tightlip.responder.responder import Responder
from tightlip.serving import install_everywhere
from tightlip.source import adopt

Application = TypeVar("Application")

_SUPPORTED = (
    "FastAPI, Starlette and the other frameworks of docs/frameworks.md, any ASGI 3 callable "
    "(scope, receive, send), any WSGI callable (environ, start_response)"
)


class Shield:
    """The guard around an application: `app = Shield(translations=[…])(app)`.

    Args:
        settings: See `Settings`; all are optional.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form; each is named.
        DeclarationError: Two translations contradict each other.
    """

    def __init__(self, **settings: Unpack[Settings]) -> None:
        adopt(_calling_module())
        self._responder = Responder(read_policy(settings))

    def __call__(self, application: Application) -> Application:
        """Put the guard around `application`; return what to serve.

        It is the same object wherever that can carry the guard, as a framework's can; a plain
        ASGI or WSGI callable gets a wrapper. Applied twice, it counts once: the first one stays.
        What the servers of this process say by themselves is put into our words too
        (`tightlip.serving`).

        Raises:
            ConfigurationError: `application` is of no supported kind.
        """
        install_everywhere()
        if isinstance(application, asgi.Guard | wsgi.Guard):
            return application
        for adapter in find_for("adapters", application):
            return adapter.wrap(application, self._responder)  # type: ignore[no-any-return]
        if _is_asgi(application):
            return asgi.Guard(application, self._responder)  # type: ignore[return-value,arg-type]
        if _is_wsgi(application):
            return wsgi.Guard(application, self._responder)  # type: ignore[return-value,arg-type]
        if hasattr(application, "__rsgi__"):
            raise ConfigurationError(
                "shield() takes no application of RSGI alone, granian's own interface: give it the "
                "ASGI application, and serve that with --interface asgi"
            )
        raise ConfigurationError(
            f"shield() takes an application: {_SUPPORTED}; "
            f"{type(application).__module__}.{type(application).__qualname__} is none of these"
        )


def shield(application: Application) -> Application:
    """Put the guard around `application` with the default settings; see `Shield`."""
    return Shield()(application)


def _calling_module() -> str:
    frame = sys._getframe(1)  # noqa: SLF001 - the package that shields is the application
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    name: str = frame.f_globals.get("__name__", "")
    return name


def _is_asgi(application: Any) -> bool:
    """Tell whether `application` is called as ASGI 3 says: a coroutine function of three."""
    return is_coroutine_function(application) is True and takes(application, 3)


def _is_wsgi(application: Any) -> bool:
    """Tell whether `application` is called as PEP 3333 says: a plain function of two."""
    return (
        is_coroutine_function(application) is False
        and takes(application, 2)
        and not takes(application, 9)  # one that takes anything says nothing
    )


def is_coroutine_function(application: Any) -> bool | None:
    """Tell which kind of function a call of `application` runs; None where it is none."""
    if isinstance(application, type) or not callable(application):
        return None
    called = application if inspect.isroutine(application) else type(application).__call__
    return inspect.iscoroutinefunction(inspect.unwrap(called))


def takes(application: Any, count: int) -> bool:
    """Tell whether `application` may be called with `count` arguments, and says so."""
    try:
        inspect.signature(application).bind(*[None] * count)
    except (TypeError, ValueError):
        return False
    return True
