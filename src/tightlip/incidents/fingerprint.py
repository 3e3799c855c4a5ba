"""Fingerprint: what the incidents of one fault have in common, whatever the values and lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TypeAlias

from tightlip.incidents.exceptions import Trail, own_attribute
from tightlip.incidents.visible import storable

VERSION = "v2"
"""Incidents of an earlier version keep the fingerprint, and so the group, that they were given."""

TELLING_FACTS = ("db.response.status_code", "db.constraint.name", "db.columns")
"""The facts that tell apart what one line of an application, a commit above all, may fail of."""

_LONGEST_GIVEN = 200
_MOST_KNOWN = 4096
Facts: TypeAlias = Mapping[str, str | int | tuple[str, ...]]
_known: dict[tuple[object, ...], str] = {}
# PEP 709: since Python 3.12, a comprehension has no frame of its own.
_COMPREHENSION = re.compile(r"\.<locals>\.<(?:list|dict|set)comp>")
_COMMENT = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|#.*""")
_SPACE = re.compile(r"\s+")


def of_exceptions(trails: Iterable[Trail], facts: Facts) -> str:
    """Return the fingerprint of a chain of exceptions.

    It is made of the types of the chain, of the application's functions on the way, each once,
    so that recursion of any depth is the same, of the source of the innermost line of the
    application and of the expression under way in it, and of what a database said that it failed
    of. Libraries count where the application has no part. Messages, values, line numbers and
    directories never do.
    """
    told = telling(facts)
    key = (*trails, *told)
    known = _known.get(key)
    if known is None:
        first, *others = (_part(trail) for trail in trails)
        # The members of a group come in the order of their failing, which is chance.
        known = _digest(first, *sorted(set(others) - {first}), *map(str, told))
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = known
    return known


def telling(facts: Facts) -> tuple[object, ...]:
    """Return what of `facts` tells faults apart."""
    return tuple((name, facts[name]) for name in TELLING_FACTS if name in facts)


def given_by(exception: BaseException | None) -> str | None:
    """Return the attribute `fingerprint` of an exception or its class, if that is a text."""
    text = None if exception is None else own_attribute(exception, "fingerprint")
    return text if type(text) is str and text else None


def of_words(*words: str) -> str:
    """Return the fingerprint of a failure without exception: its reason, place and route."""
    return _digest(*words)


def given(text: str) -> str:
    """Return the fingerprint that an author chose, in a bounded form."""
    return storable(text) if len(text) <= _LONGEST_GIVEN else _digest(text)


def _part(trail: Trail) -> str:
    functions = [
        _COMPREHENSION.sub("", f"{place.module}:{place.function}") for place in trail.places
    ]
    if trail.type == "RecursionError":
        circle = sorted(name for name, count in Counter(functions).items() if count > 1)
        if circle:  # where in it the stack ends is chance
            way = [name for name in functions[: functions.index(circle[0])] if name not in circle]
            return "\n".join([trail.type, *way, *circle])
    parts = [trail.type, *dict.fromkeys(functions)]
    if trail.places and trail.application:
        place = trail.places[-1]
        parts.append(_plain(place.line) or f"+{place.relative_line}")
        parts.append(_plain(place.expression))
    return "\n".join(parts)


def _plain(line: str) -> str:
    """Return a line of source without comments, spaces and the choice of quotes."""
    line = _COMMENT.sub(lambda match: match[1] or "", line)
    return _SPACE.sub("", line).replace("'", '"')


def _digest(*parts: str) -> str:
    text = "\n\n".join(parts).encode("utf-8", "surrogatepass")
    return f"{VERSION}:{blake2b(text, digest_size=8).hexdigest()}"
