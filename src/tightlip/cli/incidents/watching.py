"""Watching: the commands that show alerts and serve metrics."""

from __future__ import annotations

import click

from tightlip.cli.incidents.line import within
from tightlip.cli.incidents.place import (
    Given,
    directory_option,
    find_directory,
    find_place,
    format_option,
    opened,
    refuse_store,
)
from tightlip.incidents.visible import visible_line


@click.command()
@format_option
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 1000),
    metavar="N",
    help="At most so many.",
)
@directory_option
@click.pass_obj
def alerts(given: Given, form: str, limit: int, directory: str | None) -> None:
    """Show the alerts that were made, the newest first.

    A fault makes one where it is new, came back, or is suddenly frequent.
    """
    from dataclasses import asdict

    from tightlip.incidents.encoding import encode

    refuse_store(given, "alerts")
    with opened(find_place(given, directory)) as records:
        if records is None:
            return
        made = records.alerts(limit)
        for alert in made:
            if form == "jsonl":
                click.echo(encode({**asdict(alert), "occasion": alert.occasion.value}))
                continue
            sent = f"sent {alert.sent_time}" if alert.sent_time else "not sent yet"
            click.echo(
                f"{alert.time}  {alert.occasion.value:10}  {visible_line(alert.type)}"
                f"{within(alert.place)}  {alert.reference or '-'}  {alert.outlet}  {sent}"
            )
        if form == "text" and not made:
            click.echo("No alert was made.", err=True)


@click.command()
@click.option(
    "--listen",
    default="127.0.0.1:9464",
    show_default=True,
    metavar="HOST:PORT",
    help="Where Prometheus asks for them; port 0 for any free one.",
)
@directory_option
@click.pass_obj
def metrics(given: Given, listen: str, directory: str | None) -> None:
    """Serve figures for Prometheus.

    They have a listener of their own, which is not the API's.
    """
    from tightlip.incidents.exposition import CannotListenError, serve_metrics

    refuse_store(given, "metrics")
    try:
        serve_metrics(find_directory(directory or given.directory), listen, click.echo)
    except CannotListenError as error:
        raise click.ClickException(str(error)) from None
