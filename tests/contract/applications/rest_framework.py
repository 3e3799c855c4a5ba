"""Django REST framework over ASGI."""

from __future__ import annotations

from contract.django_settings import handler_class

# isort: split

from django.core.handlers.asgi import ASGIHandler
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response
from rest_framework.views import APIView

from contract.django_views import STREAMS, cancelled, redirected
from contract.material import BY_HAND, CANARY, LEAK, SPLIT, SoldOut, violate_unique

PROTOCOL = "asgi"


class Item(serializers.Serializer):
    name = serializers.CharField()
    price = serializers.IntegerField()


class Conflict(APIException):
    status_code = 409


class View(APIView):
    http_method_names = ("get", "head", "post")


class Items(View):
    def post(self, request):
        item = Item(data=request.data)
        item.is_valid(raise_exception=True)
        return Response({"name": item.validated_data["name"]}, status=201)


def view(answer):
    class Answering(View):
        def get(self, request, **values):
            return answer(**values)

    return Answering.as_view()


def fail(make):
    def answer():
        raise make()

    return view(answer)


class Literal(View):
    def get(self, request):
        raise NotFound("Item not found")


class Formatted(View):
    def get(self, request):
        raise Conflict(f"{CANARY} on {request.path}")


def build(debug):
    routes = [
        path("ok", view(lambda: Response({"status": "ok"}))),
        path("items", Items.as_view()),
        path("items/<int:number>", view(lambda number: Response({"number": number}))),
        path("crash", fail(lambda: ValueError(CANARY))),
        path("crash/exit", fail(lambda: SystemExit(CANARY))),
        path("crash/cancelled", cancelled),
        path("declared", fail(SoldOut)),
        path("literal", Literal.as_view()),
        path("formatted", Formatted.as_view()),
        path("database", view(violate_unique)),
        path("by-hand/<int:status>", view(lambda status: Response({"error": CANARY}, status, headers=BY_HAND))),
        path("redirected", redirected),
        path("leak", view(lambda: Response({"id": 1, "note": LEAK}))),
        path("leak/header", view(lambda: Response({"id": 1}, headers={"x-note": LEAK}))),
        path("split/header", view(lambda: Response({"id": 1}, headers={"x-note": SPLIT}))),
        *STREAMS,
    ]  # fmt: skip
    return handler_class(ASGIHandler, debug=debug, routes=routes)()
