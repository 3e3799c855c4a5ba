"""Rule: what one kind of leak looks like, with the texts that prove it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tightlip.detection.address import is_address
from tightlip.detection.luhn import is_card_number
from tightlip.detection.pattern import PatternError, required_literals
from tightlip.detection.placeholder import is_no_code, is_no_placeholder
from tightlip.findings.finding import Category

CHECKS: Mapping[str, Callable[[str, int, int], bool]] = MappingProxyType(
    {
        "address": is_address,
        "luhn": is_card_number,
        "no-code": is_no_code,
        "no-placeholder": is_no_placeholder,
    }
)
"""What `check` may name: given text, start and end of a match, is it the thing meant?"""


class Context(StrEnum):
    """Where the words of a rule count."""

    ANYWHERE = "anywhere"
    """They are a leak wherever they stand."""
    FAILURE = "failure"
    """Weak words, which may be data: they count in a failing answer, under a field that tells of
    a failure, or beside another finding in the same string."""
    HEADER = "header"
    """They count in header fields alone."""
    RECORD = "record"
    """They are data wherever a client meets them, and are masked in the private record."""


class Severity(StrEnum):
    """How much a leak tells a stranger."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITIES: Mapping[Category, Severity] = MappingProxyType(
    {
        Category.STACK_TRACE: Severity.HIGH,
        Category.SOURCE_PATH: Severity.MEDIUM,
        Category.DATABASE_ERROR: Severity.HIGH,
        Category.LIBRARY: Severity.MEDIUM,
        Category.INFRASTRUCTURE: Severity.MEDIUM,
        Category.CREDENTIAL: Severity.CRITICAL,
        Category.DEBUG_PAGE: Severity.HIGH,
        Category.SERVER_BANNER: Severity.LOW,
        Category.EXCEPTION_ECHO: Severity.HIGH,
        Category.UNDECLARED_TEXT: Severity.MEDIUM,
    }
)
"""The severity of a rule that states none."""

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+", re.ASCII)


class RuleError(ValueError):
    """A rule cannot stand.

    Attributes:
        key: The key of the rule that is wrong.
    """

    def __init__(self, key: str, fault: str) -> None:
        super().__init__(f"{key} {fault}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of leak looks like.

    Attributes:
        id: `<technology>-<what leaks>`, in kebab-case; stable, for it stands in reports.
        category: What kind of internals it is.
        says: What the leak tells a stranger, in one sentence.
        source: Where the form of the text is documented.
        patterns: One of them matches every leak; for the language see `required_literals`.
        leaks: Texts that this rule finds; without one of the patterns, one of them is missed.
        clean: Near misses: texts that share words with a leak, and that no rule finds.
        check: The name of a further test of each match, one of `CHECKS`, or None.
        context: Where the words count.
        severity: How much the leak tells; that of the category if it is not given.

    Raises:
        RuleError: If one of these is missing, of the wrong form, or not found by its patterns.
    """

    id: str
    category: Category
    says: str
    source: str
    patterns: tuple[str, ...]
    leaks: tuple[str, ...]
    clean: tuple[str, ...]
    check: str | None = field(default=None)
    context: Context = field(default=Context.ANYWHERE)
    severity: Severity | None = field(default=None)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or _ID.fullmatch(self.id) is None:
            raise RuleError("id", f"is {self.id!r}: write <technology>-<what leaks> in kebab-case")
        self._require_choice("category", Category)
        self._require_choice("context", Context)
        if self.severity is None:
            object.__setattr__(self, "severity", SEVERITIES[self.category])
        self._require_choice("severity", Severity)
        for key in ("says", "source"):
            value = getattr(self, key)
            if not isinstance(value, str):
                raise RuleError(key, f"is {value!r}: write one sentence")
            if not value.strip():
                raise RuleError(key, "is empty: write one sentence")
        for key in ("patterns", "leaks", "clean"):
            self._require_texts(key)
        if self.check is not None and self.check not in tuple(CHECKS):
            raise RuleError("check", f"is {self.check!r}: choose one of {', '.join(CHECKS)}")
        for pattern in self.patterns:
            try:
                required_literals(pattern)
            except PatternError as error:
                raise RuleError("patterns", f"cannot stand: {error}") from None

    def _require_choice(self, key: str, choices: type[StrEnum]) -> None:
        value = getattr(self, key)
        try:
            object.__setattr__(self, key, choices(value))
        except ValueError:
            known = ", ".join(choices)
            raise RuleError(key, f"is {value!r}: choose one of {known}") from None

    def _require_texts(self, key: str) -> None:
        value = getattr(self, key)
        if not isinstance(value, (tuple, list)):
            raise RuleError(key, f"is {value!r}, and no list: write a list of texts")
        if not value:
            raise RuleError(key, "is empty: write a list of at least one text")
        for text in value:
            if not isinstance(text, str) or not text.strip():
                raise RuleError(key, f"holds {text!r}: write a text that is not empty")
        if len(set(value)) < len(value):
            raise RuleError(key, "holds the same text twice")
        object.__setattr__(self, key, tuple(value))
