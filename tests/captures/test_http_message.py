from __future__ import annotations

import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.captures.http_message import head_of, looks_like_message, messages_of
from tightlip.detection.unpacking import unpack


def parts_of(data: bytes) -> list[tuple[str, bytes]]:
    return [(part.reading.kind, part.data) for part in messages_of("a", data)]


def body_of(data: bytes):
    (part,) = (part for part in messages_of("a", data) if part.reading.kind == "body")
    return part


@pytest.mark.parametrize(
    ("data", "is_message"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/2 404\n", True),
        (b"HTTP/1.0 500 ", True),
        (b"HTTP/1.1 20 OK\r\n", False),
        (b"GET / HTTP/1.1\r\n", False),
        (b"see HTTP/1.1 200 OK", False),
        (b"", False),
    ],
)
def test_a_message_is_known_by_its_status_line(data, is_message):
    assert looks_like_message(data) is is_message
    assert (head_of(data) is not None) is is_message


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_reason_fields_and_body_are_parts(end):
    data = end.join([b"HTTP/1.1 404 No such thing", b"A: b", b"C: d,", b" e", b"", b"body", b""])
    assert parts_of(data) == [
        ("header", b"No such thing"),
        ("header", b"A: b"),
        ("header", b"C: d," + end + b" e"),
        ("body", b"body" + end),
    ]
    for part in messages_of("a", data):
        assert part.reading.status == 404
        assert data[part.begin.byte :].startswith(part.data)
        assert part.begin.line == 1 + data[: part.begin.byte].count(b"\n")
        assert part.is_verbatim


def test_the_type_of_the_body_is_that_of_the_head():
    part = body_of(b"HTTP/1.1 200 OK\ncontent-TYPE: text/html; charset=utf-8 \n\n<p>")
    assert part.reading.content_type == "text/html; charset=utf-8"


def test_messages_that_follow_each_other_are_told_apart():
    first = b"HTTP/1.1 100 Continue\r\n\r\n"
    second = b"HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nmoved"
    third = b"HTTP/1.1 500 Oh\r\nContent-Length: 400\r\n\r\nthe rest\nHTTP/1.1 200 is only a word"
    found = list(messages_of("a", first + second + b"\r\n" + third))
    assert [part.data for part in found] == [
        b"Continue",
        b"Found",
        b"Content-Length: 5",
        b"moved",
        b"Oh",
        b"Content-Length: 400",
        b"the rest\nHTTP/1.1 200 is only a word",
    ]
    assert [part.reading.status for part in found] == [100, 302, 302, 302, 500, 500, 500]


def test_what_follows_a_message_and_is_none_is_read_as_a_body():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    *_, last = messages_of("a", head + b"1\r\nx\r\n0\r\n\r\n\0 and more")
    assert (last.data, last.reading.kind, last.begin.line) == (b"\0 and more", "body", 8)


def test_chunks_are_joined():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"4;x=y\r\nacme\r\n6\r\n_users\r\n0\r\nTrailer: z\r\n\r\n"
    part = body_of(head + chunks)
    assert (part.data, part.name, part.is_verbatim) == (b"acme_users", "body", False)
    assert part.enclosing == (len(head), len(head) + len(chunks))
    again = b"HTTP/1.1 500 Oh\r\n\r\nx"
    assert [part.data for part in messages_of("a", head + chunks + again)][2:] == [
        b"acme_users",
        b"Oh",
        b"x",
    ]


@pytest.mark.parametrize(
    "body", [b"acme_users", b"4\r\nacm", b"4\r\nacmeX", b"fffffffffffffff\r\n", b"4\r\nacme\r\n"]
)
def test_a_body_that_a_tool_has_joined_already_is_left_alone(body):
    part = body_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert (part.data, part.name, part.is_verbatim) == (body, None, True)


def test_a_packed_body_is_read_unpacked():
    plain = b"acme_users"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    part = body_of(head + gzip.compress(plain))
    assert unpack(part.data, part.reading) == plain
    assert (part.name, part.is_verbatim) == ("body", False)


@pytest.mark.parametrize("plain", [b"acme_users", "é".encode() * 600, b"a" * 1023 + "é".encode()])
def test_a_body_that_a_tool_has_unpacked_already_is_left_alone(plain):
    part = body_of(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + plain)
    assert unpack(part.data, part.reading) == plain
    assert part.name is None


def test_chunks_that_are_packed_are_joined_and_unpacked():
    packed = gzip.compress(b"acme_users")
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    part = body_of(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" + chunks
    )
    assert unpack(part.data, part.reading) == b"acme_users"


_PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 500",
        b"\r\n",
        b"\n",
        b"\r",
        b"Content-Length: 3",
        b"Transfer-Encoding: chunked\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n",
        b" x",
        b"\0",
    ]
)


@given(pieces=st.lists(_PIECES, max_size=12))
def test_every_byte_but_status_codes_and_line_ends_is_in_a_part(pieces):
    data = bytearray(b"HTTP/1.1 200 OK\n" + b"".join(pieces))
    for part in messages_of("a", bytes(data)):
        start, end = part.enclosing or (part.begin.byte, part.begin.byte + len(part.data))
        if part.is_verbatim:
            assert data[start:end] == part.data
        data[start:end] = b"\n" * (end - start)
    assert re.sub(rb"HTTP/1\.1 [0-9]{3} ?|[\r\n]", b"", bytes(data)) == b""
