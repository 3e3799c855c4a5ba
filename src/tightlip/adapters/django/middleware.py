"""ShieldMiddleware: the guard by an entry of the setting `MIDDLEWARE`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.utils.module_loading import import_string

from tightlip.adapters.django.handlers import wrap, wrap_client
from tightlip.responder.policy import ConfigurationError, read_policy
from tightlip.responder.responder import Responder
from tightlip.serving import install_everywhere

_DEFAULT: dict[str, Any] = {}


class ShieldMiddleware:
    """The guard around the handler that loads this middleware.

    Its place in `MIDDLEWARE` does not matter: the guard stands around the whole handler, and the
    middleware itself is not in the way of a request. Its settings are those of a `Shield`, in the
    dict `TIGHTLIP`; a setting that is a list may also be given by a dotted path to one:
    `TIGHTLIP = {"translations": "shop.errors.TRANSLATIONS"}`.

    Raises:
        ImproperlyConfigured: A setting in `TIGHTLIP` is unknown or has the wrong form.
    """

    sync_capable = True
    async_capable = True

    def __new__(cls, get_response: Callable[..., Any]) -> Any:
        """Put the guard around the handler; return `get_response`."""
        install_everywhere()
        handler = _loading_handler()
        if isinstance(handler, ASGIHandler | WSGIHandler):
            wrap(handler, responder_of_settings())
        elif handler is not None:
            wrap_client(handler, responder_of_settings())
        return get_response


_made: list[tuple[dict[str, Any], Responder]] = []
"""The last settings, and what was made of them: every test client loads its middleware anew."""


def responder_of_settings() -> Responder:
    """Return the decision point that the setting `TIGHTLIP` describes.

    Raises:
        ImproperlyConfigured: A setting is unknown or has the wrong form; each is named.
    """
    given = getattr(settings, "TIGHTLIP", _DEFAULT)
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"TIGHTLIP takes a dict of settings, not {given!r}")
    if not _made or _made[0][0] is not given:
        Responder.adopt(str(settings.ROOT_URLCONF))
        try:
            loaded = {name: _loaded(name, value) for name, value in given.items()}
            _made[:] = [(given, Responder(read_policy(loaded)))]
        except ConfigurationError as error:
            raise ImproperlyConfigured(f"TIGHTLIP: {error}") from None
    return _made[0][1]


def _loaded(name: str, value: Any) -> Any:
    """Return what a dotted path leads to: models are not ready when settings are read."""
    by_path = name in {"translations", "exemptions"} and isinstance(value, str)
    return import_string(value) if by_path else value


def _loading_handler() -> BaseHandler | None:
    """Return the handler whose `load_middleware` is under way.

    It hands itself to no middleware, so it is found in the frame that makes this one.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the way to the handler
    while frame is not None:
        handler = frame.f_locals.get("self")
        if frame.f_code.co_name == "load_middleware" and isinstance(handler, BaseHandler):
            return handler
        frame = frame.f_back
    return None
