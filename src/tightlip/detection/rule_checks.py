"""The checks that a rule passes by its own examples: ours in the tests, a user's on demand."""

from __future__ import annotations

import html
import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from tightlip.detection import engines
from tightlip.detection.engine import Engine, EngineModule
from tightlip.detection.overlap import OverlapScan
from tightlip.detection.pattern import required_literals
from tightlip.detection.reading import FAILING, UNKNOWN, Reading
from tightlip.detection.rule import CHECKS, Context, Rule
from tightlip.detection.ruleset import read
from tightlip.detection.scanner import Scanner, scanner_for
from tightlip.plugins import find

_BESIDE = 40

_HEADER = Reading(kind="header")
_REDIRECT = Reading(kind="header", status=302)

DRESSES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "plain": lambda leak: leak,
        "in JSON": lambda leak: json.dumps({"detail": leak}),
        "in JSON with escaped letters": lambda leak: (
            json.dumps({"detail": leak}).replace("<", "\\u003c").replace("/", "\\/")
        ),
        "in JSON within JSON": lambda leak: json.dumps({"body": json.dumps({"error": leak})}),
        "in HTML": lambda leak: f"<pre>{html.escape(leak)}</pre>",
        "in HTML within JSON": lambda leak: json.dumps({"page": f"<p>{html.escape(leak)}</p>"}),
        "in a body of many objects": lambda leak: json.dumps(
            [{"id": number, "name": f"part {number}"} for number in range(_BESIDE)]
            + [{"note": leak}]
        ),
    }
)
"""How a leak may be dressed on its way to a client, beside percent-encoding in a header field."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that a rule does not pass.

    Attributes:
        file: The file of the rule.
        rule: Its id.
        key: The key of the rule that is to be mended.
        fault: What is wrong, and with which text.
    """

    file: str
    rule: str
    key: str
    fault: str

    def __str__(self) -> str:
        return f"{self.file}: rule {self.rule!r}: {self.key}: {self.fault}"


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of the checks.

    Attributes:
        rules: How many rules were checked.
        failures: What they do not pass, in the order of files and rules.
    """

    rules: int
    failures: tuple[Failure, ...]


def check_files(paths: Iterable[str | Path]) -> Tested:
    """Check the rules of the user's files at `paths`, together with the built-in ones.

    Raises:
        RulesetError: A file cannot be read, or holds a rule that cannot stand.
    """
    paths = tuple(paths)
    technologies = [read(path) for path in paths]  # before the scanner, which takes time
    scanner = scanner_for(paths)
    failures = [
        Failure(technology.file, rule.id, key, fault)
        for technology in technologies
        for rule in technology.rules
        for key, fault in faults_of(rule, scanner)
    ]
    return Tested(sum(len(technology.rules) for technology in technologies), tuple(failures))


def faults_of(rule: Rule, scanner: Scanner) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each check that `rule` does not pass.

    Args:
        scanner: Scans by the rules that stand beside it, and by this one.
    """
    is_missed = False
    for leak in rule.leaks:
        dresses = tuple(missed(leak, rule, scanner))
        if dresses:
            is_missed = True
            where = "plain" if "plain" in dresses else ", ".join(dresses)
            yield "leaks", f"{leak!r} is not found {where}"
    for text in rule.clean:
        for other in found_in_clean(text, rule, scanner):
            yield "clean", f"{text!r} is found by {other!r}"
        if not is_near_miss(text, rule):
            yield "clean", f"{text!r} shares no word with a leak, and so proves nothing"
    # Of a pattern whose leak is missed, that it is not needed would mislead.
    for pattern in () if is_missed else idle_patterns(rule):
        yield "patterns", f"'{pattern}' is not needed: each leak is found without it"
    for pattern in rule.patterns:
        if not required_literals(pattern):
            yield "patterns", f"'{pattern}' has no literal by which clean texts are passed over"
    for text in disputed((*rule.leaks, *rule.clean), engines_for(rule.patterns)):
        yield "patterns", f"the engines do not agree about {text!r}"


