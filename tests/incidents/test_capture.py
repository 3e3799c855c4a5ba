from __future__ import annotations

import base64
import json
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.capture import capture
from tightlip.incidents.cutting import LARGEST_RECORD
from tightlip.incidents.incident import Occurrence

REQUEST = Request(
    method="POST",
    path="/orders/4711",
    route="/orders/{order_id}",
    query=b"page=2&sort=name",
    headers=(
        (b"host", b"shop.example"),
        (b"user-agent", b"python-httpx/0.27"),
        (b"accept", b"a/b"),
        (b"accept", b"c/d"),
    ),
    client="203.0.113.7:50312",
    http_version="2",
    body_size=48,
)


@dataclass
class Account:
    name: str
    passphrase: str


class Text(str):
    __slots__ = ()


def test_a_reference_stays_whatever_it_looks_like(record, raised):
    """One of some two thousand has the letters, digits and check digits of a short IBAN."""
    incident = record(ValueError("x"))
    for reference in ("GJ94F2P8FG45", "QT52V8ESYRHA", incident.reference):

        def fail(given=reference):
            password = given
            raise ValueError(f"{password} is {given}")

        occurrence = Occurrence(reference, None, raised(fail), 500, "X", reference.encode())
        found = capture(occurrence, lambda path: True, {})
        assert found.reference == found["reference"] == reference


def test_the_record_holds_the_request_under_opentelemetrys_names(record, raised):
    incident = record(raised(lambda: 1 / 0), request=REQUEST)
    assert incident["http.request.method"] == "POST"
    assert incident["http.route"] == "/orders/{order_id}"
    assert incident["url.path"] == "/orders/4711"
    assert incident["url.query"] == "page=2&sort=name"
    assert incident["url.scheme"] == "http"
    assert incident["client.address"] == "203.0.113.7"
    assert incident["client.port"] == 50312
    assert incident["user_agent.original"] == "python-httpx/0.27"
    assert incident["network.protocol.version"] == "2"
    assert incident["http.request.body.size"] == 48
    assert incident["http.request.header.host"] == ["shop.example"]
    assert incident["http.request.header.accept"] == ["a/b", "c/d"]


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("203.0.113.7:50312", "203.0.113.7"),
        ("2001:db8::7:50312", "2001:db8::7"),
        ("[2001:db8::7]:50312", "2001:db8::7"),
        ("testclient", "testclient"),
    ],
)
def test_the_clients_address_stands_without_its_port(record, client, address):
    assert record(None, request=Request("GET", client=client))["client.address"] == address


def test_the_record_holds_what_failed_where_and_what_the_client_was_told(record, raised):
    def charge(amount):
        raise ValueError(f"cannot charge {amount}")

    error = raised(lambda: charge(12))
    incident = record(error, status=409, code="CONFLICT", answer=b'{"error":{"code":"CONFLICT"}}')
    assert incident["schema_version"] == 1
    assert incident["exception.type"] == incident["error.type"] == "ValueError"
    assert incident["exception.message"] == "cannot charge 12"
    assert incident["code.file.path"] == __file__
    assert incident["code.function.name"].endswith("charge")
    assert incident["code.line.number"] == charge.__code__.co_firstlineno + 1
    assert incident["http.response.status_code"] == 409
    assert incident["error.code"] == "CONFLICT"
    assert incident["answer"] == {
        "status": 409,
        "code": "CONFLICT",
        "body": '{"error":{"code":"CONFLICT"}}',
    }
    assert incident["event_name"] == "http.server.request.exception"
    assert incident["host.name"] == "test"
    assert incident["thread.name"] == "MainThread"
    assert isinstance(incident["process.pid"], int)
    frame = incident["exceptions"][0]["frames"][-1]
    assert frame["source"] == 'raise ValueError(f"cannot charge {amount}")'
    assert frame["locals"] == {"amount": 12}


def test_the_time_is_in_utc_to_the_microsecond(record):
    before = datetime.now(UTC)
    told = record()["time"]
    assert told.endswith("Z")
    assert len(told) == len("2024-01-01T00:00:00.000000Z")
    assert before <= datetime.fromisoformat(told) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("status", "event", "number", "text"),
    [
        (500, "http.server.request.exception", 17, "ERROR"),
        (503, "http.server.request.exception", 17, "ERROR"),
        (0, "http.server.response.broken", 17, "ERROR"),
        (422, "http.server.request.exception", 13, "WARN"),
        (500, "lifespan.startup.failed", 21, "FATAL"),
        (0, "lifespan.failed", 21, "FATAL"),
    ],
)
def test_the_severity_follows_the_answer(record, status, event, number, text):
    incident = record(None, status=status, event=event)
    assert (incident.severity_number, incident["severity_text"]) == (number, text)
    assert ("http.response.status_code" in incident) is bool(status)


