"""Django REST framework: what its exceptions say, and ears where it answers them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.utils.encoding import force_str
from rest_framework import views
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    MethodNotAllowed,
    Throttled,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.views import APIView

from tightlip.adapters.django import clients
from tightlip.adapters.django.listening import listen_to_libraries, note, state_of
from tightlip.adapters.django.middleware import responder_of_settings
from tightlip.adapters.django.origin import LIBRARIES, is_of_a_library, module_of
from tightlip.adapters.django.reading import carrier_of, route_of
from tightlip.adapters.django.refusals import read_validation
from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.asgi_exchange import STATE
from tightlip.protocols.origin import is_raised_in

_BAD_REQUEST = 400


def read(exception: BaseException) -> Failure | None:
    """Return what one of the framework's own exceptions says; None for any other.

    A `ValidationError` is a refused request, unless a class of the application's has given it
    another status.
    """
    if not isinstance(exception, APIException):
        return None
    status = exception.status_code
    if type(status) is not int:
        return None
    if isinstance(exception, ValidationError) and status == _BAD_REQUEST:
        return read_validation(exception)
    headers = {}
    challenge = getattr(exception, "auth_header", None)
    if challenge:
        headers["www-authenticate"] = str(challenge)
    wait = getattr(exception, "wait", None)
    if isinstance(wait, int | float):
        headers["retry-after"] = str(int(wait))
    return HttpFailure(status, _detail_of(exception), headers)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Any:
    """Answer what a view of REST framework raises, as the guard does: for `EXCEPTION_HANDLER`.

    It is for projects in which nothing but the API is guarded; the settings are those of
    `TIGHTLIP`. Inside the guard it leaves the answer to that.
    """
    request = context["request"]._request  # noqa: SLF001 - what Django gave
    if state_of(request) is not None:
        return views.exception_handler(exc, context)
    listen_to_libraries()
    views.set_rollback()
    responder = responder_of_settings()
    state = clients.open_ears(request)
    state.note(exc)
    state.route = route_of(request.resolver_match)
    plain = HttpResponse(status=500)
    try:
        if hasattr(request, "scope"):
            return async_to_sync(clients.guarded_async)(plain, request, responder)
        return clients.guarded(plain, request, responder)
    finally:
        del carrier_of(request)[STATE]


def _detail_of(exception: APIException) -> Any:
    """Return the words as they were written; those that the framework brings are nobody's."""
    if is_raised_in(exception, LIBRARIES):
        return None
    detail = _as_written(exception.detail)
    if type(detail) is ErrorDetail and exception.args[:1] == (detail,):
        detail = exception.args[0]  # made before anyone listened
    default = type(exception).default_detail
    if isinstance(detail, str) and _is_made_of(detail, default, exception):
        for cls in type(exception).__mro__:
            if "default_detail" in cls.__dict__:
                return None if is_of_a_library(cls.__module__) else default
    return detail


def _is_made_of(detail: str, default: Any, exception: APIException) -> bool:
    """Tell whether `detail` is what the class says by default, filled in where it has a gap."""
    text: str = force_str(default)
    if isinstance(exception, Throttled):
        return detail.startswith(text)
    if isinstance(exception, MethodNotAllowed | UnsupportedMediaType):
        return detail.startswith(text.partition("{")[0])
    return str(detail) == text


def _as_written(detail: Any) -> Any:
    """Return the objects that the author wrote in place of the framework's copies of them."""
    if isinstance(detail, dict):
        return {_as_written(key): _as_written(value) for key, value in detail.items()}
    if isinstance(detail, list | tuple):
        return [_as_written(value) for value in detail]
    return getattr(detail, "written", detail)


def listen() -> None:
    """Have every view tell the guard of its exceptions, and every detail keep who wrote it."""
    answer = APIView.handle_exception
    make_detail = ErrorDetail.__new__
    make_error = ValidationError.__init__

    @wraps(answer)
    def handle_exception(self: Any, exc: Exception) -> Any:
        request = getattr(self.request, "_request", self.request)
        if state_of(request) is None:
            return answer(self, exc)
        note(request, exc)
        response = answer(self, exc)
        handler = self.get_exception_handler()
        if handler is exception_handler or is_of_a_library(str(handler.__module__)):
            # Nobody's words are in it; the guard puts them in.
            response = HttpResponse(status=response.status_code, headers=response.headers)
        return response

    def detail(cls: type[ErrorDetail], string: Any, code: Any = None) -> ErrorDetail:
        made = make_detail(cls, string, code)
        made.written = getattr(string, "written", string)
        made.raised = getattr(string, "raised", None)
        return made

    @wraps(make_error)
    def error(self: Any, detail: Any = None, code: Any = None) -> None:
        make_error(self, detail, code)
        if not is_of_a_library(module_of(sys._getframe(1))):  # noqa: SLF001 - who raises it
            for written in _details_in(self.detail):
                if written.raised is None:
                    written.raised = self

    APIView.handle_exception = handle_exception
    APIView.raise_uncaught_exception = _raising_plainly(APIView.raise_uncaught_exception)
    ErrorDetail.__new__ = detail
    ValidationError.__init__ = error


def _raising_plainly(raise_on: Callable[[Any, Exception], Any]) -> Callable[[Any, Exception], Any]:
    """Raise what nobody foresaw as it is; with DEBUG a page is prepared first, which may fail."""

    @wraps(raise_on)
    def raise_uncaught_exception(self: Any, exc: Exception) -> Any:
        if state_of(getattr(self.request, "_request", self.request)) is None:
            return raise_on(self, exc)
        raise exc

    return raise_uncaught_exception


def _details_in(detail: Any) -> list[Any]:
    if isinstance(detail, dict):
        return [inner for value in detail.values() for inner in _details_in(value)]
    if isinstance(detail, list | tuple):
        return [inner for value in detail for inner in _details_in(value)]
    return [detail]
