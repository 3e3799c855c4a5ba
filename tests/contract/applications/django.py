"""Django over ASGI."""

from __future__ import annotations

from contract.django_settings import handler_class

# isort: split

from django.core.handlers.asgi import ASGIHandler

from contract.django_views import ROUTES

PROTOCOL = "asgi"


def build(debug):
    return handler_class(ASGIHandler, debug=debug, routes=ROUTES)()
