"""Pyramid applications under the guard: what is special to Pyramid, beside the contract."""

from __future__ import annotations

import json

import pytest
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPConflict, HTTPForbidden, HTTPNotFound, HTTPUnauthorized
from pyramid.request import Request
from pyramid.response import Response
from pyramid.router import Router

import tightlip
from contract.answers import error_in, without_reference
from tightlip import ConfigurationError, PublicError, Shield

CANARY = "canary-3a90"


class Wilted(PublicError):
    status = 409
    message = "This plant has wilted"


def crash(request):
    raise ValueError(CANARY)


def plant(request):
    raise Wilted


def add(request):
    return request.json_body


def search(request):
    return dict(request.params)


def configuration(**settings):
    config = Configurator(settings=settings)
    for name, path, view, method in (
        ("crash", "/crash", crash, "GET"),
        ("plant", "/plants/{number}", plant, "GET"),
        ("add", "/plants", add, "POST"),
        ("search", "/plants", search, "GET"),
    ):
        config.add_route(name, path, request_method=method)
        config.add_view(view, route_name=name, renderer="json")
    return config


def application(**settings):
    return configuration(**settings).make_wsgi_app()


def ask(app, path, method="GET", body=b""):
    request = Request.blank(path, method=method, body=body, content_type="application/json")
    response = request.get_response(app)
    assert CANARY.encode() not in response.body
    assert CANARY not in str(response.headers)
    return response.status, {n.lower(): v for n, v in response.headerlist}, response.body


def error_of(app, path, **options):
    answer = ask(app, path, **options)
    return int(answer[0][:3]), error_in(answer)


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    app = application()
    assert Shield(sinks=[sink])(app) is app
    assert isinstance(app, Router)
    assert type(app).__qualname__ == "Router"
    guarded = type(app)
    assert tightlip.shield(app) is app
    assert type(app) is guarded
    ask(app, "/crash")
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("path", ["/crash", "/plants/4", "/nowhere"])
def test_the_include_gives_the_same_bytes(path):
    config = configuration()
    config.include("tightlip.adapters.pyramid")
    shielded = tightlip.shield(application())
    one, two = ask(config.make_wsgi_app(), path), ask(shielded, path)
    assert without_reference(one) == without_reference(two)
    assert one[2].startswith(b'{"error":')


def test_no_setting_changes_a_byte(sink):
    plain = Shield(sinks=[sink])(application())
    other = Shield(sinks=[sink])(application(**{"pyramid.debug_all": True}))
    for path, method, body in (
        ("/crash", "GET", b""),
        ("/nowhere", "GET", b""),
        ("/crash", "PUT", b""),
        ("/plants", "POST", b"{"),
        ("/plants", "POST", b'{"a": "\xff"}'),
        ("/plants?a=%ff", "GET", b""),
        ("/%ff", "GET", b""),
    ):
        one, two = ask(plain, path, method, body), ask(other, path, method, body)
        assert without_reference(one) == without_reference(two)
        assert int(one[0][:3]) in {400, 404, 405, 500}


def test_a_query_that_is_no_text_is_a_malformed_request(sink):
    app = Shield(sinks=[sink])(application())
    assert error_of(app, "/plants?a=%ff") == (
        400,
        {
            "code": "INVALID_REQUEST",
            "message": "The request could not be understood. Check it and try again",
        },
    )


def path_reading_tween(handler, _registry):
    return lambda request: handler(request) if request.path else None


def test_a_path_that_is_no_text_is_a_malformed_request_wherever_it_is_read(sink):
    config = configuration()
    config.add_tween(f"{__name__}.path_reading_tween")
    app = Shield(sinks=[sink])(config.make_wsgi_app())
    assert error_of(app, "/plants/%ff")[0] == 400
    assert error_of(app, "/plants/1")[0] == 409
    assert not sink.incidents


def test_a_form_of_an_unknown_charset_is_a_malformed_request(sink):
    app = Shield(sinks=[sink])(raising(lambda request: dict(request.POST)))
    form = "application/x-www-form-urlencoded; charset=none"
    request = Request.blank("/", method="POST", body=b"a=b", content_type=form)
    assert request.get_response(app).status == "400 Bad Request"
    assert not sink.incidents


