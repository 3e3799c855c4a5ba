"""Starlette and FastAPI applications under the guard, asked through Starlette's test client."""

from __future__ import annotations

import gc
import json
import weakref
from http import HTTPStatus
from typing import Annotated

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Query
from fastapi import __version__ as fastapi_version
from fastapi.exceptions import RequestValidationError
from fastapi.exceptions import ResponseValidationError as _ResponseValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel, ValidationError, field_validator
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles

import tightlip
from tightlip import PublicError, Shield, errors, on_exception
from tightlip.adapters import starlette
from tightlip.adapters.starlette import ShieldMiddleware

CANARY = "canary-6d1f"
ORIGIN = "https://shop.example"
NULL_IS_NOTHING = tuple(map(int, fastapi_version.split(".")[:2])) < (0, 152)
"""An older FastAPI takes the body `null` for none."""


class OutOfStock(PublicError):
    status = 409
    message = "Only {left} are left"
    left: int


class Account(BaseModel):
    email: str
    age: int = 18

    @field_validator("email")
    @classmethod
    def has_an_at_sign(cls, value):
        if "@" not in value:
            raise ValueError("Email needs an at sign")
        if value.startswith("@"):
            raise ValueError(f"{CANARY} {value}")
        return value


class OwnError(Exception):
    pass


def client_of(app, **options):
    options.setdefault("raise_server_exceptions", False)
    return TestClient(app, headers={"origin": ORIGIN}, **options)


def guarded(app, sink, **settings):
    return client_of(Shield(sinks=[sink], **settings)(app))


def error_of(response):
    assert CANARY not in response.text
    assert CANARY not in str(response.headers)
    assert "traceback" not in response.text.lower()
    error = response.json()["error"]
    assert error.get("reference") == response.headers.get("x-error-reference")
    return error


def is_unhandled(response, sink, message=CANARY):
    """The calm answer of an unhandled exception, with its one incident."""
    assert response.status_code == 500
    (incident,) = sink.incidents
    assert error_of(response) == {
        "code": "INTERNAL_SERVER_ERROR",
        "message": "Something went wrong",
        "reference": incident.reference,
    }
    assert message in json.dumps(incident["exceptions"])
    return incident


def boom():
    raise RuntimeError(CANARY)


async def boom_async():
    raise RuntimeError(CANARY)


def handler_of(function):
    """What Starlette calls with a request, for what FastAPI calls without."""
    if function is boom_async:

        async def handle_async(request):
            await function()

        return handle_async
    return lambda request: function()


def test_the_same_object_comes_back_and_twice_counts_once(sink):
    app = FastAPI()
    assert tightlip.shield(app) is app
    stack = app.build_middleware_stack
    assert Shield(sinks=[sink])(app) is app
    assert app.build_middleware_stack is stack
    plain = Starlette()
    assert tightlip.shield(plain) is plain


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("handler", [boom, boom_async])
@pytest.mark.parametrize("framework", [FastAPI, Starlette])
def test_an_unhandled_exception_of_a_handler_is_a_calm_500(sink, framework, handler, debug):
    app = framework(debug=debug)
    if framework is FastAPI:
        app.get("/")(handler)
    else:
        app.router.routes.append(Route("/", handler_of(handler)))
    incident = is_unhandled(guarded(app, sink).get("/"), sink)
    assert app.debug is debug
    assert incident["http.route"] == "/"
    assert incident["event_name"] == "http.server.request.exception"


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("accept", ["*/*", "text/html", "text/plain"])
def test_debug_changes_no_byte(sink, debug, accept):
    def answers(debug):
        app = FastAPI(debug=debug)
        app.get("/boom")(boom)
        client = guarded(app, sink)
        for path in ("/boom", "/nowhere"):
            response = client.get(path, headers={"accept": accept})
            reference = response.headers.pop("x-error-reference", "-")
            yield response.text.replace(reference, "REF"), dict(response.headers)

    assert list(answers(debug)) == list(answers(not debug))


def test_routes_middleware_and_handlers_added_afterwards_are_guarded(sink):
    app = Shield(sinks=[sink])(FastAPI())
    app.get("/boom")(boom)
    seen = []

    @app.middleware("http")
    async def watching(request, call_next):
        seen.append(request.url.path)
        return await call_next(request)

    @app.exception_handler(OwnError)
    async def own(request, exception):
        return JSONResponse({"detail": str(exception)}, 410)

    @app.get("/own")
    def raising():
        raise OwnError(CANARY)

    client = client_of(app)
    is_unhandled(client.get("/boom"), sink)
    response = client.get("/own")
    assert (response.status_code, error_of(response)["code"]) == (410, "GONE")
    assert seen == ["/boom", "/own"]
    app.get("/later")(boom)
    assert error_of(client.get("/later"))["code"] == "INTERNAL_SERVER_ERROR"
    assert len(sink.incidents) == 3


