"""Hostile answers: the work that they make is counted, and grows no faster than they do."""

from __future__ import annotations

import gzip
import json
import re
from types import SimpleNamespace

import pytest

from tightlip.detection.engines import hyperscan
from tightlip.detection.reading import Reading
from tightlip.detection.rule import Context, Rule
from tightlip.detection.ruleset import Ruleset, Technology
from tightlip.detection.scanner import MOST_FINDINGS, Scanner
from tightlip.detection.stream import StreamScanner
from tightlip.exchange import Request
from tightlip.findings.finding import Category
from tightlip.responder.containment import contain
from tightlip.responder.hearing import Hearing
from tightlip.responder.inspection import Inspector
from tightlip.responder.stream import StreamReview
from tightlip.wire.headers import read_head

TEXT = Reading(200, "text/plain")


class Work:
    """How often engines were asked, and how many bytes they were given."""

    def __init__(self):
        self.calls = self.bytes = 0


class Counting:
    """An engine that counts its work."""

    def __init__(self, engine, work):
        self._engine, self._work = engine, work

    def hits(self, data):
        self._work.calls += 1
        self._work.bytes += len(data)
        return self._engine.hits(data)


@pytest.fixture(scope="module")
def counted():
    """A scanner of two rules, and its work."""
    work = Work()
    rules = tuple(
        Rule(
            id=f"own-{name}",
            category=Category.STACK_TRACE,
            says="A word of our own.",
            source="Our own tests",
            patterns=(pattern,),
            leaks=("leak",),
            clean=("clean",),
            context=context,
        )
        for name, pattern, context in (
            ("trace", r"TRACE[a-z]{0,100}", Context.ANYWHERE),
            ("weak", "WEAK", Context.FAILURE),
        )
    )
    module = SimpleNamespace(
        build=lambda patterns, once=0: Counting(hyperscan.build(patterns, once=once), work)
    )
    return Scanner.of(Ruleset((Technology("Own", "own.toml", rules),)), module), work


@pytest.fixture
def scanner(counted):
    return counted[0]


@pytest.fixture
def work(counted):
    counted[1].__init__()
    return counted[1]


def inspect(scanner, body, *headers):
    hearing = Hearing(lambda _: None, lambda *_: False)
    try:
        return Inspector(scanner).inspect(read_head(headers), body, lambda: Request("GET"), hearing)
    finally:
        hearing.close()


def test_a_body_of_a_hundred_megabytes_is_read_once(scanner, work):
    body = b"All is well. " * ((100 << 20) // 13)
    assert inspect(scanner, body) is None
    assert work.bytes <= len(body)
    found = inspect(scanner, body + b"TRACE")
    assert found.findings[0].start == len(body)
    assert work.bytes <= 4 * len(body)


def test_a_dressed_body_is_read_once_for_each_dress(scanner, work):
    body = rb"\\\\u0026lt;%25&amp;amp;\n" * 40_000
    inspect(scanner, body)
    assert work.calls <= 20
    assert work.bytes <= 20 * len(body)


def test_of_a_million_leaks_so_many_are_told_as_make_the_answer_one(scanner, work):
    body = b"TRACEabc " * 1_000_000
    findings = inspect(scanner, body).findings
    assert len(findings) == MOST_FINDINGS
    # What is told comes from the beginning; the rest is scanned in one pass at most.
    assert work.bytes <= 3 * len(body)
    assert contain(body, findings, "text/plain") is None


def test_a_million_words_that_do_not_count_are_passed_over(scanner, work):
    body = json.dumps({"items": ["WEAK"] * 1_000_000}).encode()
    assert inspect(scanner, body, (b"content-type", b"application/json")) is None
    assert work.bytes <= len(body)


def test_a_flood_of_words_that_may_count_is_scanned_a_few_times(scanner, work):
    body = json.dumps({"items": ["WEAK"] * 50_000, "error": "WEAK"}).encode()
    (finding,) = inspect(scanner, body, (b"content-type", b"application/json")).findings
    assert finding.start > len(body) - 10
    assert work.bytes <= 6 * len(body)


def test_a_train_of_single_bytes_is_read_in_batches(scanner, work):
    review = StreamReview(StreamScanner(scanner, TEXT), TEXT, None, lambda *told: told)
    length = 30_000
    for _ in range(length):
        assert review.feed(b"x", ends=False).end is None
    # A batch is 64 bytes, and each of the views is asked once for it.
    assert work.calls <= 6 * (length // 64 + 1)


def test_a_stream_of_many_leaks_that_may_go_on_tells_each_once(scanner, work):
    told = []
    review = StreamReview(
        StreamScanner(scanner, TEXT), TEXT, None, lambda _, found, __: told.extend(found)
    )
    for _ in range(300):
        review.feed(
            b"TRACE, and all is well with the others of this line of text, too\n", ends=False
        )
    review.feed(b"", ends=True)
    assert len(told) == 300


def test_an_event_without_an_end_does_not_grow(scanner, work):
    separator = re.compile(rb"\n\n")
    review = StreamReview(StreamScanner(scanner, TEXT), TEXT, separator, lambda *told: told)
    length = sum(len(review.feed(b"x" * 999, ends=False).data) for _ in range(1000))
    assert length >= 999_000 - 65_536 - 999


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x01TRACE",
        b"\xff\xfe\xfdTRACE\xc3",
        b"\xed\xa0\x80TRACE",
        b"T\x00R\x00A\x00C\x00E\x00",
        b"\x00T\x00R\x00A\x00C\x00E",
        b"TR\x00ACE",
        b"\xef\xbb\xbfTRACE",
    ],
)
def test_bytes_that_are_no_utf_8_hide_nothing(scanner, body):
    assert inspect(scanner, body).findings


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000 + b'"TRACE"',
        b'{"a":' * 100_000 + b'"TRACE"' + b"}" * 100_000,
        b'{"error":' * 20_000 + b'"WEAK"',
        b'"' * 200_001 + b"TRACE",
        b"\\" * 200_001 + b"TRACE",
        b"<" * 200_000 + b"TRACE",
        b"<a b='" * 50_000 + b"TRACE",
        b"<a b=\"'" * 50_000 + b"TRACE>",
        b"<!--" * 50_000 + b"TRACE",
        b"&amp;" * 100_000 + b"TRACE",
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "text/html", "text/plain"])
def test_no_nesting_and_no_open_end_hides_a_leak_or_takes_recursion(scanner, body, media_type):
    found = inspect(scanner, body, (b"content-type", media_type.encode()))
    contained = contain(found.body, found.findings, media_type)
    assert contained is None or (b"TRACE" not in contained.body and b"WEAK" not in contained.body)


def test_a_bomb_is_a_fault_and_not_inflated(scanner, work):
    bomb = gzip.compress(bytes(80 << 20))
    found = inspect(scanner, bomb, (b"content-encoding", b"gzip"))
    assert "unpacks to more than" in found.fault
    assert work.bytes == 0
