"""Clean answers of running programs: `python clean_running.py > ../clean/running.jsonl`."""

from __future__ import annotations

import asyncio
import csv
import email.policy
import io
import json
import plistlib
import subprocess
import sys
import xmlrpc.client
from datetime import UTC, datetime
from email.message import EmailMessage
from enum import StrEnum

import httpx
import jinja2
import pygments
import pygments.formatters
import pygments.lexers
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from entries import SECRET_FORMS
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import RedirectResponse
from markdown_it import MarkdownIt
from pydantic import BaseModel, Field
from sse_starlette.event import ServerSentEvent

from tightlip.catalog.error import FieldError
from tightlip.catalog.standard import STANDARD, standard_error
from tightlip.wire import envelope, page, problem

REFERENCE = "K7Q29FMX4D1T"
FORMS = {"envelope": envelope, "problem": problem, "page": page}
FIELDS = (
    FieldError(field="email", code="REQUIRED", message="Email is required"),
    FieldError(field="items[0].quantity", code="TOO_SMALL", message="Quantity must be at least 1"),
)

CODE = '''\
def price(stack: list[Pancake], *, rate: float = 0.08) -> float:
    """Raise ValueError if the stack is empty."""
    if not stack:
        raise ValueError("no pancakes")
    return sum(pancake.price for pancake in stack) * (1 + rate)
'''
TEXT = """\
## When a connection is refused

1. Is the *host* right? `shop.example`, not `shop.exmaple`.
2. Is the port open? Ask your administrator.

| code | means |
| ---- | ----- |
| 401  | sign in |
| 500  | our fault |
"""
LINT = "check --isolated --select F,D100 --output-format gitlab --stdin-filename services/tax.py -".split()
LINTED = "import json\nimport os\n\ndef total(order):\n    return order.net * rate\n"
PAGE = """\
<!doctype html><title>{{ title }}</title>
<ul>{% for item in items %}<li>{{ loop.index }}: {{ item }}</li>{% endfor %}</ul>
"""


class Kind(StrEnum):
    """A kind of dish."""

    SWEET = "sweet"
    SALTY = "salty"


class Dish(BaseModel):
    """A dish of the day."""

    name: str = Field(min_length=1, max_length=80, description="Must not be empty")
    kind: Kind = Kind.SWEET
    price: float = Field(gt=0, examples=[9.5])
    table: int | None = Field(default=None, description="The table that it is for")


class NoSuchDish(BaseModel):
    """The dish is not on the menu."""

    error: str = "NO_SUCH_DISH"


def entry(
    name: str, source: str, text: str, *, kind: str = "success", status: int = 200, type_: str = ""
) -> dict[str, object]:
    """Return one entry of the corpus."""
    is_header = kind == "header"
    return {
        "id": f"{kind}-{name}",
        "class": kind,
        "origin": "run",
        "source": source,
        "status": status,
        "content_type": type_,
        "kind": "header" if is_header else "body",
        "text": text,
    }


def declared() -> list[dict[str, object]]:
    """Return the standard errors, each in one of the three forms."""
    found = []
    for number, status in enumerate(STANDARD):
        name = list(FORMS)[number % len(FORMS)]
        error = standard_error(status, fields=FIELDS if status == 422 else ())
        text = FORMS[name].render(error, REFERENCE if status >= 500 else None).decode()
        type_ = FORMS[name].CONTENT_TYPE.decode()
        found.append(
            entry(
                f"tightlip-{name}-{status}",
                "Tightlip",
                text,
                kind="error",
                status=status,
                type_=type_,
            )
        )
    return found


def menu() -> FastAPI:
    """Return a small application with documents of its own."""
    application = FastAPI(title="Menu", version="10.0.4.2", description="Dishes of the day")
    kettle = Dish(name="Kettle soup", kind=Kind.SALTY, price=7)

    @application.get("/dishes", tags=["dishes"])
    async def dishes(kind: Kind | None = None) -> list[Dish]:
        """List the dishes; an unknown kind is refused."""
        return [Dish(name="Stack of pancakes", price=9.5, table=4), kettle]

    @application.get("/dishes/{name}", responses={404: {"model": NoSuchDish}})
    async def dish(name: str, response: Response) -> Dish:
        response.set_cookie("seen", name, max_age=600, httponly=True, samesite="lax")
        if name != "soup":
            raise HTTPException(404, {"error": "NO_SUCH_DISH"})
        return kettle

    @application.get("/menu")
    async def old() -> RedirectResponse:
        return RedirectResponse("/dishes?kind=sweet&note=the%20menu%20has%20moved", 301)

    return application


