"""Connect: an interceptor that says of a failed call only what was declared, and the guard."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Unpack, cast

from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.interceptor import MetadataInterceptor, MetadataInterceptorSync
from connectrpc.server import ConnectASGIApplication, ConnectWSGIApplication
from google.rpc.error_details_pb2 import ErrorInfo
from protobuf.wkt import Any as Packed

from tightlip.exchange import Request, without
from tightlip.failure import Failure, HttpFailure
from tightlip.protocols import asgi, wsgi
from tightlip.protocols.asgi_exchange import Scope, State, state_of
from tightlip.protocols.instance import call_of, has_put_on, put_on
from tightlip.protocols.origin import is_raised_in
from tightlip.protocols.rpc_codes import code_for, http_status
from tightlip.responder.fault import tell
from tightlip.responder.parts import overlook
from tightlip.responder.policy import ConfigurationError, Settings, read_policy
from tightlip.responder.responder import Responder
from tightlip.slots import traceback_of

if TYPE_CHECKING:
    from connectrpc.request import RequestContext

    from tightlip.protocols.asgi_exchange import Framework
    from tightlip.responder.answer import Answer

_OWN_PACKAGES = frozenset({"connectrpc", "protobuf"})
_EVENT = "rpc.server.call.exception"
_IN_A_GOOD_ANSWER = ("application/grpc", "application/connect+")
"""The types of answers whose status is 200 whatever happens: the error stands at their end."""

_FRAMEWORK = cast("Framework", sys.modules[__name__])
"""This module, as what the guard asks."""

_state: ContextVar[State | None] = ContextVar("tightlip_connectrpc_state", default=None)


def wrap(application: Any, responder: Responder) -> Any:
    """Put the interceptor first and the guard around `application`, and return it.

    Raises:
        ConfigurationError: It is no application of Connect, or keeps its interceptors elsewhere
            than this adapter knows.
    """
    if not isinstance(application, ConnectASGIApplication | ConnectWSGIApplication):
        raise ConfigurationError(
            f"shield() takes an application of Connect, not a {type(application).__qualname__}"
        )
    if not has_put_on(application):
        _put_first(application, _Interceptor(responder))
        put_on(application, _guarded_class(type(application), application, responder))
    return application


def interceptor(**settings: Unpack[Settings]) -> Any:
    """Return the interceptor for `interceptors=[interceptor()]`; it stands first.

    It serves applications on ASGI and on WSGI. What Connect refuses before a call begins, and good
    answers, are out of its reach: `shield(app)` reads those, too.

    Args:
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    return _Interceptor(Responder(read_policy(settings)))


def read(exception: BaseException) -> Failure | None:
    """Return what a `ConnectError` says; None for any other exception."""
    if not isinstance(exception, ConnectError):
        return None
    status = http_status(_name_of(exception.code))
    if is_raised_in(exception, _OWN_PACKAGES):
        return HttpFailure(status)
    return HttpFailure(status, exception.message or None)


def is_disconnect(exception: BaseException) -> bool:
    """Tell whether `exception` says no more than that the client has gone."""
    return (
        isinstance(exception, ConnectError)
        and exception.code is Code.CANCELED
        and (traceback_of(exception) is None or is_raised_in(exception, _OWN_PACKAGES))
    )


def route(scope: Scope) -> tuple[str | None, str]:
    """Return the procedure that was called, once one was found."""
    return state_of(scope).route


def is_own_answer(body: bytes) -> bool:
    """Tell whether an answer was written by Connect itself: what it refuses has no body."""
    return not body


