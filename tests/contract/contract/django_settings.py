"""Django's settings, which are the process's, for the applications of the contract and all others.

A handler of the contract brings its own `DEBUG` and its own routes, so that several may be served at
once; else the settings are what they are.
"""

from __future__ import annotations

from contextvars import ContextVar
from types import ModuleType
from typing import Any

import django
from django.conf import LazySettings, settings

_OF_THE_HANDLER: ContextVar[dict[str, Any]] = ContextVar("_OF_THE_HANDLER", default={})  # noqa: B039 - never changed


def _own(name: str) -> property:
    def value(self: LazySettings) -> Any:
        own = _OF_THE_HANDLER.get()
        return own[name] if name in own else self.__getattr__(name)

    return property(value)


LazySettings.DEBUG = _own("DEBUG")
LazySettings.ROOT_URLCONF = _own("ROOT_URLCONF")
settings.configure(
    SECRET_KEY="secret-of-the-tests-" * 3,
    ALLOWED_HOSTS=["api.example", "testserver", "127.0.0.1"],
    ROOT_URLCONF="django_project",
    INSTALLED_APPS=["django.contrib.contenttypes", "rest_framework"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    REST_FRAMEWORK={
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()


def handler_class(base: type, *, debug: bool, routes: list[Any]) -> type:
    """Return a class of handlers that has its own `DEBUG` and its own routes."""
    module = ModuleType("routes")
    module.urlpatterns = routes
    own = {"DEBUG": debug, "ROOT_URLCONF": module}

    class Handler(base):
        def __call__(self, *arguments: Any) -> Any:
            _OF_THE_HANDLER.set(own)
            return super().__call__(*arguments)

    return Handler