def test_withheld_words_facts_and_notes_are_kept(record):
    withheld = Withheld(
        "detail", "no row 3", "a formatted text is no literal", "app.py:12", "class X: ..."
    )
    incident = record(
        None,
        status=404,
        withheld=(withheld, Withheld("body", "b", "c")),
        facts={"db.response.status_code": "23505", "db.columns": ("email", "name"), "number": 1062},
        notes=("two rules match",),
    )
    assert incident["withheld"] == [
        {
            "where": "detail",
            "text": "no row 3",
            "reason": "a formatted text is no literal",
            "source": "app.py:12",
            "advice": "class X: ...",
        },
        {"where": "body", "text": "b", "reason": "c"},
    ]
    assert incident["facts"] == {
        "db.response.status_code": "23505",
        "db.columns": ["email", "name"],
        "number": 1062,
    }
    assert incident["notes"] == ["two rules match"]
    assert incident["error.type"] == "404"


def planted_secrets():
    """Secrets that are made at run time, so that no source line holds them."""
    word = secrets.token_hex
    jwt = ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (b'{"alg":"HS256"}', b'{"sub":"alice"}', secrets.token_bytes(24))
    )
    key = base64.b64encode(secrets.token_bytes(48)).decode()
    made = {
        "header": word(8),
        "nested": word(8),
        "address": word(8),
        "card": "4111" + "1111" * 3,
        "attribute": word(8),
        "pair": word(8),
        "message": word(8),
        "jwt": jwt,
        "pem": key,
        "body": word(8),
        "query": word(8),
        "cookie": word(8),
        "argument": word(8),
        "note": word(8),
        "named": word(8),
        "withheld": word(8),
        "cause": word(8),
    }
    return SimpleNamespace(**made)  # in a frame's locals it is no more than its class


def fail(planted):
    token = planted.header
    order = 4711
    email = "alice@example.org"
    settings = {"db": {"replica": [{"PASSWORD": planted.nested, "host": "db.example"}]}}
    address = f"postgresql://shop:{planted.address}@db.example:5432/shop"
    number = int(planted.card)
    paid_with = " ".join(planted.card[start : start + 4] for start in range(0, 16, 4))
    account = Account("alice", planted.attribute)
    pairs = [
        ("user", "alice"),
        ("password", planted.pair),
        (b"authorization", planted.pair.encode()),
    ]
    plain = planted.jwt
    text = f"-----BEGIN PRIVATE KEY-----\n{planted.pem}\n-----END PRIVATE KEY-----"
    body = f'{{"email": "{email}", "password": "{planted.body}"}}'.encode()
    form = f"user=alice&password={planted.body}".encode()
    setting = {"name": "api_key", "value": planted.named}
    subclass = Text(planted.attribute)
    try:
        raise ConnectionError(f"refused: {address} password={planted.cause}")
    except ConnectionError as cause:
        error = RuntimeError(
            f"login with password={planted.message} failed for order {order}",
            {"token": planted.argument},
        )
        error.add_note(f"token: {planted.note}")
        raise error from cause


def test_no_planted_secret_survives_and_every_needed_fact_does(record, raised):
    planted = planted_secrets()
    error = raised(lambda: fail(planted))
    request = Request(
        "POST",
        "/orders/4711",
        query=f"page=2&access_token={planted.query}&pass%77ord={planted.query}".encode(),
        headers=(
            (b"authorization", f"Bearer {planted.header}".encode()),
            (b"cookie", f"theme=dark; sessionid={planted.cookie}".encode()),
            (b"referer", f"https://shop.example/?token={planted.query}".encode()),
            (b"x-request-id", b"request-17"),
        ),
    )
    withheld = Withheld("detail", f"password={planted.withheld}", "no literal")
    incident = record(error, request=request, withheld=(withheld,))
    line = incident.as_json()
    assert {name for name, secret in vars(planted).items() if secret in line} == set()
    spaced = " ".join(planted.card[start : start + 4] for start in range(0, 16, 4))
    assert spaced not in line
    for fact in ("4711", "alice@example.org", "db.example:5432", "request-17", "page=2", "shop"):
        assert fact in line
    local = incident["exceptions"][0]["frames"][-1]["locals"]
    assert local["order"] == 4711
    assert local["token"] == "[scrubbed]"
    assert local["account"] == {
        f"<{__name__}.Account>": {"name": "alice", "passphrase": "[scrubbed]"}
    }
    assert local["subclass"].endswith(".Text>")
    assert local["pairs"][0] == ["user", "alice"]


def test_secrets_in_a_short_lived_place_are_scrubbed_in_every_link_of_the_chain(record, raised):
    planted = planted_secrets()
    incident = record(raised(lambda: fail(planted)))
    assert [each["relation"] for each in incident["exceptions"]] == ["raised", "cause"]
    assert "[scrubbed]" in incident["exceptions"][1]["exception.message"]


