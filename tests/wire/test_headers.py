"""Header fields: what may leave with an error, and what never leaves."""

from __future__ import annotations

import pytest

from tightlip.wire.headers import allowed_with_error, assemble, names_machinery, without_machinery

BACKSLASH = b"\\"


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
    assert without_machinery([kept[0], (name, b"x"), (name.lower(), b"y"), kept[1]]) == kept
    assert allowed_with_error([(name, b"GET")]) == ()


@pytest.mark.parametrize(
    "name",
    [b"x-request-id", b"etag", b"set-cookie", b"x-ratelimit-limit", b"serverless", b"viable"],
)
def test_other_headers_of_a_good_answer_stay_as_they_are(name):
    headers = [(name, b"1"), (name.title(), b"2"), (name, b"1")]
    assert without_machinery(iter(headers)) == headers


def test_blanks_around_a_value_are_no_part_of_it():
    assert without_machinery([(b"A", b" \tb c \t"), (b"d", b"")]) == [(b"A", b"b c"), (b"d", b"")]


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
    ],
)
def test_a_header_that_http_cannot_hold_is_refused(name, value):
    with pytest.raises(ValueError, match=r"^b['\"]"):
        without_machinery([(name, value)])


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"Cookie", []),
        (b"Origin, Cookie", [b"Origin"]),
        (b"accept-encoding, Accept,cookie", [b"Accept"]),
        (b"*", [b"*"]),
    ],
)
def test_an_error_does_not_tell_what_only_caches_ask_for(value, left):
    assert [kept for _, kept in allowed_with_error([(b"Vary", value)])] == left


@pytest.mark.parametrize(("name", "value"), [("a", b"b"), (b"a", "b"), (b"a", 7), (None, b"b")])
def test_a_header_that_is_not_of_bytes_is_refused(name, value):
    with pytest.raises((TypeError, AttributeError)):
        without_machinery([(name, value)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Access-Control-Allow-Origin", b"*"),
        (b"Access-Control-Allow-Origin", b"null"),
        (b"Access-Control-Allow-Origin", b"https://shop.example:8443"),
        (b"Access-Control-Allow-Origin", b"http://[2001:db8::1]:80"),
        (b"Access-Control-Allow-Credentials", b"true"),
        (b"Access-Control-Allow-Methods", b"GET, POST"),
        (b"Access-Control-Allow-Headers", b"authorization,x-token"),
        (b"Access-Control-Expose-Headers", b"x-error-reference"),
        (b"Access-Control-Max-Age", b"600"),
        (b"Vary", b"Origin, Accept"),
        (b"Vary", b"*"),
        (b"Retry-After", b"120"),
        (b"Retry-After", b"Fri, 31 Dec 1999 23:59:59 GMT"),
        (b"Strict-Transport-Security", b"max-age=63072000; includeSubDomains; preload"),
        (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"X-Frame-Options", b"DENY"),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Referrer-Policy", b"no-referrer, same-origin"),
        (b"Permissions-Policy", b"geolocation=(), camera=(self)"),
        (b"Cross-Origin-Opener-Policy", b"same-origin"),
        (b"X-XSS-Protection", b"1; mode=block"),
    ],
)
def test_what_is_on_the_list_leaves_under_its_name_in_lower_case(name, value):
    assert allowed_with_error([(name, value)]) == ((name.lower(), value),)


