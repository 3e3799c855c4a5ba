"""What Python's runtime and its main libraries say of bad input and bad code."""

from __future__ import annotations

import dressing as d
from dressing import Dressing, pretty_json, python_json
from entries import Corpus
from workshop import PYTHON_TELLER, failures, need_python, write

PROGRAM = r"""
import asyncio, base64, csv, datetime, decimal, enum, importlib, io, json, os, pathlib, pickle, re, struct, uuid, zipfile, tomllib, unicodedata
import xml.etree.ElementTree as ET, zoneinfo
from dataclasses import dataclass
from teller import tell

# The runtime alone, without a class name.
tell("none-subscript", lambda: None["price"])
tell("none-attribute", lambda: None.strip())
tell("list-index", lambda: [][0])
tell("str-int", lambda: "3" + 4)
tell("not-callable", lambda: (4)())
tell("not-iterable", lambda: [x for x in 4])
tell("unpack", lambda: (lambda: [a for a, b in [(1, 2, 3)]])())
tell("missing-argument", lambda: datetime.date(2026))
tell("unexpected-keyword", lambda: json.dumps({}, pretty=True))
tell("int-literal", lambda: int("4,7"))
tell("float-literal", lambda: float("3,20"))
tell("division", lambda: 7 / 0)
tell("key", lambda: {"a": 1}["sku"])
tell("unhashable", lambda: {{}: 1})
tell("compare", lambda: sorted([1, "a"]))
tell("json-serializable", lambda: json.dumps({"total": decimal.Decimal("3.2")}))
tell("json-delimiter", lambda: json.loads('{"a": 1 "b": 2}'))
tell("json-extra", lambda: json.loads('{} {}'))
tell("isoformat", lambda: datetime.datetime.fromisoformat("31.12.2026"))
tell("strptime", lambda: datetime.datetime.strptime("31.12.2026", "%Y-%m-%d"))
tell("naive", lambda: datetime.datetime.now() - datetime.datetime.now(datetime.UTC))
tell("uuid", lambda: uuid.UUID("4711"))
tell("decode", lambda: b"caf\xe9".decode())
tell("encode", lambda: "caf\u00e9".encode("ascii"))
tell("padding", lambda: base64.b64decode("abc"))
tell("recursion", lambda: (lambda f: f(f))(lambda f: f(f)))
tell("enum", lambda: enum.Enum("State", "new paid")("gone"))
tell("xml", lambda: ET.fromstring("<order><line></order>"))
tell("pickle", lambda: pickle.loads(b"\x80\x04no"))
tell("regex", lambda: re.compile("(unclosed"))
tell("struct", lambda: struct.unpack("<I", b"\0"))
tell("zone", lambda: zoneinfo.ZoneInfo("Europe/Atlantis"))
tell("no-module", lambda: importlib.import_module("shop.payments.stripe_v2"))
tell("cannot-import", lambda: exec("from json import dumpz"))
tell("environ", lambda: os.environ["STRIPE_WEBHOOK_SECRET"])
tell("directory", lambda: open("/srv/shop"))
tell("not-a-directory", lambda: open("/srv/shop/basket.py/x"))
tell("is-full", lambda: open("/dev/full", "w").write("x" * 99999))
tell("name", lambda: exec("print(totl)"))
tell("setattr", lambda: setattr(datetime.date(2026, 1, 1), "day", 3))
tell("dataclass", lambda: dataclass(type("Line", (), {"__annotations__": {"sku": str, "price": float}}))("MUG-01"))

def unbound():
    if os.environ.get("NEVER"):
        discount = 3
    return discount
tell("unbound-local", unbound)
def check_total(total):
    assert total >= 0, f"negative total in basket 4711: {total}"
tell("assert", lambda: check_total(-3))
def abstract():
    import abc
    class Gateway(abc.ABC):
        @abc.abstractmethod
        def charge(self): ...
        @abc.abstractmethod
        def refund(self): ...
    Gateway()
tell("abstract-class", abstract)
async def not_awaited():
    return await 3
tell("await", lambda: asyncio.run(not_awaited()))
async def group():
    async def price(sku):
        raise LookupError(f"no price for {sku}")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(price("MUG-01"))
        tasks.create_task(price("TEA-17"))
tell("exception-group", lambda: asyncio.run(group()))
async def slow():
    await asyncio.wait_for(asyncio.sleep(3), 0.01)
tell("wait-for", lambda: asyncio.run(slow()))

import pydantic, marshmallow, jwt, jsonschema, msgspec, voluptuous, cattrs, attrs, jinja2, yaml, pandas, numpy, cryptography.fernet, pydantic_settings, kombu, celery, strawberry, grpc

class Line(pydantic.BaseModel):
    sku: str = pydantic.Field(max_length=6)
    quantity: int = pydantic.Field(gt=0)
class Order(pydantic.BaseModel):
    customer: str
    lines: list[Line]
    placed: datetime.datetime
tell("pydantic", lambda: Order.model_validate({"customer": 3, "lines": [{"sku": "MUG-0001", "quantity": 0}], "placed": "soon"}))
tell("pydantic-json", lambda: Order.model_validate_json('{"customer": '))
class Settings(pydantic_settings.BaseSettings):
    database_url: str
    stripe_key: str
tell("pydantic-settings", Settings)
def frozen():
    class Price(pydantic.BaseModel, frozen=True):
        net: float
    Price(net=1).net = 2
tell("pydantic-frozen", frozen)
class CustomerSchema(marshmallow.Schema):
    email = marshmallow.fields.Email(required=True)
    age = marshmallow.fields.Integer()
tell("marshmallow", lambda: CustomerSchema().load({"age": "x", "nick": "ann"}))
tell("jwt-segments", lambda: jwt.decode("abc", "k", algorithms=["HS256"]))
tell("jwt-signature", lambda: jwt.decode(jwt.encode({"a": 1}, "k" * 32, "HS256"), "q" * 32, algorithms=["HS256"]))
tell("jwt-expired", lambda: jwt.decode(jwt.encode({"exp": 1}, "k" * 32, "HS256"), "k" * 32, algorithms=["HS256"]))
tell("jwt-algorithm", lambda: jwt.decode(jwt.encode({"a": 1}, "k" * 32, "HS256"), "k" * 32, algorithms=["RS256"]))
tell("jwt-audience", lambda: jwt.decode(jwt.encode({"aud": "x"}, "k" * 32, "HS256"), "k" * 32, algorithms=["HS256"], audience="shop"))
tell("jwt-missing", lambda: jwt.decode(jwt.encode({}, "k" * 32, "HS256"), "k" * 32, algorithms=["HS256"], options={"require": ["sub"]}))
tell("jsonschema", lambda: jsonschema.validate({"price": "3"}, {"type": "object", "properties": {"price": {"type": "number", "minimum": 0}}}))
class Item(msgspec.Struct):
    sku: str
    price: float
tell("msgspec", lambda: msgspec.json.decode(b'[{"sku": "a", "price": "x"}]', type=list[Item]))
tell("msgspec-malformed", lambda: msgspec.json.decode(b'{"sku": nul}'))
tell("voluptuous", lambda: voluptuous.Schema({"price": float})({"price": 3, "stock": 1}))
def cattrs_error():
    @attrs.define
    class Price:
        net: float
        currency: str
    cattrs.structure({"net": "x"}, Price)
tell("cattrs", cattrs_error)
tell("jinja-undefined", lambda: jinja2.Template("{{ order.total }}").render())
tell("jinja-syntax", lambda: jinja2.Template("{% if order %}{{ order.total }"))
tell("jinja-loader", lambda: jinja2.Environment(loader=jinja2.FileSystemLoader("/srv/shop/templates")).get_template("mail/receipt.txt"))
tell("yaml", lambda: yaml.safe_load("a: [1, 2\nb: 3"))
tell("pandas-key", lambda: pandas.DataFrame({"a": [1]})[["price", "tax"]])
tell("pandas-parser", lambda: pandas.read_csv(io.StringIO("a,b\n1,2\n1,2,3\n")))
tell("pandas-merge", lambda: pandas.DataFrame({"a": [1]}).merge(pandas.DataFrame({"a": ["x"]})))
tell("numpy-broadcast", lambda: numpy.ones((3, 4)) + numpy.ones((4, 3)))
tell("numpy-truth", lambda: bool(numpy.ones(3) > 0))
tell("fernet", lambda: cryptography.fernet.Fernet(b"short"))
app = celery.Celery("shop", broker="amqp://shop@127.0.0.1:5699//")
tell("celery-refused", lambda: app.send_task("shop.tasks.send_receipt", retry=False))
tell("celery-timeout", lambda: celery.result.AsyncResult("3f1c", app=app).get(timeout=0.1))
def graphql():
    @strawberry.type
    class Query:
        @strawberry.field
        def order(self) -> str:
            return None
    result = strawberry.Schema(Query).execute_sync("{ order }")
    raise result.errors[0]
import logging; logging.disable()
tell("graphql-null", graphql)
def graphql_field():
    @strawberry.type
    class Query:
        @strawberry.field
        def total(self) -> int:
            return "4,7"
    raise strawberry.Schema(Query).execute_sync("{ total }").errors[0]
tell("graphql-int", graphql_field)
def grpc_refused():
    channel = grpc.insecure_channel("127.0.0.1:50059")
    channel.unary_unary("/shop.Pricing/Quote")(b"", timeout=3)
tell("grpc-refused", grpc_refused)
def django():
    import django
    from django.conf import settings
    settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"], DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    django.setup()
django()
from django.contrib.auth.models import User
from django.core.management import call_command
call_command("migrate", verbosity=0)
tell("django-not-exist", lambda: User.objects.get(pk=7))
def several():
    User.objects.create(username="a"); User.objects.create(username="b")
    User.objects.get()
tell("django-multiple", several)
tell("django-field-number", lambda: User.objects.filter(id="abc").count())
tell("django-integrity", lambda: User.objects.create(username="a"))
tell("django-reverse", lambda: __import__("django.urls").urls.reverse("checkout", args=[4711], urlconf=type("u", (), {"urlpatterns": []})))
def host():
    from django.test import RequestFactory
    from django.conf import settings
    settings.ALLOWED_HOSTS = ["shop.example"]
    RequestFactory().get("/", HTTP_HOST="evil.example").get_host()
tell("django-disallowed-host", host)
def atomic():
    from django.db import transaction
    with transaction.atomic():
        try:
            User.objects.create(username="a")
        except Exception:
            pass
        User.objects.count()
tell("django-atomic", atomic)
"""

