from __future__ import annotations

import io

import pytest

from tightlip.captures.outcome import Outcome
from tightlip.captures.progress import Progress, size_of
from tightlip.captures.reporting import Reporter
from tightlip.findings.json_document import JsonReport
from tightlip.findings.result import Fault


@pytest.fixture
def columns(monkeypatch):
    def columns(count):
        monkeypatch.setenv("COLUMNS", str(count))

    columns(80)
    return columns


def test_the_bar_is_drawn_over_itself_and_taken_away(columns):
    stream = io.StringIO()
    progress = Progress(stream, 2000)
    progress.advance(0)
    progress.advance(500)
    progress.advance(0)
    progress.advance(1500)
    progress.clear()
    progress.clear()
    shown = stream.getvalue().split("\r")
    bars = [line for line in shown if line.strip()]
    assert [bar.split("]")[1].strip() for bar in bars] == [
        "0 %  0 B of 2.0 kB",
        "25 %  500 B of 2.0 kB",
        "100 %  2.0 kB of 2.0 kB",
    ]
    assert shown[-2].strip() == ""
    assert len(shown[-2]) == len(bars[-1])


def test_the_bar_fits_the_terminal_and_ends_at_all(columns):
    columns(40)
    stream = io.StringIO()
    progress = Progress(stream, 10)
    progress.advance(50)
    assert stream.getvalue() == "Scanning [##############################"[:39]
    assert Progress(io.StringIO(), 0).advance(1) is None


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"), (10**16, "10000.0 TB")],
)
def test_sizes_are_told_as_people_say_them(count, said):
    assert size_of(count) == said


def test_lines_are_written_beside_the_bar(columns):
    stream = io.StringIO()
    progress = Progress(stream, 10)
    reporter = Reporter(None, stream, stream, progress=progress)
    reporter.add(Outcome("a", progress=5))
    reporter.add(Outcome("a", answers="{}\n", faults=[Fault("a", "is bad")], progress=5))
    reporter.end()
    kept = [line.split("\r")[-1] for line in stream.getvalue().split("\n")]
    assert kept == ["{}", "a: is bad", ""]
    assert reporter.exit_code == 2


def test_what_an_encoding_lacks_is_escaped():
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    reporter = Reporter(None, output, output)
    reporter.add(Outcome("a", answers="é\u2026\n"))
    assert output.buffer.getvalue() == b"\\xe9\\u2026\n"


def test_documents_hold_a_bounded_number_of_faults():
    output = io.StringIO()
    reporter = Reporter(JsonReport("1"), output, io.StringIO())
    reporter.begin()
    for _ in range(3):
        reporter.add(Outcome("a", faults=[Fault("a", "is bad")] * 600))
    reporter.end()
    assert output.getvalue().count("is bad") == 1000
    assert '"errors":1800' in output.getvalue()


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome("a"), 0),
        (Outcome("a", is_leaking=True), 1),
        (Outcome("a", is_leaking=True, faults=[Fault("a", "x")]), 2),
    ],
)
def test_the_exit_code(outcome, code):
    reporter = Reporter(None, io.StringIO(), io.StringIO())
    reporter.add(outcome)
    assert reporter.exit_code == code