def missed(leak: str, rule: Rule, scanner: Scanner) -> Iterator[str]:
    """Yield the dresses in which `leak` is not found by its own rule."""
    if rule.context is Context.RECORD:
        if f"[{rule.id}]" not in scanner.mask(leak):
            yield "in the record"
        return
    reading = _HEADER if rule.context is Context.HEADER else FAILING
    for name, dressed in DRESSES.items():
        if rule.id not in _ids(scanner, dressed(leak), reading):
            yield name
    if rule.id not in _ids(scanner, f"Location: /login?error={quote(leak)}", _REDIRECT):
        yield "by percent-encoding in a header field"
    if not _is_found_in_its_place(leak, rule.id, scanner, reading):
        yield "in its place amid other words"
    if not _is_found_in_pieces(leak, scanner):
        yield "wherever it is split over two pieces"


def found_in_clean(text: str, rule: Rule, scanner: Scanner) -> set[str]:
    """Return the ids of the rules that find something in a clean text of `rule`."""
    return _ids(scanner, text, _HEADER if rule.context is Context.HEADER else UNKNOWN)


def is_near_miss(text: str, rule: Rule) -> bool:
    """Tell whether a clean text shares a word with a leak of `rule`."""
    return bool(_words(text) & set().union(*map(_words, rule.leaks)))


def idle_patterns(rule: Rule) -> Iterator[str]:
    """Yield the patterns without which each leak of `rule` is found all the same."""
    check = CHECKS[rule.check] if rule.check else None
    finders: list[set[int]] = [set() for _ in rule.leaks]
    for number, pattern in enumerate(rule.patterns):
        compiled = re.compile(pattern, re.ASCII)
        for leak, found_by in zip(rule.leaks, finders, strict=True):
            matches = compiled.finditer(leak)
            if any(check is None or check(leak, *match.span()) for match in matches):
                found_by.add(number)
    for number, pattern in enumerate(rule.patterns):
        if {number} not in finders:
            yield pattern


def engines_for(patterns: Sequence[str]) -> list[Engine]:
    """Return each engine whose library is installed, made for `patterns`."""
    return [module.build(patterns) for module in _engine_modules()]


def disputed(texts: Iterable[str], engines: Sequence[Engine]) -> Iterator[str]:
    """Yield the texts in which the engines do not see the same patterns."""
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        if len({frozenset(engine.hits(data)) for engine in engines}) > 1:
            yield text


def _engine_modules() -> Iterator[EngineModule]:
    for module in pkgutil.iter_modules(engines.__path__):
        try:
            found: EngineModule | None = find("detection.engines", module.name)
        except ImportError:
            continue
        if found is not None:
            yield found


def _ids(scanner: Scanner, text: str, reading: Reading) -> set[str]:
    return {finding.rule for finding in scanner.scan(text, reading)}


def _is_found_in_its_place(leak: str, rule: str, scanner: Scanner, reading: Reading) -> bool:
    """Tell whether a finding lies where `leak` stands; it may take in a character behind it."""
    before, after = "We could not do this. ", " Please try again. \N{SNOWMAN}"
    end = len(before + leak) + 1
    return any(
        finding.rule == rule and finding.start >= len(before) and finding.end <= end
        for finding in scanner.scan(before + leak + after, reading)
    )


def _is_found_in_pieces(leak: str, scanner: Scanner) -> bool:
    """Tell whether a stream sees the same in a leak that is parted at each place."""
    data = f"({leak})".encode("utf-8", "surrogatepass")
    whole = set(scanner.public.engine.hits(data))
    for at in range(1, len(data)):
        stream = OverlapScan(scanner.public.engine)
        if {*stream.feed(data[:at]), *stream.feed(data[at:]), *stream.close()} != whole:
            return False
    return True


def _words(text: str) -> set[str]:
    pieces = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+", text)
    return {piece.lower() for piece in pieces if len(piece) > 1}