@pytest.mark.parametrize(
    "name",
    [
        b"ETag",
        b"Last-Modified",
        b"Content-Disposition",
        b"Set-Cookie",
        b"SET-COOKIE",
        b"Set-Cookie2",
        b"Content-Type",
        b"Content-Length",
        b"Content-Encoding",
        b"Transfer-Encoding",
        b"Content-Range",
        b"Location",
        b"Link",
        b"Warning",
        b"Cache-Control",
        b"Expires",
        b"Age",
        b"Date",
        b"X-Error",
        b"X-Error-Reference",
        b"X-Request-Id",
        b"Authorization",
        b"Server-Timing",
        b"SourceMap",
        b"Access-Control-Allow-Origin-Extra",
        b"",
        b"\xff",
    ],
)
def test_what_is_not_on_the_list_stays_behind(name):
    assert allowed_with_error([(name, b"1")]) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Retry-After", b"psycopg.OperationalError at 10.0.0.5"),
        (b"Retry-After", b"-1"),
        (b"Retry-After", b"1.5"),
        (b"Retry-After", b"1234567890"),
        (b"Retry-After", b""),
        (b"Retry-After", b"5\r\nX: y"),
        (b"Retry-After", b"5\n"),
        (b"Retry-After", b"Fri, 31 Dec 1999 23:59:59 GMT, said db-7"),
        (b"Allow", b"GET; the table users is gone"),
        (b"Allow", b"GET\r\nX: y"),
        (b"Allow", b""),
        (b"Vary", b"Origin /srv/api"),
        (b"Vary", b"a" + b" b" * 9),
        (b"Access-Control-Allow-Origin", b"connection refused"),
        (b"Access-Control-Allow-Origin", b"https://a.example/path"),
        (b"Access-Control-Allow-Origin", b"https://a.example\r\nX: y"),
        (b"Access-Control-Allow-Origin", b"https://user:key@a.example"),
        (b"Access-Control-Allow-Credentials", b"yes, for user 7"),
        (b"Access-Control-Max-Age", b"ten"),
        (b"X-Frame-Options", b"ALLOW-FROM https://a.example"),
        (b"Content-Security-Policy", b"default-src 'none'\r\nX: y"),
        (b"Content-Security-Policy", b"caf\xc3\xa9"),
        (b"Content-Security-Policy", b"a" * 4097),
        (b"Strict-Transport-Security", b"max-age=1\x00"),
    ],
)
def test_a_value_that_has_not_the_form_of_its_field_stays_behind(name, value):
    assert allowed_with_error([(name, value)]) == ()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"POST, GET", b"GET, POST"),
        (b"POST,GET,POST", b"GET, POST"),
        (b"GET", b"GET"),
        (b"PUT ,DELETE", b"DELETE, PUT"),
        (b"OPTIONS, HEAD, GET, POST", b"GET, POST"),
        (b"POST, OPTIONS", b"POST"),
        (b"HEAD, POST", b"HEAD, POST"),
        (b"OPTIONS", b"OPTIONS"),
    ],
)
def test_the_allowed_methods_are_sorted_and_told_once_and_those_that_frameworks_add_are_not(
    value, told
):
    assert allowed_with_error([(b"Allow", value)]) == ((b"allow", told),)


@pytest.mark.parametrize("name", [b"WWW-Authenticate", b"proxy-authenticate"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"Bearer", b"Bearer"),
        (b" Basic ", b"Basic"),
        (b'Basic realm="the shop"', b'Basic realm="the shop"'),
        (b'Basic realm="the shop", charset="UTF-8"', b'Basic realm="the shop"'),
        (b"Basic Realm=shop", b"Basic realm=shop"),
        (b'Basic realm = "shop"', b'Basic realm="shop"'),
        (b'Bearer error="invalid_token", error_description="JWT of user 7: bad key"', b"Bearer"),
        (b'Bearer error_description="no", realm="shop"', b'Bearer realm="shop"'),
        (b'Bearer realm="shop" error="x"', b'Bearer realm="shop"'),
        (b'Bearer error_description="table users, realm=leaked"', b"Bearer"),
        (b'Bearer error_description="table users realm=leaked "', b"Bearer"),
        (b'Bearer error_description="a' + BACKSLASH + b'", realm=leaked"', b"Bearer"),
        (b'Bearer xrealm="leaked"', b"Bearer"),
        (b'Bearer realm="' + b"a" * 128 + b'"', b'Bearer realm="' + b"a" * 128 + b'"'),
        (b'Bearer realm="' + b"a" * 129 + b'"', b"Bearer"),
        (b"Negotiate YIIabc+/==", b"Negotiate"),
        (b'Digest nonce="abc", realm="shop", qop="auth"', b'Digest realm="shop"'),
        (b'Basic realm="a", Bearer realm="b"', b'Basic realm="a"'),
    ],
)
def test_a_challenge_keeps_its_scheme_and_its_realm_only(name, value, told):
    assert allowed_with_error([(name, value)]) == ((name.lower(), told),)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b'"Bearer"',
        b"psycopg.errors.UndefinedTable",
        b"Bearer\r\nSet-Cookie: a=b",
        b'Bearer realm="caf\xc3\xa9"',
        b"7Bearer",
        b"A" * 33,
        b"Bearer, Basic",
        b'Bearer error_description="open, realm=leaked',
        b"Table users is gone",
    ],
)
def test_what_is_no_challenge_stays_behind(value):
    assert allowed_with_error([(b"www-authenticate", value)]) == ()


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
