"""Which headers leave: hostile values stay behind, and what names the machinery always does."""

from __future__ import annotations

import pytest

from tightlip.wire.headers import (
    allowed_with_error,
    assemble,
    names_machinery,
    without_machinery,
)

CANARY = b"canary-6d1f"


@pytest.mark.parametrize(
    ("name", "value", "leaves"),
    [
        ("Allow", "PUT, GET", "GET, PUT"),
        ("allow", "GET,GET , HEAD", "GET, HEAD"),
        ("WWW-Authenticate", "Bearer", "Bearer"),
        ("WWW-Authenticate", 'Bearer realm="shop", error="canary-6d1f"', 'Bearer realm="shop"'),
        ("WWW-Authenticate", 'Bearer error="canary-6d1f", realm=shop', "Bearer realm=shop"),
        ("WWW-Authenticate", "Basic canary-6d1f", "Basic"),
        ("WWW-Authenticate", "Negotiate canary-6d1f==", "Negotiate"),
        ("Proxy-Authenticate", 'Digest realm="a\\"b", nonce="canary-6d1f"', 'Digest realm="a\\"b"'),
        ("WWW-Authenticate", 'Bearer xrealm="canary-6d1f"', "Bearer"),
        ("Retry-After", "120", "120"),
        ("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:59 GMT"),
        ("Access-Control-Allow-Origin", "https://a.example", "https://a.example"),
        ("Access-Control-Allow-Credentials", "true", "true"),
        ("Vary", "Origin, Accept", "Origin, Accept"),
        ("Strict-Transport-Security", "max-age=1; preload", "max-age=1; preload"),
        ("Content-Security-Policy", "default-src 'self'", "default-src 'self'"),
        ("X-Frame-Options", "DENY", "DENY"),
    ],
)
def test_an_allowed_header_leaves_in_its_form(name, value, leaves):
    expected = ((name.lower().encode(), leaves.encode()),)
    assert allowed_with_error([(name.encode(), value.encode())]) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("etag", '"canary"'),
        ("last-modified", "Fri, 31 Dec 1999 23:59:59 GMT"),
        ("content-disposition", "attachment"),
        ("set-cookie", "a=b"),
        ("location", "/there"),
        ("x-own", "canary"),
        ("server", "canary"),
        ("content-type", "text/plain"),
        ("content-length", "3"),
        ("transfer-encoding", "chunked"),
        ("allow", "GET canary is the word"),
        ("allow", ""),
        ("retry-after", "canary"),
        ("retry-after", "-1"),
        ("retry-after", "12345678901"),
        ("vary", "Origin; canary"),
        ("x-frame-options", "DENY canary"),
        ("access-control-allow-origin", "https://a.example/canary"),
        ("access-control-allow-origin", "https://user:canary@a.example"),
        ("access-control-allow-credentials", "canary"),
        ("access-control-max-age", "canary"),
        ("strict-transport-security", "a\r\nset-cookie: canary"),
        ("content-security-policy", "canary\x00"),
        ("content-security-policy", "a" * 5000),
        ("www-authenticate", "canary says: no"),
        ("www-authenticate", "\x00canary"),
        ("www-authenticate", ""),
        ("www-authenticate", "Bearer\r\nset-cookie: canary"),
    ],
)
def test_any_other_header_or_form_stays_behind(name, value):
    assert allowed_with_error([(name.encode(), value.encode())]) == ()


@pytest.mark.parametrize(
    "name",
    [
        "Server",
        "X-Powered-By",
        "X-AspNet-Version",
        "X-AspNetMvc-Version",
        "X-Runtime",
        "X-Debug-Token",
        "X-Debug-Token-Link",
        "Via",
        "X-Generator",
    ],
)
def test_what_names_the_machinery_never_leaves(name):
    for written in (name, name.lower(), name.upper()):
        assert names_machinery(written.encode())
        assert without_machinery([(written.encode(), CANARY)]) == []


@pytest.mark.parametrize("name", ["x-request-id", "observer", "date", "x-served"])
def test_a_header_that_only_looks_like_it_stays(name):
    assert without_machinery([(name.encode(), b"a")]) == [(name.encode(), b"a")]


def test_white_space_around_a_value_is_taken_off():
    assert without_machinery([(b"a", b" \tb c\t ")]) == [(b"a", b"b c")]


@pytest.mark.parametrize("value", [b"a\rb", b"a\nb", b"a\0b", b"a\x0bb", b"a\x0cb", b"\n"])
def test_a_value_that_http_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="x-own"):
        without_machinery([(b"x-own", value)])


@pytest.mark.parametrize("header", [("x", b"a"), (b"x", "a"), (b"x", None), (b"x", 1)])
def test_a_header_that_is_no_bytes_is_refused(header):
    with pytest.raises((TypeError, AttributeError)):
        without_machinery([header])


def test_each_header_of_the_application_is_there_once_and_after_ours():
    own = {b"b": b"ours"}
    given = ((b"c", b"1"), (b"c", b"1"), (b"c", b"2"), (b"b", b"theirs"), (b"a", b"1"))
    assert assemble(own, given) == (
        (b"a", b"1"),
        (b"b", b"ours"),
        (b"c", b"1"),
        (b"c", b"2"),
    )
