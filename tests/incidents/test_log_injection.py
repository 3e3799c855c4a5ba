"""Whatever a client sends, no sink and no view has a line of its making, or a control character."""

from __future__ import annotations

import gzip
import html
import io
import json
import logging
import re
import sys
from pathlib import Path

import psycopg
import pytest
import structlog
from click.testing import CliRunner
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from sentry_sdk.envelope import Envelope
from starlette.testclient import TestClient

from tightlip.cli.incidents import command
from tightlip.dashboard.access import Rules
from tightlip.dashboard.application import create_dashboard
from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents import standard_error
from tightlip.incidents.archive import Archive
from tightlip.incidents.drainer import drain, open_store
from tightlip.incidents.postgresql.address import Address
from tightlip.incidents.postgresql.store import PostgresqlStore
from tightlip.incidents.sink import open_sink
from tightlip.incidents.terminal import render

CASES = json.loads((Path(__file__).parent / "injections.json").read_text(encoding="ascii"))

# Everything that a terminal, an editor or a reader of lines takes for more than a sign.
RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
OUR_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(params=CASES)
def text(request):
    return CASES[request.param]


@pytest.fixture
def incident(record, text):
    """An incident that holds the text wherever a client or a library can put one."""
    sent = text.encode("utf-8", "surrogatepass")
    request = Request(
        "GET" + text[:20],
        "/" + text,
        route="/items",
        query=b"q=" + sent,
        headers=(
            (b"user-agent", sent),
            (b"accept", sent),
            (b"x-" + sent[:40], b"1"),
            (b"referer", sent),
        ),
        client=text,
    )

    def fail(**values):
        raise KeyError(text, {text: values})

    error = None
    try:
        fail(**{text: text}, also=[text, {text: text}])
    except KeyError as raised:
        error = raised
        error.add_note(text)
    return record(
        error,
        request=request,
        code="NOT_FOUND",
        status=404,
        answer=sent,
        withheld=(Withheld("detail" + text, text, text, text, text),),
        facts={"db.constraint.name": text, "db.columns": (text, text)},
        notes=(text,),
    )


def assert_one_line(written, incident):
    assert written.endswith("\n")
    (line,) = written.splitlines()  # also at what only some take for the end of a line
    assert RAW.search(line) is None
    assert incident.reference in line
    return line


def test_logging_writes_one_line_with_any_of_its_own_formatters(logger, incident, tmp_path):
    written = io.StringIO()
    paths = {encoding: tmp_path / encoding for encoding in ("utf-8", "latin-1", "ascii")}
    handlers = [logging.StreamHandler(written)]
    handlers += [logging.FileHandler(path, encoding=name) for name, path in paths.items()]
    handlers[0].setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    for handler in handlers:
        logger.addHandler(handler)
    sink = open_sink("logging")
    sink.send(incident)
    for handler in handlers:
        handler.close()
    line = assert_one_line(written.getvalue(), incident)
    assert json.loads(line.partition("tightlip ")[2]) == incident.as_dict()
    for path in paths.values():
        assert json.loads(assert_one_line(path.read_text("ascii"), incident))


@pytest.mark.parametrize("is_colored", [False, True])
def test_no_line_of_a_page_in_the_terminal_is_a_clients(incident, is_colored):
    page = render(incident, color=is_colored)
    plain = OUR_COLOURS.sub("", page) if is_colored else page
    first, *lines, last = plain.split("\n")[:-1]
    assert first.startswith(incident.reference)
    assert last.startswith("─")
    assert all(not line or line.startswith("  ") for line in lines)
    assert RAW.search(plain) is None
    assert is_colored == ("\x1b[" in page)


RENDERERS = {
    "json": structlog.processors.JSONRenderer,
    "key value": structlog.processors.KeyValueRenderer,
    "logfmt": structlog.processors.LogfmtRenderer,
    "console": lambda: structlog.dev.ConsoleRenderer(colors=False),
    "console in colours": lambda: structlog.dev.ConsoleRenderer(colors=True),
}


@pytest.mark.parametrize("name", RENDERERS)
def test_structlog_writes_one_line_with_each_of_its_renderers(incident, name):
    structlog.reset_defaults()
    written = io.StringIO()
    processors = [structlog.processors.add_log_level, RENDERERS[name]()]
    structlog.configure(processors, logger_factory=structlog.PrintLoggerFactory(written))
    try:
        open_sink("structlog").send(incident)
    finally:
        structlog.reset_defaults()
    assert_one_line(OUR_COLOURS.sub("", written.getvalue()), incident)


