from __future__ import annotations

import html
import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.detection.encoding import ENCODINGS, HTML, JSON, MARKUP, PERCENT, ZEROS, is_dressed

CRUMBS = [
    *[bytes((byte,)) for byte in b'\\\\\\\\"/nrtu0059aAfF&#xX;%+ \x00'],
    *[
        b"\\x",
        b"\\x41",
        b"\\x5c",
        b"\\'",
        b"\\u",
        b"\\u00",
        b"\\u0041",
        b"\\u005c",
        b"\\u00e9",
        b"\\u0436",
        b"\\u000b",
        b"\\u007f",
        b"\\U00000041",
        b"\\ud83d\\ude00",
        b"\\uD83D",
        b"\\ude",
        b"\\n",
        b"\\\\",
    ],
    *[b"&", b"&lt", b"&lt;", b"&amp;", b"&#39;", b"&#x27;", b"&#0;", b"&#128;", b"&eacute;"],
    *[b"&#0000039;", b"&#00000039;", b"%2", b"%2F", b"%0a", b"%E9", b"\xc3\xa9", b"\xff", b"plain"],
]
DRESSED = st.lists(st.sampled_from(CRUMBS), max_size=30).map(b"".join)


def token_by_token(encoding, data):
    return encoding.token.sub(encoding.meaning, data)


def in_pieces(encoding, pieces):
    """Decode as a stream does: what may begin a token waits for the next piece."""
    waiting, decoded = b"", b""
    for piece in pieces:
        data = waiting + piece
        kept = encoding.unfinished(data)
        waiting = data[len(data) - kept :]
        decoded += encoding.decode(data[: len(data) - kept])
    return decoded + encoding.decode(waiting)


on_each = pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.name)


@on_each
@given(data=DRESSED)
def test_the_fast_way_gives_what_each_token_means(encoding, data):
    assert encoding.decode(data) == token_by_token(encoding, data)


@on_each
@given(pieces=st.lists(DRESSED, max_size=5))
def test_a_split_changes_nothing(encoding, pieces):
    assert in_pieces(encoding, pieces) == encoding.decode(b"".join(pieces))


@on_each
@given(data=DRESSED)
def test_a_train_of_single_bytes_changes_nothing(encoding, data):
    assert in_pieces(encoding, [bytes((byte,)) for byte in data]) == encoding.decode(data)


@on_each
@given(data=DRESSED)
def test_no_more_waits_than_a_token_is_long(encoding, data):
    assert 0 <= encoding.unfinished(data) <= min(len(data), 11)


@on_each
@given(data=DRESSED)
def test_without_its_sign_a_text_is_not_so_dressed(encoding, data):
    plain = data.replace(encoding.sign, b"").replace(b"+", b"")
    assert encoding.decode(plain) == plain


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f")))
def test_what_json_wrote_in_ascii_is_read_again(text):
    kept = text.translate({code: None for code in range(32) if chr(code) not in "\t\n\r"})
    assert JSON.decode(json.dumps(kept).encode()) == f'"{kept}"'.encode()


@given(st.text(st.sampled_from("<>&\"'abc ;#")))
def test_what_html_wrote_is_read_again(text):
    assert HTML.decode(html.escape(text).encode()) == text.encode()


@given(st.text(st.sampled_from("aZ09% +/:\n?=&")))
def test_what_a_form_wrote_is_read_again(text):
    assert PERCENT.decode(b"%3A" + quote_plus(text).encode()) == b":" + text.encode()


