"""What a good answer carries, by rules of our own, before anything is done about it."""

from __future__ import annotations

import gzip
import json
from functools import cache

import pytest

from tightlip import Exemption
from tightlip.detection.engines import regex
from tightlip.detection.rule import Context, Rule
from tightlip.detection.ruleset import Ruleset, Technology
from tightlip.detection.scanner import Scanner
from tightlip.exchange import Request
from tightlip.findings.finding import Category
from tightlip.responder.hearing import Hearing
from tightlip.responder.inspection import Inspector
from tightlip.wire.headers import read_head


def rule(name, category, pattern, context=Context.ANYWHERE):
    return Rule(
        id=f"own-{name}",
        category=category,
        says="A word of our own.",
        source="Our own tests",
        patterns=(pattern,),
        leaks=("leak",),
        clean=("clean",),
        context=context,
    )


RULES = (
    rule("trace", Category.STACK_TRACE, "TRACE"),
    rule("secret", Category.CREDENTIAL, "SECRET"),
    rule("weak", Category.INFRASTRUCTURE, "WEAK", Context.FAILURE),
)
SCANNER = Scanner.of(Ruleset((Technology("Own", "own.toml", RULES),)), regex)
JSON = (b"content-type", b"application/json")


@pytest.fixture
def hearing(monkeypatch):
    # Other tests' threads may raise meanwhile: only what is noted here shall be heard.
    monkeypatch.setattr("tightlip.responder.hearing._TOLD", False)
    hearing = Hearing(lambda _: None, lambda *_: False)
    yield hearing
    hearing.close()


@pytest.fixture
def inspect(hearing):
    """Inspect an answer; return the rules found in its body and in its header fields."""
    asked = []
    inspector = Inspector(SCANNER)

    def inspect(headers, body, *exemptions, route=None):
        asked.clear()

        def request():
            asked.append(route)
            return Request("GET", route=route)

        reader = Inspector(SCANNER, exemptions) if exemptions else inspector
        found = reader.inspect(read_head(headers), body, request, hearing)
        if found is None:
            return [], [], None
        names = [field.name for field in found.headers]
        return [finding.rule for finding in found.findings], names, found.fault

    inspect.asked = asked
    return inspect


def test_a_clean_answer_gives_nothing_and_asks_nothing(inspect):
    assert inspect([JSON, (b"x-own", b"1")], b'{"a": "b"}', Exemption(route="/a")) == ([], [], None)
    assert not inspect.asked


def test_a_body_and_header_fields_are_read(inspect):
    headers = [JSON, (b"X-Own", b"a TRACE"), (b"x-ok", b"1"), (b"X-Weak", b"WEAK")]
    assert inspect(headers, b'{"a": "SECRET"}') == (["own-secret"], [b"x-own", b"x-weak"], None)


@pytest.mark.parametrize("name", [b"ETag", b"Cache-Control", b"Date", b"VARY", b"expires"])
def test_fields_of_a_fixed_form_are_not_read(inspect, name):
    assert inspect([(name, b"TRACE")], b"") == ([], [], None)


def test_a_usual_head_leaks_each_time(inspect):
    for _ in range(3):
        assert inspect([JSON, (b"referrer-policy", b"TRACE")], b"")[1] == [b"referrer-policy"]


def test_a_usual_head_that_was_clean_is_read_again_where_an_exception_was_heard(inspect, hearing):
    words = b"the pump in hall seven lost its pressure"
    assert inspect([JSON, (b"referrer-policy", words)], b"")[1] == []
    hearing.note(RuntimeError(words.decode()))
    assert inspect([JSON, (b"referrer-policy", words)], b"")[1] == [b"referrer-policy"]


def test_a_packed_body_is_read(inspect):
    headers = [JSON, (b"Content-Encoding", b"gzip")]
    assert inspect(headers, gzip.compress(b'"TRACE"')) == (["own-trace"], [], None)
    _, _, fault = inspect(headers, b"TRACE")
    assert "damaged" in fault


def test_what_is_no_text_is_not_read(inspect):
    assert inspect([(b"content-type", b"image/png")], b"\x89PNG\x00\x01 TRACE") == ([], [], None)


def test_a_leading_zero_byte_hides_nothing(inspect):
    assert inspect([JSON], "TRACE".encode("utf-16-le"))[0] == ["own-trace"]


def test_an_exemption_spares_what_it_names_and_nothing_else(inspect):
    body = json.dumps({"log": ["TRACE", "SECRET"], "note": "TRACE"}).encode()
    assert inspect([JSON], body)[0] == ["own-trace", "own-secret", "own-trace"]
    assert inspect([JSON], body, Exemption(fields=["log"]))[0] == ["own-secret", "own-trace"]
    assert inspect([JSON], body, Exemption(route="/a"), route="/a")[0] == ["own-secret"]
    assert len(inspect([JSON], body, Exemption(route="/a"), route="/b")[0]) == 3


def test_two_exemptions_add_up(inspect):
    body = json.dumps({"log": "TRACE", "note": "TRACE"}).encode()
    assert inspect([JSON], body, Exemption(fields=["log"]), Exemption(fields=["note"]))[0] == []


def test_the_route_is_asked_for_once_however_many_findings_there_are(inspect):
    body = json.dumps(["TRACE"] * 50).encode()
    assert len(inspect([JSON], body, Exemption(route="/a"))[0]) == 50
    assert len(inspect.asked) == 1


def test_the_text_of_an_exception_is_no_leak_where_that_is_exempt(inspect, hearing):
    hearing.note(LookupError("the ledger of last year is gone"))
    body = json.dumps({"log": "the ledger of last year is gone"}).encode()
    assert inspect([JSON], body)[0] == ["echo-exception-text"]
    assert inspect([(b"x-own", b"the ledger of last year is gone")], b"")[1] == [b"x-own"]
    assert inspect([JSON], body, Exemption(fields=["log"]))[0] == []


def test_a_finding_deep_inside_is_exempt_by_a_key_near_it(inspect):
    near = b'{"a":' * 500 + b'{"log":"TRACE"}'
    far = b'{"log":' + b'{"a":' * 500 + b'"TRACE"'
    assert inspect([JSON], near, Exemption(fields=["log"]))[0] == []
    assert inspect([JSON], far, Exemption(fields=["log"]))[0] == ["own-trace"]


@cache
def many():
    return Inspector(SCANNER)


def test_what_is_known_of_content_types_is_bounded(hearing):
    for number in range(3000):
        headers = [(b"content-type", b"text/x-%d" % number)]
        found = many().inspect(read_head(headers), b"TRACE", lambda: Request("GET"), hearing)
        assert found.findings
    assert len(many()._readings) <= 1024


def test_a_long_content_type_is_not_kept_since_a_client_may_have_written_it(hearing):
    long = b"text/plain; charset=utf-8; note=" + b"a" * 2000
    found = many().inspect(
        read_head([(b"content-type", long)]), b"x", lambda: Request("GET"), hearing
    )
    assert found is None
    assert max(len(content_type) for content_type, _ in many()._readings) < 2000
