"""What the guard asks of Django: the meaning of its exceptions, its routes, its own pages."""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestAborted,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404

from tightlip.adapters.django.origin import LIBRARIES
from tightlip.failure import Failure, HttpFailure
from tightlip.protocols.asgi_exchange import Scope, state_of
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading

_BAD_REQUEST = 400
_FORBIDDEN = 403
_NOT_FOUND = 404
_TOO_LARGE = 413

_BODY_READERS = {
    "django.http.request": frozenset({"_load_post_and_files", "body"}),
    "rest_framework.parsers": frozenset({"parse"}),
    "rest_framework.request": frozenset({"_load_data_and_files", "_parse"}),
}
_BODY_LIBRARIES = frozenset({"codecs", "django", "encodings", "json", "rest_framework"})
_PARAMETER = re.compile(r"<(?:[^<>:]*:)?(\w+)>")
_OWN_PAGES = re.compile(
    # The page of `django.views.csrf`, as far as no translation changes it, and the two answers
    # that `ASGIHandler` writes where there is no request yet.
    rb'\s*<!DOCTYPE html>\n<html lang="en">\n<head>\n'
    rb'  <meta http-equiv="content-type" content="text/html; charset=utf-8">\n'
    rb'(?:  <meta name="color-scheme" content="light dark" />\n)?'
    rb'  <meta name="robots" content="NONE,NOARCHIVE">\n  <title>403 Forbidden</title>'
    rb"|413 Payload too large\Z"
)


def read(exception: BaseException) -> Failure | None:
    """Return what an exception of Django or of a library on it says; None for any other.

    Words that a library raised by itself are no one's detail.
    """
    for name in ("rest_framework", "ninja"):
        library = sys.modules.get(f"tightlip.adapters.django.{name}")
        failure: Failure | None = None if library is None else library.read(exception)
        if failure is not None:
            return failure
    status = _status_of(exception)
    if status is not None:
        return HttpFailure(status, _detail_of(exception))
    if is_raised_while_reading(exception, _BODY_READERS, _BODY_LIBRARIES):
        return HttpFailure(_BAD_REQUEST)
    return None


def _status_of(exception: BaseException) -> int | None:
    if isinstance(exception, Http404):
        return _NOT_FOUND
    if isinstance(exception, PermissionDenied):
        return _FORBIDDEN
    if isinstance(exception, RequestDataTooBig):
        return _TOO_LARGE
    refused = BadRequest | SuspiciousOperation | MultiPartParserError | UnreadablePostError
    return _BAD_REQUEST if isinstance(exception, refused) else None


def _detail_of(exception: BaseException) -> Any:
    if not exception.args or isinstance(exception, Resolver404 | RequestDataTooBig | OSError):
        return None
    return None if is_raised_in(exception, LIBRARIES) else exception.args[0]


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return isinstance(exception, RequestAborted | UnreadablePostError)


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the template of the route that matched, and the name of its view."""
    return state_of(scope).route


def route_of(match: Any) -> tuple[str, str]:
    """Return the template of a match without converters, and the name of its view.

    `items/<int:number>` is `/items/{number}`.
    """
    view = getattr(match.func, "view_class", None) or getattr(match.func, "cls", match.func)
    name = getattr(view, "__name__", "")
    template = "/" + _PARAMETER.sub(r"{\1}", match.route)
    return template, name if isinstance(name, str) else ""


def is_own_answer(body: bytes) -> bool:
    """Tell whether an answer was written by Django itself, where nothing was raised."""
    return _OWN_PAGES.match(body) is not None


def carrier_of(request: Any) -> MutableMapping[str, Any]:
    """Return what the server gave with `request`: the scope of ASGI, or the environ of WSGI."""
    scope = getattr(request, "scope", None)
    carrier: MutableMapping[str, Any] = request.META if scope is None else scope
    return carrier