class _Interceptor(MetadataInterceptor[None], MetadataInterceptorSync[None]):
    """Replaces the error of a call; Connect sends what its last `on_end` raises."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def on_start(self, ctx: RequestContext[Any, Any]) -> None:
        _keep_route(ctx)

    async def on_end(
        self,
        token: None,  # noqa: ARG002 - what Connect passes
        ctx: RequestContext[Any, Any],
        error: Exception | None,
        /,
    ) -> None:
        if error is not None:
            _raise(self._told(ctx, error))

    def on_start_sync(self, ctx: RequestContext[Any, Any], /) -> None:
        _keep_route(ctx)

    def on_end_sync(
        self,
        token: None,  # noqa: ARG002 - what Connect passes
        ctx: RequestContext[Any, Any],
        error: Exception | None,
        /,
    ) -> None:
        if error is not None:
            _raise(self._told(ctx, error))

    def _told(self, ctx: RequestContext[Any, Any], error: Exception) -> ConnectError:
        """Return the error that is sent in place of another; never raises."""
        try:
            if is_disconnect(error):  # nobody is there to be told
                return ConnectError(Code.CANCELED, "")
            failure, state = _behind(error), _state.get()
            if failure is not error and state is not None:  # it goes on to the guard
                return ConnectError(Code.INTERNAL, "")
            request = _request_of(ctx)
            hearing = None if state is None else state.hearing
            answer = self._responder.answer(
                failure, request, read=read, hearing=hearing, event=_EVENT
            )
            told = _told(answer, self._responder, failure, request.path)
            if state is not None and not _ends_a_good_answer(request):
                state.note(failure)
                state.decide(_as_sent(answer, told))
        except BaseException as fault:  # whatever it is, the client gets the precomputed error
            tell(fault)
            return ConnectError(Code.INTERNAL, "")
        return told


def _raise(told: ConnectError) -> NoReturn:
    """Raise what is told of a call.

    In a stream it is read by the guard, to which its words would be those of an exception.

    Raises:
        ConnectError: Always.
    """
    try:
        raise told from None
    except ConnectError:
        overlook((told,))
        raise


def _behind(error: Exception) -> BaseException:
    """Return what Connect tells of by an error of its own, and raises on: `SystemExit`, say."""
    cause = error.__cause__
    if isinstance(error, ConnectError) and cause is not None and not isinstance(cause, Exception):
        return cause
    return error


def _told(answer: Answer, responder: Responder, error: BaseException, path: str) -> ConnectError:
    """Return `answer` as an error of Connect.

    `ErrorInfo` carries the error's code as its reason, and as its metadata the reference, the
    declared parameters and the refused fields; its domain is the service's name.
    """
    content = json.loads(responder.last_words(answer))["error"]
    code = Code[_own_name(code_for(answer.error.status))]
    if isinstance(error, ConnectError) and answer.error.status == http_status(_name_of(error.code)):
        code = error.code
    told = {name: content[name] for name in ("reference", "fields") if name in content}
    told.update(content.get("details") or {})
    information = ErrorInfo(
        reason=content["code"],
        domain=path.strip("/").rpartition("/")[0],
        metadata={
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in told.items()
        },
    )
    packed = Packed(
        type_url=f"type.googleapis.com/{information.DESCRIPTOR.full_name}",
        value=information.SerializeToString(deterministic=True),
    )
    return ConnectError(code, content["message"], details=[ErrorDetail(packed)])


def _as_sent(answer: Answer, told: ConnectError) -> Answer | None:
    """Return the answer in the bytes in which Connect sends it, for the guard to know it again.

    None where this release writes them elsewhere: the guard then gives its own envelope.
    """
    try:
        from connectrpc._protocol import ConnectWireError

        wire = ConnectWireError.from_exception(told)
        body, status = wire.to_json_bytes(), wire.to_http_status().code
    except Exception:  # it is private to Connect
        return None
    headers = without(without(answer.response.headers, b"content-length"), b"content-type")
    typed = (
        *headers,
        (b"content-length", str(len(body)).encode()),
        (b"content-type", b"application/json"),
    )
    sent = replace(answer.response, status=status, headers=tuple(sorted(typed)), body=body)
    return answer._replace(response=sent)


def _ends_a_good_answer(request: Request) -> bool:
    types = [value for name, value in request.headers if name == b"content-type"]
    return any(value.decode("latin-1").startswith(_IN_A_GOOD_ANSWER) for value in types)


def _request_of(ctx: RequestContext[Any, Any]) -> Request:
    path = _path_of(ctx)
    return Request(
        method=ctx.http_method,
        path=path,
        route=path,
        headers=tuple(
            (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in ctx.request_headers.allitems()
        ),
        client=ctx.client_address,
    )


def _keep_route(ctx: RequestContext[Any, Any]) -> None:
    state = _state.get()
    if state is not None:
        state.route = (_path_of(ctx), ctx.method.name)


def _path_of(ctx: RequestContext[Any, Any]) -> str:
    return f"/{ctx.method.service_name}/{ctx.method.name}"


def _name_of(code: Code) -> str:
    """Return the name that `google.rpc.Code` has for a code of Connect."""
    return "CANCELLED" if code is Code.CANCELED else code.name


def _own_name(name: str) -> str:
    """Return the name that Connect has for a code of `google.rpc.Code`."""
    return "CANCELED" if name == "CANCELLED" else name


def _put_first(application: Any, interceptor: _Interceptor) -> None:
    before = getattr(application, "_metadata_interceptors", None)
    if before is None:
        raise ConfigurationError(
            "this release of Connect keeps its interceptors elsewhere: give the application "
            "interceptors=[interceptor()] from tightlip.adapters.connectrpc"
        )
    application._metadata_interceptors = [interceptor, *before]  # noqa: SLF001


def _guarded_class(before: Any, application: Any, responder: Responder) -> type:
    """Return the class of an application whose calls go through the guard."""
    call = call_of(application)
    if issubclass(before, ConnectASGIApplication):
        guard = asgi.Guard(_knowing(call), responder, _FRAMEWORK)

        class Guarded(before):  # type: ignore[misc]
            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                await guard(scope, receive, send)

        return Guarded
    guard_of_wsgi = wsgi.Guard(_knowing_environ(call), responder, _FRAMEWORK)

    class GuardedWsgi(before):  # type: ignore[misc]
        def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
            return guard_of_wsgi(environ, start_response)

    return GuardedWsgi


def _knowing(call: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Return an ASGI application whose interceptor knows the state of the exchange."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        token = _state.set(state_of(scope))
        try:
            await call(scope, receive, send)
        finally:
            _state.reset(token)

    return application


def _knowing_environ(call: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return a WSGI application whose interceptor knows the state of the exchange."""

    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        token = _state.set(state_of(environ))
        try:
            yield from call(environ, start_response)
        finally:
            _state.reset(token)

    return application
