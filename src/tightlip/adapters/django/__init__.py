"""Django, with Django REST framework and django-ninja: the guard around a handler.

`shield(get_asgi_application())` and `shield(get_wsgi_application())` return the handler itself.
The setting `MIDDLEWARE` takes `tightlip.adapters.django.ShieldMiddleware`, with the settings of a
`Shield` in the dict `TIGHTLIP`.
"""

from __future__ import annotations

from tightlip.adapters.django.handlers import wrap
from tightlip.adapters.django.middleware import ShieldMiddleware
from tightlip.adapters.django.reading import is_disconnect, is_own_answer, read, route

__all__ = ["ShieldMiddleware", "is_disconnect", "is_own_answer", "read", "route", "wrap"]
