"""Ears at the places where Django and what is built on it turn an exception into an answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from django.core.handlers import exception as conversion
from django.http import HttpResponse, HttpResponsePermanentRedirect
from django.urls import get_resolver, get_urlconf
from django.views import debug

from tightlip.adapters.django import reading
from tightlip.adapters.django.origin import local_of
from tightlip.failure import HttpFailure
from tightlip.protocols.asgi_exchange import STATE
from tightlip.protocols.origin import is_raised_in

if TYPE_CHECKING:
    from tightlip.protocols.asgi_exchange import Framework, State
    from tightlip.responder.responder import Responder

FRAMEWORK = cast("Framework", reading)
"""What the guard asks of Django."""

_LIBRARIES = {"rest_framework.views": "rest_framework", "ninja.main": "ninja"}
"""The modules that answer exceptions by themselves, and our own that listen there."""

_SERVER_ERROR = 500

_waiting = dict(_LIBRARIES)
_responders: list[Responder] = []


def note(request: Any, exception: BaseException) -> None:
    """Tell the guard of `exception`, where one stands around `request`."""
    state = state_of(request)
    if state is not None:
        state.note(exception)


def state_of(request: Any) -> State | None:
    """Return what the guard keeps of `request`; None where no guard stands around it."""
    state: State | None = reading.carrier_of(request).get(STATE)
    return state


def listen(responder: Responder) -> None:
    """Listen where Django answers exceptions; its debug pages are not built for guarded requests.

    Requests of handlers without a guard are answered as ever.
    """
    if not _responders:
        conversion.response_for_exception = _noting(conversion.response_for_exception)
        debug.technical_404_response = _without_404_page(debug.technical_404_response)
        debug.technical_500_response = _without_500_page(debug.technical_500_response)
    _responders.append(responder)


def listen_to_libraries() -> None:
    """Listen to Django REST framework and to django-ninja once they are loaded."""
    for module in list(_waiting):
        if module in sys.modules:
            ours = _waiting.pop(module, None)
            if ours is not None:
                import_module(f"tightlip.adapters.django.{ours}").listen()


def _noting(respond: Callable[..., Any]) -> Callable[..., Any]:
    """Remember each exception, then let Django answer it as it does without `DEBUG`."""

    @wraps(respond)
    def response_for_exception(request: Any, exc: Exception) -> Any:
        state = state_of(request)
        if state is None:
            return respond(request, exc)
        redirect = _with_slash(exc)
        if redirect is not None:
            return redirect
        state.note(exc)
        if isinstance(exc, _responders[0].public_error):
            # A declared error is no failure of the application's: no signal, no log.
            status = getattr(exc, "status", None)
            return HttpResponse(status=status if type(status) is int else 500)
        response = respond(request, exc)
        may_keep_page = any(responder.may_keep_page(request.path) for responder in _responders)
        if _is_plain(response.status_code) and not may_keep_page:
            failure = reading.read(exc)
            if isinstance(failure, HttpFailure):
                return HttpResponse(status=failure.status)
            return HttpResponse(status=response.status_code)
        return response

    return response_for_exception


def _without_404_page(technical: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a guarded request as Django does without `DEBUG`."""

    @wraps(technical)
    def technical_404_response(request: Any, exception: Exception) -> Any:
        if state_of(request) is None:
            return technical(request, exception)
        resolver = get_resolver(get_urlconf())
        return conversion.get_exception_response(request, resolver, 404, exception)

    return technical_404_response


def _without_500_page(technical: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a guarded request as Django does without `DEBUG`."""

    @wraps(technical)
    def technical_500_response(
        request: Any, exc_type: Any, exc_value: Any, tb: Any, status_code: int = 500
    ) -> Any:
        if state_of(request) is None:
            return technical(request, exc_type, exc_value, tb, status_code)
        resolver = get_resolver(get_urlconf())
        if status_code != _SERVER_ERROR:
            return conversion.get_exception_response(request, resolver, status_code, exc_value)
        return resolver.resolve_error_handler(_SERVER_ERROR)(request)

    return technical_500_response


def _is_plain(status: int) -> bool:
    """Tell whether Django's own view wrote the page of `status`: nobody's words are in it."""
    try:
        view = get_resolver(get_urlconf()).resolve_error_handler(status)
    except Exception:  # Django knows no view for this status, or the routes cannot be loaded
        return False
    return str(getattr(view, "__module__", "")).startswith("django.")


def _with_slash(exception: Exception) -> Any | None:
    """Return the redirect that `APPEND_SLASH` gives without `DEBUG`, where it raised a hint."""
    if type(exception) is not RuntimeError or not is_raised_in(exception, {"django"}):
        return None
    path = local_of(exception, "django.middleware.common", "new_path")
    return HttpResponsePermanentRedirect(path) if isinstance(path, str) else None