def test_a_header_that_hides_in_its_spelling_is_scrubbed(record):
    secret = secrets.token_hex(8).encode()
    names = (b"X-Api-Key", b"x-auth-token", b"Proxy-Authorization", b"set-cookie", b"x-csrf-token")
    incident = record(None, request=Request("GET", headers=tuple((name, secret) for name in names)))
    assert secret.decode() not in incident.as_json()


def test_hostile_headers_paths_and_queries_make_one_line_of_ascii(record):
    raw = bytes(range(256))
    text = "".join(map(chr, range(0x20))) + "\x7f\x85\u2028\u202e\ud800\udfff😀"
    request = Request(
        "GET\r\n", "/" + text, text, raw, ((raw, raw), (b"user-agent", raw)), text, text, text, 3
    )
    line = record(None, request=request, code=text, event=text, answer=raw, notes=(text,)).as_json()
    assert all(" " <= character <= "~" for character in line)
    assert json.loads(line)["url.path"].startswith("/")
    json.dumps(json.loads(line), ensure_ascii=False).encode()
    assert "\x00" not in str(json.loads(line))


def test_many_and_long_headers_are_bounded(record):
    headers = tuple((f"x-{number}".encode(), b"y" * 100_000) for number in range(500))
    incident = record(None, request=Request("GET", "/" + "z" * 100_000, headers=headers))
    assert len(incident.as_json()) <= LARGEST_RECORD
    assert 490 < incident["omitted_headers"] < 500
    assert "exceptions" in incident


def test_the_record_of_the_worst_exception_stays_below_64_kb_and_says_what_was_cut(record, raised):
    def deep(number, words):
        if number:
            return deep(number - 1, words)
        raise ExceptionGroup("g" * 9000, [ValueError("é" * 9000) for _ in range(40)])

    words = {f"{number}-{'k' * 150}": "\x01" * 1000 for number in range(24)}
    error = raised(lambda: deep(60, words))
    incident = record(error, answer=b"\x80" * 100_000, notes=("n" * 3000,) * 60)
    assert len(incident.as_json()) <= LARGEST_RECORD
    assert incident["cut"]
    assert incident["exception.type"] == "ExceptionGroup"
    assert incident["reference"]
    assert incident["fingerprint"].startswith("v2:")


class Overfull(Exception):
    def __init__(self, texts):
        super().__init__("too much")
        self.texts = texts


def test_of_a_record_that_is_too_large_the_locals_go_before_anything_else(record, raised):
    def fail(number, texts):
        if number:
            return fail(number - 1, [f"{number}{text}" for text in texts])
        raise Overfull(texts)

    incident = record(raised(lambda: fail(9, ["x" * 1000] * 24)), notes=("a note " * 200,))
    assert incident["cut"] == [
        "locals of library frames",
        "fields of objects",
        "locals, and what exceptions hold",
    ]
    assert "exception.attributes" not in incident["exceptions"][0]
    frames = incident["exceptions"][0]["frames"]
    assert len(frames) == 12
    assert all("locals" not in frame and frame["source"] for frame in frames)
    assert incident["notes"] == ["a note " * 200]


def test_cutting_one_record_leaves_the_next_whole(record, raised):
    def fail():
        raise ValueError("x")

    error = raised(fail)
    whole = record(error)["exceptions"][0]["frames"]
    huge = tuple("n" * 2000 for _ in range(50))
    assert record(
        error,
        notes=huge,
        answer=b"\x01" * 16_000,
        withheld=tuple(Withheld("a", "\x01" * 8000, "c") for _ in range(50)),
    )["cut"]
    assert record(error)["exceptions"][0]["frames"] == whole


def test_the_active_span_of_opentelemetry_is_kept_and_the_library_is_never_imported(record):
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    assert "trace_id" not in record()
    with TracerProvider().get_tracer("test").start_as_current_span("work"):
        context = trace.get_current_span().get_span_context()
        incident = record()
    assert incident["trace_id"] == format(context.trace_id, "032x")
    assert incident["span_id"] == format(context.span_id, "016x")


def test_a_broken_opentelemetry_costs_no_incident(record, monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", object())
    assert record()["trace_id"] is None


def test_an_author_chooses_the_fingerprint_within_a_bound(record):
    assert record(fingerprint="orders-down").fingerprint == "orders-down"
    assert len(record(fingerprint="x" * 10_000).fingerprint) < 200


def test_an_answer_is_scrubbed_also_when_one_like_it_was_harmless(record):
    secret = secrets.token_hex(8)
    for _ in range(3):
        assert record(None, answer=b'{"a":"b"}')["answer"]["body"] == '{"a":"b"}'
        assert secret not in record(None, answer=f'{{"password":"{secret}"}}'.encode()).as_json()
