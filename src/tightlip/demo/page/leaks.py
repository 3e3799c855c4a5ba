"""Mark what of an answer should not have left, so that a reader sees it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
        leak: What kind of internals it is, or None.
    """

    text: str
    leak: str | None = None


def marked(text: str, exceptions: Iterable[str], inputs: Iterable[str]) -> tuple[Piece, ...]:
    """Cut `text` into pieces, those that leak named.

    A piece leaks where a detector flags it, where it is the text of one of the `exceptions`
    that were raised, or where it sends one of the client's `inputs` back.
    """
    spans = [
        (finding.start, finding.end, _NAMES.get(finding.category, finding.category.value))
        for finding in default_scanner().scan(text)
    ]
    spans += [(start, end, ECHO) for start, end in _places(text, exceptions)]
    spans += [(start, end, INPUT) for start, end in _places(text, inputs)]
    pieces: list[Piece] = []
    at = 0
    for start, end, leak in _joined(sorted(spans)):
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], leak))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return tuple(pieces)


def counted(pieces: Iterable[Piece]) -> tuple[tuple[str, int], ...]:
    """Return each kind of leak with how often it stands in `pieces`, the most frequent first."""
    return tuple(Counter(piece.leak for piece in pieces if piece.leak).most_common())


def _places(text: str, words: Iterable[str]) -> Iterator[tuple[int, int]]:
    for word in dict.fromkeys(words):
        start = text.find(word) if len(word) >= _SHORTEST_ECHO else -1
        while start >= 0:
            yield start, start + len(word)
            start = text.find(word, start + len(word))


def _joined(spans: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield `spans`, sorted, with those that overlap made one."""
    open_span: tuple[int, int, str] | None = None
    for start, end, leak in spans:
        if open_span is not None and start < open_span[1]:
            open_span = (open_span[0], max(open_span[1], end), open_span[2])
            continue
        if open_span is not None:
            yield open_span
        open_span = (start, end, leak)
    if open_span is not None:
        yield open_span
