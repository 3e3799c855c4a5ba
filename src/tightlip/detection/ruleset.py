"""Ruleset: the rules of all technologies, read from TOML files and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tightlip.detection.rule import Rule, RuleError
from tightlip.detection.rule_files import RulesetError, built_in_files, content_of, own_files

_TOP_KEYS = frozenset({"technology", "rule"})
_RULE_KEYS = tuple(field.name for field in fields(Rule))
_REQUIRED_KEYS = tuple(key for key in _RULE_KEYS if key not in {"check", "context", "severity"})


@dataclass(frozen=True, slots=True)
class Technology:
    """The rules of one file.

    Attributes:
        name: The product or field that the rules speak of, such as `PostgreSQL`.
        file: The name of the file, for messages.
        rules: Its rules, in the order of the file.
    """

    name: str
    file: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules of several technologies; every id stands once.

    Raises:
        RulesetError: If two rules have the same id.
    """

    technologies: tuple[Technology, ...]

    def __post_init__(self) -> None:
        homes: dict[str, str] = {}
        for technology in self.technologies:
            for rule in technology.rules:
                if rule.id in homes:
                    raise RulesetError(
                        f"{technology.file}: rule {rule.id!r}: id is taken by a rule in "
                        f"{homes[rule.id]}: choose another",
                    )
                homes[rule.id] = technology.file

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, in the order of files and of rules in a file."""
        return tuple(rule for technology in self.technologies for rule in technology.rules)


def load(paths: Iterable[str | Path] = ()) -> Ruleset:
    """Return the built-in rules, and those of the user's files at `paths` after them.

    Raises:
        RulesetError: If a file cannot be read, is no TOML, or holds a rule that cannot stand.
    """
    return parse((*built_in_files(), *own_files(paths)))


def parse(contents: Iterable[tuple[str, bytes]]) -> Ruleset:
    """Return the rules of files, given by their names and bytes.

    Raises:
        RulesetError: If a file is no TOML, or holds a rule that cannot stand.
    """
    return Ruleset(tuple(_parsed(name, content) for name, content in contents))


def read(path: str | Path) -> Technology:
    """Return the rules of the file at `path` alone; their ids are compared by `Ruleset`.

    Raises:
        RulesetError: If the file cannot be read, is no TOML, or holds a rule that cannot stand.
    """
    return _parsed(str(path), content_of(Path(path), str(path)))


def _parsed(name: str, content: bytes) -> Technology:
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise RulesetError(f"{name}: is not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RulesetError(f"{name}: is no TOML: {error}") from None
    for key in table.keys() - _TOP_KEYS:
        raise RulesetError(f"{name}: unknown key {key!r}: a file has technology and [[rule]]")
    technology = table.get("technology")
    if not isinstance(technology, str) or not _slug(technology):
        told = "missing" if technology is None else repr(technology)
        raise RulesetError(f"{name}: technology is {told}: name what the rules speak of")
    tables = table.get("rule")
    if not isinstance(tables, list) or not tables:
        told = "no list of tables" if tables else "missing"
        raise RulesetError(f"{name}: rule is {told}: write at least one [[rule]]")
    return Technology(technology, name, tuple(_rules(tables, technology, name)))


def _rules(tables: list[Any], technology: str, name: str) -> Iterator[Rule]:
    for number, table in enumerate(tables, start=1):
        if not isinstance(table, dict):
            raise RulesetError(f"{name}: rule {number}: is no table: write [[rule]]")
        where = f"{name}: rule {table.get('id', number)!r}"
        for key in table:
            if key not in _RULE_KEYS:
                raise RulesetError(
                    f"{where}: unknown key {key!r}: keys are {', '.join(_RULE_KEYS)}"
                )
        for key in _REQUIRED_KEYS:
            if key not in table:
                raise RulesetError(f"{where}: {key} is missing")
        try:
            rule = Rule(**table)
        except RuleError as error:
            raise RulesetError(f"{where}: {error}") from None
        prefix = f"{_slug(technology)}-"
        if not rule.id.startswith(prefix):
            raise RulesetError(f"{where}: id must begin with {prefix!r}, after the technology")
        yield rule


def _slug(technology: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", technology.lower()))
