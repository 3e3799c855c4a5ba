"""The application of the incident page."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tightlip.catalog.error import PublicError
from tightlip.dashboard import plain
from tightlip.dashboard.access import VISITOR, Access, Rules, check_form
from tightlip.dashboard.audit import Audit
from tightlip.dashboard.reading import SPANS, USUAL_SPAN, Found, Reader, Wanted, may_be_reference
from tightlip.dashboard.report import arrange
from tightlip.dashboard.withholding import without_credentials
from tightlip.findings.finding import Category
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.groups import Group, State
from tightlip.incidents.places import DirectoryPlace
from tightlip.incidents.records import leads_on
from tightlip.incidents.terminal import render
from tightlip.incidents.visible import visible_text
from tightlip.responder.exemption import Exemption
from tightlip.shielding import Shield

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from tightlip.incidents.incident import Incident
    from tightlip.incidents.places import Place
    from tightlip.incidents.told import Told

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

OWN = "page"
"""Where in the directory the page keeps what goes wrong with itself."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "same-origin",  # with less, forms would come from the origin `null`
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_FRESH = {**_HEADERS, "cache-control": "no-store"}
_FORMS = ("json", "md", "txt")
_COLUMNS = ("state", "incidents", "first seen", "last seen", "fault", "fingerprint", "newest")
_CODE_COLUMNS = ("answers", "status", "code", "kind", "route", "last", "newest incident")
_DECISIONS = {
    State.RESOLVED: "resolved",
    State.MUTED: "muted",
    State.OPEN: "reopened",
}


class IncidentUnknown(PublicError):  # noqa: N818 - its code is made of its name
    """No incident has this reference."""

    status = 404
    message = "There is no incident with this reference. Check it for a slip, letter by letter"


class GroupUnknown(PublicError):  # noqa: N818 - as above
    """There is no such group."""

    status = 404
    message = "There is no such group of incidents"


class UnknownDecision(PublicError):  # noqa: N818 - as above
    """A group cannot be brought into this state."""

    status = 400
    message = "A group can be resolved, muted or reopened"


def create_dashboard(
    directory: PrivateDirectory, rules: Rules, place: Place | None = None
) -> Starlette:
    """Make the application of the incident page, behind its own shield.

    Args:
        directory: Where it is noted who looks at what, and kept what goes wrong here.
        rules: Who may see the page.
        place: Where the incidents are read from; without it the same directory.
    """
    own = DirectoryPlace(PrivateDirectory(directory.path / OWN))
    pages = _Pages(Reader(place or DirectoryPlace(directory), own), Audit(directory))
    app = Starlette(
        routes=[
            Route("/", pages.overview),
            *(Route(f"/groups.{form}", pages.plain_overview) for form in _FORMS),
            Route("/groups/{number:int}", pages.group),
            Route("/groups/{number:int}/state", pages.decide, methods=["POST"]),
            Route("/search", pages.search),
            *(Route(f"/incidents/{{reference}}.{form}", pages.plain_incident) for form in _FORMS),
            Route("/incidents/{reference}", pages.incident),
            Route("/codes", pages.codes),
            *(Route(f"/codes.{form}", pages.plain_codes) for form in _FORMS),
            Route("/health", pages.health),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Access, rules=rules)],
    )
    # Traces, paths and names of libraries are the product here; secrets were scrubbed before
    # they were written, and one that was missed does not leave here either (`withholding`).
    product = Exemption(
        categories=[category for category in Category if category is not Category.CREDENTIAL]
    )
    with _own_error_pages():
        return Shield(
            headers=_HEADERS,
            service_name="tightlip-incidents",
            exemptions=[product],
            error_pages=["/incidents/", "/groups/"],  # what is not there, in the page's own frame
            directory=own.name,  # what goes wrong here is no incident of the application's
        )(app)


@contextmanager
def _own_error_pages() -> Iterator[None]:
    """Leave out the warning that a user is given of error pages: these are ours."""
    logger = logging.getLogger("tightlip")

    def is_other(record: logging.LogRecord) -> bool:
        return record.module != "error_page"

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


