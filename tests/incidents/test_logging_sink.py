from __future__ import annotations

import io
import json
import logging
import logging.config
import subprocess
import sys

import pytest

from tightlip.incidents import standard_error
from tightlip.incidents.sink import open_sink

HOSTILE = "a\nFORGED INFO all is well\r\x1b[2J\ud800\u202e\u2028\x00 100% {0} %s %(name)s"


@pytest.fixture
def sink(logger):
    return open_sink("logging")


class Keep(logging.Handler):
    def __init__(self, level=0):
        super().__init__(level)
        self.records = []

    def emit(self, record):
        self.records.append(record)


def test_an_incident_is_one_record_with_the_line_and_the_dictionary(sink, logger, record, capfd):
    keep = Keep()
    logger.addHandler(keep)
    incident = record(ValueError(HOSTILE))
    sink.send(incident)
    (made,) = keep.records
    assert made.name == "tightlip"
    assert made.args == ()
    assert made.exc_info is None
    assert made.getMessage() == incident.as_json()
    assert made.tightlip_incident == incident.as_dict()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ({"status": 422}, logging.WARNING),
        ({"status": 500}, logging.ERROR),
        ({"status": 0}, logging.ERROR),
        ({"event": "lifespan.startup.failed"}, logging.CRITICAL),
    ],
)
def test_the_level_follows_the_severity(sink, logger, record, more, level):
    keep = Keep()
    logger.parent.addHandler(keep)
    sink.send(record(None, **more))
    assert [made.levelno for made in keep.records] == [level]


def test_a_file_gets_whole_lines_whatever_a_client_sent(sink, logger, record, tmp_path, capfd):
    file = tmp_path / "log"
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    for _ in range(3):
        sink.send(record(ValueError(HOSTILE), code=HOSTILE, notes=(HOSTILE,)))
    handler.close()
    data = file.read_bytes()
    assert data.isascii()
    lines = data.decode().splitlines()
    assert len(lines) == 3
    for line in lines:
        level, _, text = line.partition(" ")
        assert level == "ERROR"
        assert text.isprintable()
        assert json.loads(text)["exception.message"].startswith("a\nFORGED")
    assert capfd.readouterr() == ("", "")


def test_a_handler_that_fails_prints_nothing_raw(sink, logger, record, capfd):
    class Failing(logging.Handler):
        def emit(self, made):
            try:
                raise OSError("disk full")
            except OSError:
                self.handleError(made)

    logger.addHandler(Failing())
    sink.send(record(ValueError(HOSTILE)))
    error = capfd.readouterr().err
    assert "--- Logging error ---" in error
    assert "Arguments: ()" in error
    assert "\x1b" not in error
    assert "\nFORGED" not in error


def test_without_any_handler_standard_error_gets_the_line(sink, record, capfd):
    incident = record(ValueError(HOSTILE))
    sink.send(incident)
    assert capfd.readouterr() == ("", incident.as_json() + "\n")


@pytest.mark.parametrize("how", ["level", "disabled", "handler", "filter", "off"])
def test_a_reference_is_never_given_for_an_incident_that_logging_drops(
    sink, logger, record, capfd, how
):
    keep = Keep(logging.CRITICAL if how == "handler" else 0)
    logger.addHandler(keep)
    if how == "level":
        logger.setLevel(logging.CRITICAL)
    elif how == "disabled":
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
        logger.addHandler(keep)
        assert logger.disabled
    elif how == "filter":
        logger.addFilter(lambda made: False)
    elif how == "off":
        logging.disable(logging.CRITICAL)
    try:
        incident = record()
        sink.send(incident)
    finally:
        logging.disable(logging.NOTSET)
        logger.filters.clear()
    assert keep.records == []
    assert capfd.readouterr().err == incident.as_json() + "\n"


def test_handlers_above_are_used_unless_the_logger_does_not_propagate(sink, logger, record, capfd):
    above = Keep()
    logger.parent.addHandler(above)
    sink.send(record())
    assert len(above.records) == 1
    logger.propagate = False
    try:
        sink.send(record())
    finally:
        logger.propagate = True
    assert len(above.records) == 1
    assert capfd.readouterr().err.count("\n") == 1


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_one_page_is_shown_and_files_get_the_line(
    sink, logger, record, capfd, monkeypatch
):
    monkeypatch.setattr(standard_error, "is_terminal", lambda: True)
    screen, other = Terminal(), io.StringIO()
    logger.addHandler(logging.StreamHandler(screen))
    logger.parent.addHandler(logging.StreamHandler(other))
    logger.parent.addHandler(logging.StreamHandler(screen))
    incident = record(ValueError("boom"))
    sink.send(incident)
    page = capfd.readouterr().err
    assert screen.getvalue() == ""
    assert other.getvalue() == incident.as_json() + "\n"
    assert page.count(incident.reference) == 1
    assert "schema_version" not in page


def test_richs_handler_counts_as_a_terminal(sink, logger, record, capfd, monkeypatch):
    from rich.console import Console
    from rich.logging import RichHandler

    monkeypatch.setattr(standard_error, "is_terminal", lambda: True)
    screen = io.StringIO()
    logger.addHandler(RichHandler(console=Console(file=screen, force_terminal=True)))
    sink.send(record())
    assert screen.getvalue() == ""


def test_a_page_that_cannot_be_drawn_is_replaced_by_the_line(
    sink, logger, record, capfd, monkeypatch
):
    from tightlip.incidents import terminal

    def broken(incident):
        raise ValueError("no page")

    monkeypatch.setattr(standard_error, "is_terminal", lambda: True)
    monkeypatch.setattr(terminal, "show", broken)
    incident = record()
    sink.send(incident)
    assert capfd.readouterr().err == incident.as_json() + "\n"


def test_where_nobody_takes_the_line_the_sink_says_so(sink, record, monkeypatch):
    monkeypatch.setattr(standard_error, "write_line", lambda line: False)
    with pytest.raises(Exception, match="no handler of logging takes incidents"):
        sink.send(record())


def test_a_queue_and_its_listener_pass_incidents_on(sink, logger, record):
    import queue
    from logging.handlers import QueueHandler, QueueListener

    keep, waiting = Keep(), queue.SimpleQueue()
    logger.addHandler(QueueHandler(waiting))
    listener = QueueListener(waiting, keep)
    listener.start()
    incident = record(ValueError("x"))
    sink.send(incident)
    listener.stop()
    assert keep.records[0].tightlip_incident["reference"] == incident.reference


def test_basic_configuration_of_an_application_gets_the_line():
    code = """
import logging
logging.basicConfig(format="%(levelname)s:%(name)s:%(message)s")
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.sink import default_sinks
Recorder(default_sinks()).record(Occurrence("K7Q29FMX4D1T", None, ValueError("x"), 500, "A", b""))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    prefix = "ERROR:tightlip:"
    assert done.stderr.startswith(prefix)
    assert json.loads(done.stderr[len(prefix) :])["reference"] == "K7Q29FMX4D1T"
