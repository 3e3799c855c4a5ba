"""A good answer that leaves piece by piece: no more of it than was read, and nothing too late."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from base64 import b64encode, urlsafe_b64encode
from itertools import pairwise
from urllib.parse import quote, quote_plus

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tightlip.detection.base64_text import Base64Text
from tightlip.detection.engines import regex
from tightlip.detection.reading import Reading
from tightlip.detection.rule import Context, Rule
from tightlip.detection.ruleset import Ruleset, Technology
from tightlip.detection.scanner import Scanner
from tightlip.detection.stream import StreamScanner
from tightlip.findings.finding import Category
from tightlip.responder.stream import StreamReview

LEAK = b'File "/srv/shop/tax.py", line 3'
RULE = Rule(
    id="own-file",
    category=Category.SOURCE_PATH,
    says="Where the source stands.",
    source="Our own tests",
    patterns=(r'File "[a-z/.]{1,40}", line [0-9]\b',),
    leaks=(LEAK.decode(),),
    clean=("File",),
)
SCANNER = Scanner.of(Ruleset((Technology("Own", "own.toml", (RULE,)),)), regex)
EVENTS = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
LINES = re.compile(rb"\n")
TEXT = Reading(200, "text/plain")


def cut(data, places):
    """Cut `data` at `places`."""
    at = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(at)]


def run(pieces, separator=None, reading=TEXT, judge=None, scanner=SCANNER):
    """Feed `pieces`; return what left with each of them, and what ended the stream."""
    review = StreamReview(
        StreamScanner(scanner, reading), reading, separator, judge or (lambda *told: told)
    )
    left = []
    for number, piece in enumerate(pieces, 1):
        passed = review.feed(piece, ends=number == len(pieces))
        left.append(passed.data)
        if passed.end is not None:
            return left, passed.end
    return left, None


PARTS = st.sampled_from(
    [b"\n", b"\n\n", b"\r\n\r\n", b"data: 1", b'{"n": "\\u00e9\\n"}', b"x" * 150, b"&lt;", b"\\", b"&",
     b'File "/srv/', b"\xc3\xa9", b"\xff", LEAK[:-1] + b"33"]
)  # fmt: skip
CLEAN = st.lists(PARTS, max_size=12).map(b"".join).filter(lambda data: LEAK not in data)
PLACES = st.lists(st.integers(0, 2000), max_size=12)
SEPARATORS = st.sampled_from([None, EVENTS, LINES])


@given(CLEAN, PLACES, SEPARATORS)
def test_a_clean_stream_leaves_byte_for_byte_however_it_is_cut(data, places, separator):
    left, end = run(cut(data, places), separator)
    assert (b"".join(left), end) == (data, None)


@given(CLEAN, SEPARATORS)
def test_a_clean_stream_of_single_bytes_leaves_byte_for_byte(data, separator):
    left, end = run([*(bytes((byte,)) for byte in data), b""], separator)
    assert (b"".join(left), end) == (data, None)


DRESSES = [
    bytes,
    lambda leak: json.dumps(leak.decode()).encode(),
    lambda leak: json.dumps(json.dumps(leak.decode())).encode(),
    lambda leak: "".join(f"\\u{byte:04x}" for byte in leak).encode(),
    lambda leak: "".join(f"&#{byte};" for byte in leak).encode(),
    lambda leak: leak.replace(b'"', b"&quot;"),
    lambda leak: json.dumps(leak.replace(b'"', b"&quot;").decode()).encode(),
    lambda leak: quote(leak).encode(),
    lambda leak: quote_plus(leak).encode(),
    lambda leak: "".join(f"%{byte:02x}" for byte in leak).encode(),
    lambda leak: b"data:text/plain;base64," + b64encode(leak),
    lambda leak: b'"body_base64": "' + urlsafe_b64encode(leak) + b'"',
    lambda leak: b'"b64":"' + b64encode(json.dumps(leak.decode()).encode()).replace(b"/", b"\\/"),
]


@pytest.mark.parametrize("dress", DRESSES)
@given(before=CLEAN, behind=CLEAN, places=PLACES, separator=SEPARATORS)
def test_a_leak_never_leaves_whole_however_the_stream_is_cut(
    dress, before, behind, places, separator
):
    leak = dress(LEAK)
    # A backslash or an ampersand before it may change what the dress means.
    data = before + b" " + leak + b" " + behind
    left, end = run(cut(data, places), separator)
    assert end is not None
    sent = b"".join(left)
    assert data.startswith(sent)
    assert len(sent) < len(before) + 1 + len(leak)


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("separator", [None, EVENTS, LINES])
def test_a_leak_never_leaves_whole_in_two_pieces_or_in_single_bytes(dress, separator):
    data = b"data: 1\n\n" + dress(LEAK) + b"\n\n"
    trains = [[data[:at], data[at:]] for at in range(len(data))]
    trains.append([bytes((byte,)) for byte in data])
    for pieces in trains:
        left, end = run(pieces, separator)
        assert end is not None
        assert len(b"".join(left)) < len(data) - 2


WEAK = Rule(
    id="own-host",
    category=Category.INFRASTRUCTURE,
    says="Where it runs.",
    source="Our own tests",
    patterns=(r"\bnode-[0-9]{2}\b",),
    leaks=("node-12",),
    clean=("node",),
    context=Context.FAILURE,
)
BOTH = Scanner.of(Ruleset((Technology("Own", "own.toml", (RULE, WEAK)),)), regex)


def is_ended(pieces, separator, reading, scanner=BOTH):
    review = StreamReview(StreamScanner(scanner, reading), reading, separator, lambda *told: told)
    ends = [review.feed(piece, ends=False).end for piece in pieces]
    return any(end is not None for end in (*ends, review.feed(b"", ends=True).end))


@given(
    parts=st.lists(
        st.sampled_from(
            [b'{"error": "', b'"}', b"node-12", b'"success": false', b"\n", b" ", b"x" * 70]
        )
    ),
    places=PLACES,
)
def test_weak_words_do_not_end_a_text_however_it_is_cut(parts, places):
    data = b"".join(parts)
    assert not is_ended(cut(data, places), None, TEXT)
    assert not is_ended([bytes((byte,)) for byte in data], None, TEXT)


@pytest.mark.parametrize(
    ("event", "counts"),
    [
        (b'{"error": "node-12 is lost"}', True),
        (b'{"success": false, "at": "node-12"}', True),
        (b'{"status": "error", "message": "node-12 is lost"}', True),
        (b'{"node": "node-12"}', False),
        (b'{"error": null, "node": "node-12"}', False),
    ],
)
@settings(max_examples=25)
@given(places=PLACES)
def test_weak_words_count_in_an_event_that_tells_of_a_failure(event, counts, places):
    events = b"".join(b"id: 1\ndata: %b\n\n" % part for part in (b"{}", event, b"{}"))
    assert is_ended(cut(events, places), EVENTS, Reading(200, "text/event-stream")) is counts
    lines = b"".join(b"%b\n" % part for part in (b"{}", event, b"{}"))
    assert is_ended(cut(lines, places), LINES, Reading(200, "application/x-ndjson")) is counts
    # The last line needs no end.
    assert is_ended(cut(lines[:-4], places), LINES, Reading(200, "application/x-ndjson")) is counts


@pytest.mark.parametrize(
    ("name", "counts"), [(b"error", True), (b"job-failed", True), (b"state", False)]
)
def test_weak_words_count_in_an_event_that_is_named_an_error(name, counts):
    event = b"event: %b\ndata: node-12\n\n" % name
    assert is_ended([event], EVENTS, Reading(200, "text/event-stream")) is counts


def test_what_leaks_is_told_once_where_the_stream_goes_on():
    told = []
    data = b"a " + LEAK + b" b\n" + b"and so on, node-12\n" * 40
    for pieces in ([data], [bytes((byte,)) for byte in data]):
        run(pieces, judge=lambda *told_of: told.append(told_of), scanner=BOTH)
        assert len(told) == 1
        told.clear()


def test_one_leak_hides_no_other_where_the_stream_goes_on():
    told = []
    dressed = json.dumps(LEAK.decode()).encode()
    other = json.dumps(dressed.decode()).encode()
    run([LEAK + b" " + dressed + b" " + other + b" "], judge=lambda *told_of: told.append(told_of))
    assert len(told) >= 3


@given(
    data=st.lists(PARTS | st.sampled_from([b"base64", b"b64,", b"QUJDREVGR0hJSktMTU5PUA"])).map(
        b"".join
    ),
    places=PLACES,
)
def test_base64_is_the_same_however_it_is_cut(data, places):
    def read(pieces):
        text, at, plain = Base64Text(), 0, b""
        for number, piece in enumerate(pieces, 1):
            signs = [m.end() - at for m in re.finditer(b"base64|b64", data)]
            signs = [sign for sign in signs if 0 < sign <= len(piece)]
            plain += text.feed(piece, signs, ends=number == len(pieces))
            at += len(piece)
        return plain

    assert read(cut(data, places)) == read([data])


def test_what_ends_the_stream_is_told():
    _, (text, findings, fault) = run([b"a " + LEAK + b" b"])
    (finding,) = findings
    assert text[finding.start : finding.end] == LEAK
    assert finding.rule == "own-file"
    assert fault is None


def test_a_stream_goes_on_where_the_judge_lets_it():
    data = b"a\n" + LEAK + b"\n" + LEAK + b"\nb"
    told = []
    left, end = run(cut(data, [3, 9, 40]), judge=lambda *told_of: told.append(told_of))
    assert (b"".join(left), end) == (data, None)
    assert told


@pytest.mark.parametrize("gap", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@given(places=PLACES)
def test_an_event_leaves_with_the_byte_that_ends_it(gap, places):
    events = [b"id: %d\ndata: x" % number + gap for number in range(5)]
    if gap == b"\r\n\r\n":
        events = [event.replace(b"\ndata", b"\r\ndata") for event in events]
    data = b"".join(events)
    fed = sent = b""
    for piece, left in zip(cut(data, places), run(cut(data, places), EVENTS)[0], strict=True):
        fed += piece
        sent += left
        whole = 0
        for event in events:
            if len(fed) >= whole + len(event):
                whole += len(event)
        assert len(sent) >= whole


def test_a_line_of_json_leaves_with_its_end():
    left, _ = run([b'{"n":1}', b"\n", b'{"n":2}\n{"n"', b":3}\n", b""], LINES)
    assert left == [b"", b'{"n":1}\n', b'{"n":2}\n', b'{"n":3}\n', b""]


@given(places=PLACES, separator=st.sampled_from([EVENTS, LINES]))
def test_the_events_before_the_leak_leave_and_nothing_of_the_one_that_leaks(places, separator):
    gap = b"\n\n" if separator is EVENTS else b"\n"
    before = b"".join(b'{"n":%d}' % number + gap for number in range(4))
    data = before + b'{"trace":"' + LEAK.replace(b'"', b'\\"') + b'"}' + gap + before
    left, end = run(cut(data, places), separator)
    assert (b"".join(left), end is None) == (before, False)


def test_a_text_leaves_line_by_line():
    line = b"All is well with this order, and with the next one, and with all the others too.\n"
    left, _ = run([line, line[:70], line[70:], b""])
    assert left == [line, line[:6], line[6:], b""]


@pytest.mark.parametrize("separator", [None, EVENTS])
def test_what_waits_is_bounded(separator):
    fed = sent = 0
    review = StreamReview(StreamScanner(SCANNER, TEXT), TEXT, separator, lambda *told: told)
    for _ in range(300):
        fed += 1000
        sent += len(review.feed(b"x" * 1000, ends=False).data)
        assert fed - sent <= 65_536 + 1000
    assert sent > 65_536


@pytest.mark.parametrize("separator", [None, EVENTS, LINES])
def test_a_stream_that_breaks_gives_what_is_clean(separator):
    for data, clean in ((b"data: 1\n\ndata: 2", True), (b"data: 1\n\n" + LEAK, False)):
        review = StreamReview(StreamScanner(SCANNER, TEXT), TEXT, separator, lambda *told: told)
        left = review.feed(data, ends=False).data + review.flush()
        assert left == data if clean else (data.startswith(left) and len(left) < len(data))


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", PACKERS)
@given(places=PLACES)
def test_a_packed_stream_is_read(coding, places):
    reading = Reading(200, "text/event-stream", coding)
    clean = PACKERS[coding](b"data: 1\n\n" * 30)
    left, end = run(cut(clean, places), EVENTS, reading)
    assert (b"".join(left), end) == (clean, None)
    packed = PACKERS[coding](b"data: 1\n\n" * 30 + b"data: " + LEAK + b"\n\n")
    left, end = run(cut(packed, places), EVENTS, reading)
    assert end is not None
    assert b"".join(left) != packed


def flushed(*texts):
    """Pack texts so that each can be read as soon as its piece has come."""
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in texts]


@pytest.mark.parametrize("at", range(1, len(LEAK) + 1))
def test_a_leak_in_a_packed_stream_never_leaves_whole(at):
    pieces = flushed(b"ok\n", LEAK[:at], LEAK[at:], b" and more\n", b"end\n")
    left, end = run(pieces, None, Reading(200, "text/plain", "gzip"))
    assert end is not None
    assert LEAK not in zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(b"".join(left))
    assert left[0] == pieces[0]


def test_what_might_have_been_a_leak_in_a_packed_stream_leaves_in_order():
    pieces = flushed(b"ok\n", LEAK, b"33 is no line\n", b"end\n")
    left, end = run(pieces, None, Reading(200, "text/plain", "gzip"))
    assert (b"".join(left), end) == (b"".join(pieces), None)


@pytest.mark.parametrize(
    ("coding", "pieces", "reason"),
    [
        ("gzip", [b"plain text"], "damaged"),
        ("secret", [b"any"], "not known"),
        ("gzip", cut(gzip.compress(bytes(8 << 20)), range(0, 9000, 500)), "unpacks to more than"),
    ],
)
def test_a_stream_that_cannot_be_read_ends(coding, pieces, reason):
    left, end = run(pieces, None, Reading(200, "text/plain", coding))
    assert reason in end[2]
    assert len(b"".join(left)) < sum(map(len, pieces))


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "cp500"])
@given(places=PLACES)
def test_another_charset_is_read(charset, places):
    reading = Reading(200, f"text/plain; charset={charset}")
    data = ("All is well\n" + LEAK.decode() + "\nAnd so on\n").encode(charset)
    left, end = run(cut(data, places), None, reading)
    assert end is not None
    assert LEAK.decode() not in b"".join(left).decode(charset, "replace")
    clean = "All is well\nÜber alles\n".encode(charset)
    left, end = run(cut(clean, places), None, reading)
    assert (b"".join(left), end) == (clean, None)


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16"])
def test_an_undeclared_charset_is_read(charset):
    data = ("All is well\n" + LEAK.decode() + "\nAnd so on\n").encode(charset)
    for step in (1, 7, 1000):
        _, end = run([data[at : at + step] for at in range(0, len(data), step)])
        assert end is not None


@pytest.mark.parametrize("media_type", ["image/png", "application/octet-stream", "video/mp4"])
def test_what_is_no_text_leaves_at_once_and_unread(media_type):
    pieces = [b"\x89PNG\r\n\x1a\n\x00", b"\x00" * 10, LEAK, b" "]
    left, end = run(pieces, None, Reading(200, media_type))
    assert (left, end) == (pieces, None)


def test_a_content_type_that_lies_hides_nothing():
    _, end = run([b"a text\n", LEAK, b"\n"], None, Reading(200, "image/png"))
    assert end is not None


def test_empty_pieces_change_nothing():
    left, end = run([b"", b"a", b"", b"b\n", b""], None, TEXT)
    assert (b"".join(left), end) == (b"ab\n", None)