class _Pages:
    def __init__(self, reader: Reader, audit: Audit) -> None:
        self._reader = reader
        self._audit = audit
        self._templates = environment(TEMPLATES)

    async def overview(self, request: Request) -> Response:
        wanted = _wanted(request)
        overview = await asyncio.to_thread(self._reader.overview, wanted)
        return self._show(
            request, "overview.html", overview=overview, wanted=wanted, spans=SPANS, states=State
        )

    async def plain_overview(self, request: Request) -> Response:
        overview = await asyncio.to_thread(self._reader.overview, _wanted(request))
        groups = [group.as_dict() for group in overview.groups]
        return _plain(request, groups, _COLUMNS, map(_group_row, overview.groups))

    async def group(self, request: Request) -> Response:
        since = _since(request)
        found = await asyncio.to_thread(self._reader.group, request.path_params["number"], since)
        if found is None:
            return self._unknown(request, GroupUnknown)
        group, incidents = found
        return self._show(
            request,
            "group.html",
            group=group,
            incidents=incidents,
            since=since,
            spans=SPANS,
            decisions=tuple(_DECISIONS),
        )

    async def decide(self, request: Request) -> Response:
        form = await _fields(request)
        check_form(request.scope[VISITOR], form.get("form_token"))
        number = request.path_params["number"]
        state = form.get("state")
        if state not in tuple(_DECISIONS):
            raise UnknownDecision
        decided = State(state)
        await asyncio.to_thread(self._note, request, _DECISIONS[decided], f"group {number}")
        if not await asyncio.to_thread(self._reader.decide, number, decided):
            raise GroupUnknown
        return RedirectResponse(f"/groups/{number}", 303, headers=_FRESH)

    async def search(self, request: Request) -> Response:
        text = request.query_params.get("text", "").strip()
        if may_be_reference(text):
            found = await asyncio.to_thread(self._reader.find, text)
            if found is not None:
                where = f"/incidents/{found.incident.reference}"
                return RedirectResponse(where, 303, headers=_FRESH)
        wanted = Wanted(text=text[:200], since="1y")
        overview = await asyncio.to_thread(self._reader.overview, wanted)
        unknown = not overview.groups and may_be_reference(text)
        if unknown and not _is_browser(request):
            raise IncidentUnknown
        return self._show(
            request,
            "overview.html",
            overview=overview,
            wanted=wanted,
            spans=SPANS,
            states=State,
            unknown=IncidentUnknown.message if unknown else "",
        )

    async def incident(self, request: Request) -> Response:
        try:
            found = await self._viewed(request, with_report=True)
        except IncidentUnknown:
            return self._unknown(request, IncidentUnknown)
        return self._show(
            request,
            "incident.html",
            report=arrange(found.report or found.incident),
            summary=arrange(found.incident),
            group=found.group,
            is_thinned=found.report is not None,
            decisions=tuple(_DECISIONS),
        )

    async def plain_incident(self, request: Request) -> Response:
        form = _form(request)
        found = await self._viewed(request, with_report=form != "json")
        if form == "json":
            return _json(found.incident.as_json())

        def page(incident: Incident) -> str:
            return plain.markdown(arrange(incident)) if form == "md" else render(incident)

        text = page(found.incident)
        if found.report is not None:
            text += f"\n{leads_on(found.incident, found.report)}\n\n{page(found.report)}"
        return _text(text, form)

    async def codes(self, request: Request) -> Response:
        since = _since(request)
        coverage = await asyncio.to_thread(self._reader.coverage, since)
        return self._show(request, "codes.html", coverage=coverage, since=since, spans=SPANS)

    async def plain_codes(self, request: Request) -> Response:
        told = (await asyncio.to_thread(self._reader.coverage, _since(request))).told
        values = [entry.as_dict() for entry in told]
        return _plain(request, values, _CODE_COLUMNS, map(_code_row, told))

    async def health(self, request: Request) -> Response:
        health = await asyncio.to_thread(self._reader.health)
        return self._show(request, "health.html", health=health)

    async def _viewed(self, request: Request, *, with_report: bool) -> Found:
        """Return the incident that is asked for; that it is looked at is noted first.

        Args:
            request: What is asked.
            with_report: Whether the report is shown, too, to which it leads.
        """
        reference = request.path_params["reference"]
        found = await asyncio.to_thread(self._reader.find, reference)
        if found is None:
            raise IncidentUnknown
        await asyncio.to_thread(self._note, request, "viewed", found.incident.reference)
        if with_report and found.report is not None:
            await asyncio.to_thread(self._note, request, "viewed", found.report.reference)
        return found

    def _note(self, request: Request, did: str, what: str) -> None:
        address = None if request.client is None else request.client.host
        self._audit.note(request.scope[VISITOR].name, address, did, what)

    def _unknown(self, request: Request, error: type[PublicError]) -> Response:
        """Say in the page's own frame, where the next search can be made, what is not there.

        Raises:
            PublicError: Who asks is no browser.
        """
        if not _is_browser(request):
            raise error
        return self._show(request, "unknown.html", status=error.status, message=error.message)

    def _show(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> Response:
        text = self._templates.get_template(template).render(
            visitor=request.scope[VISITOR], here=request.url.path, **values
        )
        return HTMLResponse(without_credentials(text), status, headers=_FRESH)


def environment(*directories: Path) -> Environment:
    """Return the templates of `directories`; whatever cannot be seen in a text is made visible."""
    made = Environment(
        loader=FileSystemLoader(directories),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.globals["bars"] = bars
    made.globals["stacks"] = stacks
    return made


def bars(trend: tuple[int, ...], height: int) -> list[tuple[int, int, int, int]]:
    """Return for each part of a trend its number, its count, and where its bar begins and ends."""
    highest = max(trend, default=0) or 1
    lengths = [(count * height + highest - 1) // highest for count in trend]
    return [
        (number, count, height - length, length)
        for number, (count, length) in enumerate(zip(trend, lengths, strict=True))
    ]


def stacks(
    series: Sequence[tuple[str, tuple[int, ...]]], height: int
) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield for each bar of stacked trends its series, its number, its count, where it stands.

    Args:
        series: Names with their trends, all of one length.
        height: That of the highest bar.
    """
    sums = [sum(counts) for counts in zip(*(trend for _, trend in series), strict=True)]
    highest = max(sums, default=0) or 1
    for bar in range(len(sums)):
        below = 0
        for number, (_, trend) in enumerate(series):
            count = trend[bar]
            bottom, below = below * height // highest, below + count
            top = -(-below * height // highest)
            if count:
                yield number, bar, count, height - top, top - bottom


def _visible(value: Any) -> Any:
    return visible_text(value) if type(value) is str else value


def _wanted(request: Request) -> Wanted:
    query = request.query_params
    state = query.get("state")
    return Wanted(
        State(state) if state in tuple(State) else None,
        query.get("text", "").strip()[:200],
        _since(request),
    )


async def _fields(request: Request) -> dict[str, str]:
    """Return what a form of ours sends, without the package that Starlette reads forms by."""
    body = await request.body()
    return dict(parse_qsl(body.decode("ascii", "replace")))


def _since(request: Request) -> str:
    since = request.query_params.get("since", USUAL_SPAN)
    return since if since in SPANS else USUAL_SPAN


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _form(request: Request) -> str:
    return request.url.path.rpartition(".")[2]


def _plain(request: Request, values: Any, columns: Any, rows: Any) -> Response:
    form = _form(request)
    if form == "json":
        return _json(json.dumps(values))
    return _text(plain.table(columns, rows) if form == "md" else plain.columns(rows), form)


def _json(text: str) -> Response:
    """Return JSON that is pure ASCII: whoever shows it in a terminal sees no client's escapes."""
    return PlainTextResponse(text, headers=_FRESH, media_type="application/json")


def _text(text: str, form: str) -> Response:
    media_type = "text/markdown" if form == "md" else "text/plain"
    return PlainTextResponse(text, headers=_FRESH, media_type=media_type)


def _group_row(group: Group) -> tuple[object, ...]:
    fault = f"{group.type} in {group.place}" if group.place else group.type
    return (
        group.state.value,
        group.incidents,
        group.first_time,
        group.last_time,
        fault,
        group.fingerprint,
        group.reference or "",
    )


def _code_row(told: Told) -> tuple[object, ...]:
    last = told.last_time or "never sent"
    return told.answers, told.status, told.code, told.kind, told.route, last, told.reference
