"""gRPC: an interceptor that says of a failed call only what was declared."""

from __future__ import annotations

from typing import Any, Unpack

import grpc
from grpc.aio import ServerInterceptor as AioServerInterceptor

from tightlip.adapters.grpc.call import read
from tightlip.adapters.grpc.handlers import Guarding
from tightlip.responder.policy import ConfigurationError, Settings, read_policy
from tightlip.responder.responder import Responder

__all__ = ["aio_interceptor", "interceptor", "read", "wrap"]


def wrap(application: Any, responder: Responder) -> Any:  # noqa: ARG001 - what shield() asks
    """Say how a server of gRPC is guarded: it takes interceptors where it is made, and only there.

    Raises:
        ConfigurationError: Always.
    """
    raise ConfigurationError(
        "a server of gRPC takes interceptors only where it is made: "
        "grpc.server(…, interceptors=[interceptor()]), or "
        "grpc.aio.server(interceptors=[aio_interceptor()]), "
        "both from tightlip.adapters.grpc; ours stands first"
    )


def interceptor(
    *, largest_request: int | None = None, **settings: Unpack[Settings]
) -> grpc.ServerInterceptor:
    """Return the interceptor for `grpc.server(…, interceptors=[interceptor()])`.

    It stands first, so that it has the last word.

    Args:
        largest_request: How many bytes a message of the client's may have. gRPC has a limit of its
            own, and words of its own for it, which are out of reach: set that one higher.
        settings: As of `tightlip.Shield`.

    Raises:
        ConfigurationError: A setting is unknown or has the wrong form.
    """
    return _Interceptor(Guarding(Responder(read_policy(settings)), largest_request))


def aio_interceptor(
    *, largest_request: int | None = None, **settings: Unpack[Settings]
) -> AioServerInterceptor:
    """Return the interceptor for `grpc.aio.server(interceptors=[aio_interceptor()])`.

    Args and errors are those of `interceptor`.
    """
    return _AioInterceptor(Guarding(Responder(read_policy(settings)), largest_request))


class _Interceptor(grpc.ServerInterceptor):  # type: ignore[misc]
    def __init__(self, guarding: Guarding) -> None:
        self._guarding = guarding

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Put the guard around what the call leads to."""
        try:
            handler = continuation(handler_call_details)
        except BaseException as exception:  # gRPC would tell that a handler failed
            return self._guarding.failing(exception, handler_call_details)
        if handler is None:
            return self._guarding.failing(None, handler_call_details)
        return self._guarding.around(handler, handler_call_details)


class _AioInterceptor(AioServerInterceptor):  # type: ignore[misc]
    def __init__(self, guarding: Guarding) -> None:
        self._guarding = guarding

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Put the guard around what the call leads to."""
        try:
            handler = await continuation(handler_call_details)
        except Exception as exception:  # as above
            return self._guarding.failing_async(exception, handler_call_details)
        if handler is None:
            return self._guarding.failing_async(None, handler_call_details)
        return self._guarding.around_async(handler, handler_call_details)