@pytest.mark.parametrize(
    ("encoding", "sent", "meant"),
    [
        (JSON, rb"\u0054raceback", b"Traceback"),
        (JSON, rb"\/srv\/shop", b"/srv/shop"),
        (JSON, rb"\"total\"", b'"total"'),
        (JSON, rb"\\n", rb"\n"),
        (JSON, rb"\\\n", b"\\\n"),
        (JSON, rb"\u005cn", rb"\n"),
        (JSON, rb"\u00e9\u0436\u000b", "éж".encode() + rb"\u000b"),
        (JSON, rb"a \ud83d\uDE00 b", "a 😀 b".encode()),
        (JSON, rb"\ud83d\x41\ud83d\ude00", b"\xed\xa0\xbdA\xf0\x9f\x98\x80"),
        (JSON, rb"\ude00\ud83d", b"\xed\xb8\x80\xed\xa0\xbd"),
        (JSON, rb"\\ud83d\ude00", rb"\ud83d" + b"\xed\xb8\x80"),
        (JSON, rb"\u0436 \u12 \U00000041 \xe9", "ж".encode() + rb" \u12 \U00000041 \xe9"),
        (JSON, rb"\x41 \'b\' \x5c\x5C", rb"A 'b' \\"),
        (JSON, rb"C:\xampp \x4", rb"C:\xampp \x4"),
        (JSON, rb"end\ ", rb"end\ "),
        (HTML, b"&#39;&#x27;&apos;", b"'''"),
        (HTML, b"&lt;module&gt;&nbsp;&quot;", b'<module> "'),
        (HTML, b"&#0;&#xD800;&#x110000;&unknown;", b"&#0;&#xD800;&#x110000;&unknown;"),
        (HTML, b"&#200;&#x436;&eacute;&raquo;", "Èжé»".encode()),
        (HTML, b"&amp;lt;", b"&lt;"),
        (HTML, b"&lsqb;&lcub;&bsol;&comma;&NewLine;&rcub;", b"[{\\,\n}"),
        (PERCENT, b"%2Fsrv%2fshop+a", b"/srv/shop a"),
        (PERCENT, b"100% %zz %C3%A9", "100% %zz é".encode()),
        (ZEROS, b"T\x00r\x00a\x00", b"Tra"),
        (MARKUP, b"<b>Tra</b><span class='x'>ce</span>back", b"Traceback"),
        (MARKUP, b"<td>a</td><h1>b</h1><br/>c", b"\na\n\nb\n\nc"),
        (MARKUP, b"a < b, b > c, <!-- d -->, <", b"a < b, b > c, <!-- d -->, <"),
    ],
)
def test_a_dress_is_taken_off_once(encoding, sent, meant):
    assert encoding.decode(sent) == meant
    assert token_by_token(encoding, sent) == meant


@pytest.mark.parametrize(
    ("encoding", "data", "waits"),
    [
        (JSON, b"a\\", 1),
        (JSON, b"a\\\\", 0),
        (JSON, b"a\\\\\\", 1),
        (JSON, b"a\\u", 2),
        (JSON, b"a\\\\u00", 0),
        (JSON, b"a\\u004", 5),
        (JSON, b"a\\u0041", 0),
        (JSON, b"a\\x", 2),
        (JSON, b"a\\x4", 3),
        (JSON, b"a\\x41", 0),
        (JSON, b"a\\ud83d", 6),
        (JSON, b"a\\\\ud83d", 0),
        (JSON, b"a\\ud83d\\", 7),
        (JSON, b"a\\ud83d\\udE0", 11),
        (JSON, b"a\\\\ud83d\\ude0", 5),
        (JSON, b"a\\ud83d\\ude00", 0),
        (HTML, b"a&", 1),
        (HTML, b"a&#x2", 4),
        (HTML, b"a&amp;", 0),
        (HTML, b"a &", 1),
        (HTML, b"& a", 0),
        (PERCENT, b"a%", 1),
        (PERCENT, b"a%2", 2),
        (PERCENT, b"a%2F", 0),
        (ZEROS, b"a\x00", 0),
    ],
)
def test_what_may_begin_a_token_waits(encoding, data, waits):
    assert encoding.unfinished(data) == waits


@given(DRESSED)
def test_a_text_that_wears_nothing_is_known_at_sight(data):
    changed = any(encoding.decode(data) != data for encoding in (ZEROS, JSON, HTML))
    assert is_dressed(data) or not changed
