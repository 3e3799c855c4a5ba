"""The debug pages and default errors of Python's web frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import dressing as d
from dressing import HTML, JSON
from entries import Answer, Corpus
from workshop import Fetched, need_python, serve, write

BASKET = """
# What goes wrong in the shop, the same on each framework.
import decimal
import json
import pathlib

TAX = {"de": "0.19", "fr": "0.20"}

def total(lines, country):
    net = sum(decimal.Decimal(line["price"]) * line["quantity"] for line in lines)
    return net * (1 + decimal.Decimal(TAX[country]))

def unknown_country():
    return total([{"price": "3.20", "quantity": 2}], "at")

def no_customer(customer=None):
    return customer.address.city

def bad_price():
    return total([{"price": "3,20", "quantity": 1}], "de")

def no_file():
    return pathlib.Path("/srv/shop/config/rates.json").read_text()

def bad_json():
    return json.loads('{"sku": "MUG-01", "stock": }')

def deep(level=0):
    return deep(level + 1) if level < 4 else [].pop()

def chained():
    try:
        return unknown_country()
    except KeyError as error:
        raise RuntimeError("could not price basket 4711") from error
"""

FLASK = """
import sys
import flask, basket
app = flask.Flask(__name__)
app.secret_key = "not-a-secret"
@app.get("/orders/<int:number>")
def order(number):
    return {"total": str(basket.unknown_country())}
@app.get("/tpl")
def template():
    return flask.render_template_string("<h1>{{ order.lines[0].sku }}</h1>")
@app.get("/missing")
def missing():
    return flask.render_template("orders/list.html")
@app.errorhandler(404)
def gone(error):
    return {"error": repr(error), "url_map": str(app.url_map)}, 404
app.run(port=int(sys.argv[1]), debug=True, use_reloader=False)
"""

QUART = """
import sys
import quart, basket
app = quart.Quart(__name__)
@app.get("/")
async def index():
    return basket.bad_price()
app.run(port=int(sys.argv[1]), debug=True, use_reloader=False)
"""

STARLETTE = """
import sys
import uvicorn, basket
from starlette.applications import Starlette
from starlette.routing import Route
async def price(request):
    return basket.bad_price()
async def file(request):
    return basket.no_file()
app = Starlette(debug=True, routes=[Route("/price", price), Route("/file", file)])
uvicorn.run(app, port=int(sys.argv[1]), log_level="critical")
"""

FASTAPI = """
import sys, traceback
import uvicorn, basket
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
app = FastAPI()
class Order(BaseModel):
    id: int
    total: float
@app.exception_handler(Exception)
async def failed(request: Request, error: Exception):
    return JSONResponse({"error": type(error).__name__, "detail": str(error), "traceback": traceback.format_exc().splitlines()}, 500)
@app.exception_handler(ResponseValidationError)
async def wrong(request: Request, error: Exception):
    return JSONResponse({"error": str(error)}, 500)
@app.get("/chained")
async def chained():
    return basket.chained()
@app.get("/model", response_model=Order)
async def model():
    return {"id": "four", "total": None}
@app.get("/detail")
async def detail():
    try:
        basket.no_customer()
    except Exception as error:
        raise HTTPException(500, detail=f"Unexpected error: {error!r}")
@app.get("/trace")
async def trace():
    try:
        basket.bad_json()
    except Exception:
        raise HTTPException(400, detail={"message": "Bad product file", "trace": traceback.format_exc()})
uvicorn.run(app, port=int(sys.argv[1]), log_level="critical")
"""

AIOHTTP = """
import sys
import basket
from aiohttp import web
async def index(request):
    return basket.no_customer()
app = web.Application(debug=True)
app.router.add_get("/", index)
async def main():
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()
import asyncio
loop = asyncio.new_event_loop()
loop.set_debug(True)
loop.run_until_complete(main())
"""

TORNADO = """
import asyncio, sys
import basket
from tornado import web
class Index(web.RequestHandler):
    def get(self):
        basket.total([{"price": 3, "quantity": 1}, {"price": None}], "de")
async def main():
    web.Application([("/", Index)], debug=True, autoreload=False).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())