def test_what_is_no_application_is_refused_by_name():
    with pytest.raises(ConfigurationError, match="not a Configurator of Pyramid's"):
        tightlip.shield(Configurator())


@pytest.mark.parametrize(
    ("path", "allowed"), [("/crash", "GET"), ("/plants", "GET, POST"), ("/plants/1", "GET")]
)
def test_a_method_that_no_route_takes_is_not_allowed(sink, path, allowed):
    status, headers, _ = ask(Shield(sinks=[sink])(application()), path, "DELETE")
    assert (status, headers["allow"]) == ("405 Method Not Allowed", allowed)
    assert not sink.incidents


def raising(view):
    config = Configurator()
    config.add_route("index", "/")
    config.add_view(view, route_name="index", renderer="json")
    return config.make_wsgi_app()


def raises(request):
    raise HTTPConflict("This plant is sold")


def raises_plainly(request):
    raise HTTPForbidden


def raises_formatted(request):
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        raise HTTPConflict(str(error))


def raises_a_comment(request):
    raise HTTPConflict("This plant is sold", comment=CANARY)


def raises_a_body(request):
    raise HTTPConflict(text=CANARY)


def returns(request):
    return HTTPConflict(CANARY)


def returns_plainly(request):
    return HTTPNotFound()


def returns_an_answer(request):
    return Response(CANARY, 409)


@pytest.mark.parametrize(
    ("view", "status", "message", "is_recorded"),
    [
        (raises, 409, "This plant is sold", False),
        (raises_plainly, 403, "You do not have access to this", False),
        (raises_formatted, 409, "The request conflicts with", True),
        (raises_a_comment, 409, "This plant is sold", False),
        (raises_a_body, 409, "The request conflicts with", True),
        (returns, 409, "The request conflicts with", True),
        (returns_plainly, 404, "What you are looking for does not exist", False),
        (returns_an_answer, 409, "The request conflicts with", True),
    ],
)
def test_words_leave_where_they_are_literal(sink, view, status, message, is_recorded):
    app = Shield(sinks=[sink])(raising(view))
    answered, error = error_of(app, "/")
    assert answered == status
    assert error["message"].startswith(message)
    assert bool(sink.incidents) is is_recorded


def test_a_challenge_keeps_its_scheme(sink):
    def view(request):
        raise HTTPUnauthorized(
            headers={"WWW-Authenticate": f'Basic realm="a", x="{CANARY}"'}.items()
        )

    _, headers, _ = ask(Shield(sinks=[sink])(raising(view)), "/")
    assert headers["www-authenticate"] == 'Basic realm="a"'


def test_an_exception_view_of_the_applications_own_still_runs(sink):
    def handle(error, request):
        request.response.status = 503
        request.response.headers["Retry-After"] = "7"
        return {"error": str(error)}

    config = configuration()
    config.add_exception_view(handle, context=ValueError, renderer="json")
    status, headers, body = ask(Shield(sinks=[sink])(config.make_wsgi_app()), "/crash")
    assert (status, headers["retry-after"]) == ("503 Service Unavailable", "7")
    assert json.loads(body)["error"]["code"] == "SERVICE_UNAVAILABLE"
    (incident,) = sink.incidents
    assert incident["exception.type"] == "ValueError"
    assert incident["http.route"] == "/crash"


def failing_tween(handler, registry):
    def handle(request):
        raise KeyError(CANARY)

    return handle


def test_what_fails_outside_of_the_views_is_a_failure(sink):
    config = configuration()
    config.add_tween(f"{__name__}.failing_tween")
    app = Shield(sinks=[sink])(config.make_wsgi_app())
    assert error_of(app, "/plants/1")[0] == 500
    (incident,) = sink.incidents
    assert incident["exception.type"] == "KeyError"


def test_a_callback_that_fails_is_a_failure(sink):
    def view(request):
        def fails(_):
            raise ValueError(CANARY)

        request.add_finished_callback(fails)
        return {"status": "ok"}

    assert error_of(Shield(sinks=[sink])(raising(view)), "/")[0] == 500
    assert len(sink.incidents) == 1
