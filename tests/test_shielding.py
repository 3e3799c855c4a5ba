"""One call around any application; what it is not for, and what it says then."""

from __future__ import annotations

import re
from functools import partial

import pytest

import tightlip
from tightlip import ConfigurationError, DeclarationError, PublicError, Shield, on_exception


class DoorClosed(PublicError):
    status = 409
    message = "Closed for today"


class Away(PublicError):
    status = 503
    message = "Nobody is here"


async def application(scope, receive, send):
    raise DoorClosed


class Application:
    async def __call__(self, scope, receive, send):
        raise DoorClosed


class Bound:
    async def serve(self, scope, receive, send):
        raise DoorClosed


@pytest.mark.parametrize(
    "app", [application, Application(), Bound().serve], ids=["function", "object", "method"]
)
def test_a_plain_asgi_application_gets_a_wrapper(exchange, sink, app):
    shielded = Shield(sinks=[sink])(app)
    assert (
        exchange(shielded).body == b'{"error":{"code":"DOOR_CLOSED","message":"Closed for today"}}'
    )
    assert tightlip.shield(shielded) is shielded


def wsgi(environ, start_response):
    raise DoorClosed


class WsgiApplication:
    def __call__(self, environ, start_response, more=None):
        raise DoorClosed


class WsgiBound:
    def serve(self, environ, start_response):
        raise DoorClosed


@pytest.mark.parametrize("app", [wsgi, WsgiApplication(), WsgiBound().serve, partial(wsgi)])
def test_a_plain_wsgi_application_gets_a_wrapper(sink, app):
    shielded = Shield(sinks=[sink])(app)
    started = []
    body = b"".join(shielded({"REQUEST_METHOD": "GET"}, lambda *start: started.append(start)))
    assert body == b'{"error":{"code":"DOOR_CLOSED","message":"Closed for today"}}'
    assert started[0][0] == "409 Conflict"
    assert tightlip.shield(shielded) is shielded


async def two_arguments(scope, receive):
    return None


def three_arguments(scope, receive, send):
    return None


@pytest.mark.parametrize(
    "thing",
    [
        None,
        3,
        "main:app",
        two_arguments,
        three_arguments,
        Application,
        WsgiApplication,
        lambda *a: None,
        partial(wsgi, {}),
        [],
    ],
    ids=lambda thing: getattr(thing, "__name__", type(thing).__name__),
)
def test_what_is_no_application_is_refused_with_what_is(thing):
    with pytest.raises(ConfigurationError) as caught:
        tightlip.shield(thing)
    assert "shield() takes an application: FastAPI, Starlette" in str(caught.value)
    assert "any WSGI callable" in str(caught.value)
    assert type(thing).__qualname__ in str(caught.value)


def test_wrong_settings_are_all_named_with_the_form_that_is_accepted():
    with pytest.raises(ConfigurationError) as caught:
        Shield(
            translation=[],
            translations="users_email_key",
            sinks="logging",
            directory=7,
            retention=30,
            headers={"set-cookie": "a=b"},
            service_name=7,
            service_version="1\n",
        )
    words = str(caught.value)
    for part in (
        "translation: no such setting; the settings are alerts, directory, error_pages, exemptions, headers, retention, rules, service_name",
        "translations: takes a list of what on_unique",
        "sinks: takes a list of names or sinks, such as ['logging']",
        "retention: takes a tightlip.Retention, not 30",
        "directory: takes the path of a directory, or None, not 7",
        "headers: takes a dict of security headers",
        "set-cookie",
        "service_name: takes a text of printable characters, not 7",
        "service_version: takes a text of printable characters",
    ):
        assert part in words


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({"x-frame-options": 1}, "takes a dict"),
        ([("x-frame-options", "DENY")], "takes a dict"),
        ({"x-frame-options": "a\nb"}, "x-frame-options"),
        ({"etag": "1"}, "etag"),
    ],
)
def test_headers_that_cannot_stand_with_an_error_are_refused(headers, fault):
    with pytest.raises(ConfigurationError, match=f"headers: .*{fault}"):
        Shield(headers=headers)


@pytest.mark.parametrize("sinks", [["no_such_sink"], [object()], [None], 5])
def test_a_sink_that_is_none_is_refused_by_name(sinks):
    with pytest.raises(ConfigurationError, match="sinks: "):
        Shield(sinks=sinks)


def test_settings_that_are_accepted_take_effect(exchange, sink):
    shield = Shield(
        sinks=(item for item in [sink]),
        headers={"Strict-Transport-Security": "max-age=1"},
        service_name="shop",
        service_version="1.2",
        translations=(rule for rule in [on_exception(ZeroDivisionError, DoorClosed)]),
    )

    async def divides(scope, receive, send):
        return 1 / 0

    answer = exchange(shield(divides))
    assert answer.status == 409
    assert answer.headers[b"strict-transport-security"] == b"max-age=1"
    (incident,) = sink.incidents
    assert (incident["service.name"], incident["service.version"]) == ("shop", "1.2")


def test_translations_that_contradict_each_other_are_refused_with_both_places():
    rules = [on_exception(ZeroDivisionError, DoorClosed), on_exception(ZeroDivisionError, Away)]
    with pytest.raises(DeclarationError, match="contradict each other") as caught:
        Shield(translations=rules)
    assert len(set(re.findall(r"test_shielding\.py:\d+", str(caught.value)))) == 1


def test_a_declared_message_that_a_detector_flags_is_refused_at_start():
    class Flagged(PublicError):
        status = 500
        message = 'duplicate key value violates unique constraint "users_email_key"'

    try:
        with pytest.raises(DeclarationError, match=r"FLAGGED at .*test_shielding\.py:"):
            Shield()
    finally:
        Flagged.message = "Something else"


class Granians:
    """An application of RSGI, granian's own interface."""

    async def __rsgi__(self, scope, protocol):
        raise DoorClosed


def test_an_application_of_rsgi_is_refused_with_what_to_do():
    with pytest.raises(ConfigurationError, match="--interface asgi"):
        tightlip.shield(Granians())
