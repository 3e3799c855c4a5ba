"""django-ninja: what its exceptions say, and ears where it answers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

from django.http import HttpResponse
from ninja.errors import (
    AuthenticationError,
    AuthorizationError,
    HttpError,
    ValidationError,
)
from ninja.main import NinjaAPI

from tightlip.adapters.django.listening import note, state_of
from tightlip.adapters.django.origin import LIBRARIES, is_of_a_library, local_of
from tightlip.adapters.django.reading import read as read_any
from tightlip.failure import Failure, HttpFailure, ValidationFailure
from tightlip.json_schema import property_names
from tightlip.protocols.origin import is_raised_in
from tightlip.protocols.pydantic_errors import read_errors

_OWN_WORDS = {AuthenticationError: "Unauthorized", AuthorizationError: "Forbidden"}

_OPERATION = "ninja.operation"
_FORM_PLACES = frozenset({"form", "file"})
_WITH_A_NAME = 2
_SINGLE_BODY = "__read_from_single_attr__"

_names: WeakKeyDictionary[Any, frozenset[str] | None] = WeakKeyDictionary()
"""The names that an operation declares."""


def read(exception: BaseException) -> Failure | None:
    """Return what one of django-ninja's own exceptions says; None for any other."""
    if isinstance(exception, ValidationError):
        return _read_validation(exception)
    if not isinstance(exception, HttpError):
        return None
    wait = getattr(exception, "wait", None)
    headers = {} if wait is None else {"retry-after": str(int(wait))}
    return HttpFailure(exception.status_code, _detail_of(exception), headers)


def listen() -> None:
    """Have every API tell the guard of its exceptions."""
    answer = NinjaAPI.on_exception

    @wraps(answer)
    def on_exception(self: Any, request: Any, exc: Exception) -> Any:
        if state_of(request) is None:
            return answer(self, request, exc)
        note(request, exc)
        if isinstance(exc, ValidationError):
            _give_cause(exc)
        handler = self._lookup_exception_handler(exc)
        if handler is not None and not is_of_a_library(_module_of(handler)):
            return answer(self, request, exc)
        failure = read_any(exc)
        if isinstance(failure, HttpFailure):
            return HttpResponse(status=failure.status, headers=failure.headers)
        if isinstance(failure, ValidationFailure):
            return HttpResponse(status=400 if failure.malformed else 422)
        raise exc

    NinjaAPI.on_exception = on_exception


def _module_of(handler: Any) -> str:
    return str(getattr(getattr(handler, "func", handler), "__module__", ""))


def _detail_of(exception: HttpError) -> str | None:
    """Return the author's words; those that the library brings along are nobody's."""
    if _OWN_WORDS.get(type(exception)) == exception.message or hasattr(exception, "wait"):
        return None
    return None if is_raised_in(exception, LIBRARIES) else exception.message


def _read_validation(exception: ValidationError) -> ValidationFailure:
    """Return what was refused; a body that is not there could not be read."""
    operation = local_of(exception, _OPERATION, "self")
    failure = read_errors(_errors_of(exception), _declared_names(operation))
    single = _single_bodies(operation)
    fields = tuple(
        field._replace(location=_location(field.location, single)) for field in failure.fields
    )
    request = local_of(exception, _OPERATION, "request")
    is_missing = any(field.location == ("body",) and field.type == "missing" for field in fields)
    is_empty = is_missing and getattr(request, "body", None) == b""
    return failure._replace(fields=fields, malformed=failure.malformed or is_empty)


def _location(
    location: tuple[str | int, ...], single: set[tuple[str, str]]
) -> tuple[str | int, ...]:
    """Return the place in the request; a form and its files are the body."""
    if len(location) < _WITH_A_NAME:
        return location
    place, *names = location
    if location[:2] in single:
        names = names[1:]  # the name of the function's parameter is no part of the body
    return ("body" if place in _FORM_PLACES else place, *names)


def _errors_of(exception: ValidationError) -> Iterator[Mapping[str, Any]]:
    """Yield what pydantic said, with the exceptions of the application's validators.

    The list in `exception` has their texts in place of them; they are still there where the
    library made it.
    """
    contexts = local_of(exception, _OPERATION, "error_contexts")
    if not contexts:
        yield from exception.errors
        return
    for context in contexts:
        model = context.model
        original = model.__ninja_flatten_map_reverse__
        for error in context.pydantic_validation_error.errors(include_url=False):
            location = original.get(error["loc"], error["loc"])
            yield {**error, "loc": (model.__ninja_param_source__, *location)}


def _give_cause(exception: ValidationError) -> None:
    """Have the record find what the application's validators raised: it stands in a list."""
    raised = [
        field.error for field in _read_validation(exception).fields if field.error is not None
    ]
    if raised and exception.__cause__ is None:
        one = raised[0] if len(raised) == 1 else BaseExceptionGroup("raised by validators", raised)
        exception.__cause__ = one


def _single_bodies(operation: Any) -> set[tuple[str, str]]:
    """Return the source and the parameter of models that are read from the whole of it."""
    return {
        (str(getattr(model, "__ninja_param_source__", "")), getattr(model, _SINGLE_BODY))
        for model in getattr(operation, "models", ())
        if getattr(model, _SINGLE_BODY, None)
    }


def _declared_names(operation: Any) -> frozenset[str] | None:
    """Return the names of all parameters and fields that an operation declares, once for each.

    None where they are not known, or a type has no schema.
    """
    if operation is None:
        return None
    if operation not in _names:
        names: set[str] = set()
        try:
            for model in operation.models:
                names.update(property_names(model.model_json_schema()))
        except Exception:  # a type without a schema, or another version's internals
            _names[operation] = None
        else:
            _names[operation] = frozenset(names)
    return _names[operation]
