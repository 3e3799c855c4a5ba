"""Serving: the command that serves the incident page."""

from __future__ import annotations

import os
import re
import sys

import click

from tightlip.cli.incidents.place import (
    Given,
    directory_option,
    find_directory,
    find_place,
    told_plainly,
)

_BETWEEN_ALERTS = 1.0  # seconds: other processes decide about them, too
_SECRET = "TIGHTLIP_ALERT_SECRET"  # noqa: S105 - the name of a variable
_PAGE_NEEDS = frozenset({"starlette", "uvicorn", "jinja2"})


def _addresses(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse what no visitor's address can ever be."""
    import ipaddress

    for address in given:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise click.BadParameter(f"{address!r} is no IP address.") from None
    return given


def _header(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    """Refuse what no header can be called (RFC 9110, section 5.1)."""
    if given is not None and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", given) is None:
        raise click.BadParameter(f"{given!r} is no name of a header.")
    return given


@click.command()
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
    callback=_header,
    metavar="NAME",
    help="The header in which a proxy in front of the page says who the visitor is. Needed to "
    "listen for other machines.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    callback=_addresses,
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
@directory_option
@click.pass_obj
def serve(  # noqa: PLR0913, PLR0917 - one for each option
    given: Given,
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
    if wanted and given.store is not None:
        raise click.UsageError(
            "Alerts are made where incidents are recorded, and not in the database that hosts send "
            "to: give them to the applications, by Shield(alerts=…), or serve a host's directory."
        )
    from tightlip.incidents.archive import archive_at

    where, place = (
        find_directory(directory or given.directory),
        find_place(given, directory, is_beside=True),
    )
    rules = Rules(
        hosts=Rules().hosts if is_loopback(host) else ("*",),
        user_header=user_header,
        proxies=proxies or Rules().proxies,
    )

    def started(address: str) -> None:
        page = f"{address}/?token={rules.token}"
        by_proxy = f"  Proxy   names visitors in {user_header}\n" if user_header else ""
        click.echo(f"Incidents of {place.name}\n\n  Open    {page}\n{by_proxy}\n  Ctrl-C stops it.")
        sys.stdout.flush()
        for each in wanted:
            archive_at(where).attach(each.outlet(), between_looks=_BETWEEN_ALERTS)
        if show:
            click.launch(page)

    with told_plainly(place):
        where.make()
    try:
        serve_page(create_dashboard(where, rules, place), host, port, started)
    except OSError as error:
        # The words of `socket.create_server` repeat the address.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror or error
        raise click.ClickException(
            f"Nothing can listen on {host}, port {port}: {reason}."
        ) from None
