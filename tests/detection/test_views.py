from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.detection.encoding import ENCODINGS
from tightlip.detection.reading import FAILING, UNKNOWN, Reading
from tightlip.detection.scanner import default_scanner
from tightlip.detection.views import View, decoded_views

HEADER = Reading(200, kind="header")
FORM = Reading(200, "application/x-www-form-urlencoded")
LEAK = b'File "/srv/shop/tax.py", line 3'

CRUMBS = [
    *[bytes((byte,)) for byte in b'\\"/nt5c&;%+ \x00'],
    *[b"\\u0041", b"\\u005c", b"\\u0026", b"\\u0025", b"&lt;", b"&amp;", b"&#92;", b"%2F", b"%26"],
    *[
        b"<b>",
        b"</td>",
        b"<br/>",
        b"<",
        b">",
        b"\\\\",
        b"\xc3\xa9",
        b"word",
        b"\\u00e9",
        b"&#x5c;u0041",
    ],
]
DRESSED = st.lists(st.sampled_from(CRUMBS), max_size=20).map(b"".join)


def last(data, reading=UNKNOWN):
    return [View(data), *decoded_views(data, reading)][-1]


def read_again(view, sent):
    """Take off of `sent` what was taken off for `view`."""
    if view.parent is None:
        return sent
    assert view.encoding is not None
    return view.encoding.decode(read_again(view.parent, sent))


def is_of_base64(view):
    return view.parent is not None and (view.encoding is None or is_of_base64(view.parent))


def covers(found, sought):
    """Tell whether bytes are those that were sought, to the end of the characters that they cut."""
    cut = 3  # a character has four bytes at most
    return sought in found and len(found) <= len(sought) + (found != sought and 2 * cut)


@given(DRESSED, st.sampled_from([UNKNOWN, FAILING, HEADER, FORM]), st.data())
def test_every_place_of_a_view_is_traced_to_what_stands_for_it(data, reading, draw):
    for view in decoded_views(data, reading, has_base64=False):
        if not view.data or is_of_base64(view):
            continue
        start = draw.draw(st.integers(0, len(view.data) - 1))
        end = draw.draw(st.integers(start + 1, len(view.data)))
        first, behind = view.trace(start, end)
        assert 0 <= first < behind <= len(data)
        assert covers(read_again(view, data[first:behind]), view.data[start:end])


@given(DRESSED)
def test_every_byte_alone_is_traced(data):
    for encoding in ENCODINGS:
        view = View(encoding.decode(data), View(data), encoding)
        for at in range(len(view.data)):
            first, behind = view.trace(at, at + 1)
            assert covers(encoding.decode(data[first:behind]), view.data[at : at + 1])


@given(DRESSED, st.sampled_from([UNKNOWN, HEADER, FORM]))
def test_the_work_is_bounded(data, reading):
    views = list(decoded_views(data, reading, has_base64=False))
    assert len(views) <= 16
    assert all(len(view.data) <= len(data) for view in views)


def test_a_text_that_wears_nothing_has_no_other_view():
    assert list(decoded_views(b"Item + not found", UNKNOWN)) == []


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: json.dumps(text).replace("/", r"\/"),
        lambda text: json.dumps(json.dumps({"trace": text})),
        lambda text: json.dumps(json.dumps(json.dumps(text))),
        html.escape,
        lambda text: html.escape(html.escape(text)),
        lambda text: json.dumps(html.escape(text)),
        lambda text: html.escape(json.dumps(text)),
        lambda text: quote(text, safe=""),
        lambda text: quote(json.dumps(text), safe=""),
        lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
        lambda text: "".join(f"&#{ord(letter)};" for letter in text),
        lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
        lambda text: "".join(f"{letter}\x00" for letter in text),
    ],
)
def test_a_leak_is_seen_through_its_dress(dress):
    sent = f"before {dress(LEAK.decode())} behind".encode()
    views = list(decoded_views(sent, UNKNOWN))
    (view,) = [view for view in views if LEAK in view.data][:1]
    at = view.data.find(LEAK)
    first, behind = view.trace(at, at + len(LEAK))
    assert read_again(view, sent[first:behind]) == LEAK


@pytest.mark.parametrize("reading", [HEADER, FORM])
def test_plus_joins_words_where_it_may(reading):
    sent = b"/next?detail=" + quote_plus(b"list index out of range").encode()
    assert b"%" not in sent
    assert last(sent, reading).data.endswith(b"list index out of range")
    assert last(sent, UNKNOWN).data == sent


