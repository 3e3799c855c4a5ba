"""Scanner: which internals does a text carry, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Lock

from tightlip.detection.engine import Engine, best_engine
from tightlip.detection.rule import CHECKS, Rule
from tightlip.detection.ruleset import Ruleset, load
from tightlip.findings.finding import Category, Finding

LONGEST_MASKED_TEXT = 65_536
"""How many characters `mask` keeps: what was not scanned must not be kept."""

_OVERLAP = 16_384
"""How far `mask` reads on, so that a secret across the end of what it keeps is seen whole."""


class Scanner:
    """Finds internals in texts by the rules of a ruleset; safe to use from several threads.

    Args:
        ruleset: The rules.
        engine: Makes the engine that finds their patterns.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        engine: Callable[[Sequence[str]], Engine] = best_engine,
    ) -> None:
        self._rules = ruleset.rules
        self._make_engine = engine
        self._all = _Selection(self._rules, engine)
        self._selections: dict[frozenset[Category], _Selection] = {}

    def scan(self, text: str) -> tuple[Finding, ...]:
        """Return what `text` carries, in the order of the text, each place once for a rule.

        The work grows in step with the text's length; whoever takes texts of strangers bounds
        it. Findings of different rules may overlap. Any string is welcome, with lone surrogates
        and control characters too.
        """
        found = set(self._all.findings(_plain(text)))
        return tuple(sorted(found, key=_position))

    def first(self, text: str) -> Finding | None:
        """Return one finding in `text`, or None; stops at the first that is met."""
        return next(self._all.findings(_plain(text)), None)

    def mask(self, text: str, categories: frozenset[Category]) -> str:
        """Return `text` with the findings of `categories` replaced by `[<rule id>]`.

        At most 65,536 characters are kept; a note takes the place of the rest. Mask a text
        before you shorten it: half a secret has no form that could be found.
        """
        selection = self._selections.get(categories)
        if selection is None:
            rules = tuple(rule for rule in self._rules if rule.category in categories)
            selection = self._selections[categories] = _Selection(rules, self._make_engine)
        text = _plain(text)
        length = len(text)
        if length > LONGEST_MASKED_TEXT:
            text = text[: LONGEST_MASKED_TEXT + _OVERLAP]
        findings = list(selection.findings(text))
        if not findings and length <= LONGEST_MASKED_TEXT:
            return text
        return _masked(text, sorted(findings, key=_position), length)


class _Selection:
    """Some of the rules, with the engine that finds their patterns."""

    def __init__(self, rules: tuple[Rule, ...], engine: Callable[[Sequence[str]], Engine]) -> None:
        owned = [(pattern, rule) for rule in rules for pattern in rule.patterns]
        self._owners = tuple(
            (rule.id, rule.category, None if rule.check is None else CHECKS[rule.check])
            for _, rule in owned
        )
        self._engine = engine([pattern for pattern, _ in owned])

    def findings(self, text: str) -> Iterator[Finding]:
        for index, start, end in self._engine.matches(text):
            rule, category, check = self._owners[index]
            if check is None or check(text, start, end):
                yield Finding(rule, category, start, end)


def _plain(text: str) -> str:
    """Return `text` as a `str` proper: a subclass may answer `in` and slices as it likes."""
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


_default: Scanner | None = None
_lock = Lock()


def default_scanner() -> Scanner:
    """Return the scanner of the built-in rules; they are read at the first call, once.

    Raises:
        RulesetError: If the installed rules are damaged.
    """
    global _default  # noqa: PLW0603 - the rules are read once in a process, not at import
    if _default is None:
        with _lock:
            _default = _default or Scanner(load())
    return _default
