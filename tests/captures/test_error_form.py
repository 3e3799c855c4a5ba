from __future__ import annotations

import json

import pytest

from tightlip.captures.error_form import LONGEST, with_likely_status
from tightlip.captures.inspection import Inspector, Options
from tightlip.captures.part import Part
from tightlip.detection.reading import UNKNOWN, Reading

WEAK = "/srv/shop is full"
"""Words that are a leak in an error alone."""


def is_taken_for_an_error(text, reading=UNKNOWN):
    data = text if isinstance(text, bytes) else text.encode()
    return with_likely_status(reading, data).is_failing


@pytest.mark.parametrize(
    "text",
    [
        '{"message": "no"}',
        '{"detail": "no", "requestId": "7"}',
        ' {"type": "about:blank", "title": "Bad", "status": 502, "detail": "no"}',
        '{"errors": [{"message": "no"}], "data": null}',
        '\ufeff{"error": {"code": 7}}',
        "<html><head><title>Error</title></head></html>",
        "<h1>500 Internal Server Error</h1>",
        "<!DOCTYPE html>\n<h2 class=big>Something went wrong</h2>",
    ],
)
def test_a_body_with_the_form_of_an_error_is_taken_for_one(text):
    assert is_taken_for_an_error(text)
    assert is_taken_for_an_error(text.removeprefix("\ufeff").encode("utf-16-le"))


@pytest.mark.parametrize(
    "text",
    [
        '{"message": "hello", "from": "Eve"}',
        '{"message": ""}',
        '{"error": null, "data": 7}',
        '{"status": "ok", "time": 7}',
        '{"description": "a cup", "name": "Cup"}',
        '{"message": "cut',
        '["message"]',
        "[" * 9000,
        "{" * 9000,
        "<html><head><title>Welcome</title></head></html>",
        "<h1>Terrors of the deep</h1>",
        "The server said: error 500",
        "",
    ],
)
def test_another_body_is_not(text):
    assert not is_taken_for_an_error(text)


def test_what_is_told_of_the_status_counts():
    assert with_likely_status(Reading(200), b'{"message": "no"}') == Reading(200)
    header = Reading(kind="header")
    assert with_likely_status(header, b'{"message": "no"}') == header


def test_xml_tells_by_its_elements():
    assert not is_taken_for_an_error("<h1>Error</h1>", Reading(content_type="application/xml"))
    assert is_taken_for_an_error("<h1>Error</h1>", Reading(content_type="application/xhtml+xml"))


def test_a_long_body_is_not_read_as_json():
    text = json.dumps({"message": "x" * LONGEST})
    assert not is_taken_for_an_error(text)


@pytest.mark.parametrize("status", [None, 200])
def test_weak_words_count_in_it(status):
    inspector = Inspector(Options())
    reading = Reading(status)
    text = json.dumps({"message": WEAK})
    assert bool(inspector.findings(text, reading)) is (status is None)
    part = Part("-", text.encode(), reading)
    assert bool(list(inspector.results(part))) is (status is None)
    window = Part("-", text.encode(), reading, own=(0, 3))
    assert not list(inspector.results(window))
