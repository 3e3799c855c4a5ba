"""The page's own application: it asks both twins, and shows what a client would have seen."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Match, Mount, Route
from starlette.staticfiles import StaticFiles

from tightlip import PublicError, Shield
from tightlip.dashboard.application import STATIC, TEMPLATES, environment
from tightlip.dashboard.report import Report, arrange, texts_of
from tightlip.demo.failures import FAILURES, Failure
from tightlip.demo.page.entrance import Entrance
from tightlip.demo.page.exchange import Exchange, ask
from tightlip.demo.page.leaks import Piece, counted, marked
from tightlip.demo.record import Record
from tightlip.demo.shop.application import router
from tightlip.detection.reading import Reading
from tightlip.incidents.incident import Incident
from tightlip.incidents.reference import read_reference
from tightlip.incidents.sink import open_sink
from tightlip.responder.success import REPORTED

_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FIELD = Reading(kind="header")
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class IncidentNotFound(PublicError):  # noqa: N818 - its code is made of its name
    """No incident has this reference."""

    status = 404
    message = "There is no incident with this reference"


@dataclass(frozen=True, slots=True)
class Twins:
    """The two applications, and the record of the shielded one.

    Attributes:
        bare: The address of the one without a shield.
        shielded: The address of the one with it.
        incidents: Finds the shielded one's incidents.
        entrance: Leads on to the incident page.
    """

    bare: str
    shielded: str
    incidents: Record
    entrance: Entrance


@dataclass(frozen=True, slots=True)
class Seen:
    """What one twin told its client.

    Attributes:
        exchange: The answer.
        headers: The header fields; the value in pieces.
        body: The body, in pieces.
        leaks: Each kind of leak with how often it stands there.
    """

    exchange: Exchange
    headers: tuple[tuple[str, tuple[Piece, ...]], ...]
    body: tuple[Piece, ...]
    leaks: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One failure, pressed.

    Attributes:
        failure: The failure.
        sent: The body of the request, or nothing.
        handler: The source of the handler that the request meets.
        bare: What the bare twin told.
        shielded: What the shielded twin told.
        report: The incident that the shielded twin recorded, found by its reference.
    """

    failure: Failure
    sent: str
    handler: str
    bare: Seen
    shielded: Seen
    report: Report | None


class _OwnFailures:
    """Takes the incidents of the page itself; that it shows leaks is none."""

    def __init__(self) -> None:
        self._sink = open_sink("logging")

    def send(self, incident: Incident) -> None:
        if not str(incident["event_name"]).endswith(REPORTED):
            self._sink.send(incident)

    def close(self) -> None:
        self._sink.close()


def create_page(twins: Twins, hosts: list[str]) -> Starlette:
    """Make the page's application, behind its own shield.

    Args:
        twins: The two applications.
        hosts: The host names by which the page may be asked for (against DNS rebinding).
    """
    templates = environment(_HERE / "templates", TEMPLATES)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # A connection that is kept may be closed by its twin at the moment of the next request,
        # and that would look like an answer that was cut.
        limits = httpx.Limits(max_keepalive_connections=0)
        headers = {"user-agent": "tightlip-demo"}
        async with httpx.AsyncClient(headers=headers, limits=limits) as client:
            app.state.client = client
            yield

    def show(template: str, **values: Any) -> Response:
        text = templates.get_template(template).render(
            failures=FAILURES.values(), twins=twins, **values
        )
        return HTMLResponse(text, headers={**_HEADERS, "cache-control": "no-store"})

    async def find(reference: str) -> Incident | None:
        return await asyncio.to_thread(twins.incidents.find, read_reference(reference))

    async def page(request: Request) -> Response:
        if (welcome := twins.entrance.welcome(request, _HEADERS)) is not None:
            return welcome
        key = request.query_params.get("failure")
        failure = None if key is None else FAILURES.get(key)
        is_unknown = failure is None and key is not None
        result = failure and await press(failure, twins, request.app.state.client)
        return show("page.html", result=result, is_unknown=is_unknown)

    async def incident(request: Request) -> Response:
        found = await find(request.query_params.get("reference", ""))
        return show("incident.html", report=None if found is None else arrange(found))

    async def kept(request: Request) -> Response:
        reference = read_reference(request.path_params["reference"])
        where = twins.entrance.incident(reference, request)
        return RedirectResponse(where, 303, headers=_HEADERS)

    async def record(request: Request) -> Response:
        found = await find(request.path_params["reference"])
        if found is None:
            raise IncidentNotFound
        return JSONResponse(found.as_dict(), headers={**_HEADERS, "cache-control": "no-store"})

    app = Starlette(
        routes=[
            Route("/", page),
            Route("/incidents", incident),
            Route("/incidents/{reference}.json", record),
            Route("/kept/{reference}", kept),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            Mount("/shared", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        lifespan=lifespan,
    )
    # What leaks is what the page is there to show, tokens included: its own answers are let leave.
    shield = Shield(
        headers=_HEADERS,
        service_name="tightlip-demo-page",
        success_answers="report",
        sinks=[_OwnFailures()],
        directory=None,  # the record is the shop's
    )
    return shield(app)


async def press(failure: Failure, twins: Twins, client: httpx.AsyncClient) -> Result:
    """Send the request of `failure` to both twins, and look its incident up."""
    bare = await ask(client, twins.bare, failure)
    shielded = await ask(client, twins.shielded, failure)
    found = None
    if shielded.reference is not None:
        found = await asyncio.to_thread(twins.incidents.find, shielded.reference)
    exceptions = tuple(texts_of(found))
    return Result(
        failure,
        "" if failure.body is None else json.dumps(failure.body),
        _handler_of(failure),
        _seen(bare, failure, exceptions),
        _seen(shielded, failure, exceptions),
        None if found is None else arrange(found),
    )


def _seen(exchange: Exchange, failure: Failure, exceptions: tuple[str, ...]) -> Seen:
    inputs = tuple(value for value in (failure.body or {}).values() if isinstance(value, str))
    headers = tuple(
        # A banner has its form only together with the header's name.
        (name, _value_of(marked(f"{name}: {value}", exceptions, inputs, _FIELD), len(name) + 2))
        for name, value in exchange.headers
    )
    body = marked(exchange.body, exceptions, inputs)
    pieces = [piece for _, value in headers for piece in value]
    return Seen(exchange, headers, body, counted([*pieces, *body]))


def _value_of(pieces: tuple[Piece, ...], skipped: int) -> tuple[Piece, ...]:
    """Return `pieces` without the first `skipped` characters."""
    kept = []
    for piece in pieces:
        rest = piece.text[skipped:]
        skipped = max(0, skipped - len(piece.text))
        if rest:
            kept.append(Piece(rest, piece.leaks))
    return tuple(kept)


def _handler_of(failure: Failure) -> str:
    scope = {"type": "http", "method": failure.method, "path": failure.path}
    for route in router.routes:
        if route.matches(scope)[0] is Match.FULL and isinstance(route, Route):
            return inspect.getsource(route.endpoint)
    return ""
