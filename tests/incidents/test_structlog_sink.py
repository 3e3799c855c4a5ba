from __future__ import annotations

import asyncio
import io
import json
import logging

import pytest
import structlog

from tightlip.exchange import Request
from tightlip.incidents.sink import open_sink

HOSTILE = "a\nFORGED line\r\x1b[2J\ud800\u202e\x00"


@pytest.fixture
def sink():
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    yield open_sink("structlog")
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def hostile(record):
    request = Request(
        "GET", "/" + HOSTILE, headers=((b"x-a", HOSTILE.encode("utf-8", "surrogatepass")),)
    )
    return record(ValueError(HOSTILE), request=request, notes=(HOSTILE,), code=HOSTILE)


def test_it_works_with_structlogs_defaults(sink, hostile, capsys):
    sink.send(hostile)
    out = capsys.readouterr().out
    assert hostile.reference in out
    assert "incident" in out
    assert out.count("\n") == 1
    assert "\x1b[2J" not in out
    assert "\u202e" not in out


def test_it_works_with_the_json_renderer_and_bound_context(sink, hostile):
    written = io.StringIO()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(written),
    )
    with structlog.contextvars.bound_contextvars(tenant="acme"):
        sink.send(hostile)
    told = json.loads(written.getvalue())
    assert told["event"] == "incident"
    assert told["level"] == "error"
    assert told["tenant"] == "acme"
    assert told["reference"] == hostile.reference
    assert told["exception.type"] == "ValueError"
    assert told["exceptions"][0]["relation"] == "raised"
    assert "\\nFORGED" in told["exception.message"]
    assert written.getvalue().count("\n") == 1


def test_it_works_with_the_key_value_and_logfmt_renderers(sink, hostile):
    for renderer in (
        structlog.processors.KeyValueRenderer(),
        structlog.processors.LogfmtRenderer(),
    ):
        written = io.StringIO()
        structlog.configure(
            processors=[renderer], logger_factory=structlog.PrintLoggerFactory(written)
        )
        sink.send(hostile)
        assert written.getvalue().count("\n") == 1
        assert "\x1b" not in written.getvalue()
        assert hostile.reference in written.getvalue()


@pytest.mark.parametrize("through", ["formatter", "extra"])
def test_it_works_with_the_standard_library_behind(sink, hostile, logger, through):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger.parent.addHandler(handler)
    processors = [
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
    ]
    if through == "formatter":
        processors += [structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ]
            )
        )
    else:
        processors = [structlog.stdlib.render_to_log_kwargs]
        keep = []
        handler.emit = keep.append
    structlog.configure(
        processors=processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    sink.send(hostile)
    if through == "formatter":
        told = json.loads(written.getvalue())
        assert (told["logger"], told["level"], told["event"]) == ("tightlip", "error", "incident")
        assert told["reference"] == hostile.reference
    else:
        assert getattr(keep[0], "exception.type") == "ValueError"


def test_it_works_with_the_asynchronous_logger(sink, hostile):
    written = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(written),
        wrapper_class=structlog.stdlib.AsyncBoundLogger,
    )

    async def serve():
        sink.send(hostile)

    asyncio.run(serve())
    assert json.loads(written.getvalue())["reference"] == hostile.reference


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ({"status": 422}, "warning"),
        ({"status": 500}, "error"),
        ({"event": "lifespan.failed"}, "critical"),
    ],
)
def test_the_level_follows_the_severity(sink, record, more, level):
    with structlog.testing.capture_logs() as logs:
        sink.send(record(None, **more))
    assert [each["log_level"] for each in logs] == [level]


def test_a_logger_that_drops_the_level_is_no_place_for_an_incident(sink, record):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with pytest.raises(Exception, match="set up to drop events of the level warning"):
        sink.send(record(None, status=422))
    with structlog.testing.capture_logs() as logs:
        sink.send(record(None, status=500))
    assert len(logs) == 1
