"""Whole good answers under the guard: what leaks is taken out, and all else stays true."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli
import pytest
import zstandard

from tightlip import Exemption, Shield
from tightlip.detection.scanner import MOST_FINDINGS, Scanner
from tightlip.incidents.recorder import Recorder
from tightlip.wire import last_resort

WORDS = "Something went wrong"
TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/shop/canary.py", line 3, in total\n'
    "    return sum(canary)\n"
    "TypeError: unsupported operand type(s) for +: 'int' and 'str'\n"
)
DSN = "postgresql://shop:canary-hunter2@db.example/shop"
CANARIES = (b"canary", b"Traceback", b"TypeError")
OTHERS = [{"id": number, "note": "All is well with this order"} for number in range(3)]
CLEAN = json.dumps({"items": OTHERS}).encode()
LENGTH = str(len(CLEAN)).encode()
LEAKING = json.dumps({"id": 7, "note": TRACE, "items": OTHERS}).encode()
CONTAINED = {"id": 7, "note": WORDS, "items": OTHERS}
JSON = (b"content-type", b"application/json")


@pytest.fixture
def ask(exchange, sink, monkeypatch):
    """Guard an application that gives one whole answer, and call it."""

    def ask(content, *headers, status=200, shield=(), read=None, **overrides):
        async def application(scope, receive, send):
            await send({"type": "http.response.start", "status": status, "headers": list(headers)})
            await send({"type": "http.response.body", "body": content})

        guarded = Shield(**{"sinks": [sink], **dict(shield)})(application)
        with monkeypatch.context() as patched:
            if read is not None:
                patched.setattr(Scanner, "read", read)
            answer = exchange(guarded, **overrides)
        assert answer.raised is None
        return answer

    return ask


def leaks(answer):
    return [canary for canary in CANARIES if canary in answer.everything]


def is_refused(answer):
    error = json.loads(answer.body)["error"]
    return (answer.status, error["code"], error["message"]) == (500, "INTERNAL_SERVER_ERROR", WORDS)


def test_only_the_value_that_leaks_gives_way_and_the_record_has_it(ask, sink):
    answer = ask(LEAKING, JSON, (b"x-own", b"1"))
    assert (answer.status, json.loads(answer.body)) == (200, CONTAINED)
    assert not leaks(answer)
    (incident,) = sink.incidents
    assert answer.headers == {
        b"content-type": b"application/json",
        b"x-own": b"1",
        b"content-length": str(len(answer.body)).encode(),
        b"x-error-reference": incident.reference.encode(),
    }
    assert incident["event_name"] == "http.server.response.contained"
    assert incident["http.response.status_code"] == 200
    (withheld,) = incident["withheld"]
    assert withheld["where"] == "body"
    assert json.loads(withheld["text"]) == TRACE
    assert "python-traceback: The call stack of a Python program." in withheld["reason"]
    assert "tightlip.Exemption(" in withheld["advice"]
    assert "python-traceback" in incident["facts"]["rules"]
    assert json.loads(incident["answer"]["body"]) == CONTAINED


def test_a_clean_answer_leaves_as_the_same_bytes(ask, sink):
    headers = [JSON, (b"ETag", b'"a"'), (b"content-length", LENGTH), (b"x-a", b"1"), (b"x-a", b"2")]
    answer = ask(CLEAN, *headers)
    assert answer.sent[0]["headers"] == headers
    assert answer.body == CLEAN
    assert not sink.incidents


def test_keys_and_places_keep_the_structure(ask):
    content = {
        "errors": {TRACE: 1, "ok": 2},
        "at": {"file": "/srv/shop/canary.py", "line": 3},
        "items": OTHERS,
    }
    answer = ask(json.dumps(content).encode(), JSON)
    assert not leaks(answer)
    assert json.loads(answer.body) == {
        "errors": {WORDS: 1, "ok": 2},
        "at": {"file": WORDS, "line": 3},
        "items": OTHERS,
    }


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: json.dumps(text).replace("/", "\\/"),
        lambda text: json.dumps(json.dumps({"trace": text})),
        lambda text: '"' + "".join(f"\\u{ord(letter):04X}" for letter in text) + '"',
        lambda text: json.dumps(text.replace('"', "&quot;").replace("(", "&#40;")),
    ],
)
def test_a_dress_hides_nothing(ask, dress):
    content = f'{{"id": 7, "note": {dress(TRACE)}, "items": {json.dumps(OTHERS)}}}'
    answer = ask(content.encode(), JSON)
    assert json.loads(answer.body) == CONTAINED


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (TRACE.encode(), b"text/plain"),
        (json.dumps(TRACE).encode(), b"application/json"),
        (b"<html><body><pre>" + TRACE.encode() + b"</pre></body></html>", b"text/html"),
        (b"<title>NameError at /canary</title><h1>NameError</h1>"
         b"<p>You're seeing this error because you have <code>DEBUG = True</code> in your "
         b"Django settings file.</p>" + b"<p>canary</p>" * 50, b"text/html"),
    ],
    ids=["text", "json", "html", "debug page"],
)  # fmt: skip
def test_a_leak_from_end_to_end_becomes_the_declared_500(ask, sink, content, content_type):
    answer = ask(content, (b"content-type", content_type), (b"etag", b'"a"'), (b"x-own", b"1"))
    assert is_refused(answer)
    assert not leaks(answer)
    assert b"etag" not in answer.headers
    (incident,) = sink.incidents
    assert json.loads(answer.body)["error"]["reference"] == incident.reference
    assert answer.headers[b"x-error-reference"] == incident.reference.encode()
    assert incident["http.response.status_code"] == 500
    assert incident["withheld"]


def test_html_keeps_the_page_around_the_text(ask):
    page = b"<html><h1>Orders</h1><p>All is well with this order</p><pre>%b</pre><i>end</i>"
    page += b"<p>The shop is open from nine to five, and on Saturdays from ten to four.</p>" * 5
    answer = ask(page % TRACE.encode(), (b"content-type", b"text/html; charset=utf-8"))
    assert answer.body == page % WORDS.encode()
    assert answer.headers[b"content-type"] == b"text/html; charset=utf-8"


def test_text_loses_the_lines_that_leak_and_those_between(ask):
    lines = "The order was placed.\n" * 20
    answer = ask((lines + TRACE + lines).encode(), (b"content-type", b"text/plain"))
    assert answer.body.decode() == f"{lines}{WORDS}\n{lines}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x-info", TRACE.replace("\n", " ").encode()),
        (b"Location", b"/failed?detail=File+%22%2Fsrv%2Fshop%2Fcanary.py%22%2C+line+3%2C+in+total"),
        (b"x-token", DSN.encode()),
    ],
)
def test_a_header_that_leaks_is_removed_alone(ask, sink, name, value):
    answer = ask(CLEAN, JSON, (b"x-own", b"1"), (name, value), (b"etag", b'"a"'), status=303)
    (incident,) = sink.incidents
    assert not leaks(answer)
    assert (answer.status, answer.body) == (303, CLEAN)
    assert answer.headers == {
        b"content-type": b"application/json",
        b"x-own": b"1",
        b"etag": b'"a"',
        b"x-error-reference": incident.reference.encode(),
    }
    (withheld,) = incident["withheld"]
    assert withheld["where"] == f"header {name.decode().lower()}"
    assert withheld["text"]


def test_a_header_that_leaks_does_so_without_a_body(ask, sink):
    answer = ask(b"", (b"x-own", b"1"), (b"x-why", TRACE.replace("\n", " ").encode()), status=204)
    assert (answer.status, answer.body, leaks(answer)) == (204, b"", [])
    assert answer.headers[b"x-own"] == b"1"
    assert len(sink.incidents) == 1


PACKERS = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstandard.compress,
    b"br, gzip": lambda data: gzip.compress(brotli.compress(data)),
}


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_answer_is_contained_and_leaves_plain(ask, coding):
    answer = ask(PACKERS[coding](LEAKING), JSON, (b"Content-Encoding", coding))
    assert json.loads(answer.body) == CONTAINED
    assert b"content-encoding" not in {name.lower() for name in answer.headers}


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_clean_answer_leaves_as_the_same_bytes(ask, sink, coding):
    packed = PACKERS[coding](CLEAN)
    answer = ask(packed, JSON, (b"content-encoding", coding))
    assert (answer.body, answer.headers[b"content-encoding"]) == (packed, coding)
    assert not sink.incidents


@pytest.mark.parametrize(
    ("content", "coding", "reason"),
    [
        (LEAKING, b"gzip", "damaged"),
        (gzip.compress(LEAKING)[:-9], b"gzip", "damaged"),
        (gzip.compress(bytes(20 << 20)), b"gzip", "unpacks to more than"),
        (LEAKING, b"secret", "not known"),
    ],
    ids=["not packed", "cut off", "bomb", "unknown"],
)
def test_what_cannot_be_read_does_not_leave(ask, sink, content, coding, reason):
    answer = ask(content, JSON, (b"content-encoding", coding))
    assert is_refused(answer)
    assert not leaks(answer)
    (incident,) = sink.incidents
    assert reason in incident["withheld"][0]["reason"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-32-be", "iso-8859-15", "cp500"])
def test_another_charset_is_contained_and_leaves_as_utf_8(ask, charset):
    content_type = f"application/json; charset={charset}".encode()
    answer = ask(LEAKING.decode().encode(charset), (b"content-type", content_type))
    assert json.loads(answer.body.decode("utf-8-sig")) == CONTAINED
    assert answer.headers[b"content-type"] == b"application/json; charset=utf-8"


@pytest.mark.parametrize(
    "name",
    [
        b"ETag", b"Accept-Ranges", b"Content-Range", b"Last-Modified", b"Content-MD5", b"Digest",
        b"Content-Digest", b"Repr-Digest", b"content-length",
    ],
)  # fmt: skip
def test_no_header_lies_after_a_change(ask, name):
    value = b"999" if name != b"content-length" else str(len(LEAKING)).encode()
    answer = ask(LEAKING, JSON, (name, value), (b"cache-control", b"no-cache"))
    headers = {key.lower(): value for key, value in answer.headers.items()}
    assert headers[b"content-length"] == str(len(answer.body)).encode()
    assert headers[b"cache-control"] == b"no-cache"
    assert value not in headers.values()


def test_a_part_of_an_answer_that_leaks_is_refused_whole(ask, sink):
    ranged = (b"content-range", b"bytes 0-99/5000")
    answer = ask(LEAKING, JSON, ranged, status=206)
    assert is_refused(answer)
    assert b"content-range" not in answer.headers
    assert len(sink.incidents) == 1


def test_a_head_of_a_part_that_leaks_stays_a_part(ask):
    ranged = [(b"content-range", b"bytes 0-1/2"), (b"x-why", DSN.encode())]
    answer = ask(b"ok", *ranged, status=206)
    assert (answer.status, answer.headers[b"content-range"]) == (206, b"bytes 0-1/2")
    assert not leaks(answer)


def test_where_nothing_can_be_recorded_the_leak_is_contained_without_a_reference(ask, monkeypatch):
    monkeypatch.setattr(Recorder, "record", lambda *_: False)
    for content in (LEAKING, TRACE.encode()):
        answer = ask(content, (b"content-type", b"text/plain"))
        assert not leaks(answer)
        assert b"x-error-reference" not in answer.headers
        assert "reference" not in json.loads(answer.body).get("error", {})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("content", [LEAKING, CLEAN])
def test_a_fault_of_our_own_ends_in_the_precomputed_answer(ask, sink, capfd, content, method):
    def fails(*_):
        raise RuntimeError("the engine has gone")

    answer = ask(content, JSON, (b"x-own", b"1"), method=method, read=fails)
    assert answer.status == 500
    assert answer.body == (b"" if method == "HEAD" else last_resort.BODY)
    assert not leaks(answer)
    (incident,) = sink.incidents
    assert incident["exception.message"] == "the engine has gone"
    assert "the engine has gone" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("exemption", "content", "left"),
    [
        (Exemption(fields=("note",)), LEAKING, json.loads(LEAKING)),
        (Exemption(fields=("other",)), LEAKING, CONTAINED),
        (Exemption(categories=("stack_trace", "source_path")), LEAKING, json.loads(LEAKING)),
        (Exemption(categories=("database_error",)), LEAKING, CONTAINED),
        (Exemption(route="/other"), LEAKING, CONTAINED),
        (Exemption(fields=("note",), categories=("database_error",)), LEAKING, CONTAINED),
        (Exemption(fields=("note",), route="/other"), LEAKING, CONTAINED),
    ],
)
def test_an_exemption_holds_where_all_that_it_names_applies(ask, sink, exemption, content, left):
    answer = ask(content, JSON, shield={"exemptions": [exemption]})
    assert json.loads(answer.body) == left
    assert len(sink.incidents) == (left is CONTAINED)
    if sink.incidents:
        assert sink.incidents[0]["notes"] == [f"exempt: {exemption}"]


def test_an_exempt_answer_leaves_as_the_same_bytes(ask):
    headers = [JSON, (b"etag", b'"a"')]
    answer = ask(LEAKING, *headers, shield={"exemptions": [Exemption(fields=("note",))]})
    assert (answer.body, answer.sent[0]["headers"]) == (LEAKING, headers)


@pytest.mark.parametrize(
    "exemption", [Exemption(fields=("note",)), Exemption(categories=("stack_trace",))]
)
def test_credentials_are_never_exempt(ask, exemption):
    content = json.dumps({"note": DSN, "items": OTHERS}).encode()
    answer = ask(content, JSON, shield={"exemptions": [exemption]})
    assert json.loads(answer.body) == {"note": WORDS, "items": OTHERS}


def test_a_report_leaves_the_answer_as_it_is_and_records_it(ask, sink):
    headers = [JSON, (b"etag", b'"a"'), (b"x-why", DSN.encode())]
    answer = ask(LEAKING, *headers, shield={"success_answers": "report"})
    assert (answer.status, answer.body, answer.sent[0]["headers"]) == (200, LEAKING, headers)
    (incident,) = sink.incidents
    assert incident["event_name"] == "http.server.response.reported"
    assert incident["http.response.status_code"] == 200
    assert "report only: the answer left as it was" in incident["notes"]
    assert {withheld["where"] for withheld in incident["withheld"]} == {"header x-why", "body"}


def test_error_answers_are_held_to_the_rules_all_the_same(ask, sink):
    shield = {"success_answers": "report", "exemptions": [Exemption(fields=("note",))]}
    answer = ask(LEAKING, JSON, status=500, shield=shield)
    assert is_refused(answer)
    assert not leaks(answer)
    assert len(sink.incidents) == 1


@pytest.mark.parametrize("count", [4_000, 12_000])
def test_a_flood_of_leaks_leaves_nothing_of_itself(ask, sink, count):
    content = json.dumps([f"{DSN}-{number}" for number in range(count)]).encode()
    answer = ask(content, JSON)
    assert not leaks(answer)
    (incident,) = sink.incidents
    is_replaced = count > MOST_FINDINGS
    assert answer.status == (500 if is_replaced else 200)
    assert incident["notes"] == (
        ["a flood: 10000 findings or more, the answer was not read on"] if is_replaced else []
    )


def test_a_flood_that_is_exempt_hides_no_leak(ask):
    content = {"log": ["psycopg2.errors"] * MOST_FINDINGS, "note": TRACE, "ok": "ok" * 4000}
    shield = {"exemptions": [Exemption(fields=("log",))]}
    answer = ask(json.dumps(content).encode(), JSON, shield=shield)
    assert json.loads(answer.body) == content | {"note": WORDS}


def test_a_flood_of_addresses_as_data_stays_data(ask, sink):
    content = json.dumps([{"address": f"10.0.{n // 256}.{n % 256}"} for n in range(12_000)])
    assert ask(content.encode(), JSON).body == content.encode()
    assert not sink.incidents


@pytest.mark.parametrize(
    ("exemption", "is_covered"),
    [
        (Exemption(fields=("X-Trace",)), True),
        (Exemption(fields=("x-trace",)), True),
        (Exemption(categories=("stack_trace", "source_path", "library")), True),
        (Exemption(fields=("trace",)), False),
        (Exemption(categories=("database_error",)), False),
        (Exemption(route="/other", fields=("x-trace",)), False),
    ],
)
def test_an_exemption_covers_header_fields(ask, sink, exemption, is_covered):
    trace = (b"x-trace", TRACE.strip().replace("\n", " ").encode())
    answer = ask(CLEAN, JSON, trace, shield={"exemptions": [exemption]})
    assert (answer.headers.get(b"x-trace") == trace[1]) is is_covered
    assert bool(leaks(answer)) is is_covered
    assert len(sink.incidents) == (not is_covered)


def test_credentials_in_a_header_are_never_exempt(ask):
    shield = {"exemptions": [Exemption(fields=("x-token",))]}
    assert not leaks(ask(CLEAN, JSON, (b"x-token", DSN.encode()), shield=shield))


def test_code_that_is_served_as_code_keeps_its_words_and_not_its_secrets(ask, sink):
    script = b"throw new TypeError('Cannot read properties of undefined');\n" * 9
    javascript = (b"content-type", b"text/javascript")
    assert ask(script, javascript).body == script
    assert not sink.incidents
    assert b"canary" not in ask(script + b"const db = '" + DSN.encode() + b"'", javascript).body


@pytest.mark.parametrize(
    "content_type", [b"image/png", b"application/octet-stream", b"application/pdf", b"video/mp4"]
)
def test_what_is_no_text_is_not_read(ask, content_type):
    content = b"%PDF-1.7\x00\x01" + TRACE.encode()
    calls = []
    answer = ask(content, (b"content-type", content_type), read=lambda *a: calls.append(a))
    assert (answer.body, calls) == (content, [])


@pytest.mark.parametrize("content_type", [b"image/png", b"application/octet-stream"])
def test_a_content_type_that_lies_hides_nothing(ask, content_type):
    answer = ask(TRACE.encode(), (b"content-type", content_type))
    assert is_refused(answer)


def test_a_file_is_read_by_the_application_where_we_can_see_it(exchange, sink):
    seen = []

    async def application(scope, receive, send):
        seen.append(scope["extensions"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    extensions = {"http.response.pathsend": {}, "http.response.zerocopysend": {}, "tls": {"a": 1}}
    exchange(Shield(sinks=[sink])(application), extensions=extensions)
    assert seen == [{"tls": {"a": 1}}]
    assert set(extensions) == {"http.response.pathsend", "http.response.zerocopysend", "tls"}


@pytest.mark.parametrize("told", [{"success": False}, {"status": "error"}, {"code": 500}])
def test_an_answer_that_says_that_it_failed_is_read_as_one(ask, told):
    content = {**told, "message": "worker at 10.0.0.5:5432 is lost", "data": "All is well" * 9}
    answer = ask(json.dumps(content).encode(), JSON)
    assert json.loads(answer.body) == content | {"message": WORDS}


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_body_that_is_like_bytes_is_read_like_bytes(ask, kind):
    clean, leaking = ask(kind(CLEAN), JSON), ask(kind(LEAKING), JSON)
    assert (clean.status, clean.body) == (200, CLEAN)
    assert (leaking.status, json.loads(leaking.body)) == (200, CONTAINED)
    assert not leaks(leaking)


def test_a_body_that_is_no_bytes_is_a_failure(ask):
    assert is_refused(ask("words", JSON))
    assert is_refused(ask(5, JSON))
