"""Views: a text as a client may read it, with every dress that it wears taken off."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tightlip.detection.encoding import ENCODINGS, MARKUP, PERCENT, Encoding
from tightlip.detection.reading import Reading
from tightlip.expression import expression

_MOST_ROUNDS = 4
_LONGEST_SHOWN = 65_536
_FORM = "application/x-www-form-urlencoded"

_BASE64_VALUE = rb"([A-Za-z0-9+/_\-]{16,}={0,2})"
_BASE64_LINES = rb"((?:[A-Za-z0-9+/]{1,100}={0,2}\r?\n?){1,2000})"
_BESIDE_BASE64 = (
    rb'"[a-z_\-]{1,40}"\s{0,4}:\s{0,4}"base64"'
    rb'|"(?:is[_\-]?)?base64[a-z_\-]{0,20}"\s{0,4}:\s{0,4}true\b'
)
_BASE64_UNNAMED = expression(rb"(?:[\"'>=]|\A)([A-Za-z0-9+/_\-]{24,}+={0,2})(?:[\"'<&]|\s{0,4}\Z)")
"""A whole value that may be in base64, though nothing says so."""

_BASE64_FIELDS = tuple(
    expression(form.replace(b"VALUE", _BASE64_VALUE), re.IGNORECASE)
    for form in (
        # A field whose name says so.
        rb'"[a-z0-9_\-]{0,40}(?:base64|b64)[a-z0-9_\-]{0,20}"\s{0,4}:\s{0,4}"VALUE',
        # A data URL (RFC 2397).
        rb"data:[a-z]{0,20}/?[a-z0-9.+\-]{0,40}(?:;[a-z0-9=\-]{1,30}){0,3};base64,VALUE",
        # A field beside one that says so, behind it or before it.
        rb"(?:" + _BESIDE_BASE64 + rb')[^{}\[\]]{0,200}?:\s{0,4}"VALUE',
        rb':\s{0,4}"VALUE"[^{}\[\]]{0,200}?(?:' + _BESIDE_BASE64 + rb")",
        # A value that says so itself, and an element of XML.
        rb'"base64[:,]\s?VALUE',
        rb"base64(?:Binary)?[\"'][^<>]{0,100}>\s{0,40}VALUE",
        # A part of a multipart body (RFC 2045, section 6.8), and a word of a field (RFC 2047).
        rb"content-transfer-encoding:\s{0,4}base64[^\0]{0,400}?\r?\n\r?\n" + _BASE64_LINES,
        rb"=\?[a-z0-9\-]{2,20}\?b\?VALUE\?=",
        # A header field that says so, among them the binary metadata of gRPC.
        rb"\b(?:x-[a-z\-]{0,40}(?:base64|b64)|[a-z][a-z0-9\-]{0,60}-bin):\s{0,4}VALUE",
        # A header field that tells of a failure, and holds nothing else.
        (
            rb"\bx-(?:[a-z\-]{1,24}-)?(?:error|exception|trace|debug|fault|stack|diagnostics)"
            rb"(?:-[a-z\-]{1,16})?:\s{0,4}VALUE\s{0,4}\Z"
        ),
    )
)
"""What stands around a value in base64."""

_BASE64_FAILURE = expression(
    rb'"[a-z0-9_\-]{0,40}(?:error|exception|trace|debug|(?<!de)fault|stack|diagnostics)'
    rb'[a-z0-9_\-]{0,20}"\s{0,4}:\s{0,4}"([A-Za-z0-9+/_\-]{24,}+={0,2})"',
    re.IGNORECASE,
)
"""A field that tells of a failure, and holds nothing but base64."""

_MOST_BASE64_FIELDS = 64
_BUFFER = expression(
    # Node.js documentation, Buffer: what `buffer.toJSON()` gives.
    rb'"type"\s{0,4}:\s{0,4}"Buffer"\s{0,4},\s{0,4}"data"\s{0,4}:\s{0,4}\[([0-9,\s]{16,262144})\]'
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x1b"))
_NO_WORDS = (b"{", b"[", b"<")
_MOST_FRAMED = 64
_LONGEST_FRAMED = 2_000
_ERROR_FIELD = expression(
    rb"(?:[a-z\-]{0,24}(?:error|exception|message|reason):"
    rb"|.{0,2000}?[?&#](?:error|(?:error_?)?(?:description|message)|msg|reason|detail)=)",
    re.IGNORECASE,
)
"""What stands before the words of an error in a header field: its name, or that of a parameter."""


@dataclass(slots=True)
class View:
    """A text with some dresses taken off, and how its places lie in the text that was sent.

    Attributes:
        data: The bytes of this view.
        parent: The view that this one was made from; None for the text as it was sent.
        encoding: What was taken off; None for a piece of the parent in base64 or numbers.
        start: Where in the parent the piece begins.
        end: Where in the parent the piece ends.
    """

    data: bytes
    parent: View | None = None
    encoding: Encoding | None = None
    start: int = 0
    end: int = 0
    _places: tuple[list[int], list[int]] | None = field(default=None, repr=False)

    def trace(self, start: int, end: int) -> tuple[int, int]:
        """Return where `start` to `end` of this view stand in the text as it was sent."""
        if self.parent is None:
            return start, end
        if self.encoding is None:
            return self.parent.trace(self.start, self.end)
        if self._places is None:
            self._places = _places(self.parent.data, self.encoding)
        return self.parent.trace(
            _traced(self._places, start, of_end=False), _traced(self._places, end, of_end=True)
        )


def decoded_views(
    data: bytes, reading: Reading, *, has_base64: bool = True, names_failure: bool = True
) -> Iterator[View]:
    """Yield `data` with one dress after the other taken off.

    The work is bounded: at most four rounds over the encodings, each view no longer than `data`.

    Args:
        data: The text, as it was sent.
        reading: What is known of it.
        has_base64: Whether something in it may say that there is base64.
        names_failure: Whether it may have a field that tells of a failure.
    """
    view = last = View(data)
    for last in _undressed(view, reading):
        yield last
    forms: list[re.Pattern[bytes]] = []
    if has_base64:
        forms += (*_BASE64_FIELDS, _BUFFER)
    if reading.is_failing:
        # What is said of a failure is a text, whoever dresses it up.
        forms.append(_BASE64_UNNAMED)
    elif names_failure:
        forms.append(_BASE64_FAILURE)
    for dressed in (view, last) if last is not view else (view,):
        yield from _out_of_base64(dressed, reading, forms)


class _Framed(View):
    """A piece of its parent in quotation marks, on a line of its own: two bytes on each side."""

    def trace(self, start: int, end: int) -> tuple[int, int]:
        """See `View.trace`."""
        first, last = (min(max(self.start, self.start + at - 2), self.end) for at in (start, end))
        return (first, last) if self.parent is None else self.parent.trace(first, last)


def framed_views(views: Sequence[View], reading: Reading) -> Iterator[View]:
    """Yield what is said alone in an error, as a string of JSON would hold it.

    Many patterns read what stands beside words, to know that nothing else belongs to them. A
    text that is nothing but words, a line of a page and the value of a field have nothing there.

    Args:
        views: The text as it was sent, and its other views.
        reading: What is known of it.
    """
    if reading.kind == "body" and reading.is_failing:
        if not views[0].data.lstrip().startswith(_NO_WORDS):
            yield from _framed(views[0], 0, views[0].data)
        for view in views[1:]:
            if view.encoding is MARKUP:
                yield from islice(_framed_lines(view), _MOST_FRAMED)
    elif reading.kind == "header":
        for view in views:
            if name := _ERROR_FIELD.match(view.data):
                yield from _framed(view, name.end(), view.data[name.end() :].partition(b"&")[0])


def _framed_lines(view: View) -> Iterator[View]:
    at = 0
    for line in view.data.split(b"\n"):
        yield from _framed(view, at, line)
        at += len(line) + 1


def _framed(view: View, at: int, piece: bytes) -> Iterator[View]:
    """Yield the words of `piece`, which stands in `view` at `at`, in quotation marks."""
    words = piece.strip()
    if 0 < len(words) <= _LONGEST_FRAMED:
        start = at + piece.index(words)
        yield _Framed(b'\n"%b"\n' % words, view, None, start, start + len(words))


def joins_words(reading: Reading) -> bool:
    """Tell whether a plus sign may stand for a space: in a form, or the query of a location."""
    return reading.kind == "header" or reading.content_type == _FORM


def _undressed(view: View, reading: Reading) -> Iterator[View]:
    is_joined = joins_words(reading)
    for _ in range(_MOST_ROUNDS):
        before = view
        for encoding in ENCODINGS:
            data = view.data
            is_so_dressed = encoding.sign in data or (
                encoding is PERCENT and is_joined and b"+" in data
            )
            if not is_so_dressed:
                continue
            decoded = encoding.decode(data)
            if decoded != data:
                view = View(decoded, view, encoding)
                yield view
        if view is before:
            break
    # A good page shows code and its colours; a failing one shows what went wrong.
    if reading.is_failing and MARKUP.sign in view.data:
        data = MARKUP.decode(view.data)
        if data != view.data:
            yield View(data, view, MARKUP)


def _out_of_base64(
    view: View, reading: Reading, forms: Sequence[re.Pattern[bytes]]
) -> Iterator[View]:
    seen: set[int] = set()
    for form in forms:
        meaning = _of_numbers if form is _BUFFER else _plain
        for match in form.finditer(view.data):
            if match.start(1) in seen:
                continue
            if len(seen) == _MOST_BASE64_FIELDS:
                return
            seen.add(match.start(1))
            plain = meaning(match[1])
            if plain is not None:
                yield from _inner(plain, view, match, reading)


def _inner(plain: bytes, view: View, match: re.Match[bytes], reading: Reading) -> Iterator[View]:
    """Yield the text that the first group of `match` stands for, and its views."""
    inner = View(plain, view, None, *match.span(1))
    yield inner
    yield from _undressed(inner, reading)


def _of_numbers(value: bytes) -> bytes | None:
    """Return the bytes whose numbers `value` lists; None if one is none."""
    try:
        return bytes(map(int, value.split(b",")))
    except ValueError:
        return None


def _plain(value: bytes) -> bytes | None:
    """Return what `value` holds in base64 if that is text, else None (RFC 4648, sections 4, 5)."""
    padded = b"".join(value.split()).rstrip(b"=")
    padded += b"=" * (-len(padded) % 4)
    try:
        plain = (urlsafe_b64decode if b"-" in value or b"_" in value else b64decode)(padded)
    except ValueError:
        return None
    head = plain[:_LONGEST_SHOWN]
    return None if len(head.translate(None, _CONTROLS)) < len(head) else plain


def _places(data: bytes, encoding: Encoding) -> tuple[list[int], list[int]]:
    """Return where in the decoded text, and where in `data`, each run without a token begins.

    A token is a run of its own, so that a place inside of what it stands for is found.
    """
    decoded_at, sent_at = [0], [0]
    decoded = 0
    at = 0
    for match in encoding.token.finditer(data):
        start, end = match.span()
        meant = len(encoding.meaning(match))
        if meant == end - start:
            continue
        decoded += start - at
        decoded_at += (decoded, decoded + meant)
        sent_at += (start, end)
        decoded += meant
        at = end
    return decoded_at, sent_at


def _traced(places: tuple[list[int], list[int]], at: int, *, of_end: bool) -> int:
    decoded_at, sent_at = places
    index = bisect_right(decoded_at, at - of_end) - 1
    if index < 0:
        return 0
    is_token = index % 2 == 1
    if is_token:
        return sent_at[index + 1] if of_end else sent_at[index]
    return sent_at[index] + at - decoded_at[index]
