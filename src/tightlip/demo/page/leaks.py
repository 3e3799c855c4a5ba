"""Mark what of an answer should not have left, so that a reader sees it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tightlip.detection.reading import UNKNOWN, Reading
from tightlip.detection.scanner import default_scanner
from tightlip.findings.finding import Category

_NAMES = {
    Category.STACK_TRACE: "stack trace",
    Category.SOURCE_PATH: "source path",
    Category.DATABASE_ERROR: "database error",
    Category.LIBRARY: "library",
    Category.INFRASTRUCTURE: "infrastructure",
    Category.CREDENTIAL: "credential",
    Category.DEBUG_PAGE: "debug page",
    Category.SERVER_BANNER: "server banner",
}
_SHORTEST_ECHO = 6
ECHO = "exception text"
INPUT = "input sent back"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text.

    Attributes:
        text: The text.
        leaks: The kinds of internals that it carries; none where it may leave.
    """

    text: str
    leaks: tuple[str, ...] = ()


def marked(
    text: str, exceptions: Iterable[str], inputs: Iterable[str], reading: Reading = UNKNOWN
) -> tuple[Piece, ...]:
    """Cut `text` into pieces, and name what leaks in them.

    A piece leaks where a detector flags it, where it is the text of one of the `exceptions`
    that were raised, or where it sends one of the client's `inputs` back. What is flagged
    depends on the `reading`: a banner is one in a header field alone.
    """
    spans = [
        (finding.start, finding.end, _NAMES.get(finding.category, finding.category.value))
        for finding in default_scanner().scan(text, reading)
    ]
    spans += [(start, end, ECHO) for start, end in _places(text, exceptions)]
    spans += [(start, end, INPUT) for start, end in _places(text, inputs)]
    pieces: list[Piece] = []
    at = 0
    for start, end, leaks in _joined(sorted(spans)):
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], leaks))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return tuple(pieces)


def counted(pieces: Iterable[Piece]) -> tuple[tuple[str, int], ...]:
    """Return each kind of leak with how many of `pieces` carry it, the most frequent first."""
    return tuple(Counter(leak for piece in pieces for leak in piece.leaks).most_common())


def _places(text: str, words: Iterable[str]) -> Iterator[tuple[int, int]]:
    for word in dict.fromkeys(words):
        start = text.find(word) if len(word) >= _SHORTEST_ECHO else -1
        while start >= 0:
            yield start, start + len(word)
            start = text.find(word, start + len(word))


def _joined(spans: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield `spans`, sorted, with those that overlap made one."""
    at: tuple[int, int] | None = None
    kinds: dict[str, None] = {}
    for start, end, kind in spans:
        if at is not None and start < at[1]:
            at = at[0], max(at[1], end)
        else:
            if at is not None:
                yield *at, tuple(kinds)
            at, kinds = (start, end), {}
        kinds[kind] = None
    if at is not None:
        yield *at, tuple(kinds)
