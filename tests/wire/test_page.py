"""The page, byte for byte."""

from __future__ import annotations

from typing import Annotated

from tightlip import FieldError, MaxLength, PublicError
from tightlip.catalog.standard import standard_error
from tightlip.wire.page import CONTENT_TYPE, render


def test_the_page_of_a_standard_error():
    assert render(standard_error(500), "K7Q29FMX4D1T") == (
        b"<!doctype html>\n"
        b'<html lang="en">\n'
        b'<meta charset="utf-8">\n'
        b'<meta name="viewport" content="width=device-width">\n'
        b"<title>Something went wrong</title>\n"
        b"<h1>Something went wrong</h1>\n"
        b"<p>INTERNAL_SERVER_ERROR</p>\n"
        b"<p>Reference: K7Q29FMX4D1T</p>\n"
    )
    assert CONTENT_TYPE == b"text/html; charset=utf-8"


def test_without_an_incident_no_reference_is_shown():
    assert render(standard_error(404), None).endswith(b"</h1>\n<p>NOT_FOUND</p>\n")


def test_the_refused_fields_are_listed():
    error = standard_error(
        422,
        fields=(
            FieldError("email", "REQUIRED", "Email is required"),
            FieldError("<b>", "UNKNOWN", "<b> is not known"),
        ),
    )
    assert b"<ul><li>Email is required</li><li>&lt;b&gt; is not known</li></ul>\n" in render(
        error, None
    )


def test_a_value_in_the_message_makes_no_markup():
    class MarkupInMessage(PublicError):
        status = 404
        message = "There is no {item}"
        item: Annotated[str, MaxLength(60)]

    page = render(MarkupInMessage(item="<script>alert('a\"&')</script>\ud800"), None)
    assert b"<script" not in page
    assert page.count(b"There is no &lt;script&gt;alert(&#x27;a&quot;&amp;&#x27;)&lt;") == 2


def test_what_utf_8_cannot_hold_does_not_break_the_page():
    fields = (FieldError("name", "UNKNOWN", "\ud800 is not known"),)
    assert b"<li>? is not known</li>" in render(standard_error(422, fields=fields), None)
