"""Rule files: the bytes of the built-in ones, and of the user's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

_FOLDER = Path(__file__).with_name("rules")


class RulesetError(ValueError):
    """A file of rules cannot be used; the message names the file, the rule and the key."""


def built_in_files() -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of the built-in files, in the order of their names.

    Raises:
        RulesetError: If a file cannot be read.
    """
    for path in sorted(_FOLDER.glob("*.toml")):
        yield path.name, content_of(path, path.name)


def own_files(paths: Iterable[str | Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of the user's files at `paths`.

    Raises:
        RulesetError: If a file cannot be read.
    """
    for path in paths:
        yield str(path), content_of(Path(path), str(path))


def content_of(path: Path, name: str) -> bytes:
    """Return the bytes of the file at `path`, which messages call `name`.

    Raises:
        RulesetError: If the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise RulesetError(f"{name}: cannot be read: {error.strerror}") from None
