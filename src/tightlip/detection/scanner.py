"""Scanner: which internals does a text carry, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from tightlip.detection.compilation import (
    BASE64,
    FAILURE,
    Compilation,
    compile_rules,
    compiled_rules,
)
from tightlip.detection.detector import Detector
from tightlip.detection.encoding import is_dressed
from tightlip.detection.engine import Engine, EngineModule, Hits
from tightlip.detection.json_strings import is_padded
from tightlip.detection.overlap import every_hit
from tightlip.detection.reading import FAILING, UNKNOWN, Reading
from tightlip.detection.rule import CHECKS, Context
from tightlip.detection.selection import Selection, joined
from tightlip.detection.spans import spans_of
from tightlip.detection.surroundings import Surroundings
from tightlip.detection.unpacking import is_text, unpack
from tightlip.detection.views import View, decoded_views, framed_views, joins_words
from tightlip.findings.finding import Category, Finding

if TYPE_CHECKING:
    from tightlip.detection.ruleset import Ruleset

LONGEST_MASKED_TEXT = 65_536
"""How many characters `mask` keeps: what was not scanned must not be kept."""

MOST_FINDINGS = 10_000
"""How many findings are told of one text: one that has so many is a leak from end to end."""

_OVERLAP = 16_384
"""How far `mask` reads on, so that a secret across the end of what it keeps is seen whole."""

_CODE = frozenset(
    {"text/javascript", "application/javascript", "application/x-javascript", "text/css"}
)

_CONTINUATION = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that go on with a character (RFC 3629)."""

_BEFORE = b' \t\r\n">'
_BEHIND = b' \t\r\n"<'
"""What a pattern may read before and behind words: white space, quotes, and the ends of tags."""

(_PLUS,) = b"+"
_SIDE = 64
"""How many bytes on both sides of a match its check is shown."""

Counts: TypeAlias = Callable[[Finding], bool]
"""Tells whether a finding counts."""

_Place: TypeAlias = tuple[Detector, int, int]
"""Who found something, and where it starts and ends in the text as it was sent."""


