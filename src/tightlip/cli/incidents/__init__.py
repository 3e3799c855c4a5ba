"""`tightlip incidents`: the private record of failures, in the terminal."""

from __future__ import annotations

import click

from tightlip.cli.incidents.place import Given, directory_option
from tightlip.cli.incidents.reading import codes, list_incidents, show, stats, tail
from tightlip.cli.incidents.serving import serve
from tightlip.cli.incidents.watching import alerts, metrics


@click.group(name="incidents")
@directory_option
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
    context.obj = Given(directory, store)


for _each in (list_incidents, show, tail, stats, codes, serve, alerts, metrics):
    command.add_command(_each)
