"""JSON strings: where each string of a JSON text stands, and under which keys (RFC 8259)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tightlip.expression import expression

_TOKEN = expression(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]', re.DOTALL)

_OPENING = expression(
    # A mark of the charset; what keeps others from including the answer; the function that JSON
    # with padding calls.
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:\)\]\}'?,?\s*|while\(1\);\s*|for\(;;\);\s*)?"
    rb"(?P<call>(?:/\*\*/\s?)?(?:typeof [\w$.]{1,80} === 'function' && )?[A-Za-z_$][\w$.]{0,80}\()?"
    rb"\s*(?P<bracket>[{\[])"
)


def opening(data: bytes) -> bytes:
    """Return the bracket with which `data` begins if it may be JSON, else nothing."""
    match = _OPENING.match(data)
    return b"" if match is None else match["bracket"]


def is_padded(data: bytes) -> bool:
    """Tell whether `data` is a call of a function with JSON in it, and no other code."""
    match = _OPENING.match(data)
    return (
        match is not None
        and match["call"] is not None
        and data.rstrip().endswith((b"})", b"});", b"])", b"]);"))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The keys that lead to a string; those further out are shared with what lies beside it.

    Attributes:
        key: The innermost key, in its quotation marks.
        outer: The keys around it; None for a member of the outermost object.
    """

    key: bytes
    outer: Path | None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the keys, from the innermost on."""
        path: Path | None = self
        while path is not None:
            yield path.key
            path = path.outer


class JSONString(NamedTuple):
    """One string of a JSON text.

    Attributes:
        start: Where its first quotation mark stands, in bytes.
        end: Where its last quotation mark ends.
        is_key: Whether it names a member of an object.
        path: The keys that lead to it; None where none does.
    """

    start: int
    end: int
    is_key: bool
    path: Path | None


def json_strings(data: bytes) -> Iterator[JSONString]:
    """Yield the strings of `data` in their order; text that is no JSON gives what looks like some.

    A key is told before the members that it leads to. The work grows in step with the length of
    `data`, however deeply it is nested.
    """
    outer: list[Path | None] = []
    path: Path | None = None
    named = path
    held: re.Match[bytes] | None = None
    for match in _TOKEN.finditer(data):
        token = match[0]
        is_key = token == b":"
        if held is not None:
            yield JSONString(*held.span(), is_key, path if is_key else named)
            if is_key:
                named = Path(held[0], path)
            held = None
        if len(token) > 1:
            held = match
        elif token in {b"{", b"["}:
            outer.append(path)
            path = named
        elif token == b",":
            named = path
        elif not is_key:
            named = path = outer.pop() if outer else None
    if held is not None:
        yield JSONString(*held.span(), is_key=False, path=named)
