"""Markup: the texts of an HTML or XML page, between its tags and in the values of attributes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tightlip.expression import expression

_MARKUP = expression(
    # Quotation marks count only behind an equals sign (HTML standard, section 13.2.5), and there
    # they may hold angle brackets.
    rb"(?P<comment><!--)(?P<remark>.*?)(?:-->|\Z)"
    rb"|(?P<cdata><!\[CDATA\[)(?P<data>.*?)(?:\]\]>|\Z)"
    rb"|<[A-Za-z/!?](?:[^<>=]|=\s{0,4}(?:\"[^\"]*\"|'[^']*')?)*+>",
    re.DOTALL,
)
_VALUE = expression(rb"=\s{0,4}(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')")


class _Region(NamedTuple):
    """A piece of a page; the regions of a page cover it from end to end.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        tag: Where the tag that it belongs to begins and ends; None for a text between tags.
        is_text: Whether words may stand there: between tags, in a value, or in a comment.
    """

    start: int
    end: int
    tag: tuple[int, int] | None = None
    is_text: bool = True


def texts_around(body: bytes, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the texts of the page `body` in which `spans` lie, which are in ascending order.

    That is the text between two tags, the value of an attribute, or the inside of a comment. Of
    a span over several of these it is all from the first to the last, with whole tags. What
    stands there can be replaced by other words, and the page's other tags stay whole.
    """
    texts: list[tuple[int, int]] = []
    regions = _regions(body)
    region = _Region(0, 0)
    for start, end in spans:
        while region.end <= start:
            region = next(regions)
        first = region
        while region.end < end:
            region = next(regions)
        texts.append(_text(first, region))
    return texts


def _text(first: _Region, last: _Region) -> tuple[int, int]:
    """Return the text from the region `first` to the region `last`."""
    if first is last and first.is_text:
        return first.start, first.end
    if first.tag is not None and first.tag == last.tag:
        start, end = first.tag
        return start + 1, end - 1
    return (first.tag or (first.start, 0))[0], (last.tag or (0, last.end))[1]


def _regions(body: bytes) -> Iterator[_Region]:
    """Yield the regions of `body` in their order."""
    at = 0
    for match in _MARKUP.finditer(body):
        start, end = match.span()
        yield _Region(at, start)
        insides = (
            [match.span(name) for name in ("remark", "data") if match[name] is not None]
            if match["comment"] or match["cdata"]
            else (value.span(value.lastgroup or 0) for value in _VALUE.finditer(body, start, end))
        )
        at = start
        for inside in insides:
            yield _Region(at, inside[0], match.span(), is_text=False)
            yield _Region(*inside, match.span())
            at = inside[1]
        yield _Region(at, end, match.span(), is_text=False)
        at = end
    yield _Region(at, len(body))