def test_a_shield_put_on_after_the_first_request_holds(sink):
    app = FastAPI()
    app.get("/boom")(boom)
    client_of(app).get("/nowhere")
    is_unhandled(guarded(app, sink).get("/boom"), sink)


@pytest.mark.parametrize("where", ["before", "after", "exit", "caught"])
def test_dependencies_fail_calmly(sink, where):
    app = FastAPI()

    async def depended():
        if where == "before":
            raise RuntimeError(CANARY)
        try:
            yield 1
        except OwnError:
            raise RuntimeError(CANARY)
        if where == "exit":
            raise RuntimeError(CANARY)

    @app.get("/")
    async def handler(value=Depends(depended)):  # noqa: B008 - the framework's own form
        if where == "after":
            raise RuntimeError(CANARY)
        if where == "caught":
            raise OwnError
        return value

    response = guarded(app, sink).get("/")
    if where == "exit":  # FastAPI leaves the dependency once the answer is sent
        assert (response.status_code, response.json()) == (200, 1)
        assert len(sink.incidents) == 1
        assert sink.incidents[0]["event_name"] == "http.server.background.exception"
    else:
        is_unhandled(response, sink)


def test_a_background_task_that_fails_is_recorded_and_the_answer_stays(sink):
    app = FastAPI()

    @app.get("/")
    def handler(tasks: BackgroundTasks):
        tasks.add_task(boom)
        return {"ok": True}

    response = guarded(app, sink).get("/")
    assert (response.status_code, response.json()) == (200, {"ok": True})
    (incident,) = sink.incidents
    assert incident["event_name"] == "http.server.background.exception"
    assert incident["exception.message"] == CANARY


def test_a_background_task_that_raises_a_framework_s_error_is_recorded_once(sink):
    app = FastAPI()

    def refuses():
        raise HTTPException(404, "Item not found")

    @app.get("/")
    def handler(tasks: BackgroundTasks):
        tasks.add_task(refuses)
        return {"ok": True}

    assert guarded(app, sink).get("/").status_code == 200
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("framework", [FastAPI, Starlette])
def test_the_status_that_another_s_exception_carries_is_not_ours(sink, framework):
    class UpstreamError(Exception):
        status = status_code = code = 404

    async def handler(request: Request):
        raise UpstreamError(CANARY)

    is_unhandled(guarded(framework(routes=[Route("/", handler)]), sink).get("/"), sink)


class Before:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            raise RuntimeError(CANARY)
        await self.app(scope, receive, send)


class After(Before):
    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
        if scope["type"] == "http":
            raise RuntimeError(CANARY)