@pytest.mark.parametrize(
    "form",
    [
        '{"trace_base64": "VALUE"}',
        '{"b64": "VALUE"}',
        '{"encoding": "base64", "content": "VALUE"}',
        '{"content": "VALUE", "encoding": "base64"}',
        '<img src="data:text/plain;base64,VALUE">',
        '<img src="data:;base64,VALUE">',
        '<img src="data:text/plain;charset=utf-8;base64,VALUE">',
        "x-debug-b64: VALUE",
        "grpc-status-details-bin: VALUE",
        "X-Error-Detail: VALUE",
        "x-fault: VALUE",
        "X-Error: =?utf-8?B?VALUE?=",
        '{"statusCode": 500, "body": "VALUE", "isBase64Encoded": true}',
        '{"isBase64Encoded": true, "body": "VALUE"}',
        '{"message": "VALUE", "message_encoding": "base64"}',
        '{"format": "base64", "data": "VALUE"}',
        '{"log": {"type": "base64", "value": "VALUE"}}',
        '{"base64": true, "text": "VALUE"}',
        '{"debug": "VALUE"}',
        '{"stack_trace": "VALUE"}',
        '{"error": "base64:VALUE"}',
        '<detail encoding="base64">VALUE</detail>',
        '<detail xsi:type="xsd:base64Binary">VALUE</detail>',
    ],
)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_read_where_a_field_says_so(form, encode):
    value = encode(LEAK + b"\xc3\xbf\xc3\xbe")
    sent = form.encode().replace(b"VALUE", value)
    (view,) = [view for view in decoded_views(sent, UNKNOWN) if LEAK in view.data]
    first, behind = view.trace(0, len(LEAK))
    assert sent[first:behind].rstrip(b"=") == value.rstrip(b"=")


@pytest.mark.parametrize(
    "form",
    [
        '{"info": "VALUE"}',
        "<error><code>500</code><info>VALUE</info></error>",
        "status=failed&info=VALUE",
        "<p title='VALUE'></p>",
        "VALUE",
        "VALUE\n",
    ],
)
def test_base64_is_read_in_every_value_of_a_failing_answer(form):
    sent = form.encode().replace(b"VALUE", base64.b64encode(LEAK))
    assert [view for view in decoded_views(sent, FAILING) if LEAK in view.data]
    assert not [view for view in decoded_views(sent, UNKNOWN) if LEAK in view.data]


@pytest.mark.parametrize("status", [200, 500])
def test_a_leak_in_base64_is_found_where_nothing_else_speaks_of_base64(status):
    value = base64.b64encode(b"Traceback (most recent call last):").decode()
    sent = json.dumps({"error": "Something went wrong", "debug": value}).encode()
    assert default_scanner().inspect(sent, Reading(status, "application/json"))


def test_base64_in_lines_is_read_where_a_part_says_so():
    lines = base64.encodebytes(LEAK * 5).replace(b"\n", b"\r\n")
    head = b"--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/plain\r\n\r\n"
    views = list(decoded_views(head + lines + b"--b--", UNKNOWN))
    assert any(LEAK * 5 in view.data for view in views)


def test_base64_in_json_within_json_is_read():
    value = base64.b64encode(LEAK).decode()
    sent = json.dumps({"body": json.dumps({"error_b64": value})}).encode()
    (view,) = [view for view in decoded_views(sent, UNKNOWN) if LEAK in view.data]
    first, behind = view.trace(0, len(LEAK))
    assert sent[first:behind] == value.encode()


def test_a_buffer_of_node_is_read():
    sent = json.dumps({"error": {"stderr": {"type": "Buffer", "data": list(LEAK)}}}).encode()
    (view,) = [view for view in decoded_views(sent, UNKNOWN) if LEAK in view.data]
    first, behind = view.trace(0, len(LEAK))
    assert sent[first:behind] == json.dumps(list(LEAK))[1:-1].encode()


@pytest.mark.parametrize("numbers", ["256" + ",1" * 20, ",,1,1,1,1,1,1,1,1,1,1", "1 1" * 20])
def test_numbers_that_are_no_bytes_stay_as_they_are(numbers):
    sent = f'{{"type":"Buffer","data":[{numbers}]}}'.encode()
    assert list(decoded_views(sent, UNKNOWN)) == []


def test_the_tags_of_a_failing_page_are_taken_off():
    sent = b"<p>File <i>&quot;/srv/<b>shop</b>/tax.py&quot;</i>, line <b>3</b></p>"
    seen = [view for view in decoded_views(sent, FAILING) if LEAK in view.data]
    at = seen[0].data.find(LEAK)
    first, behind = seen[0].trace(at, at + len(LEAK))
    assert sent[first:behind].startswith(b"File <i>&quot;")
    assert not any(LEAK in view.data for view in decoded_views(sent, UNKNOWN))


def test_base64_without_its_padding_is_read():
    value = base64.b64encode(LEAK).rstrip(b"=")
    assert any(LEAK in view.data for view in decoded_views(b'{"b64":"%b"}' % value, UNKNOWN))


def test_what_stands_in_base64_is_undressed_too():
    value = base64.b64encode(json.dumps({"trace": LEAK.decode()}).encode())
    assert any(LEAK in view.data for view in decoded_views(b'{"b64":"%b"}' % value, UNKNOWN))


@pytest.mark.parametrize(
    "sent",
    [
        b'{"content": "%b"}' % base64.b64encode(LEAK),
        b"X-Session: %b" % base64.b64encode(LEAK),
        b'{"b64": "%b"}' % base64.b64encode(b"\x89PNG\x00\x01" + LEAK),
        b'{"b64": "%b"}' % base64.b64encode(LEAK)[:-3].replace(b"a", b"="),
    ],
    ids=["no field says so", "no such header", "no text", "damaged"],
)
def test_other_values_stay_as_they_are(sent):
    assert not any(LEAK in view.data for view in decoded_views(sent, UNKNOWN))


def test_a_flood_of_base64_is_read_to_a_bound():
    value = base64.b64encode(b"sixteen letters!" * 2)
    sent = b"[" + b",".join([b'{"b64":"%b"}' % value] * 1000) + b"]"
    assert len(list(decoded_views(sent, UNKNOWN))) == 64
