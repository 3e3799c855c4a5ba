"""Compilation: rule files become detectors and engines, once for each version of them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tightlip.detection import cache
from tightlip.detection.detector import Detector, detector_of, detectors_of
from tightlip.detection.engine import BuiltEngine, EngineModule, NoPatterns, best_engine
from tightlip.detection.rule import Context
from tightlip.detection.rule_files import built_in_files, own_files
from tightlip.detection.selection import Owned, Selection, joined
from tightlip.detection.surroundings import FAILURE_SIGN
from tightlip.findings.finding import Category

if TYPE_CHECKING:
    from tightlip.detection.ruleset import Ruleset

_LOGGER = logging.getLogger("tightlip")

_FORMAT = "7"
"""To be raised when what is made of the same rules changes."""

BASE64_SIGN = (
    r'(?i:base64|b64|-bin:|=\?[a-z0-9\-]{2,20}\?b\?|"type" ?: ?"buffer"'
    r"|\bx-[a-z\-]{0,24}(?:error|exception|trace|debug|fault|stack|diagnostics)[a-z\-]{0,16}: )"
)
"""What may announce a text in base64, or in the numbers of its bytes."""

SIGNS = (FAILURE_SIGN, BASE64_SIGN)
"""The first patterns of the strong ones; the first of them need be told once."""

FAILURE, BASE64 = range(len(SIGNS))

_WEAK = frozenset({Context.FAILURE, Context.HEADER})


class Compilation(NamedTuple):
    """The rules as a scanner needs them.

    Attributes:
        detectors: All detectors, in the order of the rules.
        strong: The patterns that count wherever they stand, behind `SIGNS`.
        weak: Those that count in a failing answer, in a header field, or beside others.
        record: Those of credentials, which the private record masks.
    """

    detectors: tuple[Detector, ...]
    strong: Selection
    weak: Selection
    record: Selection


def compile_rules(ruleset: Ruleset, module: EngineModule | None = None) -> Compilation:
    """Compile `ruleset` from scratch, for the best engine or for that of `module`."""
    return _compilation([_made(ruleset, module or best_engine(), SIGNS)])


def compiled_rules(paths: Iterable[str | Path] = ()) -> Compilation:
    """Return the built-in rules and those of the user's files at `paths`, compiled.

    They come from the cache where it holds the same rules, compiled for the same engine. The
    user's rules are compiled apart, so that the built-in ones need not be compiled again.

    Raises:
        RulesetError: A file cannot be read, or holds a rule that cannot stand.
    """
    paths = tuple(paths)
    module = best_engine()
    own = [_kept_or_made(tuple(own_files(paths)), module, ())] if paths else []
    parts = [_kept_or_made(tuple(built_in_files()), module, SIGNS), *own]
    ids = [detector.id for part in parts for detector in part.detectors]
    if len(set(ids)) < len(ids):
        from tightlip.detection.ruleset import load

        load(paths)  # which names both rules of an id
    return _compilation(parts)


class _Part(NamedTuple):
    """The rules of some files, compiled.

    Attributes:
        detectors: Their detectors.
        owned: The patterns of the selections of a `Compilation`, in its order.
        engines: What finds them.
    """

    detectors: tuple[Detector, ...]
    owned: tuple[Owned, ...]
    engines: tuple[BuiltEngine, ...]


def _compilation(parts: Sequence[_Part]) -> Compilation:
    detectors = tuple(detector for part in parts for detector in part.detectors)
    strong, weak, record = (
        joined([Selection(part.owned[number], part.engines[number]) for part in parts])
        for number in range(3)
    )
    return Compilation(detectors, strong, weak, record)


def _kept_or_made(
    files: Sequence[tuple[str, bytes]], module: EngineModule, signs: Sequence[str]
) -> _Part:
    key = _key(files, module.IDENTITY)
    kept = cache.read(key)
    if kept is not None:
        rows, blobs = kept
        try:
            return _restored(detectors_of(rows), blobs, module, signs)
        except Exception:  # whatever is wrong with it, it can be made again
            kept = None
    from tightlip.detection.ruleset import parse  # not for rules that are compiled already

    if files and signs:
        _LOGGER.warning("Tightlip compiles its rules, which can take a minute; %s", _next_start())
    made = _made(parse(files), module, signs)
    rows = [detector.as_json() for detector in made.detectors]
    cache.write(key, rows, [engine.compiled() for engine in made.engines])
    return made


def _next_start() -> str:
    if cache.can_write():
        return "the next start finds them in the user's cache directory"
    return (
        "so does each start, since the user's cache directory cannot be written; "
        "XDG_CACHE_HOME names another"
    )


def _made(ruleset: Ruleset, module: EngineModule, signs: Sequence[str]) -> _Part:
    from concurrent.futures import ThreadPoolExecutor  # only where rules are compiled

    detectors = tuple(map(detector_of, ruleset.rules))
    owned = _selected(detectors, signs)

    def build(number: int) -> BuiltEngine:
        if not owned[number]:
            return NoPatterns()
        return module.build(_patterns(owned[number]), once=1 if signs and number == 0 else 0)

    with ThreadPoolExecutor() as pool:  # Vectorscan compiles without the interpreter's lock
        return _Part(detectors, owned, tuple(pool.map(build, range(len(owned)))))


def _restored(
    detectors: tuple[Detector, ...],
    blobs: Sequence[bytes],
    module: EngineModule,
    signs: Sequence[str],
) -> _Part:
    owned = _selected(detectors, signs)
    engines = tuple(
        module.restore(_patterns(pairs), blob) if pairs else NoPatterns()
        for pairs, blob in zip(owned, blobs, strict=True)
    )
    return _Part(detectors, owned, engines)


def _selected(detectors: Sequence[Detector], signs: Sequence[str]) -> tuple[Owned, ...]:
    """Return the patterns of the selections of a `Compilation`, in its order."""
    strong = _owned(one for one in detectors if one.context is Context.ANYWHERE)
    return (
        (*((None, sign) for sign in signs), *strong),
        _owned(one for one in detectors if one.context in _WEAK),
        _owned(one for one in detectors if one.category is Category.CREDENTIAL),
    )


def _patterns(owned: Owned) -> list[str]:
    return [pattern for _, pattern in owned]


def _owned(detectors: Iterable[Detector]) -> tuple[tuple[Detector, str], ...]:
    return tuple((detector, pattern) for detector in detectors for pattern in detector.patterns)


def _key(files: Iterable[tuple[str, bytes]], engine: str) -> str:
    digest = hashlib.blake2b(f"{_FORMAT}\n{engine}\n".encode(), digest_size=16)
    for name, content in files:
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
