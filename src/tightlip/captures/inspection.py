"""Inspection: the texts of captures are scanned, and what is found is told in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tightlip.captures.error_form import LONGEST, with_likely_status
from tightlip.captures.excerpt import Credentials, excerpt_of
from tightlip.captures.part import Part
from tightlip.detection.reading import Reading
from tightlip.detection.rule import Severity
from tightlip.detection.scanner import scanner_for
from tightlip.detection.unpacking import is_text, unpack
from tightlip.findings.finding import Category, Finding
from tightlip.findings.position import START
from tightlip.findings.result import Result
from tightlip.incidents.scrubbing import scrub_text
from tightlip.incidents.visible import visible_line

_SEVERITIES = tuple(Severity)
_LONGEST_EXCHANGE = 2048


@dataclass(frozen=True, slots=True)
class Options:
    """What is looked for.

    Attributes:
        rules: The user's own files of rules.
        categories: The findings that count; all where it is empty.
        least: The least severity that counts.
    """

    rules: tuple[str, ...] = ()
    categories: frozenset[Category] = frozenset()
    least: Severity = Severity.LOW


class Inspector:
    """Scans texts and tells what was found.

    Attributes:
        options: What it looks for.

    Raises:
        RulesetError: A file of rules cannot be used.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._scanner = scanner_for(options.rules)
        self._detectors = self._scanner.detectors
        least = _SEVERITIES.index(options.least)
        self._counted = frozenset(
            rule
            for rule, detector in self._detectors.items()
            if _SEVERITIES.index(detector.severity) >= least
            and (not options.categories or detector.category in options.categories)
        )

    def findings(self, text: str, reading: Reading) -> list[Finding]:
        """Return what counts in `text`; places are in characters."""
        reading = with_likely_status(reading, text[: LONGEST + 1].encode("utf-8", "replace"))
        return [one for one in self._scanner.scan(text, reading) if one.rule in self._counted]

    def results(self, part: Part) -> Iterator[Result]:
        """Yield what counts in a part, in its order; what overlaps is told once for a rule.

        Raises:
            UnreadableError: The part is packed in a way that cannot be read.
        """
        data, reading = unpack(part.data, part.reading), part.reading
        if part.own is None:
            reading = with_likely_status(reading, data)
        findings = self._scanner.read(data, reading) if is_text(data, reading) else ()
        if not findings:
            return
        low, high = part.own or (0, len(data))
        credentials = Credentials(findings)
        at = low
        position = START
        ends: dict[str, int] = {}
        for finding in findings:
            if not low <= finding.start < high or finding.rule not in self._counted:
                continue
            if finding.start < ends.get(finding.rule, 0):  # a piece of what was told
                continue
            ends[finding.rule] = finding.end
            position = position.after(data[at : finding.start])
            at = finding.start
            detector = self._detectors[finding.rule]
            yield Result(
                rule=finding.rule,
                category=finding.category,
                severity=detector.severity.value,
                says=detector.says,
                path=part.path,
                part=part.name,
                exchange=_shown(part.exchange),
                start=position.behind(part.begin),
                end=position.after(data[at : finding.end]).behind(part.begin),
                enclosing=part.enclosing,
                is_verbatim=part.is_verbatim and data is part.data,
                excerpt=excerpt_of(data, finding, credentials),
            )


@lru_cache(maxsize=64)
def _shown(exchange: str | None) -> str | None:
    """Return the line that names an exchange, without the secrets in its address."""
    return exchange and visible_line(scrub_text(exchange[:_LONGEST_EXCHANGE]))
