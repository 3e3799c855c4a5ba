"""Stream: the same search in a text that comes piece by piece, through the same dresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from tightlip.detection.base64_text import Base64Text
from tightlip.detection.compilation import BASE64
from tightlip.detection.encoding import HTML, JSON, PERCENT, Encoding
from tightlip.detection.engine import Engine, Hits
from tightlip.detection.event import event_of
from tightlip.detection.overlap import OverlapScan
from tightlip.detection.reading import Reading
from tightlip.detection.scanner import Scanner
from tightlip.detection.unpacking import decoder_of
from tightlip.findings.finding import Finding

_DEPTH = (None, JSON, JSON, HTML, PERCENT)
"""The dresses that are taken off a stream, one after the other: strings in strings, markup, and
what a form or a location would hold."""

_BASE64_DEPTH = 1
"""In which of these base64 is looked for: JSON may escape a slash."""

Hear: TypeAlias = Callable[[bytes], tuple[Finding, ...]]
"""Finds in a text what is no rule's."""

Found: TypeAlias = tuple[bytes, tuple[Finding, ...]]
"""A text, and the findings in it."""


def _hear_nothing(text: bytes) -> tuple[Finding, ...]:  # noqa: ARG001 - the form of `Hear`
    return ()


class _Layer:
    """One view of a stream: takes a dress off what the layer above gives, and scans it."""

    __slots__ = ("_encoding", "_scan", "_waiting", "before", "hits", "start", "window")

    def __init__(self, engine: Engine, encoding: Encoding | None) -> None:
        self._encoding = encoding
        self._scan = OverlapScan(engine)
        self._waiting = b""
        self.window = b""
        self.before = self.start = 0
        self.hits: Hits = {}

    @property
    def waits(self) -> bool:
        """Whether a match ends where the data end."""
        return self._scan.waits

    def feed(self, data: bytes, *, ends: bool) -> bytes:
        """Return `data` in this layer's view, and keep what patterns met in it."""
        encoding = self._encoding
        if encoding is not None:
            data = self._waiting + data
            kept = 0 if ends else encoding.unfinished(data)
            self._waiting = data[len(data) - kept :]
            data = data[: len(data) - kept]
            # A plus sign may be a space without any percent sign in the same piece.
            if encoding.sign in data or (encoding is PERCENT and b"+" in data):
                data = encoding.decode(data)
        self.before = len(self._scan.tail)
        self.start = self._scan.end
        self.window = self._scan.tail + data
        self.hits = self._scan.feed(data)
        if ends:
            self.hits.update(self._scan.close())
        return data


class _Views:
    """A text that comes piece by piece, in every view in which a client may read it.

    Args:
        scanner: The rules.
        reading: What is known of the text.
        hear: Finds in a text what else may not leave.
    """

    def __init__(self, scanner: Scanner, reading: Reading, hear: Hear) -> None:
        self._scanner = scanner
        # Whether a piece tells of a failure would hang on where it is cut.
        self._reading = replace(reading, kind="piece")
        self._hear = hear
        engine = scanner.watch(reading)
        self._layers = [_Layer(engine, encoding) for encoding in _DEPTH]
        self._base64: Base64Text | None = None
        self._inner: _Views | None = None

    @property
    def waits(self) -> bool:
        """Whether a match ends where the data end, in one of the views."""
        return any(layer.waits for layer in self._layers) or (
            self._inner is not None and self._inner.waits
        )

    def feed(self, data: bytes, *, ends: bool) -> Iterator[Found]:
        """Yield each text around what `data` completes with the findings in it."""
        told: Counter[tuple[str, bytes]] = Counter()
        for depth, layer in enumerate(self._layers):
            data = layer.feed(data, ends=ends)
            new = self._new(layer, told)
            if new:
                yield layer.window, new
            if depth == _BASE64_DEPTH and (self._base64 is not None or BASE64 in layer.hits):
                yield from self._out_of_base64(layer, data, ends=ends)

    def _new(self, layer: _Layer, told: Counter[tuple[str, bytes]]) -> tuple[Finding, ...]:
        """Return what `layer` finds that neither came before nor was told by a layer above."""
        findings = self._hear(layer.window)
        if layer.hits:
            findings = (*self._scanner.read(layer.window, self._reading), *findings)
        seen: Counter[tuple[str, bytes]] = Counter()
        new: list[Finding] = []
        for finding in findings:
            if finding.end < layer.before:
                continue
            key = finding.rule, layer.window[finding.start : finding.end]
            seen[key] += 1
            if seen[key] > told[key]:
                new.append(finding)
        told |= seen
        return tuple(new)

    def _out_of_base64(self, layer: _Layer, data: bytes, *, ends: bool) -> Iterator[Found]:
        if self._base64 is None or self._inner is None:
            self._base64 = Base64Text()
            self._inner = _Views(self._scanner, self._reading, self._hear)
        start = layer.start
        signs = [max(0, end - start) for end in layer.hits.get(BASE64, ())]
        plain = self._base64.feed(data, signs, ends=ends)
        if plain or ends:
            yield from self._inner.feed(plain, ends=ends)


class StreamScanner:
    """Finds internals in the pieces of one stream; any split gives the verdict of the whole.

    Weak words count where an event or a line of JSON is read as a whole, and in no other piece.

    Args:
        scanner: The rules.
        reading: What is known of the stream.
        hear: Finds in a text what else may not leave.
    """

    def __init__(self, scanner: Scanner, reading: Reading, hear: Hear = _hear_nothing) -> None:
        self._scanner = scanner
        self._reading = reading
        self._decoder = decoder_of(reading)
        self._views = _Views(scanner, reading, hear)

    @property
    def waits(self) -> bool:
        """Whether what may be a finding ends where the data end, and is told with what follows."""
        return self._views.waits

    def feed(self, data: bytes, *, ends: bool = False, is_event: bool = False) -> tuple[Found, ...]:
        """Return the texts around what `data` completes, each with the findings in it.

        Args:
            data: The next piece of the stream.
            ends: Whether it is the last.
            is_event: Whether it is one part of the stream's form, whole and nothing else.
        """
        data = self._readable(data, ends=ends)
        found = tuple(self._views.feed(data, ends=ends))
        if not found and is_event:
            text, reading = event_of(data, self._reading)
            findings = self._scanner.read(text, reading)
            found = ((text, findings),) if findings else ()
        return found

    def _readable(self, data: bytes, *, ends: bool) -> bytes:
        """Return `data` in UTF-8, as far as rules can tell."""
        if self._decoder is not None:
            try:
                data = self._decoder.decode(data, ends).encode("utf-8", "surrogatepass")
            except ValueError:  # a codec that does not know how to replace
                self._decoder = None
        return data.replace(b"\x00", b"") if b"\x00" in data else data