class Scanner:
    """Finds internals by the rules of a ruleset; safe to use from several threads.

    Args:
        compilation: The compiled rules.

    Attributes:
        detectors: The detectors by their ids.
        public: The patterns of what may not reach a client, the weak ones behind the others.
    """

    def __init__(self, compilation: Compilation) -> None:
        self.detectors: Mapping[str, Detector] = {
            detector.id: detector for detector in compilation.detectors
        }
        self._strong = compilation.strong
        self._weak = compilation.weak
        self._record = compilation.record
        self.public = joined([self._strong, self._weak])

    @classmethod
    def of(cls, ruleset: Ruleset, module: EngineModule | None = None) -> Scanner:
        """Compile `ruleset` for the best engine, or for that of `module`."""
        return cls(compile_rules(ruleset, module))

    def inspect(self, data: bytes, reading: Reading = UNKNOWN) -> tuple[Finding, ...]:
        """Return what the body or the header field `data` carries, as a client would read it.

        Findings stand in the order of the text, each place once for a rule; those of different
        rules may overlap. Places are in bytes of the unpacked text (`detection.unpacking`). The
        work grows in step with its length. At most `MOST_FINDINGS` are told.

        Raises:
            UnreadableError: The body is packed in a way that cannot be read.
        """
        plain = unpack(data, reading)
        return self.read(plain, reading) if is_text(plain, reading) else ()

    def read(
        self, plain: bytes, reading: Reading = UNKNOWN, counts: Counts | None = None
    ) -> tuple[Finding, ...]:
        """Do what `inspect` does, with a text that is unpacked already.

        Args:
            plain: The text.
            reading: What is known of it.
            counts: Tells of a finding whether it counts; all do without it.
        """
        hits = self._strong.engine.hits(plain)
        if not (
            hits
            or is_dressed(plain)
            or (_PLUS in plain and joins_words(reading))
            or (reading.weighs_all and (reading.is_failing or self._weak.engine.hits(plain)))
        ):
            return ()
        found: set[Finding] = set()
        for place in _counted(self._every_place(plain, reading, hits), plain, reading):
            finding = _finding(place)
            if counts is None or counts(finding):
                found.add(finding)
                if len(found) == MOST_FINDINGS:
                    break
        return tuple(sorted(found, key=_position))

    def _every_place(self, plain: bytes, reading: Reading, hits: Hits) -> Iterator[_Place]:
        """Yield what the detectors see in `plain`, where they hit `hits`, and in its views.

        Weak words are looked for where they may count: where the text tells of a failure, and
        where there are others.
        """
        strong, weak = self._strong, self._weak
        is_needed = reading.weighs_all or (FAILURE in hits and reading.kind == "body")
        views = [View(plain)]
        for place in _places(strong, views[0], hits):
            is_needed = True
            yield place
        for view in decoded_views(
            plain, reading, has_base64=BASE64 in hits, names_failure=FAILURE in hits
        ):
            views.append(view)
            for place in _places(strong, view, strong.engine.hits(view.data)):
                is_needed = True
                yield place
        for view in framed_views(views, reading):
            views.append(view)
            yield from _places(strong, view, strong.engine.hits(view.data))
        if is_needed:
            for view in views:
                yield from _places(weak, view, weak.engine.hits(view.data))

    def watch(self, reading: Reading) -> Engine:
        """Return what sees in a piece of a text whether there is something to `read` in it."""
        return self.public.engine if reading.is_failing else _Watch(self._strong.engine)

    def scan(self, text: str, reading: Reading = UNKNOWN) -> tuple[Finding, ...]:
        """Return what `text` carries; places are in characters.

        Any string is welcome, with lone surrogates and control characters too.
        """
        data = _plain(text).encode("utf-8", "surrogatepass")
        return _in_characters(self.read(data, reading), data)

    def first(self, text: str) -> Finding | None:
        """Return one finding in `text` as words of an error, or None."""
        found = self.scan(text, FAILING)
        return found[0] if found else None

    def mask(self, text: str) -> str:
        """Return `text` with its credentials replaced by `[<rule id>]`.

        Weak words and those of the record count. At most 65,536 characters are kept; a note
        takes the place of the rest. Mask a text before you shorten it: half a secret has no form
        that could be found.
        """
        text = _plain(text)
        length = len(text)
        if length > LONGEST_MASKED_TEXT:
            text = text[: LONGEST_MASKED_TEXT + _OVERLAP]
        data = text.encode("utf-8", "surrogatepass")
        hits = self._record.engine.hits(data)
        findings = [_finding(place) for place in _places(self._record, View(data), hits)]
        if not findings and length <= LONGEST_MASKED_TEXT:
            return text
        return _masked(text, sorted(_in_characters(findings, data), key=_position), length)


class _Watch:
    """Sees what may be a finding in a piece of a stream, where no weak word counts alone."""

    def __init__(self, strong: Engine) -> None:
        self._strong = strong

    def hits(self, data: bytes) -> Hits:
        """See `Engine.hits`."""
        found = self._strong.hits(data)
        found.pop(FAILURE, None)
        return found


def _places(selection: Selection, view: View, hits: Hits) -> Iterator[_Place]:
    """Yield where the detectors that `hits` name stand, in the text as it was sent."""
    if not hits:
        return
    owned = selection.owned
    for batch in every_hit(selection.engine, view.data, hits):
        for index, ends in batch.items():
            detector, pattern = owned[index]
            if detector is None:  # a sign
                continue
            for start, end in spans_of(pattern, ends, view.data):
                if detector.check is None or _is_confirmed(detector.check, view.data, start, end):
                    yield (detector, *view.trace(*_words_of(detector, view.data, start, end)))


