"""The command line: `tightlip`, and one command for each module in this folder."""

from __future__ import annotations

import difflib
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

import tightlip.cli
from tightlip.plugins import find

_SEAM = "cli"
_OWN_NAME = "main"
_COULD_NOT_RUN = 2
_INTERRUPTED = 128 + 2  # as shells tell of SIGINT
_NO_READER = 128 + 13  # as shells tell of SIGPIPE, which not every system has


class Commands(click.Group):
    """The commands that are there: a module in `tightlip/cli`, else an installed entry point.

    A module's attribute `command` is the click command; an entry point of the group
    `tightlip.cli` gives a module with one.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands, sorted."""
        ours = {module.name for module in pkgutil.iter_modules(tightlip.cli.__path__)}
        installed = {entry_point.name for entry_point in entry_points(group=f"tightlip.{_SEAM}")}
        return sorted((ours | installed) - {_OWN_NAME})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return the command `cmd_name`, or None."""
        module = find(_SEAM, cmd_name) if cmd_name != _OWN_NAME else None
        command = getattr(module, "command", None)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for; one that is not there is told with its nearest.

        Raises:
            click.UsageError: No command has this name.
        """
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            names = self.list_commands(ctx)
            nearest = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 clean, 1 findings, 2 wrong use or could not run.",
)
@click.version_option(package_name="tightlip", message="%(prog)s %(version)s")
def tightlip_command() -> None:
    """Keep internals out of API errors, and the whole truth in a private record."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process.

    The exit code is 0 (clean), 1 (findings), 2 (wrong use, or could not run), or 130 where the
    user interrupted. Colours are left out where `NO_COLOR` is set (no-color.org).

    Args:
        arguments: What follows the program's name; the process's own if it is not given.
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    settings: dict[str, Any] = {"color": False} if os.environ.get("NO_COLOR") else {}
    # A process may be started without them, and a file that it opens would take their numbers.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    output = sys.stdout
    try:
        code = tightlip_command.main(
            arguments, prog_name="tightlip", standalone_mode=False, **settings
        )
    except click.ClickException as error:
        error.show()
        return _COULD_NOT_RUN
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except SystemExit:
        # Where the reader of our output has gone, click replaces the output and ends with 1,
        # which would tell of findings.
        if sys.stdout is output:
            raise
        return _NO_READER
    except OSError as error:
        # A full disk below our output is told by every write, the interpreter's last one too.
        click.echo(f"Error: {error}", err=True)
        sys.stdout = _nowhere()
        return _COULD_NOT_RUN
    return code if isinstance(code, int) else 0


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
