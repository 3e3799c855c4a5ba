"""Ariadne: an error formatter that says of an error only what was declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from ariadne.asgi import GraphQL
from ariadne.exceptions import HttpError
from ariadne.wsgi import GraphQL as WsgiGraphQL
from graphql import GraphQLError

from tightlip.failure import Failure
from tightlip.protocols import asgi, wsgi
from tightlip.protocols.graphql import Serving, leave, tell
from tightlip.protocols.graphql_containment import contain
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.responder.policy import Settings, read_policy
from tightlip.responder.responder import Responder

_READERS = dict.fromkeys(
    ("ariadne.asgi.handlers.http", "ariadne.wsgi"),
    frozenset(
        {
            "extract_data_from_request",
            "extract_data_from_json_request",
            "extract_data_from_multipart_request",
            "extract_data_from_get_request",
            "extract_data_from_get",
        }
    ),
)
_SERVING = Serving(HttpError, _READERS)


def wrap(application: Any, responder: Responder) -> Any:
    """Put the guard around an application of Ariadne's, of ASGI or WSGI; return the same object.

    Whatever formats its errors now, the formatter takes its place.
    """
    if has_put_on(application):
        return application
    formatter = _formatter(responder)
    parts = [application]
    if isinstance(application, GraphQL):
        parts += [application.http_handler, application.websocket_handler]
        _listen(application.http_handler)
    for part in parts:
        if hasattr(part, "error_formatter"):
            part.error_formatter = formatter
    make = _wsgi_class if isinstance(application, WsgiGraphQL) else _asgi_class
    put_on(application, make(type(application), call_of(application), responder))
    return application


def error_formatter(**settings: Unpack[Settings]) -> Callable[[GraphQLError, bool], dict[str, Any]]:
    """Return the formatter: `GraphQL(schema, error_formatter=error_formatter())`.

    Args:
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    return _formatter(Responder(read_policy(settings)))


def read(exception: BaseException) -> Failure | None:  # noqa: ARG001 - what the responder asks
    """Know no exception: errors of GraphQL are told where they stand in a result."""
    return None


def _formatter(responder: Responder) -> Callable[[GraphQLError, bool], dict[str, Any]]:
    contain()

    def format_error(error: GraphQLError, debug: bool = False) -> dict[str, Any]:  # noqa: ARG001, FBT001, FBT002 - what Ariadne calls
        return dict(tell(error, responder).formatted)

    return format_error


def _listen(handler: Any) -> None:
    """Have the guard told why a request is refused, before that is an answer of text."""
    extract = handler.extract_data_from_request

    async def extracted(request: Any) -> Any:
        try:
            return await extract(request)
        except Exception as exception:
            _SERVING.hear(request.scope, exception)
            raise

    handler.extract_data_from_request = extracted


def _asgi_class(before: Any, call: Any, responder: Responder) -> type:
    async def served(scope: Any, receive: Any, send: Any) -> None:
        status = 0

        async def sent(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                leave(scope, status, message.get("body", b""))
            await send(message)

        await call(scope, receive, sent)

    guard = asgi.Guard(served, responder, _SERVING)

    class Guarded(before):  # type: ignore[misc]
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await guard(scope, receive, send)

    return Guarded


def _wsgi_class(before: Any, call: Any, responder: Responder) -> type:
    def served(environ: Any, start_response: Any) -> Any:
        status = 0

        def started(line: str, *arguments: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, *arguments)

        body = call(environ, started)
        if isinstance(body, list) and len(body) == 1:
            leave(environ, status, body[0])
        return body

    guard = wsgi.Guard(served, responder, _SERVING)

    class Guarded(before):  # type: ignore[misc]
        def __call__(self, environ: Any, start_response: Any) -> Any:
            return guard(environ, start_response)

        def extract_data_from_request(self, environ: Any) -> Any:
            """Tell the guard why a request is refused, before that is an answer of text."""
            try:
                return super().extract_data_from_request(environ)
            except Exception as exception:
                _SERVING.hear(environ, exception)
                raise

    return Guarded
