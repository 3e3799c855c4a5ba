"""The fields that may leave with an error, each in its form."""

from __future__ import annotations

import pytest

from tightlip.wire.error_headers import allowed_with_error

BACKSLASH = b"\\"


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
        (b"Permissions-Policy", b'fullscreen=(self "https://a.example"), usb=*, midi=self'),
        (b"Cross-Origin-Opener-Policy", b"same-origin"),
        (b"Cross-Origin-Embedder-Policy", b'require-corp; report-to="main"'),
        (b"Cross-Origin-Resource-Policy", b"same-site"),
        (b"Origin-Agent-Cluster", b"?1"),
        (b"X-XSS-Protection", b"1; mode=block"),
        (b"X-Permitted-Cross-Domain-Policies", b"none"),
        (b"Access-Control-Allow-Methods", b"*"),
        (b"Strict-Transport-Security", b'max-age="31536000" ; includesubdomains'),
        (b"Content-Security-Policy", b"img-src 'self' https://a.example:8443/b/ *.c.example data:"),
        (b"Content-Security-Policy", b"script-src 'nonce-ab+/9=='; report-uri /r?x=1; sandbox;"),
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
        (b"Access-Control-Allow-Methods", b"GET, SQLALCHEMY"),
        (b"Allow", b"SQLALCHEMY"),
        (b"X-Frame-Options", b"ALLOW-FROM https://a.example"),
        (b"X-Frame-Options", b"psycopg"),
        (b"X-Content-Type-Options", b"psycopg"),
        (b"X-Permitted-Cross-Domain-Policies", b"psycopg"),
        (b"X-XSS-Protection", b"1; said psycopg"),
        (b"Referrer-Policy", b"psycopg"),
        (b"Permissions-Policy", b"relation users does not exist"),
        (b"Permissions-Policy", b'camera=("users does not exist")'),
        (b"Cross-Origin-Opener-Policy", b"psycopg"),
        (b"Cross-Origin-Embedder-Policy", b'require-corp; report-to="users is gone"'),
        (b"Origin-Agent-Cluster", b"connection refused"),
        (b"Content-Security-Policy", b"users does not exist"),
        (b"Content-Security-Policy", b"default-src 'users does not exist'"),
        (b"Content-Security-Policy", b"default-src postgres://u:secret@db/x"),
        (b"Strict-Transport-Security", b"connection refused"),
        (b"Content-Security-Policy", b"default-src 'none'\r\nX: y"),
        (b"Content-Security-Policy", b"caf\xc3\xa9"),
        (b"Content-Security-Policy", b"default-src" + b" a" * 60 + b" " * 4000 + b"a"),
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
        (b"POST, SQLALCHEMY, PROPFIND", b"POST, PROPFIND"),
    ],
)
def test_the_allowed_methods_are_sorted_and_told_once_and_those_that_frameworks_add_are_not(
    value, told
):
    assert allowed_with_error([(b"Allow", value)]) == ((b"allow", told),)


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