j = Dressing(python_json)
p = Dressing(pretty_json)
CASES = {
    "none-subscript": ("library", 500, lambda f: j.detail(f.message)),
    "none-attribute": (
        "library",
        500,
        lambda f: j.error(f"An unexpected error occurred: {f.message}"),
    ),
    "list-index": ("library", 500, lambda f: j.message(f.message)),
    "str-int": ("library", 500, lambda f: j.gateway(f.message, "detail")),
    "not-callable": ("library", 500, lambda f: d.html_alert(f.message)),
    "not-iterable": ("library", 500, lambda f: d.location(f.message)),
    "unpack": ("library", 500, lambda f: j.twice_nested(f.message)),
    "missing-argument": ("library", 500, lambda f: j.envelope(f.message)),
    "unexpected-keyword": ("library", 500, lambda f: j.function(f.message)),
    "int-literal": ("library", 400, lambda f: j.error(f.message)),
    "float-literal": ("library", 400, lambda f: d.html_pre(f.message, "Bad request")),
    "division": ("library", 500, lambda f: j.graphql(f.message, "averagePrice")),
    "key": ("library", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "unhashable": ("library", 500, lambda f: d.flash_cookie(f.message)),
    "compare": ("library", 500, lambda f: j.detail(f.message)),
    "json-serializable": ("library", 500, lambda f: j.error(f.message)),
    "json-delimiter": ("library", 400, lambda f: j.problem(f.message, 400, "Bad Request")),
    "json-extra": ("library", 400, lambda f: d.header("X-Error-Detail", f"{f.type}: {f.message}")),
    "isoformat": ("library", 400, lambda f: j.error(f.message)),
    "strptime": ("library", 400, lambda f: d.html_table(f.message)),
    "naive": ("library", 500, lambda f: j.event(f.message)),
    "uuid": ("library", 400, lambda f: j.detail(f.message)),
    "decode": ("library", 400, lambda f: j.function(f.message, 400)),
    "encode": ("library", 500, lambda f: d.form(f.message)),
    "padding": ("library", 401, lambda f: j.error(f"binascii.{f.type}: {f.message}")),
    "recursion": ("library", 500, lambda f: j.job(f.message)),
    "enum": ("library", 400, lambda f: d.html_attribute(f.message)),
    "xml": ("library", 400, lambda f: d.soap(f.message)),
    "pickle": ("library", 500, lambda f: j.proxied("session", f"{f.type}: {f.message}")),
    "regex": ("library", 400, lambda f: j.error(f.message)),
    "struct": ("library", 500, lambda f: d.plain(f"{f.type}: {f.message}")),
    "zone": ("library", 500, lambda f: j.message(f.message)),
    "no-module": ("library", 500, lambda f: j.error(f.message)),
    "cannot-import": ("source_path", 500, lambda f: d.html_pre(f.message)),
    "environ": ("stack_trace", 500, lambda f: j.stack_lines(f.message, f.trace)),
    "directory": ("source_path", 500, lambda f: d.oauth_redirect(f.message)),
    "not-a-directory": ("source_path", 500, lambda f: j.job(f.message)),
    "is-full": ("infrastructure", 500, lambda f: d.header("X-Upload-Error", f.message)),
    "name": ("library", 500, lambda f: j.error(f.message)),
    "unbound-local": ("library", 500, lambda f: j.twice_nested(f.message)),
    "setattr": (
        "library",
        500,
        lambda f: d.grpc_message(f"Exception calling application: {f.message}\n{f.type}"),
    ),
    "assert": ("stack_trace", 500, lambda f: d.html_pre(f.trace, "500 Internal Server Error")),
    "abstract-class": ("library", 500, lambda f: d.html_comment(f.message)),
    "await": ("library", 500, lambda f: j.ndjson(f.message)),
    "exception-group": ("stack_trace", 500, lambda f: j.stack(f.message, f.trace)),
    "wait-for": ("stack_trace", 504, lambda f: j.problem_trace("Timed out", f.trace)),
    "pydantic": ("library", 422, lambda f: j.error(f.message)),
    "pydantic-json": ("library", 400, lambda f: d.html_pre(f.message)),
    "pydantic-settings": ("library", 500, lambda f: j.gateway(f.message, "detail")),
    "pydantic-frozen": ("library", 500, lambda f: d.location(f.message)),
    "marshmallow": (
        "library",
        400,
        lambda f: j.error(f"marshmallow.exceptions.{f.type}: {f.message}"),
    ),
    "jwt-segments": ("library", 401, lambda f: d.bearer(f.message)),
    "jwt-signature": (
        "library",
        401,
        lambda f: j.detail(f"Could not validate credentials: {f.message}"),
    ),
    "jwt-expired": (
        "library",
        401,
        lambda f: j.gateway(f"jwt.exceptions.{f.type}: {f.message}", "detail"),
    ),
    "jwt-algorithm": ("library", 401, lambda f: d.oauth_redirect(f.message)),
    "jwt-audience": ("library", 401, lambda f: j.error(f"{f.type}: {f.message}")),
    "jwt-missing": ("library", 401, lambda f: d.bearer(f.message)),
    "jsonschema": ("library", 400, lambda f: j.detail(f.message)),
    "msgspec": ("library", 400, lambda f: j.error(f.message)),
    "msgspec-malformed": ("library", 400, lambda f: d.location(f.message)),
    "voluptuous": ("library", 400, lambda f: j.message(f.message)),
    "cattrs": ("library", 400, lambda f: d.html_pre(f.trace)),
    "jinja-undefined": (
        "library",
        500,
        lambda f: d.html_alert(f"jinja2.exceptions.{f.type}: {f.message}"),
    ),
    "jinja-syntax": ("library", 500, lambda f: d.plain(f"jinja2.exceptions.{f.type}: {f.message}")),
    "jinja-loader": ("source_path", 500, lambda f: j.error(f.message)),
    "yaml": ("library", 400, lambda f: j.error(f.message)),
    "pandas-key": ("library", 500, lambda f: j.detail(f.message)),
    "pandas-parser": ("library", 400, lambda f: j.batch(f.message)),
    "pandas-merge": ("library", 500, lambda f: d.html_numeric(f.message)),
    "numpy-broadcast": ("library", 500, lambda f: j.event(f.message)),
    "numpy-truth": ("library", 500, lambda f: j.error(f.message)),
    "fernet": ("library", 500, lambda f: j.error(f.message)),
    "celery-refused": (
        "infrastructure",
        503,
        lambda f: j.detail(f"kombu.exceptions.{f.type}: {f.message}"),
    ),
    "celery-timeout": ("library", 504, lambda f: j.job(f"{f.type}: {f.message}")),
    "graphql-null": ("library", 200, lambda f: j.graphql(f.message.partition("\n")[0], "order")),
    "graphql-int": ("library", 200, lambda f: j.graphql(f.message.partition("\n")[0], "total")),
    "grpc-refused": ("infrastructure", 503, lambda f: d.plain(f.message)),
    "django-not-exist": ("library", 404, lambda f: j.error(f.message)),
    "django-multiple": ("library", 500, lambda f: j.gateway(f.message, "error")),
    "django-field-number": ("library", 400, lambda f: d.location(f.message)),
    "django-reverse": ("library", 500, lambda f: d.html_pre(f.message)),
    "django-disallowed-host": (
        "library",
        400,
        lambda f: d.html_pre(f"{f.type}: {f.message}", "400"),
    ),
    "django-atomic": ("library", 500, lambda f: j.error(f.message)),
}

SOURCES = {
    "pydantic": "pydantic 2",
    "marshmallow": "marshmallow",
    "jwt": "PyJWT",
    "jsonschema": "jsonschema",
    "msgspec": "msgspec",
    "voluptuous": "voluptuous",
    "cattrs": "cattrs",
    "jinja": "Jinja2",
    "yaml": "PyYAML",
    "pandas": "pandas",
    "numpy": "NumPy",
    "fernet": "cryptography",
    "celery": "Celery",
    "graphql": "graphql-core by Strawberry",
    "grpc": "grpcio",
    "django": "Django 5",
}

if __name__ == "__main__":
    python = need_python(
        *"pydantic pydantic-settings marshmallow PyJWT jsonschema msgspec".split(),
        *"voluptuous cattrs Jinja2 PyYAML pandas cryptography celery grpcio Django".split(),
        *"strawberry-graphql".split(),
    )
    write({"teller.py": PYTHON_TELLER, "pricing.py": PROGRAM})
    corpus = Corpus("pylib", "run", "Python 3.11", SOURCES)
    corpus.add_failures(failures([python, "/srv/shop/pricing.py"]), CASES)
    corpus.print()
