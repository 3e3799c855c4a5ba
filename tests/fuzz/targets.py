"""What must hold for any bytes: each target reads them with one of our readers, and checks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

from tightlip.captures.har import EntryError, entry_of, parts_of
from tightlip.captures.json_lines import LineError, asked
from tightlip.detection.engines import regex
from tightlip.detection.json_strings import json_strings
from tightlip.detection.reading import Reading
from tightlip.detection.rule import Rule
from tightlip.detection.ruleset import Ruleset, Technology
from tightlip.detection.scanner import Scanner, default_scanner
from tightlip.detection.stream import StreamScanner
from tightlip.detection.unpacking import LONGEST_UNPACKED, UnreadableError, unpack
from tightlip.findings.finding import Category
from tightlip.incidents import framing
from tightlip.incidents.scrubbing import scrub_text
from tightlip.responder.stream import StreamReview

Target = Callable[[bytes], None]

LEAK = b'File "/srv/shop/tax.py", line 3'
_RULE = Rule(
    id="own-file",
    category=Category.SOURCE_PATH,
    says="Where the source stands.",
    source="Our own tests",
    patterns=(r'File "[a-z/.]{1,40}", line [0-9]\b',),
    leaks=(LEAK.decode(),),
    clean=("File",),
)
_SCANNER = Scanner.of(Ruleset((Technology("Own", "own.toml", (_RULE,)),)), regex)
_SEPARATORS = (None, re.compile(rb"\r\n\r\n|\n\r?\n|\r\r"), re.compile(rb"\n"))
_TYPES = ("application/json", "text/html", "text/plain", None)
_ENCODINGS = ("gzip", "deflate", "br", "zstd", "gzip, br", "identity", "gzip, gzip", "x")
_CHARSETS = ("", "utf-16", "utf-32", "latin-1", "utf-7", "shift_jis", "nonsense\0")
_PLACES = 4
_SECRET = "tern-8846-of-the-fuzz"


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object: a dictionary would lose those with the same name."""


