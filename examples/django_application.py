"""Django: the words of `Http404` stay, and those of an exception do not leave."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import path

import tightlip

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], DEBUG=True)

CABINS = {1: ["lamp", "stove"], 2: []}


def first_thing(_request: HttpRequest, number: int) -> JsonResponse:
    if number not in CABINS:
        raise Http404("There is no such cabin")
    return JsonResponse({"thing": CABINS[number][0]})


urlpatterns = [path("cabins/<int:number>/things/first", first_thing)]

app = tightlip.shield(get_asgi_application())
