from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.terminal import render

HOSTILE = (
    "a\nK7Q29FMX4D1T  ERROR forged\r\x1b[2J\x1b]0;title\x07\ud800\u202e\u2028[bold]x[/bold]:smile:"
)

PROGRAM = """
import logging, sys
from tightlip.exchange import Request
from tightlip.failure import Withheld
from tightlip.incidents.incident import Occurrence
from tightlip.incidents.recorder import Recorder
from tightlip.incidents.sink import default_sinks
if "basic" in sys.argv:
    logging.basicConfig()
text = "a\\nFORGED \\x1b[2J \\u202e"
words = Withheld("detail", text, "a formatted text is no literal", "app.py:12", "class Sold(PublicError): ...")
taken = Recorder(default_sinks()).record(
    Occurrence("K7Q29FMX4D1T", Request("POST", "/o", "/o/{id}"), ValueError(text), 409, "CONFLICT", b'{"error":1}', (words,))
)
assert taken
"""


def on_a_terminal(*arguments, **environment):
    """Run the program with a terminal for its standard error; return what the terminal gets."""
    ours, theirs = pty.openpty()
    surroundings = {**os.environ, "TERM": "xterm-256color", **environment}
    surroundings = {name: value for name, value in surroundings.items() if value}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=surroundings,
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux tells the end of a terminal by an error
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert process.communicate()[0] == b""
    assert process.returncode == 0
    return written.decode()


def test_a_terminal_gets_a_page_in_colours_and_no_line_of_json():
    written = on_a_terminal(NO_COLOR="")
    assert "\x1b[" in written
    assert written.count("K7Q29FMX4D1T") == 1
    assert "schema_version" not in written
    plain = re.sub(r"\x1b\[[0-9;]*m", "", written)
    assert "\x1b" not in plain
    for words in (
        "POST /o/{id}",
        "409 CONFLICT",
        "ValueError",
        "withheld from the detail at app.py:12",
        "because a formatted text is no literal",
        "class Sold(PublicError): ...",
    ):
        assert words in plain
    assert "\\x1b[2J" in plain
    assert "\\u202e" in plain
    assert not re.search(r"^FORGED", plain, re.MULTILINE)


def test_a_terminal_gets_one_page_also_where_logging_writes_to_it():
    written = on_a_terminal("basic", NO_COLOR="")
    assert written.count("K7Q29FMX4D1T") == 1
    assert "schema_version" not in written


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_are_left_out_where_they_are_not_wanted(environment):
    written = on_a_terminal(**{"NO_COLOR": "", **environment})
    assert "\x1b" not in written
    assert "409 CONFLICT" in written


@pytest.fixture
def hostile(record):
    request = Request("GET" + HOSTILE, "/" + HOSTILE, HOSTILE)
    error = type("Odd" + HOSTILE.replace("\x00", "").replace("\ud800", ""), (ValueError,), {})(
        HOSTILE
    )
    error.add_note(HOSTILE)
    error.__dict__[HOSTILE] = HOSTILE
    return record(
        error,
        request=request,
        code=HOSTILE,
        answer=HOSTILE.encode("utf-8", "surrogatepass"),
        withheld=(Withheld(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        facts={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
        event=HOSTILE,
    )


@pytest.mark.parametrize("width", [20, 80, 200])
def test_no_text_of_a_client_moves_the_cursor_turns_the_text_or_forges_a_line(hostile, width):
    page = render(hostile, width=width)
    assert all(character.isprintable() or character == "\n" for character in page)
    assert not re.search(r"^K7Q29FMX4D1T", page, re.MULTILINE)
    assert page.count("[bold]") >= 1
    assert "☺" not in page
    colored = render(hostile, width=width, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored).isprintable() is False
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", colored)


def test_the_page_shows_the_chain_with_the_applications_frames_and_folds_the_rest(record, raised):
    import json

    def handler():
        order = 4711
        try:
            json.loads("{")
        except ValueError as error:
            raise RuntimeError("cannot read the order") from error

    page = render(record(raised(handler)), width=150)
    assert "RuntimeError: cannot read the order" in page
    assert 'raise RuntimeError("cannot read the order") from error' in page
    assert "caused by: json.decoder.JSONDecodeError" in page
    assert 'json.loads("{")' in page
    assert re.search(r"… \d frames of libraries", page)
    assert "order = 4711" in page
    assert "raw_decode" not in page


def test_an_incident_with_nothing_but_its_name_has_a_page():
    assert "K7Q29FMX4D1T" in render({"reference": "K7Q29FMX4D1T"})


def test_words_withheld_without_an_exception_have_a_page(record):
    page = render(
        record(None, status=404, withheld=(Withheld("body", "made by hand", "no proof"),))
    )
    assert "words that nobody declared" in page
    assert "made by hand" in page


def test_long_texts_do_not_fill_the_screen(record):
    assert render(record(ValueError("word " * 1600), answer=b"x" * 16_000)).count("\n") < 150
