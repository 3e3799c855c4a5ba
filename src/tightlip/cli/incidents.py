"""`tightlip incidents`: the private record of failures, in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from tightlip.incidents.directory import PrivateDirectory
    from tightlip.incidents.incident import Incident
    from tightlip.incidents.places import Place
    from tightlip.incidents.records import Found, Records

_UNKNOWN = 1
_SHOWN = 50
_BETWEEN_LOOKS = 0.25  # seconds
_BETWEEN_ALERTS = 1.0  # seconds: other processes decide about them, too
_WIDEST = 120
_SECRET = "TIGHTLIP_ALERT_SECRET"  # noqa: S105 - the name of a variable
_PAGE_NEEDS = frozenset({"starlette", "uvicorn", "jinja2"})

_Given = NamedTuple("_Given", [("directory", str | None), ("store", str | None)])  # noqa: UP014
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _directory_option(function: _Command) -> _Command:
    return click.option(
        "--directory",
        metavar="PATH",
        help="Where the incidents are kept. Without it: $TIGHTLIP_DIRECTORY, else `tightlip` in "
        "your directory for state.",
    )(function)


_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="A page to read, or one line of JSON for each.",
)


@click.group(name="incidents")
@_directory_option
@click.option(
    "--store",
    metavar="URL",
    help="Read what hosts have sent to the PostgreSQL at postgresql://user@host/database.",
)
@click.pass_context
def command(context: click.Context, directory: str | None, store: str | None) -> None:
    """Read the private record of failures.

    It tells what happened behind the answers that clients were given.
    """
    context.obj = _Given(directory, store)


@command.command(name="list")
@_format_option
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"At most so many; 0 for all. Without it: {_SHOWN} as text, all as JSON.",
)
@click.option("--fingerprint", metavar="TEXT", help="Only those of one fault.")
@_directory_option
@click.pass_obj
def list_incidents(
    given: _Given,
    form: str,
    limit: int | None,
    fingerprint: str | None,
    directory: str | None,
) -> None:
    """List the incidents, the newest first."""
    if limit is None:
        limit = _SHOWN if form == "text" else 0
    with _opened(_place(given, directory)) as records:
        if records is None:
            return
        shown = 0
        for incident in records.newest(limit or None, fingerprint=fingerprint):
            click.echo(incident.as_json() if form == "jsonl" else _row(incident))
            shown += 1
        if form == "text" and shown == limit and records.kept().incidents > shown:
            click.echo(f"These are the newest {shown}; --limit 0 lists all.", err=True)


@command.command()
@click.argument("references", nargs=-1, required=True, metavar="REF…")
@_format_option
@_directory_option
@click.pass_obj
def show(given: _Given, references: tuple[str, ...], form: str, directory: str | None) -> int:
    """Show incidents by the references of clients.

    `-` reads references from standard input. The exit code is 1 if one is unknown; the others are
    shown.
    """
    from tightlip.incidents.records import look_up

    wanted = list(_read(references))
    with _opened(_place(given, directory)) as records:
        unknown = 0
        for reference in wanted:
            found = None if records is None else look_up(records.find, reference)
            if found is None:
                click.echo(f"There is no incident {_visible(reference)}.", err=True)
                unknown += 1
            elif form == "jsonl":
                click.echo(found.incident.as_json())
            else:
                _show(found)
    return _UNKNOWN if unknown else 0


@command.command()
@_format_option
@_directory_option
@click.pass_obj
def tail(given: _Given, form: str, directory: str | None) -> None:
    """Show incidents as they come, until Ctrl-C."""
    place = _place(given, directory)
    last = None
    with _told(place):
        while True:
            with place.opened(_warn) as records:
                if last is None:
                    last = records.last_row()
                    click.echo(f"Waiting for incidents in {place.name}.", err=True)
                for number, incident in records.after(last):
                    last = number
                    click.echo(incident.as_json() if form == "jsonl" else _row(incident))
            sys.stdout.flush()
            time.sleep(_BETWEEN_LOOKS)


@command.command()
@_format_option
@_directory_option
@click.pass_obj
def stats(given: _Given, form: str, directory: str | None) -> None:
    """Show each fault, how often and when it happened.

    The last seen comes first.
    """
    from tightlip.incidents.encoding import encode

    with _opened(_place(given, directory)) as records:
        if records is None:
            return
        for fault in records.faults():
            if form == "jsonl":
                click.echo(encode(fault.as_dict()))
                continue
            click.echo(
                f"{fault.incidents:>8} x  {fault.first_time} to {fault.last_time}  "
                f"{_visible(fault.type)}{_in(fault.place)}  {_visible(fault.fingerprint)}  "
                f"{fault.reference or ''}".rstrip()
            )
        if form == "text":
            kept = records.kept()
            click.echo(
                f"{_counted(records.count(), 'incident')} happened; kept are {kept.incidents}, "
                f"{kept.reports} of them with their full report.",
                err=True,
            )
            if kept.damages:
                places = _counted(kept.damages, "place")
                click.echo(f"{places} of spools could not be read.", err=True)


@command.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen there."
)
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The page's port; 0 for any free one.",
)
@click.option(
    "--user-header",
    metavar="NAME",
    help="The header in which a proxy in front of the page says who the visitor is. Needed to "
    "listen for other machines.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="An address from which that header is believed; can be given several times. Without "
    "it: this machine.",
)
@click.option(
    "--alert-webhook",
    metavar="URL",
    help="Tell this address of faults that are new, came back, or are suddenly frequent. What "
    f"${_SECRET} holds signs it.",
)
@click.option(
    "--alert-command",
    metavar="COMMAND",
    help="Run this for each alert, which is JSON on its standard input. No shell reads it.",
)
@click.option("--open/--no-open", "show", default=False, help="Open the page in a browser.")
@_directory_option
@click.pass_obj
def serve(  # noqa: PLR0913, PLR0917 - one for each option
    given: _Given,
    host: str,
    port: int,
    user_header: str | None,
    proxies: tuple[str, ...],
    alert_webhook: str | None,
    alert_command: str | None,
    directory: str | None,
    *,
    show: bool,
) -> None:
    """Serve the incident page.

    It is for those who have the address that it prints, and listens on this machine alone. For
    others, put a proxy in front that knows its users, and name the header in which it says who
    they are.
    """
    try:
        from tightlip.dashboard.access import Rules, is_loopback
        from tightlip.dashboard.application import create_dashboard
        from tightlip.dashboard.serving import serve as serve_page
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _PAGE_NEEDS:
            raise
        raise click.ClickException(
            f"The incident page needs {missing}, which is not installed. Run:\n\n"
            f'    pip install "tightlip[dashboard]"'
        ) from None
    if not is_loopback(host) and user_header is None:
        raise click.UsageError(
            f"{host} can be reached from other machines: give --user-header with the header in "
            "which a proxy says who the visitor is, or listen on 127.0.0.1."
        )
    from tightlip.incidents.alerts import alerts_of

    try:
        wanted = alerts_of(alert_webhook, alert_command, os.environ.get(_SECRET) or None)
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"These alerts cannot be sent: {error}.") from None
    from tightlip.incidents.archive import archive_at

    where, place = _find(directory or given.directory), _place(given, directory)
    rules = Rules(
        hosts=Rules().hosts if is_loopback(host) else ("*",),
        user_header=user_header,
        proxies=proxies or Rules().proxies,
    )

    def started(address: str) -> None:
        page = f"{address}/?token={rules.token}"
        click.echo(f"Incidents of {place.name}\n\n  Open    {page}\n\n  Ctrl-C stops it.")
        sys.stdout.flush()
        for each in wanted:
            archive_at(where).attach(each.outlet(), between_looks=_BETWEEN_ALERTS)
        if show:
            click.launch(page)

    with _told(place):
        where.make()
    try:
        serve_page(create_dashboard(where, rules, place), host, port, started)
    except OSError as error:
        raise click.ClickException(
            f"Nothing can listen on {host}, port {port}: {error.strerror or error}."
        ) from None


@command.command()
@_format_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), metavar="N")
@_directory_option
@click.pass_obj
def alerts(given: _Given, form: str, limit: int, directory: str | None) -> None:
    """Show what was told at once: faults that were new, came back, or were suddenly frequent."""
    from dataclasses import asdict

    from tightlip.incidents.encoding import encode

    with _opened(_place(given, directory)) as records:
        if records is None:
            return
        for alert in records.alerts(limit):
            if form == "jsonl":
                click.echo(encode({**asdict(alert), "occasion": alert.occasion.value}))
                continue
            sent = f"sent {alert.sent_time}" if alert.sent_time else "not sent yet"
            click.echo(
                f"{alert.time}  {alert.occasion.value:10}  {_visible(alert.type)}"
                f"{_in(alert.place)}  {alert.reference or '-'}  {alert.outlet}  {sent}"
            )


@command.command()
@click.option(
    "--listen",
    default="127.0.0.1:9464",
    show_default=True,
    metavar="HOST:PORT",
    help="Where Prometheus asks for them; port 0 for any free one.",
)
@_directory_option
@click.pass_obj
def metrics(given: _Given, listen: str, directory: str | None) -> None:
    """Serve figures for Prometheus, on a listener that is not the API's."""
    from tightlip.incidents.exposition import CannotListenError, serve_metrics

    try:
        serve_metrics(_find(directory or given.directory), listen, click.echo)
    except CannotListenError as error:
        raise click.ClickException(str(error)) from None


