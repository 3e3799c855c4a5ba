"""Result: a finding as it is told to people and tools, with its place and an excerpt."""

from __future__ import annotations

from dataclasses import dataclass, field

from tightlip.findings.finding import Category
from tightlip.findings.position import Position


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The words of a finding between those around it, fit to be shown.

    Credentials are masked, and characters that cannot be seen are escaped.

    Attributes:
        before: What stands before them in their line.
        match: The words that were found.
        after: What stands behind them in their line.
    """

    before: str
    match: str
    after: str

    def __str__(self) -> str:
        return f"{self.before}{self.match}{self.after}"


@dataclass(frozen=True, slots=True)
class Result:
    """A finding with all that is told of it.

    Attributes:
        rule: The id of the rule.
        category: What kind of internals it is.
        severity: `low`, `medium`, `high` or `critical`.
        says: What the leak tells a stranger.
        path: The file, or `-` for standard input.
        part: Where in the file the text stands, as a JSON Pointer (RFC 6901) or a word such as
            `body`; None where the text is the file itself.
        exchange: The request and the status, such as `GET https://shop.example/orders 500`.
        start: Where it begins, in the file, or in the text where `part` names one.
        end: Where it ends; the character there is no longer part of it.
        enclosing: The bytes of the file, from and to, in which the text stands in another form;
            None where they are not known, or where the text is the file itself.
        is_verbatim: Whether the bytes from `start` to `end` are those of the file.
        excerpt: The words.
    """

    rule: str
    category: Category
    severity: str
    says: str
    path: str
    part: str | None
    exchange: str | None
    start: Position
    end: Position
    enclosing: tuple[int, int] | None
    is_verbatim: bool
    excerpt: Excerpt


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that could not be read.

    Attributes:
        path: The file, or `-` for standard input.
        reason: What is wrong with it.
        line: The line of the file, from 1, where one is meant.
    """

    path: str
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{printable(place)}: {self.reason}"


@dataclass(slots=True)
class Summary:
    """What was read in all.

    Attributes:
        files: How many files were read.
        leaking: How many of them have findings.
        binaries: How many files were passed over because they hold no text.
        links: How many links in directories were not followed.
        faults: How many things could not be read.
        findings: How many findings of each severity there are.
    """

    files: int = 0
    leaking: int = 0
    binaries: int = 0
    links: int = 0
    faults: int = 0
    findings: dict[str, int] = field(default_factory=dict)


def printable(text: str) -> str:
    """Return `text` with what cannot be printed as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )
