"""Echo: the text of an exception that was raised in this request, in what is to leave.

That is a leak proved without a pattern. The text must say something (`exception_text`), must not
come from the client, and its exception must not be declared.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tightlip.detection.exception_text import QUOTES, tells, texts_of
from tightlip.detection.folding import SHORTEST_FOLDED, Folded, folded
from tightlip.detection.note import Note, may_tell
from tightlip.detection.raises import Notebook
from tightlip.findings.finding import Category, Finding

RULE = "echo-exception-text"

MOST_PLACES = 32
"""How many places of one sentence are told; the last of so many reaches to the text's end."""

_MOST_SENTENCES = 96
_MOST_LINES = 6
_LONGEST_START = 32
_MOST_WORK = 1 << 26

_CONTINUES = re.compile("[\x80-\xbf]")

_module_of = type.__dict__["__module__"].__get__
_qualified_name_of = type.__dict__["__qualname__"].__get__


@dataclass(frozen=True, slots=True)
class Echo:
    """The text of an exception in an answer.

    Attributes:
        finding: Where it stands: in characters of a `str`, in bytes of a `bytes`.
        index: In which of the texts.
        file: The file of the code that raised it; None where no raise was seen.
        line: The line of the raise.
        function: The qualified name of the function.
        exception: The full name of the exception's class.
    """

    finding: Finding
    index: int
    file: str | None
    line: int | None
    function: str | None
    exception: str


@dataclass(slots=True, eq=False)
class _Sentence:
    """A line of an exception's text.

    Attributes:
        start: The start of the line, by which it is known.
        line: The line.
        rest: The text from this line to its end.
        note: The exception that said it first.
    """

    start: str
    line: str
    rest: str
    note: Note


def judge(
    texts: Iterable[str | bytes],
    notebook: Notebook,
    known_to_client: Iterable[str | bytes] = (),
    *,
    is_declared: Callable[[BaseException], bool],
    besides: BaseException | None = None,
) -> tuple[Echo, ...]:
    """Return where `texts` carry the text of an exception that `notebook` holds.

    The work is bounded: 96 lines of exceptions are looked for, and of `texts` as many characters
    are read as 67 million divided by the number of these lines. Each of the first six lines of an
    exception's text is known by its first 32 characters, so that a text cut short is found too; and
    by the letters and digits of these, so that it is found in another case, spacing or charset. A
    line that is indented quotes a document or source, and does not count.

    Args:
        texts: What is to leave, as a client would read it; bytes are UTF-8.
        notebook: The open notebook of the request.
        known_to_client: What the client sent, decoded; read only once a text has been found.
        is_declared: Tells whether an exception's words may leave. It is asked only once a text
            has been found, and of no built-in exception, whose words never are declared. Where it
            raises, they may not. What a declared exception says may leave, whoever says it too.
        besides: An exception that is not asked.
    """
    if notebook.is_empty:
        return ()
    notes = notebook.notes()
    if besides is not None:
        notes = [note for note in notes if note.exception is not besides]
    sentences = _sentences(notes)
    if not sentences:
        return ()
    trial = _Trial(notes, known_to_client, is_declared)
    starts = [(sentence.start, sentence) for sentence in sentences]
    letters = [
        (start, sentence)
        for sentence in sentences
        if len(start := folded(sentence.start)) >= SHORTEST_FOLDED
    ]
    octets: list[tuple[str, _Sentence]] = []
    left = _MOST_WORK // len(sentences)
    echoes: list[Echo] = []
    for index, text in enumerate(texts):
        if left <= 0:
            break
        is_bytes = isinstance(text, bytes)
        if is_bytes and not octets:
            octets = [(_octets(start), sentence) for start, sentence in starts]
        # In Latin-1 each byte is a character, so that both are searched alike.
        view = text[:left].decode("latin-1") if isinstance(text, bytes) else text[:left]
        left -= len(view)
        places = [
            (at, len(text) if end is None else end, sentence)
            for start, sentence in (octets if is_bytes else starts)
            if start in view
            for at, end in trial.places(view, sentence, is_bytes=is_bytes)
        ]
        if letters:
            read = Folded(text[: len(view)])
            places += [
                (*read.trace(at, end), sentence)
                for start, sentence in letters
                if start in read.text
                for at, end in trial.folded_places(read, sentence)
            ]
        if places:
            echoes += [_echo(index, *place) for place in _outermost(places)]
    return tuple(echoes)