async def served() -> list[dict[str, object]]:
    """Return answers of FastAPI and aiohttp."""
    found = []
    transport = httpx.ASGITransport(menu())
    async with httpx.AsyncClient(transport=transport, base_url="https://menu.example") as client:
        for name, kind, path in [
            ("fastapi-openapi", "success", "/openapi.json"),
            ("fastapi-docs", "success", "/docs"),
            ("fastapi-list", "success", "/dishes"),
            ("fastapi-no-route", "error", "/drinks"),
            ("fastapi-no-dish", "error", "/dishes/cake"),
        ]:
            answer = await client.get(path)
            status, type_ = answer.status_code, answer.headers["content-type"]
            found.append(entry(name, "FastAPI", answer.text, kind=kind, status=status, type_=type_))
        for name, header, path in [
            ("fastapi-location", "location", "/menu"),
            ("fastapi-cookie", "set-cookie", "/dishes/soup"),
            ("fastapi-allow", "allow", "/openapi.json"),
        ]:
            method = "POST" if header == "allow" else "GET"
            answer = await client.request(method, path)
            text = f"{header}: {answer.headers[header]}"
            status = answer.status_code
            found.append(entry(name, "FastAPI", text, kind="header", status=status))
    async with TestClient(TestServer(web.Application())) as other:
        answer = await other.get("/drinks")
        text, type_ = await answer.text(), answer.headers["Content-Type"]
        found.append(
            entry("aiohttp-no-route", "aiohttp", text, kind="error", status=404, type_=type_)
        )
    return found


def documents() -> list[dict[str, object]]:
    """Return documents that libraries make."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = "Ann <ann@shop.example>"
    mail["To"] = "bob@shop.example"
    mail["Subject"] = "Für die Akten: line 4, exception"
    mail.set_content("The exception for line 4 was granted.\n")
    mail.add_attachment(b"id;sum\n1;4.5\n", maintype="text", subtype="csv", filename="a.csv")
    mail.set_boundary("==118==")
    settings = {
        "Label": "example.shop.backup",
        "ProgramArguments": ["backup", "--to", "nas"],
        "StartCalendarInterval": {"Hour": 3},
        "KeepAlive": False,
    }
    table = io.StringIO()
    csv.writer(table).writerows(
        [("dish", "note"), ("Pancakes", 'Called "stack", 12 high\nno errors'), ("Soup", None)]
    )
    lint = subprocess.run(
        [sys.executable, "-m", "ruff", *LINT],
        input=LINTED,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    html = pygments.formatters.HtmlFormatter(nowrap=True)
    events = [
        ServerSentEvent(data='{"dish": "Pancakes", "left": 3}', event="stock", id="118"),
        ServerSentEvent(comment="still here"),
        ServerSentEvent(data="sold out\ntry the soup", event="notice", retry=5000),
    ]
    reply = ({"dish": "Soup", "left": 2, "since": datetime(2026, 11, 25, tzinfo=UTC)},)
    rows = [
        ("email", "email of Python", "message/rfc822", mail.as_string()),
        ("plist", "plistlib of Python", "application/xml", plistlib.dumps(settings).decode()),
        ("csv-quoted", "csv of Python", "text/csv; charset=utf-8", table.getvalue()),
        ("lint-gitlab", "Ruff: a report on a text that was handed in", "application/json", lint),
        ("xmlrpc", "xmlrpc of Python", "text/xml", xmlrpc.client.dumps(reply, methodresponse=True)),
        ("pydantic-schema", "Pydantic", "application/schema+json",
         json.dumps(Dish.model_json_schema())),
        ("highlighted", "Pygments: a lesson's code as HTML", "text/html; charset=utf-8",
         pygments.highlight(CODE, pygments.lexers.PythonLexer(), html)),
        ("markdown", "markdown-it: a help page as HTML", "text/html; charset=utf-8",
         MarkdownIt("commonmark").enable("table").render(TEXT)),
        ("jinja", "Jinja2: a page with escaped words of users", "text/html; charset=utf-8",
         jinja2.Environment(autoescape=True).from_string(PAGE).render(
             title="Orders & exceptions", items=["<null>", "O'Brien", 'the "core" menu'])),
        ("sse-starlette", "sse-starlette", "text/event-stream",
         "".join(event.encode().decode() for event in events)),
    ]  # fmt: skip
    return [entry(name, source, text, type_=type_) for name, source, type_, text in rows]


def main() -> None:
    """Print the entries as JSON lines."""
    for made in [*declared(), *asyncio.run(served()), *documents()]:
        text = json.dumps(made.pop("text"), ensure_ascii=False)
        text = SECRET_FORMS.sub(
            lambda form: f"{form[0][0]}\\u{ord(form[0][1]):04x}{form[0][2:]}", text
        )
        line = json.dumps(made, ensure_ascii=False)[:-1]
        sys.stdout.write(f'{line}, "text": {text}}}\n')


if __name__ == "__main__":
    main()
