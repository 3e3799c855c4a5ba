"""The views of Django itself."""

from __future__ import annotations

import asyncio
import json

from django.http import Http404, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique


def ok(request):
    return JsonResponse({"status": "ok"})


def crash(request):
    raise ValueError(CANARY)


def leave(request):
    raise SystemExit(CANARY)


async def cancelled(request):
    raise asyncio.CancelledError(CANARY)


def declared(request):
    raise SoldOut


def database(request):
    violate_unique()


def by_hand(request, status):
    return JsonResponse({"error": CANARY}, status=status, headers=BY_HAND)


def redirected(request):
    return HttpResponseRedirect("/ok")


def leak(request):
    return JsonResponse({"id": 1, "note": LEAK})


def leak_header(request):
    return JsonResponse({"id": 1}, headers={"x-note": LEAK})


def split_header(request):
    return JsonResponse({"id": 1}, headers={"x-note": SPLIT})


def stream_first(request):
    def chunks():
        raise ValueError(CANARY)
        yield b""

    return StreamingHttpResponse(chunks(), content_type="text/plain")


def stream_later(request):
    def chunks():
        yield b"first\n"
        raise ValueError(CANARY)

    return StreamingHttpResponse(chunks(), content_type="text/plain")


def events(request):
    def chunks():
        yield b"data: first\n\n"
        raise ValueError(CANARY)

    return StreamingHttpResponse(chunks(), content_type="text/event-stream")


def item(request, number):
    return JsonResponse({"number": number})


def literal(request):
    raise Http404("Item not found")


@csrf_exempt
@require_POST
def create(request):
    return JsonResponse({"name": json.loads(request.body)["name"]}, status=201)


def safe(view):
    return csrf_exempt(require_safe(view))


STREAMS = [
    path("stream/first", safe(stream_first)),
    path("stream/later", safe(stream_later)),
    path("events", safe(events)),
]
ROUTES = [
    path("ok", safe(ok)),
    path("items/<int:number>", safe(item)),
    path("crash", safe(crash)),
    path("crash/exit", safe(leave)),
    path("crash/cancelled", safe(cancelled)),
    path("declared", safe(declared)),
    path("items", create),
    path("literal", safe(literal)),
    path("database", safe(database)),
    path("by-hand/<int:status>", safe(by_hand)),
    path("redirected", safe(redirected)),
    path("leak", safe(leak)),
    path("leak/header", safe(leak_header)),
    path("split/header", safe(split_header)),
    *STREAMS,
]