"""

BOTTLE = """
import sys
import bottle, basket
@bottle.get("/")
def index():
    return basket.deep()
bottle.debug(True)
bottle.run(port=int(sys.argv[1]), quiet=True)
"""

CHERRYPY = """
import sys
import cherrypy, basket
class Shop:
    @cherrypy.expose
    def index(self):
        return basket.no_file()
cherrypy.config.update({"server.socket_port": int(sys.argv[1]), "log.screen": False})
cherrypy.quickstart(Shop())
"""

LITESTAR = """
import sys
import uvicorn, basket
from litestar import Litestar, get
@get("/")
async def index() -> str:
    return basket.no_customer()
uvicorn.run(Litestar([index], debug=True), port=int(sys.argv[1]), log_level="critical")
"""

SANIC = """
import sys
import basket
from sanic import Sanic
app = Sanic("shop")
@app.get("/")
async def index(request):
    return basket.unknown_country()
if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), debug=True, single_process=True, motd=False, access_log=False)
"""

FALCON = """
import sys, traceback
import falcon, basket
from wsgiref.simple_server import make_server
class Prices:
    def on_get(self, request, response):
        basket.bad_price()
class Stock:
    def on_get(self, request, response):
        raise falcon.HTTPInternalServerError(title="Stock failed", description=traceback.format_exc() if sys.exc_info()[0] else self.why())
    def why(self):
        try:
            basket.bad_json()
        except ValueError as error:
            return f"{type(error).__module__}.{type(error).__qualname__}: {error}"
def failed(request, response, error, params):
    response.status = 500
    response.media = {"title": "500 Internal Server Error", "exc": "".join(traceback.format_exception(error))}
app = falcon.App()
app.add_route("/prices", Prices())
app.add_route("/stock", Stock())
app.add_error_handler(ValueError, failed)
app.add_error_handler(ArithmeticError, failed)
make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
"""

PYRAMID = """
import sys, traceback
import basket
from pyramid.config import Configurator
from pyramid.response import Response
from waitress import serve
def index(request):
    return basket.deep()
config = Configurator()
config.add_route("index", "/")
config.add_view(index, route_name="index")
serve(config.make_wsgi_app(), listen=f"127.0.0.1:{sys.argv[1]}", expose_tracebacks=True)
"""


DJANGO_SETTINGS = """
SECRET_KEY = "django-insecure-not-a-real-key-4f2a"
DEBUG = True
ALLOWED_HOSTS = ["shop.example"]
ROOT_URLCONF = "shop_urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/shop/shop.sqlite3"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True
"""

DJANGO_URLS = """
import basket
from django.contrib.auth.models import User
from django.db import connection, IntegrityError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response
def price(request):
    return HttpResponse(basket.unknown_country())
def template(request):
    return render(request, "orders/list.html", {})
def broken(request):
    from django.template import Template, Context
    return HttpResponse(Template("{% for line in lines %}{{ line.sku }}{% endfor").render(Context({})) + Template("{% url 'chekout' %}").render(Context({})))
def users(request):
    return HttpResponse(User.objects.get(pk=7).email)
def field(request):
    try:
        return HttpResponse(User.objects.filter(emial="x"))
    except Exception as error:
        return JsonResponse({"error": str(error)}, status=400)
@api_view(["GET"])
def api(request):
    return Response({"x": basket.deep()})
