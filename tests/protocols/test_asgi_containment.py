"""Applications behind a middleware that runs them in a task of its own, as Starlette's does."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from tightlip import Shield

CANARY = "canary-6d1f"


class Expired(BaseException):
    """As gevent's timeout: no `Exception`, and no end of anything."""


class Passing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


class Catching(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        try:
            return await call_next(request)
        except ValueError:
            return Response(status_code=204)


def of_application(handler, middleware):
    return Starlette(routes=[Route("/", handler)], middleware=[middleware, middleware])


def of_mount(handler, middleware):
    return Starlette(routes=[Mount("/", routes=[Route("/", handler)], middleware=[middleware])])


def of_route(handler, middleware):
    return Starlette(routes=[Route("/", handler, middleware=[middleware])])


def of_mounted(handler, middleware):
    return Starlette(routes=[Mount("/", of_application(handler, middleware))])


def around(handler, middleware):
    return middleware.cls(Starlette(routes=[Route("/", handler)]))


PLACES = [of_application, of_mount, of_route, of_mounted, around]
FAILURES = [ValueError, SystemExit, asyncio.CancelledError, Expired]


def serve(exchange, sink, place, handler, middleware=Passing):
    return exchange(Shield(sinks=[sink])(place(handler, Middleware(middleware))))


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("place", PLACES)
def test_what_a_handler_raises_is_answered_whatever_it_is(exchange, sink, place, failure):
    async def handler(request):
        raise failure(CANARY)

    answer = serve(exchange, sink, place, handler)
    assert (answer.status, answer.raised) == (500, None)
    assert json.loads(answer.body)["error"]["code"] == "INTERNAL_SERVER_ERROR"
    (incident,) = sink.incidents
    assert CANARY in json.dumps(incident["exceptions"])


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("place", PLACES)
def test_a_stream_that_breaks_is_never_ended_as_if_whole(exchange, sink, place, failure):
    async def handler(request):
        async def chunks():
            yield b"first"
            raise failure(CANARY)

        return StreamingResponse(chunks())

    answer = serve(exchange, sink, place, handler)
    assert type(answer.raised).__name__ == "StreamAbortedError"
    assert answer.body == b"first"
    assert all(message["more_body"] for message in answer.sent[1:])
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("place", PLACES)
def test_a_stream_that_breaks_at_once_is_a_whole_error_answer(exchange, sink, place, failure):
    async def handler(request):
        async def chunks():
            raise failure(CANARY)
            yield b""

        return StreamingResponse(chunks())

    answer = serve(exchange, sink, place, handler)
    assert (answer.status, answer.raised) == (500, None)
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("place", PLACES[:-1])  # the last one comes after the answer
def test_what_a_middleware_makes_of_an_exception_leaves(exchange, sink, place):
    async def handler(request):
        raise ValueError(CANARY)

    answer = serve(exchange, sink, place, handler, Catching)
    assert (answer.status, answer.body, answer.raised) == (204, b"", None)
    assert not sink.incidents


@pytest.mark.parametrize("place", PLACES)
def test_a_good_answer_and_a_good_stream_leave_as_they_are(exchange, sink, place):
    async def whole(request):
        return PlainTextResponse("ok")

    async def stream(request):
        async def chunks():
            yield b"o"
            yield b"k"

        return StreamingResponse(chunks())

    for handler in (whole, stream):
        answer = serve(exchange, sink, place, handler)
        assert (answer.status, answer.body, answer.raised) == (200, b"ok", None)
        assert not answer.sent[-1].get("more_body", False)
    assert not sink.incidents
