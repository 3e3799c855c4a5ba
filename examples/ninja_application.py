"""django-ninja: the words of `HttpError` stay, and those of an exception do not leave."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest
from django.urls import path

import tightlip

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], DEBUG=True)

from ninja import NinjaAPI  # noqa: E402 - it reads the settings
from ninja.errors import HttpError  # noqa: E402

api = NinjaAPI()

CABINS = {1: ["lamp", "stove"], 2: []}


@api.get("/cabins/{number}/things/first")
def first_thing(request: HttpRequest, number: int) -> dict[str, str]:  # noqa: ARG001 - ninja asks for it
    if number not in CABINS:
        raise HttpError(404, "There is no such cabin")
    return {"thing": CABINS[number][0]}


urlpatterns = [path("", api.urls)]

app = tightlip.shield(get_asgi_application())
