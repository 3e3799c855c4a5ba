"""What Werkzeug's HTTP exceptions say, for the frameworks that raise them (Flask, Quart)."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any

from tightlip.failure import HttpFailure
from tightlip.protocols.origin import is_raised_in, is_raised_while_reading

BODY_READERS = frozenset(
    {"json", "get_json", "data", "get_data", "form", "files", "values", "_load_form_data"}
)
"""The methods of a request that read its body."""

_PATH_READERS = {"werkzeug.routing.converters": frozenset({"to_python"})}
_FIRST_ERROR = 400
_NOT_FOUND = 404
_ABORTING = frozenset({"werkzeug.exceptions", "flask.helpers", "quart.helpers"})


def read_exception(
    exception: BaseException,
    packages: Collection[str],
    body_readers: Mapping[str, Collection[str]],
    body_libraries: Collection[str],
) -> HttpFailure | None:
    """Return what an HTTP exception says, or one that the request's own form has raised.

    Args:
        exception: Any exception.
        packages: The top-level packages whose words are not the application's.
        body_readers: Where the framework reads a body, as `is_raised_while_reading` takes it.
        body_libraries: The libraries by which it does.
    """
    failure = _read_http_exception(exception, packages)
    if failure is None and is_raised_while_reading(exception, body_readers, body_libraries):
        return HttpFailure(_FIRST_ERROR)
    if failure is None and is_raised_while_reading(exception, _PATH_READERS, ()):
        return HttpFailure(_NOT_FOUND)
    return failure


def _read_http_exception(exception: BaseException, packages: Collection[str]) -> HttpFailure | None:
    """Return what an HTTP exception says; None for any other.

    Words that Werkzeug or the framework chose by themselves are no one's detail.
    """
    werkzeug = sys.modules.get("werkzeug.exceptions")
    if werkzeug is None or not isinstance(exception, werkzeug.HTTPException):
        return None
    made: Any = exception.response
    status = exception.code if made is None else made.status_code
    if not isinstance(status, int):
        return None
    headers = dict(exception.get_headers() if made is None else made.headers)
    if made is not None or _has_own_words(exception, packages):
        return HttpFailure(status, headers=headers)
    return HttpFailure(status, exception.description, headers)


def is_page_of_its_own(result: Any, response: Any) -> bool:
    """Tell whether `response` is the page that Werkzeug makes of an exception.

    Args:
        result: What the framework made the response of.
        response: The response.
    """
    werkzeug = sys.modules.get("werkzeug.exceptions")
    return (
        werkzeug is not None
        and isinstance(result, werkzeug.HTTPException)
        and result.response is None
        and response.status_code >= _FIRST_ERROR
    )


def _has_own_words(exception: Any, packages: Collection[str]) -> bool:
    description = exception.description
    own = (
        vars(cls).get("description")
        for cls in type(exception).__mro__
        if cls.__module__.partition(".")[0] in packages
    )
    return any(description is words for words in own) or is_raised_in(
        exception, packages, through=_ABORTING
    )
