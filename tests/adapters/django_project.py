"""A Django project with REST framework and ninja, as one would write it, with planted words."""

from __future__ import annotations

import contract.django_settings  # noqa: F401 - the settings come first

# isort: split

import asyncio
import json
import tempfile
from contextlib import closing

import ninja
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    SuspiciousOperation,
)
from django.db.utils import ConnectionHandler
from django.http import (
    Http404,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.urls import path
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from ninja.errors import AuthenticationError, HttpError
from ninja.throttling import BaseThrottle
from pydantic import field_validator
from rest_framework import exceptions, serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.decorators import api_view
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from tightlip import PublicError

CANARY = "canary-77d0"


class Rented(PublicError):
    status = 409
    message = "This boat is rented out"


class TooWindy(exceptions.APIException):
    status_code = 503
    default_detail = "Too windy to sail today"


class Boat(serializers.Serializer):
    name = serializers.CharField(max_length=10)
    seats = serializers.IntegerField(min_value=1, max_value=8)
    kind = serializers.ChoiceField(["sail", "row"], required=False)
    length = serializers.DecimalField(max_digits=4, decimal_places=1, required=False)
    crew = serializers.ListField(child=serializers.EmailField(), max_length=2, required=False)

    def validate_seats(self, value):
        if value == 7:
            raise serializers.ValidationError("Seven brings bad luck")
        if value == 8:
            raise serializers.ValidationError(f"{CANARY} {value}")
        return value


class Boats(APIView):
    def post(self, request):
        boat = Boat(data=request.data)
        boat.is_valid(raise_exception=True)
        return Response(boat.data, status=201)


class Sunk(APIView):
    def initial(self, request, *arguments, **named):
        raise ConnectionResetError(CANARY)


class Harbour(APIView):
    authentication_classes = (BasicAuthentication,)
    permission_classes = (IsAuthenticated,)


class Anchored(View):
    def get(self, request):
        raise Http404("No anchor here")


def raising(make):
    def view(request):
        raise make(request)

    return view


def raising_in_rest(make):
    @api_view(["GET"])
    def view(request):
        raise make(request)

    return view


def missing(request):
    raise Http404("There is no such boat")


def missing_as_told(request):
    try:
        {}[CANARY]
    except KeyError as error:
        raise Http404(str(error)) from error


def denied(request):
    raise PermissionDenied("Only skippers may do this")


def rented(request):
    raise Rented


async def rented_async(request):
    raise Rented


async def crash_async(request):
    raise ValueError(CANARY)


def loads(request):
    return JsonResponse(json.loads(request.body))


def by_hand(request):
    answer = HttpResponse(CANARY, status=418)
    answer.set_cookie("session", CANARY)
    answer.headers["ETag"] = CANARY
    return answer


def twice(request):
    with tempfile.TemporaryDirectory() as folder:
        engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/boats"}
        with closing(ConnectionHandler({"default": engine})["default"]) as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE boats (name TEXT UNIQUE)")
            for _ in range(2):
                cursor.execute("INSERT INTO boats VALUES (%s)", [CANARY])


def parts(count, error):
    for _ in range(count):
        yield b"part\n"
    if error is not None:
        raise error


async def parts_async(count, error):
    for _ in range(count):
        yield b"part\n"
    raise error


def streaming(iterator, count, make, content_type="text/plain"):
    return lambda request: StreamingHttpResponse(
        iterator(count, make and make(CANARY)), content_type=content_type
    )


@api_view(["GET"])
def no_boat(request):
    raise exceptions.NotFound("There is no such boat")


@api_view(["GET"])
def no_boat_by_keyword(request):
    raise exceptions.NotFound(detail="There is no such boat")


@api_view(["GET"])
def no_stock(request):
    raise serializers.ValidationError({"seats": ["Not so many seats"]})


@api_view(["GET"])
def too_windy(request):
    raise TooWindy


class Slow(BaseThrottle):
    def allow_request(self, request):
        return False

    def wait(self):
        return 30


class Captain(ninja.Schema):
    name: str
    age: int

    @field_validator("age")
    @classmethod
    def old_enough(cls, value):
        if value < 18:
            raise ValueError("Captains are of age")
        if value > 99:
            raise ValueError(f"{CANARY} {value}")
        return value


api = ninja.NinjaAPI(urls_namespace="captains")


@api.exception_handler(LookupError)
def lookup_failed(request, error):
    return api.create_response(request, {"detail": str(error)}, status=410)


@api.post("/captains", response={201: Captain})
def add_captain(request, captain: Captain):
    return ninja.Status(201, captain)


@api.post("/flags")
def hoist(request, name: ninja.Form[str], flag: ninja.File[ninja.UploadedFile]):
    return {"name": name}


@api.get("/captains/{number}")
def captain(request, number: int):
    return {"number": number}


@api.get("/missing")
def no_captain(request):
    raise HttpError(404, "There is no such captain")


@api.get("/told")
def told(request):
    raise HttpError(404, f"{CANARY} {request.path}")


@api.get("/django")
def missing_as_in_django(request):
    raise Http404("There is no such captain")


@api.get("/crash")
def crash(request):
    raise ValueError(CANARY)


@api.get("/rented")
def rented_in_ninja(request):
    raise Rented


@api.get("/lookup")
def lookup(request):
    raise KeyError(CANARY)


@api.get("/slow", throttle=Slow())
def slow(request):
    return None


@api.get("/private", auth=lambda request: None)
def private(request):
    return None


@api.get("/unknown")
def unknown(request):
    raise AuthenticationError


urlpatterns = [
    path("ok", lambda request: JsonResponse({"status": "ok"})),
    path("form", lambda request: HttpResponse("sent")),
    path("host", lambda request: HttpResponse(request.get_host())),
    path("slash/", csrf_exempt(lambda request: HttpResponse("slash"))),
    path("old", lambda request: redirect("/ok")),
    path("get", csrf_exempt(require_GET(lambda request: HttpResponse("got")))),
    path("read", csrf_exempt(lambda request: HttpResponse(request.body))),
    path("post", csrf_exempt(lambda request: HttpResponse(request.POST.get("name", "")))),
    path("loads", csrf_exempt(loads)),
    path("boats/<int:number>", lambda request, number: JsonResponse({"number": number})),
    path("missing", missing),
    path("missing/told", missing_as_told),
    path("anchor", Anchored.as_view()),
    path("denied", denied),
    path("bad", raising(lambda request: BadRequest(f"{CANARY} {request.path}"))),
    path("suspicious", raising(lambda request: SuspiciousOperation(f"{CANARY} {request.path}"))),
    path("crash", raising(lambda request: ValueError(CANARY))),
    path("crash/async", crash_async),
    path("exit", raising(lambda request: SystemExit(CANARY))),
    path("stopped", raising(lambda request: StopIteration(CANARY))),
    path("cancelled", raising(lambda request: asyncio.CancelledError(CANARY))),
    path("rented", rented),
    path("rented/async", rented_async),
    path("by-hand", by_hand),
    path("twice", twice),
    path("none", lambda request: None),
    path("leak", lambda request: JsonResponse({"note": "psycopg2.errors.UniqueViolation: x"})),
    path("stream/whole", streaming(parts, 3, None)),
    path("stream/first", streaming(parts, 0, ValueError)),
    path("stream/later", streaming(parts, 1, ValueError)),
    path("stream/exit", streaming(parts, 1, SystemExit)),
    path("stream/async/first", streaming(parts_async, 0, ValueError)),
    path("stream/async/later", streaming(parts_async, 1, ValueError)),
    path("stream/events", streaming(parts, 1, ValueError, "text/event-stream")),
    path("pages/missing", missing),
    path("pages/told", missing_as_told),
    path("pages/crash", raising(lambda request: ValueError(CANARY))),
    path("rest/boats", Boats.as_view()),
    path("rest/harbour", Harbour.as_view()),
    path("rest/missing", no_boat),
    path("rest/missing/keyword", no_boat_by_keyword),
    path("rest/windy", too_windy),
    path("rest/stock", no_stock),
    path("rest/told", raising_in_rest(lambda request: exceptions.NotFound(f"{CANARY} 1"))),
    path("rest/sunk", Sunk.as_view()),
    path("rest/crash", raising_in_rest(lambda request: ValueError(CANARY))),
    path("rest/rented", raising_in_rest(lambda request: Rented())),
    path("rest/throttled", raising_in_rest(lambda request: exceptions.Throttled(wait=30))),
    path("rest/plain", raising_in_rest(lambda request: exceptions.NotAuthenticated())),
    path("ninja/", api.urls),
]
