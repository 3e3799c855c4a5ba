"""Django REST framework: the words of `NotFound` stay, and those of an exception do not leave."""

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

import tightlip

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["rest_framework"],
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []},
    DEBUG=True,
)
django.setup()

from rest_framework.decorators import api_view  # noqa: E402 - it reads the settings
from rest_framework.exceptions import NotFound  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402

CABINS = {1: ["lamp", "stove"], 2: []}


@api_view(["GET"])
def first_thing(_request: Request, number: int) -> Response:
    if number not in CABINS:
        raise NotFound("There is no such cabin")
    return Response({"thing": CABINS[number][0]})


urlpatterns = [path("cabins/<int:number>/things/first", first_thing)]

app = tightlip.shield(get_asgi_application())