urlpatterns = [path("price", price), path("template", template), path("broken", broken), path("users", users), path("field", field), path("api", api), path("orders/<int:pk>/", price, name="order-detail")]
"""

PORT = 8471


def as_given(answer: Fetched) -> Answer:
    """The body as the server gave it."""
    kind = next(v for k, v in answer.headers.items() if k.lower() == "content-type")
    if "html" in kind:
        return d.page(answer.body)
    return Answer(answer.body, "json" if "json" in kind else "plain", kind)


def around(text: str, mark: str, before: int = 200, after: int = 5_000) -> str:
    """A part of a long page: from a little before `mark`."""
    start = max(text.find(mark) - before, 0)
    return text[start : start + before + after]


@dataclass(frozen=True)
class Page:
    """One request to one application, and what of its answer is kept."""

    name: str
    category: str
    app: str
    path: str
    source: str
    headers: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[Fetched], Answer] = as_given


BROWSER = {"Accept": "text/html,application/xhtml+xml"}

PAGES = [
    Page(
        "flask-debugger",
        "debug_page",
        "flask",
        "/orders/4711",
        "Flask with debug=True (Werkzeug's debugger)",
        BROWSER,
    ),
    Page(
        "flask-debugger-tail",
        "debug_page",
        "flask",
        "/missing",
        "Flask with debug=True: the end of Werkzeug's BROWSER, with the plain traceback",
        BROWSER,
        lambda a: Answer(d.page(a.body).text[-4_500:], "html", HTML),
    ),
    Page(
        "flask-template",
        "stack_trace",
        "flask",
        "/tpl",
        "Flask: Jinja2's undefined variable, textarea of the debugger",
        BROWSER,
        lambda a: Answer(around(a.body, "<textarea", 100, 3_000), "html", HTML),
    ),
    Page(
        "flask-url-map",
        "debug_page",
        "flask",
        "/nowhere",
        "Flask: an error handler that prints the URL map",
    ),
    Page("quart-debugger", "debug_page", "quart", "/", "Quart with debug=True", BROWSER),
    Page(
        "starlette-debug", "debug_page", "starlette", "/price", "Starlette with debug=True", BROWSER
    ),
    Page(
        "starlette-debug-text",
        "stack_trace",
        "starlette",
        "/file",
        "Starlette with debug=True, asked by curl",
        {"Accept": "text/plain"},
        lambda a: Answer(a.body[-3_000:] if len(a.body) > 6_000 else a.body),
    ),
    Page(
        "fastapi-chained",
        "stack_trace",
        "fastapi",
        "/chained",
        "FastAPI: an exception handler that returns format_exc()",
    ),
    Page(
        "fastapi-response-model",
        "library",
        "fastapi",
        "/model",
        "FastAPI: ResponseValidationError through a handler",
        change=lambda a: Answer(a.body[:3_000], "json", JSON),
    ),
    Page(
        "fastapi-repr",
        "library",
        "fastapi",
        "/detail",
        "FastAPI: HTTPException(500, detail=f'{error!r}')",
    ),
    Page(
        "fastapi-trace",
        "stack_trace",
        "fastapi",
        "/trace",
        "FastAPI: HTTPException with format_exc() as detail",
    ),
    Page(
        "aiohttp-debug",
        "debug_page",
        "aiohttp",
        "/",
        "aiohttp with the loop in debug mode",
        BROWSER,
    ),
    Page(
        "tornado-debug", "stack_trace", "tornado", "/", "Tornado with debug=True (serve_traceback)"
    ),
    Page("bottle-debug", "debug_page", "bottle", "/", "Bottle with debug(True)", BROWSER),
    Page("cherrypy", "debug_page", "cherrypy", "/", "CherryPy's default error page", BROWSER),
    Page(
        "cherrypy-server",
        "server_banner",
        "cherrypy",
        "/",
        "CherryPy's default header",
        change=lambda a: Answer(a.header("server"), "plain", "", "header"),
    ),
    Page("litestar-debug", "debug_page", "litestar", "/", "Litestar with debug=True", BROWSER),
    Page(
        "litestar-debug-json",
        "stack_trace",
        "litestar",
        "/",
        "Litestar with debug=True, asked for JSON",
        {"Accept": "application/json"},
    ),
    Page("sanic-debug", "debug_page", "sanic", "/", "Sanic with debug=True", BROWSER),
    Page(
        "sanic-debug-json",
        "stack_trace",
        "sanic",
        "/",
        "Sanic with debug=True, asked for JSON",
        {"Accept": "application/json"},
    ),
    Page(
        "sanic-debug-text",
        "debug_page",
        "sanic",
        "/",
        "Sanic with debug=True, asked for text",
        {"Accept": "text/plain"},
    ),
    Page(
        "falcon-trace",
        "stack_trace",
        "falcon",
        "/prices",
        "Falcon: an error handler that returns the traceback",
    ),
    Page(
        "falcon-description",
        "library",
        "falcon",
        "/stock",
        "Falcon: an exception's text as description",
    ),
    Page(
        "falcon-server",
        "server_banner",
        "falcon",
        "/stock",
        "Falcon on wsgiref",
        change=lambda a: Answer(a.header("server"), "plain", "", "header"),
    ),
    Page(
        "waitress-trace",
        "stack_trace",
        "pyramid",
        "/",
        "Pyramid on waitress with expose_tracebacks",
    ),
    Page(
        "flask-server",
        "server_banner",
        "flask",
        "/tpl",
        "Werkzeug's header",
        change=lambda a: Answer(a.header("server"), "plain", "", "header"),
    ),
    Page(
        "aiohttp-server",
        "server_banner",
        "aiohttp",
        "/",
        "aiohttp's header",
        change=lambda a: Answer(a.header("server"), "plain", "", "header"),
    ),
    Page(
        "tornado-server",
        "server_banner",
        "tornado",
        "/",
        "Tornado's header",
        change=lambda a: Answer(a.header("server"), "plain", "", "header"),
    ),
]


def main() -> None:
    python = need_python(
        *"Flask Quart starlette fastapi uvicorn aiohttp tornado bottle CherryPy litestar".split(),
        *"sanic falcon pyramid waitress Django djangorestframework".split(),
    )
    corpus = Corpus("python", "run", "")
    write(
        {
            "basket.py": BASKET,
            "flask_app.py": FLASK,
            "quart_app.py": QUART,
            "starlette_app.py": STARLETTE,
            "fastapi_app.py": FASTAPI,
            "aiohttp_app.py": AIOHTTP,
            "tornado_app.py": TORNADO,
            "bottle_app.py": BOTTLE,
            "cherrypy_app.py": CHERRYPY,
            "litestar_app.py": LITESTAR,
            "sanic_app.py": SANIC,
            "falcon_app.py": FALCON,
            "pyramid_app.py": PYRAMID,
            "shop_settings.py": DJANGO_SETTINGS,
            "shop_urls.py": DJANGO_URLS,
        }
    )
    for wanted in PAGES:
        with serve([python, f"{wanted.app}_app.py", str(PORT)], PORT) as server:
            answer = server.get(wanted.path, wanted.headers)
            corpus.add(
                wanted.name, wanted.category, answer.status, wanted.change(answer), wanted.source
            )

    manage = [
        python,
        "-m",
        "django",
        "runserver",
        "--noreload",
        str(PORT),
        "--settings",
        "shop_settings",
        "--pythonpath",
        "/srv/shop",
    ]
    with serve(manage, PORT) as server:
        for name, category, path, source, headers, change in (
            ("django-debug", "debug_page", "/price", "Django with DEBUG=True", BROWSER, as_given),
            (
                "django-debug-text",
                "debug_page",
                "/users",
                "Django with DEBUG=True, asked by a script",
                {"Accept": "application/json"},
                lambda a: Answer(a.body[:6_000]),
            ),
            (
                "django-404",
                "debug_page",
                "/nowhere/",
                "Django's 404 with DEBUG=True",
                BROWSER,
                as_given,
            ),
            (
                "django-template",
                "debug_page",
                "/template",
                "Django: TemplateDoesNotExist, the postmortem",
                BROWSER,
                lambda a: Answer(
                    around(d.page(a.body).text, "Template-loader", 150, 1_500), "html", HTML
                ),
            ),
            (
                "django-settings",
                "debug_page",
                "/broken",
                "Django with DEBUG=True: the table of settings",
                BROWSER,
                lambda a: Answer(around(d.page(a.body).text, "settings-info", 300), "html", HTML),
            ),
            ("django-field", "library", "/field", "Django: FieldError as JSON", {}, as_given),
            (
                "drf-trace",
                "stack_trace",
                "/api",
                "Django REST framework with DEBUG=True: the traceback",
                {"Accept": "application/json"},
                lambda a: Answer(around(a.body, "Traceback", 0, 2_500)),
            ),
        ):
            answer = server.get(path, headers)
            corpus.add(name, category, answer.status, change(answer), source)
    corpus.print()


if __name__ == "__main__":
    main()
