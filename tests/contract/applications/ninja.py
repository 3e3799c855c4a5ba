"""django-ninja over ASGI."""

from __future__ import annotations

from contract.django_settings import handler_class

# isort: split

import asyncio

from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path
from ninja import NinjaAPI, Schema, Status
from ninja.errors import HttpError

from contract.django_views import STREAMS, leak_header, split_header
from contract.material import BY_HAND, CANARY, LEAK, SoldOut, violate_unique

PROTOCOL = "asgi"

api = NinjaAPI(urls_namespace="contract", docs_url=None, openapi_url=None)


class Item(Schema):
    name: str
    price: int


def reads(place):
    """A route for GET that answers HEAD too, which ninja does not by itself."""
    return api.api_operation(["GET", "HEAD"], place)


@reads("/ok")
def ok(request: HttpRequest) -> dict:
    return {"status": "ok"}


@api.post("/items", response={201: dict})
def create(request: HttpRequest, item: Item):
    return Status(201, {"name": item.name})


@reads("/items/{int:number}")
def item(request: HttpRequest, number: int) -> dict:
    return {"number": number}


@reads("/crash")
def crash(request: HttpRequest):
    raise ValueError(CANARY)


@reads("/crash/exit")
async def leave(request: HttpRequest):
    raise SystemExit(CANARY)


@reads("/crash/cancelled")
async def cancelled(request: HttpRequest):
    raise asyncio.CancelledError(CANARY)


@reads("/declared")
async def declared(request: HttpRequest):
    raise SoldOut


@reads("/literal")
def literal(request: HttpRequest):
    raise HttpError(404, "Item not found")


@reads("/formatted")
async def formatted(request: HttpRequest):
    raise HttpError(409, f"{CANARY} on {request.path}")


@reads("/database")
def database(request: HttpRequest):
    violate_unique()


@reads("/by-hand/{int:status}")
def by_hand(request: HttpRequest, status: int) -> HttpResponse:
    return JsonResponse({"error": CANARY}, status=status, headers=BY_HAND)


@reads("/redirected")
def redirected(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/ok")


@reads("/leak")
def leak(request: HttpRequest) -> dict:
    return {"id": 1, "note": LEAK}


def build(debug):
    routes = [
        *STREAMS,
        path("leak/header", leak_header),
        path("split/header", split_header),
        path("", api.urls),
    ]
    return handler_class(ASGIHandler, debug=debug, routes=routes)()