class BaseBefore(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        raise RuntimeError(CANARY)


class BaseAfter(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        await call_next(request)
        raise RuntimeError(CANARY)


class BasePassing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-frame-options"] = "DENY"
        response.headers["x-own"] = CANARY if response.status_code >= 400 else "1"
        return response


@pytest.mark.parametrize("middleware", [Before, BaseBefore, BaseAfter])
def test_middleware_that_fails_before_the_answer_left_is_a_calm_500(sink, middleware):
    app = FastAPI()
    app.get("/")(lambda: 1)
    app.add_middleware(middleware)
    is_unhandled(guarded(app, sink).get("/"), sink)


def test_middleware_that_fails_after_the_answer_left_is_recorded(sink):
    app = FastAPI()
    app.get("/")(lambda: 1)
    app.add_middleware(After)
    response = guarded(app, sink).get("/")
    assert (response.status_code, response.text) == (200, "1")
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_exceptions_and_words_pass_through_middleware(sink, where):
    app = FastAPI()
    app.get("/boom")(boom)

    @app.get("/literal")
    def literal():
        raise HTTPException(404, "Item not found")

    app.add_middleware(BasePassing)
    app.add_middleware(BasePassing)
    client = guarded(app, sink) if where == "inside" else client_of(Shield(sinks=[sink])(app))
    response = client.get("/literal")
    assert error_of(response) == {"code": "NOT_FOUND", "message": "Item not found"}
    assert response.headers["x-frame-options"] == "DENY"
    is_unhandled(client.get("/boom"), sink)


def make_sub(framework=FastAPI, **options):
    sub = framework(debug=True, **options)

    async def literal(request: Request):
        raise HTTPException(403, "The sub says no")

    async def leak(request: Request):
        raise HTTPException(403, str(CANARY[:3] + CANARY[3:]))

    def failing(request: Request):
        raise RuntimeError(CANARY)

    for path, handler in (("/literal", literal), ("/leak", leak), ("/boom", failing)):
        if framework is FastAPI:
            sub.get(path)(handler)
        else:
            sub.router.routes.append(Route(path, handler))
    return sub


def the_sub_is_guarded(client, sink, path="/sub"):
    response = client.get(path + "/literal")
    assert response.status_code == 403
    assert error_of(response) == {"code": "ACCESS_DENIED", "message": "The sub says no"}
    assert not sink.incidents
    response = client.get(path + "/leak")
    assert error_of(response)["code"] == "ACCESS_DENIED"
    (incident,) = sink.incidents
    assert incident["withheld"][0]["text"] == CANARY
    sink.clear()
    incident = is_unhandled(client.get(path + "/boom"), sink)
    assert incident["http.route"] == path + "/boom"
    sink.clear()
    response = client.get(path + "/nowhere")
    assert error_of(response)["code"] == "NOT_FOUND"
    assert not sink.incidents


@pytest.mark.parametrize("framework", [FastAPI, Starlette])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mounted_application_speaks_as_its_host_does(sink, framework, when):
    app, sub = FastAPI(), make_sub(framework)
    if when == "before":
        app.mount("/sub", sub)
    client = guarded(app, sink)
    if when == "after":
        app.mount("/sub", sub)
    the_sub_is_guarded(client, sink)


@pytest.mark.parametrize("depth", ["in mount", "in router", "with middleware", "wrapped"])
def test_an_application_that_is_mounted_deep_inside_speaks_too(sink, depth):
    app, sub = FastAPI(), make_sub()
    if depth == "in mount":
        app.router.routes.append(Mount("/sub", routes=[Mount("/deep", app=sub)]))
    elif depth == "in router":
        router = APIRouter()
        router.mount("/deep", sub)
        app.include_router(router, prefix="/sub")
    elif depth == "with middleware":
        app.router.routes.append(
            Mount("/sub/deep", app=sub, middleware=[Middleware(GZipMiddleware)])
        )
    else:
        app.mount("/sub/deep", GZipMiddleware(sub))
    client = guarded(app, sink)
    if client.get("/sub/deep/literal").status_code == 404:  # FastAPI does not include mounts
        pytest.skip("this version does not serve it")
    the_sub_is_guarded(client, sink, "/sub/deep")


def test_odd_objects_between_an_application_and_its_mounts_do_no_harm(sink):
    class Endless:
        """Gives a new object each time that it is asked for what stands inside."""

        @property
        def app(self):
            return Endless()

        async def __call__(self, scope, receive, send):
            raise RuntimeError(CANARY)

    class Closed(Endless):
        @property
        def app(self):
            raise RuntimeError(CANARY)

    app = FastAPI()
    app.mount("/endless", Endless())
    app.mount("/closed", Closed())
    client = guarded(app, sink)
    for path in ("/endless/a", "/closed/a"):
        is_unhandled(client.get(path), sink)
        sink.clear()


def test_an_application_that_was_mounted_and_served_before_speaks_too(sink):
    app, sub = FastAPI(), make_sub()
    app.mount("/sub", sub)
    assert client_of(app).get("/sub/literal").json() == {"detail": "The sub says no"}
    the_sub_is_guarded(guarded(app, sink), sink)


def test_a_host_route_speaks_too(sink):
    app = Starlette(routes=[Host("api.example", app=make_sub())])
    response = guarded(app, sink).get("/literal", headers={"host": "api.example"})
    assert error_of(response)["message"] == "The sub says no"


def test_a_shielded_application_in_a_shielded_one_is_recorded_once(sink):
    shield = Shield(sinks=[sink])
    app, sub = FastAPI(), shield(make_sub())
    app.mount("/sub", sub)
    the_sub_is_guarded(client_of(shield(app)), sink)


@pytest.mark.parametrize("order", ["sub first", "host first", "sub later"])
def test_a_mounted_application_can_be_shielded_and_served_by_itself(sink, order):
    shield = Shield(sinks=[sink])
    app, sub = FastAPI(), make_sub()
    app.mount("/sub", sub)
    if order == "sub first":
        shield(sub)
    client = client_of(shield(app))
    the_sub_is_guarded(client, sink)
    sink.clear()
    if order == "sub later":
        shield(sub)
    if order != "host first":
        is_unhandled(client_of(sub).get("/boom"), sink)
        response = client_of(sub).get("/literal")
        assert error_of(response)["message"] == "The sub says no"
    else:
        response = client_of(sub).get("/literal")
        assert response.status_code == 403


def test_a_router_and_wrapped_applications_are_guarded(sink):
    routes = [Route("/boom", lambda request: boom())]
    is_unhandled(guarded(Router(routes=routes), sink).get("/boom"), sink)
    sink.clear()
    client = guarded(GZipMiddleware(make_sub()), sink)
    assert error_of(client.get("/literal"))["message"] == "The sub says no"
    is_unhandled(client.get("/boom"), sink)


def test_the_route_in_the_record_is_the_whole_template(sink):
    app, inner, outer = FastAPI(), APIRouter(prefix="/inner"), APIRouter(prefix="/{tenant}")
    inner.get("/items/{item}")(boom)
    outer.include_router(inner)
    app.include_router(outer, prefix="/v1")
    sub = FastAPI()
    sub.get("/items/{item}")(boom)
    app.mount("/mounted", sub)
    client = guarded(app, sink)
    client.get("/v1/acme/inner/items/3")
    client.get("/mounted/items/3")
    assert [incident["http.route"] for incident in sink.incidents] == [
        "/v1/{tenant}/inner/items/{item}",
        "/mounted/items/{item}",
    ]


def test_a_route_that_starlette_does_not_tell_is_found_by_its_endpoint():
    async def shelf(request): ...

    router = Router([Route("/", Account), Mount("/shops", routes=[Route("/{shop}", shelf)])])
    scope = {"router": router, "endpoint": shelf, "root_path": "/shops"}
    assert starlette.route(scope) == ("/shops/{shop}", "shelf")
    assert starlette.route({**scope, "endpoint": Account}) == ("/shops/", "Account")
    assert starlette.route({"router": router, "endpoint": None}) == (None, "")


def test_static_files_are_refused_without_a_word_of_the_disk(sink, tmp_path):
    (tmp_path / "page.txt").write_text("hello")
    app = FastAPI()
    app.mount("/files", StaticFiles(directory=tmp_path))
    client = guarded(app, sink)
    assert client.get("/files/page.txt").text == "hello"
    for path, code in (("/files/none.txt", 404), ("/files/%00", 404), ("/files/../../x", 404)):
        response = client.get(path)
        assert response.status_code == code
        assert str(tmp_path) not in response.text
        assert error_of(response)["code"] == "NOT_FOUND"
    assert error_of(client.post("/files/page.txt"))["code"] == "METHOD_NOT_ALLOWED"
    response = client.get("/files/page.txt", headers={"range": "lines=1-2"})
    assert error_of(response)["code"] == "INVALID_REQUEST"
    assert not sink.incidents


def test_no_route_and_no_method_are_standard_errors_without_an_incident(sink):
    app = FastAPI()
    app.get("/one")(lambda: 1)
    app.put("/one")(lambda: 1)
    client = guarded(app, sink)
    response = client.get("/nowhere")
    assert error_of(response) == {
        "code": "NOT_FOUND",
        "message": "What you are looking for does not exist",
    }
    response = client.post("/one")
    assert error_of(response)["code"] == "METHOD_NOT_ALLOWED"
    assert "GET" in response.headers["allow"]
    assert not sink.incidents


def test_an_answer_made_by_hand_is_replaced_with_a_declaration_to_paste(sink):
    app = FastAPI()

    @app.get("/")
    def charge_card():
        return JSONResponse({"error": CANARY}, 402, headers={"x-own": CANARY})

    response = guarded(app, sink).get("/")
    assert (response.status_code, error_of(response)["code"]) == (402, "PAYMENT_REQUIRED")
    (incident,) = sink.incidents
    (withheld,) = incident["withheld"]
    assert CANARY in withheld["text"]
    assert withheld["advice"].startswith("class ChargeCardPaymentRequired(tightlip.PublicError):")
    assert incident["event_name"] == "http.server.response.withheld"


def test_a_redirect_raised_as_an_exception_stays_one(sink):
    app = FastAPI()

    @app.get("/")
    def moved():
        raise HTTPException(307, headers={"location": "/there"})

    response = guarded(app, sink).get("/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (307, "/there")


@pytest.mark.parametrize("status", [42, 99, 600, 999, "404", None])
def test_an_http_exception_with_an_odd_status_is_a_clean_answer(sink, status):
    app = FastAPI()

    @app.get("/")
    def odd():
        raise HTTPException(status, CANARY + str(status))

    response = guarded(app, sink).get("/")
    assert response.status_code == 500
    assert error_of(response)["code"] == "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize("headers", [{"retry-after": 30}, {"x\r\ny": "z"}, {"x": "\u20ac"}])
def test_an_http_exception_with_odd_headers_keeps_its_status(sink, headers):
    app = FastAPI()

    @app.get("/")
    def odd():
        raise HTTPException(429, "Too many orders", headers=headers)

    response = guarded(app, sink).get("/")
    assert response.status_code == 429
    assert error_of(response) == {"code": "TOO_MANY_REQUESTS", "message": "Too many orders"}


def test_the_challenge_keeps_scheme_and_realm_only(sink):
    app = FastAPI()

    @app.get("/")
    def secured():
        challenge = f'Bearer realm="shop", error_description="{CANARY}"'
        raise HTTPException(401, "Sign in first", headers={"WWW-Authenticate": challenge})

    response = guarded(app, sink).get("/")
    assert response.headers["www-authenticate"] == 'Bearer realm="shop"'
    assert error_of(response)["message"] == "Sign in first"


HANDLED = {
    "http": (StarletteHTTPException, lambda: HTTPException(404, f"{CANARY}."), 404),
    "fastapi": (HTTPException, lambda: HTTPException(404, f"{CANARY}."), 404),
    "own": (OwnError, lambda: OwnError(CANARY), 418),
    "key": (LookupError, lambda: KeyError(CANARY), 418),
    "exception": (Exception, lambda: OwnError(CANARY), 500),
    "number": (500, lambda: OwnError(CANARY), 500),
    "404": (404, lambda: HTTPException(404, f"{CANARY}."), 404),
}


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("name", HANDLED)
def test_what_the_application_s_own_handler_writes_is_withheld(sink, name, kind):
    key, make, status = HANDLED[name]
    app = FastAPI()
    called = []

    def handle(request, exception):
        called.append(exception)
        return JSONResponse({"own": str(exception)}, status)

    async def handle_async(request, exception):
        return handle(request, exception)

    app.add_exception_handler(key, handle if kind == "sync" else handle_async)

    @app.get("/")
    def raising():
        raise make()

    response = guarded(app, sink).get("/")
    assert response.status_code == status
    error_of(response)
    assert len(called) == 1
    (incident,) = sink.incidents
    assert any("own" in withheld["text"] for withheld in incident["withheld"])
    assert CANARY in json.dumps(incident["exceptions"])


def test_a_handler_that_fails_is_a_calm_500(sink):
    app = FastAPI()

    @app.exception_handler(OwnError)
    def handle(request, exception):
        raise RuntimeError(CANARY)

    @app.get("/")
    def raising():
        raise OwnError("first")

    incident = is_unhandled(guarded(app, sink).get("/"), sink)
    assert "OwnError" in json.dumps(incident["exceptions"])


def test_a_handler_may_answer_with_no_error_at_all(sink):
    app = FastAPI()

    @app.exception_handler(OwnError)
    def handle(request, exception):
        return RedirectResponse("/sign-in", 303)

    @app.get("/")
    def raising():
        raise OwnError

    response = guarded(app, sink).get("/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert not sink.incidents


def test_the_literal_of_an_http_exception_survives_the_application_s_own_shape(sink):
    app = FastAPI()

    @app.exception_handler(StarletteHTTPException)
    def handle(request, exception):
        return JSONResponse({"own": exception.detail}, exception.status_code)

    @app.get("/")
    def raising():
        raise HTTPException(404, "Item not found")

    assert error_of(guarded(app, sink).get("/"))["message"] == "Item not found"


def test_the_application_s_own_validation_handler_is_heard_and_not_quoted(sink):
    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    def handle(request, exception):
        return JSONResponse({"own": str(exception)}, 400)

    @app.post("/")
    def create(account: Account):
        return 1

    response = guarded(app, sink).post("/", json={"email": CANARY, "age": CANARY})
    assert response.status_code == 422
    assert {field["field"] for field in error_of(response)["fields"]} == {"age", "email"}


@pytest.fixture
def accounts(sink):
    app = FastAPI()

    @app.post("/accounts")
    def create(account: Account, limit: Annotated[int, Query(le=5)] = 1):
        return account

    @app.get("/broken", response_model=Account)
    def broken():
        return {"age": CANARY}

    @app.get("/inner")
    def inner():
        return Account(email=CANARY, age=CANARY)

    @app.get("/decode")
    def decode():
        return json.loads("{" + CANARY)

    return guarded(app, sink)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Email is required"),
        ({"email": "x"}, "Email needs an at sign"),
        ({"email": "a@b", "age": CANARY}, "Age must be a whole number"),
    ],
)
def test_a_refused_request_is_told_field_by_field(accounts, sink, body, message):
    response = accounts.post("/accounts", json=body)
    assert response.status_code == 422
    error = error_of(response)
    assert (error["code"], error["message"]) == ("VALIDATION_ERROR", message)
    assert [field["message"] for field in error["fields"]] == [message]
    assert not sink.incidents


def test_a_validator_s_made_up_words_are_withheld(accounts, sink):
    response = accounts.post("/accounts", json={"email": "@secret-value"})
    assert error_of(response)["message"] == "Email is not valid"
    assert "secret-value" not in response.text
    (incident,) = sink.incidents
    assert CANARY in incident["withheld"][0]["text"]


def test_the_exceptions_of_several_validators_stand_in_the_record(sink):
    class Order(BaseModel):
        first: str
        second: str

        @field_validator("first", "second")
        @classmethod
        def check(cls, value):
            raise ValueError(f"{CANARY} {value}")

    app = FastAPI()

    def ordering(order):
        return 1

    ordering.__annotations__ = {"order": Order}
    app.post("/orders")(ordering)
    response = guarded(app, sink).post("/orders", json={"first": "1st", "second": "2nd"})
    assert response.status_code == 422
    assert {field["message"] for field in error_of(response)["fields"]} == {
        "First is not valid",
        "Second is not valid",
    }
    chain = json.dumps(sink.incidents[0]["exceptions"])
    assert f"{CANARY} 1st" in chain
    assert f"{CANARY} 2nd" in chain


def test_dependencies_tell_their_names_too_and_a_type_without_a_schema_does_no_harm(sink):
    class Odd:
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            from pydantic_core import core_schema

            return core_schema.no_info_plain_validator_function(lambda value: value)

    def limited(page_size: int = Query(le=5)):
        return page_size

    app = FastAPI()

    @app.get("/depending")
    def depending(size=Depends(limited)):  # noqa: B008 - the framework's own form
        return size

    def odd(number: int, thing):
        return 1

    odd.__annotations__["thing"] = Odd
    app.post("/odd")(odd)
    client = guarded(app, sink)
    error = error_of(client.get("/depending?page_size=7"))
    assert error["fields"][0]["field"] == "page_size"
    error = error_of(client.post("/odd?number=x", json=1))
    assert "Number must be a whole number" in {field["message"] for field in error["fields"]}


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"email": "a@b"'])
def test_a_malformed_body_is_400(accounts, sink, body):
    response = accounts.post(
        "/accounts", content=body, headers={"content-type": "application/json"}
    )
    assert (response.status_code, error_of(response)["code"]) == (400, "INVALID_REQUEST")
    assert not sink.incidents


@pytest.mark.parametrize(
    "body",
    [
        b"[1]",
        b'"x"',
        pytest.param(b"null", marks=pytest.mark.skipif(NULL_IS_NOTHING, reason="no body to it")),
        b'{"email": NaN}',
    ],
)
def test_a_body_of_the_wrong_form_is_422(accounts, body):
    response = accounts.post(
        "/accounts", content=body, headers={"content-type": "application/json"}
    )
    assert (response.status_code, error_of(response)["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("path", "words"), [("/broken", CANARY), ("/inner", CANARY), ("/decode", "JSONDecodeError")]
)
def test_the_application_s_own_invalid_data_is_not_blamed_on_the_client(
    accounts, sink, path, words
):
    is_unhandled(accounts.get(path), sink, words)


def test_a_malformed_json_body_in_starlette_is_400_and_a_mistake_of_the_handler_500(sink):
    async def reading(request):
        await request.json()
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route("/", reading, methods=["POST"])])
    response = guarded(app, sink).post("/", content=b"{" + CANARY.encode())
    assert (response.status_code, error_of(response)["code"]) == (400, "INVALID_REQUEST")


def test_a_form_that_cannot_be_read_is_400(sink):
    async def reading(request):
        await request.form()
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route("/", reading, methods=["POST"])])
    headers = {"content-type": "multipart/form-data"}
    response = guarded(app, sink).post("/", content=b"x", headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (400, "INVALID_REQUEST")


def test_cross_origin_headers_survive_every_failure(sink):
    app = FastAPI()
    app.get("/boom")(boom)
    app.get("/hand")(lambda: JSONResponse({}, 400))

    @app.get("/literal")
    def literal():
        raise HTTPException(404, "Item not found")

    app.add_middleware(CORSMiddleware, allow_origins=[ORIGIN], expose_headers=["x-own"])
    client = guarded(app, sink)
    for path in ("/boom", "/hand", "/literal", "/nowhere"):
        response = client.get(path)
        assert response.headers.get_list("access-control-allow-origin") == [ORIGIN]
        assert response.headers.get_list("vary") == ["Origin"]
        other = client.get(path, headers={"origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers
    preflight = {"access-control-request-method": "GET"}
    response = client.options("/boom", headers={**preflight, "origin": "https://other.example"})
    assert error_of(response)["code"] == "INVALID_REQUEST"
    assert client.options("/boom", headers=preflight).status_code == 200


def test_security_headers_of_the_application_and_of_the_setting_survive(sink):
    app = FastAPI()
    app.get("/boom")(boom)
    app.add_middleware(BasePassing)
    client = guarded(app, sink, headers={"strict-transport-security": "max-age=1"})
    for path in ("/boom", "/nowhere"):
        assert client.get(path).headers["strict-transport-security"] == "max-age=1"
    assert client.get("/nowhere").headers["x-frame-options"] == "DENY"


def test_a_host_that_is_not_trusted_is_refused_without_the_framework_s_words(sink):
    app = FastAPI()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["api.example"])
    response = guarded(app, sink).get("/")
    assert error_of(response)["code"] == "INVALID_REQUEST"
    assert "host" not in response.text.lower()
    assert not sink.incidents


def test_compressed_answers_pass_and_errors_are_plain(sink):
    app = FastAPI()
    app.get("/big")(lambda: "x" * 5000)
    app.get("/hand")(lambda: JSONResponse({"error": CANARY * 500}, 400))
    app.add_middleware(GZipMiddleware)
    client = guarded(app, sink)
    assert client.get("/big").headers["content-encoding"] == "gzip"
    response = client.get("/hand")
    assert "content-encoding" not in response.headers
    assert error_of(response)["code"] == "INVALID_REQUEST"
    assert CANARY in sink.incidents[0]["withheld"][0]["text"]


def test_a_test_client_raises_what_nobody_foresaw_and_nothing_else(sink):
    app = FastAPI()
    app.get("/boom")(boom)

    @app.get("/declared")
    def declared():
        raise OutOfStock(left=3)

    @app.get("/translated")
    def translated():
        raise OwnError

    @app.get("/literal")
    def literal():
        raise HTTPException(503, "ShopShut until noon")

    class ShopShut(PublicError):
        status = 503
        message = "ShopShut for today"

    app = Shield(sinks=[sink], translations=[on_exception(OwnError, ShopShut)])(app)
    client = TestClient(app)
    with pytest.raises(RuntimeError, match=CANARY):
        client.get("/boom")
    assert client.get("/declared").status_code == 409
    assert client.get("/literal").status_code == 503
    assert client.get("/translated").json()["error"]["code"] == "SHOP_SHUT"


def test_a_test_client_raises_what_breaks_a_stream(sink):
    app = FastAPI()

    @app.get("/")
    def streaming():
        def chunks():
            yield b"abc"
            raise RuntimeError(CANARY)

        return StreamingResponse(chunks())

    with pytest.raises(RuntimeError, match=CANARY):
        TestClient(Shield(sinks=[sink])(app)).get("/")
    assert len(sink.incidents) == 1


def test_what_templates_tell_a_test_client_passes(sink):
    async def templated(scope, receive, send):
        await send({"type": "http.response.debug", "info": {"template": 1, "context": {"a": 2}}})
        await PlainTextResponse("ok")(scope, receive, send)

    app = FastAPI()
    app.mount("/", templated)
    response = guarded(app, sink).get("/")
    assert (response.text, response.template, response.context) == ("ok", 1, {"a": 2})


def test_the_test_client_raises_once_through_mounts_too(sink):
    shield = Shield(sinks=[sink])
    app = FastAPI()
    app.mount("/sub", shield(make_sub()))
    with pytest.raises(RuntimeError, match=CANARY):
        TestClient(shield(app)).get("/sub/boom")
    assert len(sink.incidents) == 1


def test_middleware_of_the_framework_s_own_idiom_guards_the_whole(sink):
    from tightlip.responder.policy import read_policy
    from tightlip.responder.responder import Responder

    app = FastAPI(debug=True)
    app.get("/boom")(boom)

    @app.get("/literal")
    def literal():
        raise HTTPException(404, "Item not found")

    app.add_middleware(ShieldMiddleware, responder=Responder(read_policy({"sinks": [sink]})))
    app.add_middleware(Broken)
    with client_of(app) as client:
        is_unhandled(client.get("/boom"), sink)
        sink.clear()
        assert error_of(client.get("/literal"))["message"] == "Item not found"
        is_unhandled(client.get("/boom?middleware"), sink)


class Broken(Before):
    async def __call__(self, scope, receive, send):
        if scope.get("query_string") == b"middleware":
            raise RuntimeError(CANARY)
        await self.app(scope, receive, send)


def test_middleware_of_the_framework_s_own_idiom_needs_no_argument():
    app = FastAPI()
    app.get("/boom")(boom)
    app.add_middleware(ShieldMiddleware)
    assert client_of(app).get("/boom").json()["error"]["code"] == "INTERNAL_SERVER_ERROR"


def test_the_client_s_leaving_is_no_incident(sink, exchange):
    async def reading(request):
        await request.body()
        return PlainTextResponse("ok")

    async def raising(request):
        try:
            await request.body()
        except ClientDisconnect:
            raise HTTPException(400)

    app = Starlette(routes=[Route("/", reading), Route("/raising", raising)])
    app = Shield(sinks=[sink])(app)
    for path in ("/", "/raising"):
        answer = exchange(app, path, incoming=[{"type": "http.disconnect"}])
        assert answer.raised is None
    fast = Shield(sinks=[sink])(FastAPI())

    @fast.post("/")
    def create(account: Account):
        return 1

    exchange(fast, "/", method="POST", incoming=[{"type": "http.disconnect"}])
    assert not sink.incidents


def test_an_exception_raised_again_and_again_keeps_the_frames_of_one_request(sink, exchange):
    app = FastAPI()
    internal = OwnError(CANARY)

    @app.get("/")
    def raise_internal():
        raise internal

    app = Shield(sinks=[sink])(app)
    for _ in range(3):
        assert exchange(app).status == 500
    first, *_, last = sink.incidents
    assert len(last["exceptions"][0]["frames"]) == len(first["exceptions"][0]["frames"])


class Cart:
    """An object of a request that a weak reference can follow."""


@pytest.mark.parametrize(
    "raised",
    [
        lambda: TypeError(CANARY),
        lambda: HTTPException(409, "The cart has expired"),
        lambda: OutOfStock(left=2),
        lambda: BaseExceptionGroup("several", [ValueError(CANARY), KeyError(CANARY)]),
    ],
)
@pytest.mark.parametrize("own_handler", [False, True])
def test_a_failed_request_s_objects_are_freed_without_the_garbage_collector(
    sink, exchange, raised, own_handler
):
    carts = []
    app = FastAPI()

    @app.get("/")
    async def read():
        cart = Cart()
        carts.append(weakref.ref(cart))
        raise raised()

    if own_handler:

        @app.exception_handler(Exception)
        async def handle(request, exception):
            return JSONResponse({"error": str(exception)}, 500)

    guarded_app = Shield(sinks=[sink])(app)
    exchange(guarded_app)  # what is built at the first request has circles of its own
    gc.collect()
    gc.disable()
    try:
        exchange(guarded_app)
        assert carts[1]() is None
    finally:
        gc.enable()


def test_the_document_tells_the_errors_that_are_on_the_wire():
    app = tightlip.shield(FastAPI())

    @app.post("/orders", responses=errors(OutOfStock))
    def order(account: Account):
        return 1

    document = app.openapi()
    responses = document["paths"]["/orders"]["post"]["responses"]
    refused = responses["422"]["content"]["application/json"]["schema"]
    assert refused["properties"]["error"]["properties"]["code"]["enum"] == ["VALIDATION_ERROR"]
    declared = responses["409"]["content"]["application/json"]
    assert declared["examples"]["OUT_OF_STOCK"]["value"]["error"] == {
        "code": "OUT_OF_STOCK",
        "message": "Only 1 are left",
        "details": {"left": 1},
    }
    assert set(document["components"]["schemas"]) == {"Account"}
    once = json.dumps(document)
    assert json.dumps(app.openapi()) == once
    response = client_of(app).get("/openapi.json")
    assert response.text == json.dumps(json.loads(once), separators=(",", ":"), ensure_ascii=False)


def test_errors_of_one_status_stand_together_and_wrong_arguments_are_refused():
    class StillOpen(PublicError):
        status = 409
        message = "The order is still open"

    merged = errors(OutOfStock, StillOpen, OutOfStock)
    assert list(merged) == [409]
    assert list(merged[409]["content"]["application/json"]["examples"]) == [
        "OUT_OF_STOCK",
        "STILL_OPEN",
    ]
    for wrong in (PublicError, ValueError, OutOfStock(left=1)):
        with pytest.raises(TypeError, match=r"errors\(\) takes subclasses of PublicError"):
            errors(wrong)


def test_every_status_raised_with_a_literal_keeps_its_words(sink):
    app = FastAPI()

    @app.get("/{status}")
    def raising(status: int):
        raise HTTPException(status, "These words were written here")

    client = guarded(app, sink)
    for status in HTTPStatus:
        if status >= 400:
            response = client.get(f"/{status.value}")
            assert response.status_code == status
            assert error_of(response)["message"] == "These words were written here"


def test_a_response_validation_error_is_not_told(sink):
    assert issubclass(_ResponseValidationError, Exception)
    app = FastAPI()

    @app.get("/")
    def handler():
        try:
            Account(email=CANARY)
        except ValidationError as error:
            raise HTTPException(422, error.errors(include_context=False))

    response = guarded(app, sink).get("/")
    assert error_of(response)["code"] == "VALIDATION_ERROR"
    assert CANARY in sink.incidents[0]["withheld"][0]["text"]


def test_an_empty_error_answer_gets_the_standard_words(sink):
    app = FastAPI()
    app.get("/")(lambda: Response(status_code=503))
    assert error_of(guarded(app, sink).get("/"))["code"] == "SERVICE_UNAVAILABLE"


def test_a_detail_that_claims_to_be_the_phrase_of_its_status_is_withheld_and_recorded(sink):
    class Sly(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            return True

    app = FastAPI()

    @app.get("/")
    def refuse():
        raise HTTPException(400, Sly(CANARY))

    response = guarded(app, sink).get("/")
    assert CANARY not in response.text
    (incident,) = sink.incidents
    assert incident["withheld"][0]["text"] == CANARY
