"""Django over WSGI."""

from __future__ import annotations

from contract.django_settings import handler_class

# isort: split

from django.core.handlers.wsgi import WSGIHandler

from contract.django_views import ROUTES

PROTOCOL = "wsgi"


def build(debug):
    return handler_class(WSGIHandler, debug=debug, routes=ROUTES)()
