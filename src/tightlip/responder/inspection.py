"""Inspection: what a good answer carries that may not leave."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tightlip.detection.json_strings import JSONString, json_strings
from tightlip.detection.reading import Reading
from tightlip.detection.rule_files import RulesetError
from tightlip.detection.scanner import Counts, Scanner, default_scanner, scanner_for
from tightlip.detection.stream import Hear, StreamScanner
from tightlip.detection.unpacking import UnreadableError, is_text, unpack
from tightlip.detection.views import View, decoded_views
from tightlip.findings.finding import Finding
from tightlip.responder.exemption import Exemption
from tightlip.responder.policy import ConfigurationError, Policy
from tightlip.responder.stream import End, Judge, StreamReview

if TYPE_CHECKING:
    from tightlip.detection.echo import Echo
    from tightlip.exchange import Head, Headers, Request
    from tightlip.responder.hearing import Hearing

_MOST_READINGS = 1024
_LONGEST_READING = 256  # bytes of a content type: an application may repeat what a client sends
_GOOD = 200
_HEAD = 64
_MOST_KEYS = 100
_UTF8 = frozenset({None, "utf-8", "utf8", "ascii", "us-ascii"})
_HEADER = Reading(_GOOD, kind="header")


class LeakingField(NamedTuple):
    """A header field that leaks: its name in lower case, its value, and what it carries."""

    name: bytes
    value: bytes
    finding: Finding


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in an answer.

    Attributes:
        body: The unpacked body in UTF-8.
        findings: What leaks in it.
        headers: The header fields that leak.
        fault: Why the body cannot be read, where it cannot.
        echoes: Of the findings that are the text of an exception, which one.
    """

    body: bytes
    findings: tuple[Finding, ...] = ()
    headers: tuple[LeakingField, ...] = ()
    fault: str | None = None
    echoes: Mapping[Finding, Echo] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.findings or self.headers or self.fault)


def scanner_of(policy: Policy) -> Scanner:
    """Return the scanner of the built-in rules and the policy's.

    Raises:
        ConfigurationError: A file of rules cannot be used; it, the rule and the fault are named.
    """
    try:
        return scanner_for(policy.rules) if policy.rules else default_scanner()
    except RulesetError as error:
        raise ConfigurationError(f"rules: {error}") from None