def _words_of(detector: Detector, data: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where a match stands, without what its pattern reads to know where words end.

    A secret keeps all that its pattern has seen: too much of it is masked rather than too little.
    """
    if detector.category is Category.CREDENTIAL:
        return start, end
    words = data[start:end].rstrip(_BEHIND)
    inner = words.lstrip(_BEFORE)
    return (start + len(words) - len(inner), start + len(words)) if inner else (start, end)


def _is_confirmed(check: str, data: bytes, start: int, end: int) -> bool:
    """Ask a check of `CHECKS` about a match, with what stands on both sides of it."""
    before = max(0, start - _SIDE)
    window = data[before : end + _SIDE].decode("latin-1")
    return CHECKS[check](window, start - before, end - before)


def _counted(places: Iterable[_Place], data: bytes, reading: Reading) -> Iterator[_Place]:
    """Yield the places whose words count where they stand.

    Code that is served as code speaks of errors by its nature: only secrets count in it.
    """
    if not reading.is_failing and reading.media_type in _CODE and not is_padded(data):
        places = (place for place in places if place[0].category is Category.CREDENTIAL)
    surroundings = Surroundings(data, reading)
    strong: list[int] = []
    doubtful: list[_Place] = []
    for place in places:
        detector, start, _ = place
        context = detector.context
        if context is Context.FAILURE:
            if surroundings.counts_weak(start):
                yield place
            elif len(doubtful) < MOST_FINDINGS:
                doubtful.append(place)
        elif context is Context.ANYWHERE or reading.kind == "header":
            if len(strong) < MOST_FINDINGS:
                strong.append(start)
            yield place
    beside = {surroundings.string_of(start) for start in strong} if doubtful else ()
    yield from (place for place in doubtful if surroundings.string_of(place[1]) in beside)


def _finding(place: _Place) -> Finding:
    detector, start, end = place
    return Finding(detector.id, detector.category, start, end)


def _in_characters(findings: Sequence[Finding], data: bytes) -> tuple[Finding, ...]:
    """Return `findings` in `data` with their places in characters instead of bytes.

    No byte is looked at twice, however many findings there are.
    """
    if not findings or data.isascii():
        return tuple(findings)
    characters: dict[int, int] = {}
    at = count = 0
    for place in sorted({place for finding in findings for place in (finding.start, finding.end)}):
        count += len(data[at:place].translate(None, _CONTINUATION))
        characters[place] = count
        at = place
    return tuple(
        finding._replace(
            # A span may begin inside of a character: then it begins with that.
            start=characters[finding.start] - (data[finding.start] in _CONTINUATION),
            end=characters[finding.end],
        )
        for finding in findings
    )


def _plain(text: str) -> str:
    """Return `text` as a `str` proper: a subclass may answer slices as it likes."""
    return text if type(text) is str else str.__str__(text)


def _position(finding: Finding) -> tuple[int, int, str]:
    return finding.start, -finding.end, finding.rule


def _masked(text: str, findings: list[Finding], length: int) -> str:
    kept = min(len(text), LONGEST_MASKED_TEXT)
    pieces: list[str] = []
    at = 0
    for finding in findings:
        if finding.start >= kept:
            break
        if finding.start >= at:
            pieces += (text[at : finding.start], f"[{finding.rule}]")
        at = max(at, finding.end)
    pieces.append(text[at:kept])
    if length > kept:
        pieces.append(f"[{length - kept} more characters]")
    return "".join(pieces)


_lock = Lock()


@cache
def scanner_for(paths: tuple[str | Path, ...] = ()) -> Scanner:
    """Return the scanner of the built-in rules and the user's files at `paths`, made once.

    Raises:
        RulesetError: A file cannot be read, or holds a rule that cannot stand.
    """
    return Scanner(compiled_rules(paths))


def default_scanner() -> Scanner:
    """Return the scanner of the built-in rules; they are read at the first call, once.

    Raises:
        RulesetError: The installed rules are damaged.
    """
    global _default  # noqa: PLW0603 - the rules are read once in a process, not at import
    if _default is None:
        with _lock:
            _default = _default or scanner_for()
    return _default


_default: Scanner | None = None
