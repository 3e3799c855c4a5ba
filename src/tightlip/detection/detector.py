"""Detector: what a scanner needs of a rule, without the texts that prove it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tightlip.detection.rule import Context, Rule, Severity
from tightlip.findings.finding import Category


class Detector(NamedTuple):
    """The working part of a rule; see `Rule`."""

    id: str
    category: Category
    severity: Severity
    context: Context
    check: str | None
    says: str
    patterns: tuple[str, ...]

    def as_json(self) -> list[Any]:
        """Return the detector as a list that JSON can hold."""
        return [
            self.id,
            self.category,
            self.severity,
            self.context,
            self.check,
            self.says,
            self.patterns,
        ]


def detector_of(rule: Rule) -> Detector:
    """Return the detector of `rule`."""
    severity = rule.severity
    assert severity is not None
    return Detector(
        rule.id, rule.category, severity, rule.context, rule.check, rule.says, rule.patterns
    )


def detectors_of(rows: Iterable[list[Any]]) -> tuple[Detector, ...]:
    """Return the detectors that `Detector.as_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: A row is no such list.
    """
    # A look into a mapping takes a fifth of what a call of an enumeration does.
    categories = {one.value: one for one in Category}
    severities = {one.value: one for one in Severity}
    contexts = {one.value: one for one in Context}
    return tuple(
        Detector(
            name,
            categories[category],
            severities[severity],
            contexts[context],
            check,
            says,
            tuple(patterns),
        )
        for name, category, severity, context, check, says, patterns in rows
    )