class _Trial:
    """What is asked once a text has been found; the answers hold for the whole judgement."""

    def __init__(
        self,
        notes: list[Note],
        known_to_client: Iterable[str | bytes],
        is_declared: Callable[[BaseException], bool],
    ) -> None:
        self._notes = notes
        self._known_to_client = known_to_client
        self._is_declared = is_declared
        self._proofs: dict[_Sentence, str | None] = {}

    def places(
        self, view: str, sentence: _Sentence, *, is_bytes: bool
    ) -> Iterator[tuple[int, int | None]]:
        """Yield where `sentence` starts and ends in `view`; None stands for the end of the text."""
        proof = self._proof(sentence)
        if proof is None:
            return
        start, rest = (
            (_octets(proof), _octets(sentence.rest)) if is_bytes else (proof, sentence.rest)
        )
        for at, farthest in _places(view, start, rest):
            end = farthest
            while is_bytes and end is not None and _CONTINUES.match(view, end):
                end -= 1  # the character that follows has its first byte in common
            yield at, end

    def folded_places(self, read: Folded, sentence: _Sentence) -> Iterator[tuple[int, int]]:
        """Yield the same for the letters and digits of `sentence` in those of a text.

        A code may be named as a short exception is worded: that is no echo.
        """
        proof = self._proof(sentence)
        start = "" if proof is None else folded(proof)
        if len(start) < SHORTEST_FOLDED or any(start in sent for sent in self._sent_letters):
            return
        rest = folded(sentence.rest)
        is_other = read.is_name if rest == start else _nothing
        for at, end in _places(read.text, start, rest, is_other):
            yield at, len(read.text) if end is None else end

    def _proof(self, sentence: _Sentence) -> str | None:
        """Return the part of a sentence that proves an echo: its start, or all of it, or None."""
        if sentence in self._proofs:
            return self._proofs[sentence]
        proof = None
        if tells(sentence.line) and sentence.line not in self._declared_lines:
            for part in (sentence.start, sentence.line):
                if tells(part) and not self._is_known(part):
                    proof = part
                    break
        self._proofs[sentence] = proof
        return proof

    def _is_known(self, text: str) -> bool:
        core = text.strip(QUOTES)
        return any(core in sent for sent in self._sent)

    @cached_property
    def _sent_letters(self) -> tuple[str, ...]:
        return tuple(map(folded, self._sent))

    @cached_property
    def _sent(self) -> tuple[str, ...]:
        return tuple(
            sent.decode("utf-8", "replace") if isinstance(sent, bytes) else sent
            for sent in self._known_to_client
        )

    @cached_property
    def _declared_lines(self) -> frozenset[str]:
        return frozenset(
            line
            for note in self._notes
            if note.exception is not None and self._declares(note.exception)
            for text in texts_of(note)
            for line, _ in _lines(text)
        )

    def _declares(self, exception: BaseException) -> bool:
        try:
            return bool(self._is_declared(exception))
        except Exception:  # a foreign exception may break whoever looks at it
            return False


def _sentences(notes: list[Note]) -> tuple[_Sentence, ...]:
    """Return the lines to look for; of too many, those that were said last."""
    sentences: dict[str, _Sentence] = {}
    for note in reversed(notes):
        for text in texts_of(note):
            for line, rest in _lines(text):
                if rest in sentences or len(sentences) < _MOST_SENTENCES:
                    sentences[rest] = _Sentence(line[:_LONGEST_START].rstrip(), line, rest, note)
    return tuple(sentences.values())


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the first lines of `text` that are not indented, each with all that follows it."""
    offset = 0
    for line in text.splitlines(keepends=True)[:_MOST_LINES]:
        if not line[0].isspace() and may_tell(line):
            yield line.rstrip(), text[offset:]
        offset += len(line)


def _nothing(_start: int, _end: int) -> bool:
    return False


def _places(
    view: str, start: str, rest: str, is_other: Callable[[int, int], bool] = _nothing
) -> Iterator[tuple[int, int | None]]:
    """Yield where `start` stands in `view`, and how far it goes on; None for the text's end.

    Places of which `is_other` tells that something else stands there are passed over.
    """
    told = 0
    at = view.find(start)
    while at >= 0 and told < MOST_PLACES:
        end = _end(view, at, start, rest)
        if not is_other(at, end):
            told += 1
            yield at, end if told < MOST_PLACES else None
        at = view.find(start, end)


def _end(view: str, at: int, start: str, rest: str) -> int:
    """Return how far `view` goes on from `at` as `rest` does, which begins with `start`."""
    lengths = range(len(start), len(rest) + 1)
    differs = bisect_left(
        lengths, 1, key=lambda length: 0 if view.startswith(rest[:length], at) else 1
    )
    return at + len(start) + differs - 1


def _outermost(places: list[tuple[int, int, _Sentence]]) -> Iterator[tuple[int, int, _Sentence]]:
    """Yield the places in the order of the text, without those that lie inside another."""
    farthest = -1
    for start, end, sentence in sorted(places, key=lambda place: (place[0], -place[1])):
        if end > farthest:
            yield start, end, sentence
            farthest = end


def _octets(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _echo(index: int, start: int, end: int, sentence: _Sentence) -> Echo:
    note = sentence.note
    code = note.code
    return Echo(
        finding=Finding(RULE, Category.EXCEPTION_ECHO, start, end),
        index=index,
        file=None if code is None else code.co_filename,
        line=note.line,
        function=None if code is None else code.co_qualname,
        exception=_name_of(note.cls),
    )


def _name_of(cls: type) -> str:
    """Return the full name of `cls`, read past its metaclass; built-ins stand without module."""
    module, name = _module_of(cls), str.__str__(_qualified_name_of(cls))
    return name if type(module) is not str or module == "builtins" else f"{module}.{name}"
