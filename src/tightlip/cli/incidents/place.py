"""Place: which private record a command reads, and what it says where that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from tightlip.incidents.visible import visible_line

if TYPE_CHECKING:
    from tightlip.incidents.directory import PrivateDirectory
    from tightlip.incidents.places import Place
    from tightlip.incidents.records import Records

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Given(NamedTuple):
    """What stands before the name of the command."""

    directory: str | None
    store: str | None


def _path(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    """Refuse an empty path, which a variable that is not set would leave."""
    if given == "":
        raise click.BadParameter("the path is empty.")
    return given


def directory_option(function: _Command) -> _Command:
    """Let a command be told where the incidents are kept."""
    return click.option(
        "--directory",
        callback=_path,
        metavar="PATH",
        help="Where the incidents are kept. Without it: $TIGHTLIP_DIRECTORY, else `tightlip` in "
        "your directory for state.",
    )(function)


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="A page to read, or one line of JSON for each.",
)


def find_directory(directory: str | None) -> PrivateDirectory:
    """Return the directory that was given, or the usual one.

    Raises:
        click.ClickException: Nothing says where it is.
    """
    from tightlip.incidents.directory import NoDirectoryError, private_directory

    try:
        return private_directory(directory)
    except NoDirectoryError as error:
        raise click.ClickException(str(error)) from None


def refuse_store(given: Given, what: str) -> None:
    """Refuse a store of several hosts where only the directory of one has `what`.

    Raises:
        click.UsageError: There is one.
    """
    if given.store is not None:
        raise click.UsageError(f"{what} are not in --store: give the --directory of a host")


def find_place(given: Given, directory: str | None, *, is_beside: bool = False) -> Place:
    """Return where the record is read from.

    Args:
        given: What stands before the name of the command.
        directory: What stands behind it.
        is_beside: Whether the command needs a directory beside a store.

    Raises:
        click.ClickException: Nothing says where it is, two things do, or it cannot be read.
    """
    from tightlip.incidents.places import DirectoryPlace, store_at

    if given.store is None:
        return DirectoryPlace(find_directory(directory or given.directory))
    if (directory or given.directory) and not is_beside:
        raise click.UsageError("give --store or --directory: this command reads one record")
    try:
        return store_at(given.store)
    except (ValueError, ImportError) as error:
        raise click.UsageError(f"--store: {error}") from None


@contextmanager
def told_plainly(place: Place) -> Iterator[None]:
    """Turn what hinders the reading into one sentence."""
    from tightlip.incidents.tables import StoreError

    try:
        yield
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        if error.filename is None:  # of what we write, not of a file that is read
            raise
        reason = error.strerror or error
        raise click.ClickException(f"{place.name} cannot be read: {reason}.") from None


@contextmanager
def opened(place: Place) -> Iterator[Records | None]:
    """Give all that any process has recorded until now; None where nothing is."""
    with told_plainly(place):
        if not place.is_there():
            click.echo(f"Nothing was recorded in {place.name}{where_else(place)}", err=True)
            yield None
            return
        with place.opened(warn) as records:
            yield records


def where_else(place: Place) -> str:
    """Return the end of a sentence about a place that nothing was recorded in."""
    from tightlip.incidents.places import DirectoryPlace

    if not isinstance(place, DirectoryPlace):
        return "."
    return (
        ": there is no such directory yet. If incidents are kept elsewhere, give that by "
        "--directory or $TIGHTLIP_DIRECTORY."
    )


def warn(line: str) -> None:
    """Write a line to standard error."""
    click.echo(visible_line(line), err=True)