def _find(directory: str | None) -> PrivateDirectory:
    from tightlip.incidents.directory import NoDirectoryError, private_directory

    try:
        return private_directory(directory)
    except NoDirectoryError as error:
        raise click.ClickException(str(error)) from None


def _place(given: _Given, directory: str | None) -> Place:
    from tightlip.incidents.places import DirectoryPlace, store_at

    if given.store is None:
        return DirectoryPlace(_find(directory or given.directory))
    try:
        return store_at(given.store)
    except (ValueError, ImportError) as error:
        raise click.UsageError(f"--store: {error}") from None


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """Turn what hinders the reading into one sentence."""
    from tightlip.incidents.tables import StoreError

    try:
        yield
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise click.ClickException(f"{place.name} cannot be read: {reason}.") from None


@contextmanager
def _opened(place: Place) -> Iterator[Records | None]:
    """Give all that any process has recorded until now; None where nothing is."""
    with _told(place):
        if not place.is_there():
            click.echo(f"Nothing was recorded in {place.name}.", err=True)
            yield None
            return
        with place.opened(_warn) as records:
            yield records


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _warn(line: str) -> None:
    click.echo(_visible(line), err=True)


def _read(references: tuple[str, ...]) -> Iterator[str]:
    from tightlip.incidents.reference import read_reference

    for text in references:
        if text == "-":
            for line in sys.stdin.buffer:
                for word in line.decode("utf-8", "replace").split():
                    yield read_reference(word)
        else:
            yield read_reference(text)


