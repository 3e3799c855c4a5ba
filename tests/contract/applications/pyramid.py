"""Pyramid."""

from __future__ import annotations

import asyncio

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPConflict, HTTPFound, HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "wsgi"


class InMemory(Request):
    """WebOb leaves the files of large bodies to the collector, which warns of them."""

    request_body_tempfile_limit = 200_000


def ok(request):
    return {"status": "ok"}


def create(request):
    content = request.json_body
    request.response.status = 201
    return {"name": content["name"]}


def item(request):
    return {"number": int(request.matchdict["number"])}


def crash(request):
    raise ValueError(CANARY)


def leave(request):
    raise SystemExit(CANARY)


def cancelled(request):
    raise asyncio.CancelledError(CANARY)


def declared(request):
    raise SoldOut


def literal(request):
    raise HTTPNotFound("Item not found")


def formatted(request):
    raise HTTPConflict(f"{CANARY} on {request.url}")


def database(request):
    violate_unique()


def by_hand(request):
    status = int(request.matchdict["status"])
    return Response(json_body={"error": CANARY}, status=status, headerlist=list(BY_HAND.items()))


def redirected(request):
    return HTTPFound("/ok")


def leak(request):
    return {"id": 1, "note": LEAK}


def leak_header(request):
    request.response.headers["x-note"] = LEAK
    return {"id": 1}


def split_header(request):
    request.response.headers["x-note"] = SPLIT
    return {"id": 1}


def stream_first(request):
    def chunks():
        raise ValueError(CANARY)
        yield b""

    return Response(app_iter=chunks(), content_type="text/plain")


def stream_later(request):
    def chunks():
        yield b"first\n"
        raise ValueError(CANARY)

    return Response(app_iter=chunks(), content_type="text/plain")


def events(request):
    def chunks():
        yield b"data: first\n\n"
        raise ValueError(CANARY)

    return Response(app_iter=chunks(), content_type="text/event-stream")


ROUTES = {
    "/ok": ok,
    r"/items/{number:\d{1,9}}": item,
    "/crash": crash,
    "/crash/exit": leave,
    "/crash/cancelled": cancelled,
    "/declared": declared,
    "/literal": literal,
    "/formatted": formatted,
    "/database": database,
    r"/by-hand/{status:\d+}": by_hand,
    "/redirected": redirected,
    "/leak": leak,
    "/leak/header": leak_header,
    "/split/header": split_header,
    "/stream/first": stream_first,
    "/stream/later": stream_later,
    "/events": events,
}


def build(debug):
    with Configurator(settings={"pyramid.debug_all": debug}) as config:
        config.set_request_factory(InMemory)
        config.add_route("create", "/items")
        config.add_view(create, route_name="create", request_method="POST", renderer="json")
        for pattern, view in ROUTES.items():
            config.add_route(pattern, pattern)
            config.add_view(view, route_name=pattern, request_method="GET", renderer="json")
        return config.make_wsgi_app()
