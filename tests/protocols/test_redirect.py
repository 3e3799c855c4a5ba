from __future__ import annotations

import pytest

from tightlip.exchange import Request
from tightlip.protocols.redirect import without_own_address

SCOPES = [
    {"server": ("127.0.0.1", 8000)},
    {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000"},
]


def asked(host):
    return Request("GET", headers=((b"host", host),))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("location", "told"),
    [
        (b"http://127.0.0.1:8000/ok", b"/ok"),
        (b"HTTPS://127.0.0.1/ok?a=b", b"/ok?a=b"),
        (b"http://127.0.0.1:8000", b"/"),
        (b"http://127.0.0.1:8000?a=b", b"/?a=b"),
        (b"http://api.example/ok", b"http://api.example/ok"),
        (b"http://127.0.0.1:9000/ok", b"http://127.0.0.1:9000/ok"),
        (b"/ok", b"/ok"),
    ],
)
def test_a_redirect_to_the_address_of_the_server_becomes_relative(scope, location, told):
    headers = [(b"Location", location), (b"x-own", location)]
    assert without_own_address(headers, scope, asked(b"api.example")) == [
        (b"Location", told),
        (b"x-own", location),
    ]


def test_what_the_client_itself_has_called_the_server_stays():
    headers = [(b"location", b"http://127.0.0.1:8000/ok")]
    assert without_own_address(headers, SCOPES[0], asked(b"127.0.0.1:8000")) == headers


def test_what_is_no_host_does_not_become_one_by_an_encoding():
    headers = [(b"location", b"http://a%20b/ok")]
    assert without_own_address(headers, SCOPES[0], asked(b"a b")) == [(b"location", b"/ok")]
    headers = [(b"location", b"http://[::1]:8000/ok")]
    assert without_own_address(headers, SCOPES[0], asked(b"[::1]:8000")) == headers


def test_a_server_that_has_no_address_changes_nothing():
    headers = [(b"location", b"http://127.0.0.1:8000/ok")]
    assert without_own_address(headers, {}, asked(b"api.example")) == headers


def test_a_server_without_a_port_is_known_by_its_name():
    headers = [(b"location", b"http://inside.example/ok")]
    assert (
        without_own_address(headers, {"server": ("inside.example", None)}, asked(b"a b"))[0][1]
        == b"/ok"
    )