def _show(found: Found) -> None:
    _page(found.incident)
    if found.report is not None:
        click.echo(
            f"{found.incident.reference} was one of many alike, and has no report of its own. The "
            f"nearest report of the same fault is {found.report.reference}:"
        )
        _page(found.report)


def _page(incident: Incident) -> None:
    from tightlip.incidents.terminal import render

    output = sys.stdout
    is_colored = output.isatty() and not os.environ.get("NO_COLOR")
    width = min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)
    text = render(incident, width=width, color=is_colored)
    encoding = output.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)


def _row(incident: Incident) -> str:
    """Return an incident in one line: what the client was told, where, and what was behind it."""
    fields = incident.fields
    told = f"{fields.get('http.response.status_code', '-')} {fields.get('error.code', '')}"
    route = f"{fields.get('http.request.method', '')} {fields.get('http.route', '')}".strip()
    kind = fields.get("exception.type") or fields.get("event_name")
    parts = [
        incident.reference,
        str(fields.get("time", "")),
        told,
        route or "-",
        f"{kind}{_in(fields.get('code.function.name'))}",
    ]
    return "  ".join(_visible(part) for part in parts)


def _in(place: object) -> str:
    return f" in {_visible(str(place))}" if place else ""


def _visible(text: str) -> str:
    from tightlip.incidents.visible import visible_line

    return visible_line(text)