class Inspector:
    """Reads good answers.

    Args:
        scanner: The detectors.
        exemptions: Where findings do not count.
    """

    def __init__(self, scanner: Scanner, exemptions: Sequence[Exemption] = ()) -> None:
        self._scanner = scanner
        self._exemptions = tuple(exemptions)
        self._readings: dict[tuple[bytes, bytes], tuple[Reading, bool]] = {}
        self._clean: set[Headers] = set()  # the fields of usual heads in which nothing leaks

    def inspect(
        self,
        head: Head,
        body: bytes,
        request: Callable[[], Request],
        hearing: Hearing,
    ) -> Inspection | None:
        """Return what a whole answer with `head` and `body` carries; None if nothing."""
        leaking: tuple[LeakingField, ...] = ()
        echoes: dict[Finding, Echo] = {}
        if head.free:
            leaking = self._leaking_headers(head, request, hearing, echoes)
        if not body:
            return Inspection(body, headers=leaking, echoes=echoes) if leaking else None
        reading, is_plain = self._readings.get(head.content) or self._learn(head.content)
        plain = body
        if not is_plain or body.find(0, 0, _HEAD) >= 0:
            try:
                plain = unpack(body, reading)
            except UnreadableError as fault:
                return Inspection(b"", headers=leaking, fault=str(fault), echoes=echoes)
            if not is_text(plain, reading):
                return Inspection(body, headers=leaking, echoes=echoes) if leaking else None
        counts = self._counts(plain, request) if self._exemptions else None
        findings = self._scanner.read(plain, reading, counts)
        if hearing.notebook is not None and not hearing.notebook.is_empty:
            heard = _heard(plain, reading, request, hearing)
            heard = {one: heard[one] for one in heard if counts is None or counts(one)}
            findings = (*findings, *heard)
            echoes.update(heard)
        if not findings and not leaking:
            return None
        return Inspection(plain, findings, leaking, echoes=echoes)

    def stream(
        self,
        head: Head,
        separator: re.Pattern[bytes] | None,
        judge: Judge[End],
        hear: Hear,
    ) -> StreamReview[End]:
        """Return what reads the body of an answer with `head` piece by piece."""
        reading, _ = self._readings.get(head.content) or self._learn(head.content)
        return StreamReview(StreamScanner(self._scanner, reading, hear), reading, separator, judge)

    def _learn(self, content: tuple[bytes, bytes]) -> tuple[Reading, bool]:
        """Return how such an answer is read, and whether its bytes are plain text in UTF-8."""
        content_type, content_encoding = content
        reading = Reading(
            _GOOD, content_type.decode("latin-1"), content_encoding.decode("latin-1").lower()
        )
        is_plain = not content_encoding and reading.charset in _UTF8 and is_text(b"\x00", reading)
        known = (reading, is_plain)
        if len(content_type) + len(content_encoding) <= _LONGEST_READING:
            if len(self._readings) >= _MOST_READINGS:
                self._readings.clear()
            self._readings[content] = known
        return known

    def counted(self, inspection: Inspection, request: Request) -> tuple[Finding, ...]:
        """Return the findings of a piece of a stream that no exemption covers."""
        if not self._exemptions:
            return inspection.findings
        return tuple(filter(self._counts(inspection.body, lambda: request), inspection.findings))

    def _counts(self, body: bytes, request: Callable[[], Request]) -> Counts:
        """Return what tells of a finding in `body` whether no exemption covers it."""
        keys = _Keys(body if any(exemption.fields for exemption in self._exemptions) else b"")
        route = cache(lambda: request().route)

        def counts(finding: Finding) -> bool:
            return not any(
                exemption.covers(finding.category, route(), keys.of(finding))
                for exemption in self._exemptions
            )

        return counts

    def _leaking_headers(
        self,
        head: Head,
        request: Callable[[], Request],
        hearing: Hearing,
        echoes: dict[Finding, Echo],
    ) -> tuple[LeakingField, ...]:
        """Return the fields that leak: all are read at once, and one by one only on a finding.

        Those of a usual head are read once, unless an exception was heard meanwhile.
        What is the text of an exception is told in `echoes`.
        """
        if hearing.is_empty:
            if head.is_usual and head.free in self._clean:
                return ()
            whole = b"\r\n".join([b"%b: %b" % field for field in head.free])
            if not self._scanner.read(whole, _HEADER):
                if head.is_usual:
                    if len(self._clean) >= _MOST_READINGS:
                        self._clean.clear()
                    self._clean.add(head.free)
                return ()
        leaking = []
        for name, value in head.free:
            line = b"%b: %b" % (name, value)
            found = self._scanner.read(line, _HEADER)
            if not hearing.is_empty:
                heard = _heard(line, _HEADER, request, hearing)
                echoes.update(heard)
                found = (*heard, *found)  # what names the line that raised says more than a rule
            if self._exemptions:
                route, field_name = request().route, name.decode("latin-1")
                found = tuple(
                    finding
                    for finding in found
                    if not any(
                        exemption.covers_header(finding.category, route, field_name)
                        for exemption in self._exemptions
                    )
                )
            if found:
                leaking.append(LeakingField(name, value, found[0]))
        return tuple(leaking)


def _heard(
    plain: bytes, reading: Reading, request: Callable[[], Request], hearing: Hearing
) -> dict[Finding, Echo]:
    """Return where `plain`, dressed or not, carries the text of an exception that was heard."""
    return dict(hearing.judge([View(plain), *decoded_views(plain, reading)], request))


class _Keys:
    """The JSON keys that lead to the places of a text.

    Args:
        body: The text.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body

    @cached_property
    def _strings(self) -> tuple[list[int], list[JSONString]]:
        strings = list(json_strings(self._body))
        return [string.end for string in strings], strings

    def of(self, finding: Finding) -> tuple[str, ...]:
        """Return the keys, the innermost first, that lead to the first string `finding` touches."""
        ends, strings = self._strings
        index = bisect_right(ends, finding.start)
        if index == len(strings) or strings[index].start >= finding.end:
            return ()
        path = strings[index].path or ()
        return tuple(key[1:-1].decode("utf-8", "replace") for key in islice(path, _MOST_KEYS))