def read_json_strings(data: bytes) -> None:
    """Strings stand in order, within quotation marks; of true JSON they are the document's."""
    found = list(json_strings(data))
    for string in found:
        assert data[string.start] == data[string.end - 1] == ord('"')
        assert string.end - string.start > 1
    assert all(left.end <= right.start for left, right in pairwise(found))
    try:
        document = json.loads(data.decode(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return
    told = [
        (
            json.loads(data[string.start : string.end]),
            string.is_key,
            tuple(json.loads(key) for key in string.path or ()),
        )
        for string in found
    ]
    assert told == list(_strings_of(document, ()))


def _strings_of(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, bool, tuple[str, ...]]]:
    if isinstance(value, str):
        yield value, False, path
    elif isinstance(value, _Pairs):
        for key, item in value:
            yield key, True, path
            yield from _strings_of(item, (key, *path))
    elif isinstance(value, list):
        for item in value:
            yield from _strings_of(item, path)


def cut_a_stream(data: bytes) -> None:
    """However a stream is cut, the verdict is that of the whole, and no leak leaves whole."""
    separator = _SEPARATORS[data[0] % len(_SEPARATORS)] if data else None
    places, data = data[1 : 1 + _PLACES], data[1 + _PLACES :]
    whole, whole_end = _sent([data], separator)
    at = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    pieces, end = _sent([data[start:stop] for start, stop in pairwise(at)], separator)
    single, single_end = _sent(
        [*(data[place : place + 1] for place in range(len(data)))], separator
    )
    assert (whole_end is None) == (end is None) == (single_end is None)
    for sent in (whole, pieces, single):
        assert data.startswith(sent)
        assert LEAK not in sent
        assert whole_end is not None or sent == data


def _sent(pieces: list[bytes], separator: re.Pattern[bytes] | None) -> tuple[bytes, object]:
    reading = Reading(200, "text/plain")
    review = StreamReview(StreamScanner(_SCANNER, reading), reading, separator, lambda *told: told)
    sent = b""
    for number, piece in enumerate(pieces or [b""], 1):
        passed = review.feed(piece, ends=number >= len(pieces))
        sent += passed.data
        if passed.end is not None:
            return sent, passed.end
    return sent, None


def unpack_a_body(data: bytes) -> None:
    """A body is unpacked within the bound, or told to be unreadable."""
    if len(data) < 2:
        return
    charset = _CHARSETS[data[1] % len(_CHARSETS)]
    reading = Reading(
        200,
        f"text/plain; charset={charset}" if charset else "text/plain",
        _ENCODINGS[data[0] % len(_ENCODINGS)],
    )
    try:
        unpacked = unpack(data[2:], reading)
    except UnreadableError:
        return
    assert len(unpacked) <= 4 * LONGEST_UNPACKED


def scan_an_answer(data: bytes) -> None:
    """Findings stand within the text, in order, each of a rule and a category."""
    media_type = _TYPES[data[0] % len(_TYPES)] if data else None
    for status in (200, 500):
        findings = default_scanner().inspect(data[1:], Reading(status, media_type))
        assert all(0 <= each.start <= each.end <= len(data) - 1 for each in findings)
        assert [each.start for each in findings] == sorted(each.start for each in findings)


def read_a_spool(data: bytes) -> None:
    """Every byte is in a frame, damaged, or torn; what was read once is read so again."""
    reading = framing.read(data, is_all=True)
    told = {each.start: framing.frame(each.summary, each.report) for each in reading.frames}
    told |= {each.start: each.data for each in reading.damages}
    at = 0
    while at in told:
        assert data.startswith(told[at], at)
        at += len(told[at])
    assert at + reading.torn == len(data) == reading.length
    half = framing.read(data, is_all=False)
    assert half.frames == reading.frames[: len(half.frames)]
    rest = framing.read(data[half.length :], is_all=True)
    assert [*half.frames, *rest.frames] == [
        each._replace(start=each.start - (half.length if number >= len(half.frames) else 0))
        for number, each in enumerate(reading.frames)
    ]


def scrub_a_text(data: bytes) -> None:
    """A secret under its name on a line of its own does not stay, whatever stands before it."""
    text = data.decode("utf-8", "replace")
    scrub_text(text)
    assert _SECRET not in scrub_text(f"{text}\npassword={_SECRET}\n")


def read_captures(data: bytes) -> None:
    """A line and an entry are read, or told to be no such thing."""
    with suppress(LineError):
        asked(data, Reading())
    with suppress(EntryError):
        list(parts_of(entry_of(data), "capture.har", 0, None))


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        read_json_strings,
        cut_a_stream,
        unpack_a_body,
        scan_an_answer,
        read_a_spool,
        scrub_a_text,
        read_captures,
    )
}

WORDS: dict[str, tuple[bytes, ...]] = {
    "read_json_strings": (b'{"a":["b",{"c":"\\"d"}],"e":1}', b'[[{"":""}],"x"]', b'{"a":{"a":"'),
    "cut_a_stream": (b"\1abcd" + LEAK, b"\0zzzzdata: " + LEAK + b"\n\n", b"\2    \\u0046ile"),
    "unpack_a_body": (b"\0\0\x1f\x8b\x08", b"\2\1\x0b\x02\x80abc\x03", b"\3\0\x28\xb5\x2f\xfd"),
    "scan_an_answer": (
        b'\0{"detail": "Traceback (most recent call last):"}',
        b'\0{"m": "\\u0054raceback (most recent call last):\\n  File \\"/srv/a.py\\", line 1"}',
        b"\1<p>could not connect to 10.0.0.5:5432</p>",
    ),
    "read_a_spool": (
        framing.frame(b"{}", b"[]") * 2,
        framing.frame(b"{}") + b"damage" + framing.frame(b"{}")[:-1],
    ),
    "scrub_a_text": (b"postgres://u:p@h/d", b"--token 'x", b'{"password": "', b"a: |\n  b"),
    "read_captures": (
        b'{"id":1,"text":"x","status":500,"kind":"body"}',
        b'{"response":{"status":500,"content":{"text":"eA==","encoding":"base64"}}}',
        b'{"response":{"headers":[{"name":"Server","value":"x"}]}}',
    ),
}
"""What each target may begin with."""
