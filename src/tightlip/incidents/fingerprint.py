"""Fingerprint: what the incidents of one fault have in common, whatever the values and lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

from tightlip.incidents.exceptions import Trail

VERSION = "v1"

_LONGEST_GIVEN = 200
_MOST_KNOWN = 4096
_known: dict[tuple[Trail, ...], str] = {}
_COMMENT = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|#.*""")
_SPACE = re.compile(r"\s+")


def of_exceptions(trails: Iterable[Trail]) -> str:
    """Return the fingerprint of a chain of exceptions.

    It is made of the types of the chain, of the application's functions on the way, each once,
    so that recursion of any depth is the same, and of the source of the innermost line of the
    application. Libraries count where the application has no part. Messages, values, line
    numbers and directories never do.
    """
    key = tuple(trails)
    known = _known.get(key)
    if known is None:
        first, *others = (_part(trail) for trail in key)
        # The members of a group come in the order of their failing, which is chance.
        known = _digest(first, *sorted(set(others) - {first}))
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = known
    return known


def of_words(*words: str) -> str:
    """Return the fingerprint of a failure without exception: its reason, place and route."""
    return _digest(*words)


def given(text: str) -> str:
    """Return the fingerprint that an author chose, in a bounded form."""
    return text if len(text) <= _LONGEST_GIVEN else _digest(text)


def _part(trail: Trail) -> str:
    functions = dict.fromkeys(f"{place.module}:{place.function}" for place in trail.places)
    parts = [trail.type, *functions]
    if trail.places and trail.application:
        place = trail.places[-1]
        parts.append(_plain(place.line) or f"+{place.relative_line}")
    return "\n".join(parts)


def _plain(line: str) -> str:
    """Return a line of source without comments, spaces and the choice of quotes."""
    line = _COMMENT.sub(lambda match: match[1] or "", line)
    return _SPACE.sub("", line).replace("'", '"')


def _digest(*parts: str) -> str:
    text = "\n\n".join(parts).encode("utf-8", "surrogatepass")
    return f"{VERSION}:{blake2b(text, digest_size=8).hexdigest()}"
