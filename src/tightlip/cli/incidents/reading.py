"""Reading: the commands that show incidents and faults."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tightlip.cli.incidents.line import line_of, within
from tightlip.cli.incidents.place import (
    Given,
    directory_option,
    find_place,
    format_option,
    opened,
    told_plainly,
    warn,
    where_else,
)
from tightlip.incidents.counting import counted
from tightlip.incidents.visible import visible_line

if TYPE_CHECKING:
    from tightlip.incidents.incident import Incident
    from tightlip.incidents.records import Found

_UNKNOWN = 1
_SHOWN = 50
_BETWEEN_LOOKS = 0.25  # seconds
_WIDEST = 120
_A_DAY = 1440  # minutes


@click.command(name="list")
@format_option
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"At most so many; 0 for all. Without it: {_SHOWN} as text, all as JSON.",
)
@click.option("--fingerprint", metavar="TEXT", help="Only those of one fault.")
@directory_option
@click.pass_obj
def list_incidents(
    given: Given,
    form: str,
    limit: int | None,
    fingerprint: str | None,
    directory: str | None,
) -> None:
    """List the incidents, the newest first."""
    if limit is None:
        limit = _SHOWN if form == "text" else 0
    limit = min(limit, sys.maxsize - 1)  # a database knows no larger numbers
    with opened(find_place(given, directory)) as records:
        if records is None:
            return
        shown = 0
        for incident in records.newest(limit + 1 if limit else None, fingerprint=fingerprint):
            if limit and shown == limit:
                if form == "text":
                    click.echo(f"These are the newest {shown}; --limit 0 lists all.", err=True)
                break
            click.echo(incident.as_json() if form == "jsonl" else line_of(incident))
            shown += 1
        if form == "text" and not shown:
            of = "" if fingerprint is None else f" of the fault {visible_line(fingerprint)}"
            click.echo(f"There is no incident{of}.", err=True)


@click.command()
@click.argument("references", nargs=-1, required=True, metavar="REF…")
@format_option
@directory_option
@click.pass_obj
def show(given: Given, references: tuple[str, ...], form: str, directory: str | None) -> int:
    """Show incidents by the references of clients.

    `-` reads references from standard input. The exit code is 1 if one is unknown; the others are
    shown.
    """
    from tightlip.incidents.records import look_up
    from tightlip.incidents.reference import read_reference

    wanted = list(_read(references))
    with opened(find_place(given, directory)) as records:
        unknown = 0
        for reference in wanted:
            found = None if records is None else look_up(records.find, read_reference(reference))
            if found is None:
                click.echo(f"There is no incident {visible_line(reference)}.", err=True)
                unknown += 1
            elif form == "jsonl":
                click.echo(found.incident.as_json())
            else:
                _show(found)
    return _UNKNOWN if unknown else 0


@click.command()
@format_option
@directory_option
@click.pass_obj
def tail(given: Given, form: str, directory: str | None) -> None:
    """Show incidents as they come, until Ctrl-C."""
    place = find_place(given, directory)
    last = None
    with told_plainly(place):
        for records in place.looks(warn):
            if last is None:
                last = records.last_row()
                there = "." if place.is_there() else where_else(place)
                click.echo(f"Waiting for incidents in {place.name}{there}", err=True)
            for number, incident in records.after(last):
                last = number
                click.echo(incident.as_json() if form == "jsonl" else line_of(incident))
            sys.stdout.flush()
            time.sleep(_BETWEEN_LOOKS)


@click.command()
@format_option
@directory_option
@click.pass_obj
def stats(given: Given, form: str, directory: str | None) -> None:
    """Show each fault, how often and when it happened.

    The last seen comes first.
    """
    from tightlip.incidents.encoding import encode

    with opened(find_place(given, directory)) as records:
        if records is None:
            return
        for fault in records.faults():
            if form == "jsonl":
                click.echo(encode(fault.as_dict()))
                continue
            click.echo(
                f"{fault.incidents:>8} x  {fault.first_time} to {fault.last_time}  "
                f"{visible_line(fault.type)}{within(fault.place)}  "
                f"{visible_line(fault.fingerprint)}  {fault.reference or ''}".rstrip()
            )
        if form == "text":
            kept = records.kept()
            click.echo(
                f"{counted(records.count(), 'incident')} happened; kept are {kept.incidents}, "
                f"{kept.reports} of them with their full report.",
                err=True,
            )
            if kept.damages:
                places = counted(kept.damages, "place")
                click.echo(f"{places} of spools could not be read.", err=True)


@click.command()
@format_option
@directory_option
@click.pass_obj
def codes(given: Given, form: str, directory: str | None) -> None:
    """Show which errors clients were told, and which never.

    The most frequent comes first. A standard error stands where no declared one says what has
    failed.
    """
    from tightlip.incidents.encoding import encode
    from tightlip.incidents.span import span_of
    from tightlip.incidents.told import Kind

    with opened(find_place(given, directory)) as records:
        if records is None:
            return
        told = records.told(span_of(_A_DAY, time.time_ns() // 1000))
        for each in told:
            if form == "jsonl":
                click.echo(encode(each.as_dict()))
                continue
            last = f"last {each.last_time}" if each.last_time else "never sent"
            where = visible_line(each.route or each.place or "-")
            click.echo(
                f"{each.answers:>8} x  {each.status} {visible_line(each.code)}  "
                f"{each.kind}  {where}  {last}  {each.reference}".rstrip()
            )
        if form == "text":
            declared = {each.code for each in told if each.kind is Kind.DECLARED}
            sent = len({each.code for each in told if each.code in declared and each.answers})
            was = "was" if sent == 1 else "were"
            click.echo(
                f"{sent} of {counted(len(declared), 'declared error')} {was} sent.", err=True
            )


def _read(references: tuple[str, ...]) -> Iterator[str]:
    for text in references:
        if text == "-":
            for line in sys.stdin.buffer:
                yield from line.decode("utf-8", "replace").split()
        else:
            yield text


def _show(found: Found) -> None:
    from tightlip.incidents.records import leads_on

    _page(found.incident)
    if found.report is not None:
        click.echo(leads_on(found.incident, found.report))
        _page(found.report)


def _page(incident: Incident) -> None:
    from tightlip.incidents.terminal import render

    output = sys.stdout
    is_colored = output.isatty() and not os.environ.get("NO_COLOR")
    width = min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)
    text = render(incident, width=width, color=is_colored)
    encoding = output.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)
