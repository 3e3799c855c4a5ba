"""Header fields: what never leaves, and how the others are joined."""

from __future__ import annotations

import pytest

from tightlip.wire.error_headers import allowed_with_error
from tightlip.wire.headers import assemble, names_machinery, read_head


def left(headers):
    return list(read_head(headers).fields)


@pytest.mark.parametrize(
    "name",
    [
        b"server",
        b"Server",
        b"SERVER",
        b"sErVeR",
        b"X-Powered-By",
        b"X-AspNet-Version",
        b"X-AspNetMvc-Version",
        b"x-ASPNET-anything",
        b"X-Runtime",
        b"X-Debug-Token",
        b"X-Debug-Token-Link",
        b"X-Debug-Exception",
        b"Via",
        b"X-Generator",
        b"X-PHP-Version",
        b"X-Rack-Cache",
        b"X-Application-Context",
        b"X-Backend-Server",
        b"X-Served-By",
    ],
)
def test_machinery_is_named_on_no_response_in_any_case(name):
    kept = [(b"content-type", b"text/plain"), (b"x-request-id", b"7")]
    assert names_machinery(name)
    assert left([kept[0], (name, b"x"), (name.lower(), b"y"), kept[1]]) == kept
    assert allowed_with_error([(name, b"GET")]) == ()


@pytest.mark.parametrize(
    "name",
    [b"x-request-id", b"etag", b"set-cookie", b"x-ratelimit-limit", b"serverless", b"viable"],
)
def test_other_headers_of_a_good_answer_stay_as_they_are(name):
    headers = [(name, b"1"), (name.title(), b"2"), (name, b"1")]
    assert left(iter(headers)) == headers


def test_blanks_around_a_value_are_no_part_of_it():
    assert left([(b"A", b" \tb c \t"), (b"d", b"")]) == [(b"A", b"b c"), (b"d", b"")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"a", b"b\r\nset-cookie: c=d"),
        (b"a", b"b\nc"),
        (b"a", b"b\rc"),
        (b"a", b"b\x00c"),
        (b"a", b"b\n"),
        (b"a", b"b\x0bc"),
        (b"a", b"b\x7fc"),
        (b"a", b"b\x1bc"),
        (b"", b"b"),
        (b"a b", b"c"),
        (b"a:", b"b"),
        (b"a\r\nb", b"c"),
        (b"a\n", b"b"),
        (b"\xe9", b"b"),
        (b"Content-Length", b"three"),
        (b"content-length", b"-1"),
        (b"content-length", b""),
        (b"Transfer-Encoding", b"gzip"),
        (b"transfer-encoding", b"gzip, chunked"),
    ],
)
def test_a_header_that_http_cannot_hold_is_refused(name, value):
    with pytest.raises(ValueError, match=r"^b['\"]"):
        read_head([(name, value)])


@pytest.mark.parametrize(("name", "value"), [("a", b"b"), (b"a", "b"), (b"a", 7), (None, b"b")])
def test_a_header_that_is_not_of_bytes_is_refused(name, value):
    with pytest.raises((TypeError, AttributeError)):
        read_head([(name, value)])


def test_a_head_tells_what_its_fields_say_of_the_body_and_which_are_free_text():
    head = read_head(
        [
            (b"Content-Type", b" text/plain "),
            (b"content-encoding", b"gzip"),
            (b"Content-Length", b"07"),
            (b"content-length", b"8"),
            (b"ETag", b'"1"'),
            (b"X-Own", b"a b"),
        ]
    )
    assert head.content == (b"text/plain", b"gzip")
    assert head.lengths == (7, 8)
    assert head.free == ((b"x-own", b"a b"),)


USUAL = [(b"content-type", b"text/plain"), (b"content-length", b"7"), (b"vary", b"Origin")]


def test_a_head_that_comes_again_is_the_same():
    assert read_head(list(USUAL)) is read_head(iter(USUAL))
    assert read_head(map(list, USUAL)).fields == read_head(USUAL).fields


@pytest.mark.parametrize("name", [b"set-cookie", b"x-request-id", b"authorization", b"server"])
def test_a_head_that_may_hold_a_secret_is_not_kept(name):
    head = read_head([*USUAL, (name, b"1")])
    assert not head.is_usual
    assert read_head([*USUAL, (name, b"1")]) is not head


def test_what_is_no_plain_field_is_not_kept_for_others():
    class Bytes(bytes):
        pass

    first = read_head([(b"vary", Bytes(b"X-Special"))])
    assert first is not read_head([(b"vary", b"X-Special")])


def test_the_heads_that_are_kept_are_bounded():
    first = read_head(USUAL)
    for number in range(2000):
        read_head([(b"content-length", b"%d" % number), (b"vary", b"X-Bounded")])
    assert read_head(USUAL) is not first


@pytest.mark.parametrize("length", [100, 2000])
def test_a_long_head_is_not_kept_since_a_client_may_have_written_it(length):
    fields = [*USUAL, (b"access-control-allow-origin", b"https://" + b"a" * length)]
    head = read_head(fields)
    assert head.is_usual is (length < 1000)
    assert (read_head(fields) is head) is (length < 1000)


def test_the_headers_are_joined_in_the_order_of_their_names_and_ours_win():
    own = {b"content-type": b"application/json", b"cache-control": b"no-store"}
    theirs = (
        (b"vary", b"Origin"),
        (b"cache-control", b"public"),
        (b"vary", b"Accept"),
        (b"vary", b"Origin"),
        (b"allow", b"GET"),
    )
    assert assemble(own, theirs) == (
        (b"allow", b"GET"),
        (b"cache-control", b"no-store"),
        (b"content-type", b"application/json"),
        (b"vary", b"Origin"),
        (b"vary", b"Accept"),
    )