def _strings(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [text for item in value.array_value.values for text in _strings(item)]
    return [value.string_value] if kind == "string_value" else []


def test_opentelemetry_sends_no_raw_character_and_no_line_but_those_of_the_trace(
    receiver, incident
):
    options = {"endpoint": f"{receiver.url}/v1/logs", "closed": True}
    sink = open_sink(("opentelemetry", options))
    sink.send(incident)
    sink.close()
    _, headers, body = receiver.requests[0]
    data = gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
    (resource,) = ExportLogsServiceRequest.FromString(data).resource_logs
    (sent,) = resource.scope_logs[0].log_records
    assert RAW.search(sent.body.string_value) is None
    for pair in sent.attributes:
        for text in (pair.key, *_strings(pair.value)):
            assert RAW.search(text) is None
            if pair.key != "exception.stacktrace":
                assert "\n" not in text
            else:
                assert not re.search(r"^\s*(FORGED|# FORGED|\{|<13>|127)", text, re.MULTILINE)


def test_sentry_gets_no_raw_character(receiver, incident):
    dsn = f"{receiver.url.replace('://', '://key@')}/42"
    sink = open_sink(("sentry", {"dsn": dsn, "closed": True}))
    sink.send(incident)
    sink.close()
    _, headers, body = receiver.requests[0]
    if headers["Content-Encoding"] == "br":
        import brotli

        body = brotli.decompress(body)
    elif headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    (item,) = Envelope.deserialize(body).items
    assert item.payload.json["tags"]["tightlip.reference"] == incident.reference
    assert RAW.search(json.dumps(item.payload.json, ensure_ascii=False)) is None


def test_a_webhook_posts_one_line_of_ascii(receiver, incident):
    sink = open_sink(("webhook", {"url": receiver.url, "closed": True}))
    sink.send(incident)
    sink.close()
    ((_, _, body),) = receiver.requests
    line = body.decode("ascii")
    assert len(line.splitlines()) == 1
    assert RAW.search(line) is None
    assert json.loads(line)["reference"] == incident.reference


def test_the_last_place_is_one_line_on_standard_error(incident, capfd):
    assert standard_error.write_line(incident.as_json())
    assert_one_line(capfd.readouterr().err, incident)


@pytest.fixture
def kept(directory, incident, monkeypatch):
    archive = Archive(directory)
    monkeypatch.setattr(archive, "_wake", lambda: None)
    archive.append_report(incident)
    with open_store(directory, print) as store:
        drain(directory, store)
    return directory


def test_the_store_gives_back_what_it_was_given(kept, incident):
    with open_store(kept, print) as store:
        found = store.find(incident.reference)
        assert found == incident
        assert [each.reference for each in store.newest()] == [incident.reference]


@pytest.mark.parametrize(
    "arguments", [("list",), ("stats",), ("list", "--format", "jsonl"), ("show",)]
)
def test_a_command_writes_no_line_of_a_clients(kept, incident, arguments):
    given = [*arguments, "--directory", str(kept.path)]
    if arguments == ("show",):
        given.append(incident.reference)
    done = CliRunner().invoke(command, given, standalone_mode=False)
    assert RAW.search(done.stdout) is None
    lines = done.stdout.splitlines()
    if arguments == ("show",):
        assert all(not line or line.startswith(("  ", "─", incident.reference)) for line in lines)
    else:
        assert len(lines) == 1


def test_no_form_of_the_page_has_a_line_or_an_element_of_a_clients(kept, incident):
    page = TestClient(
        create_dashboard(kept, Rules(token="of-the-test")),
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 50000),
    )
    page.get("/", params={"token": "of-the-test"})
    address = f"/incidents/{incident.reference}"
    for path in (address, "/", "/groups/1", "/codes", "/health"):
        text = page.get(path).text
        assert RAW.search(text) is None
        assert RAW.search(html.unescape(text)) is None
        assert "FORGED()" not in "".join(re.findall(r"<[^>]*>", text))
        assert "<FORGED" not in text
    text = page.get(f"{address}.txt").text
    assert RAW.search(text) is None
    starts = ("  ", "─", incident.reference)
    assert all(not line or line.startswith(starts) for line in text.splitlines())
    assert page.get(f"{address}.json").json() == incident.as_dict()
    raw = page.get(f"{address}.json").text
    assert len(raw.splitlines()) == 1
    assert RAW.search(raw) is None
    markdown = page.get(f"{address}.md").text
    assert RAW.search(markdown) is None
    fence = None
    for line in markdown.split("\n"):
        opening = re.match(r"`{3,}", line)
        if fence is None:
            fence = opening[0] if opening else None
            assert not line.lstrip().startswith(("FORGED", "# FORGED", "<13>", "{", "| FORGED"))
        elif line == fence:
            fence = None
    assert fence is None
    for form in ("json", "md", "txt"):
        text = page.get(f"/groups.{form}").text
        assert RAW.search(text) is None
        assert len(text.splitlines()) == (3 if form == "md" else 1)


@pytest.fixture(scope="module")
def database():
    import os
    import secrets
    from urllib.parse import urlsplit, urlunsplit

    server = os.environ.get("TIGHTLIP_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
    name = f"tightlip_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            with PostgresqlStore(
                Address(urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
            ) as store:
                yield store
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_postgresql_gives_back_what_it_was_given(kept, incident, database):
    import time

    with open_store(kept, print) as store:
        while database.take_in(
            store.origin(),
            lambda row, counted: store.outgoing(row, counted, 100),
            with_closed=True,
            now=time.time_ns() // 1000,
        ):
            pass
    assert database.find(incident.reference) == incident


def test_the_cases_are_in_ascii_and_hold_what_they_are_called_after():
    assert len(CASES) >= 60
    assert all(RAW.search("".join(map(chr, span))) for span in (range(0x20), range(0x80, 0xA0)))
    assert {"\n", "\r", "\x85", "\u2028", "\x1b", "\ud800", "\x00"} <= set("".join(CASES.values()))
    assert sys.maxunicode in range(0x110000)
