"""A second set of planted secrets, written without a look at the scrubber: none of them survives."""

from __future__ import annotations

import argparse
import base64
import collections
import dataclasses
import functools
import hashlib
import json
import subprocess
import tomllib
import types
import urllib.error
import urllib.parse
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pydantic
import pytest

from tightlip.exchange import Request
from tightlip.failure import Withheld

TEXTS = tomllib.loads(
    (Path(__file__).parent / "planted" / "texts.toml").read_text(encoding="utf-8")
)
CASES = [
    (f"{kind}-{number}", group["shape"], text, keep)
    for kind, group in TEXTS.items()
    for number, (text, keep) in enumerate(group["cases"])
]


def secret(name: str, shape: str = "word") -> str:
    """Make a secret of a shape, the same at each run; no source line holds it."""
    digest = hashlib.sha512(name.encode())
    if shape == "hex":
        return digest.hexdigest()[:40]
    if shape == "base64":
        return base64.b64encode(digest.digest()).decode()[:86] + "=="
    if shape == "alnum":
        letters = base64.b64encode(digest.digest() * 2).decode()
        return "".join(filter(str.isalnum, letters))[:40]
    return f"Tr0ub{digest.hexdigest()[:8]}dor"


def assert_gone(incident, *secrets):
    line = incident.as_json()
    for each in secrets:
        assert each not in line, each


def raised_by(function, *arguments):
    try:
        function(*arguments)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(("name", "shape", "text", "keep"), CASES, ids=[c[0] for c in CASES])
def test_a_secret_in_a_message_is_taken_out_and_what_stands_around_it_stays(
    record, name, shape, text, keep
):
    planted = secret(name, shape)

    def fail(said):
        raise RuntimeError(said)

    incident = record(raised_by(fail, text.format(planted)))
    assert_gone(incident, planted)
    assert keep in incident["exceptions"][0]["exception.message"]


@dataclasses.dataclass
class Account:
    user: str
    password: str


@dataclasses.dataclass
class Settings:
    name: str
    account: Account
    api_key: str = ""


@attrs.define
class Client:
    host: str
    auth_token: str


class Pair(NamedTuple):
    host: str
    client_secret: str


class Login(pydantic.BaseModel):
    user: str
    password: pydantic.SecretStr
    otp: str


class Slotted:
    __slots__ = ("host", "private_key")

    def __init__(self, host, private_key):
        self.host, self.private_key = host, private_key


def _pem(name):
    body = base64.b64encode(hashlib.sha512(name.encode()).digest() * 4).decode()
    return "\n".join(body[start : start + 64] for start in range(0, len(body), 64))


def _jwt(name):
    part = secret(name, "alnum")
    head, claims = (
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
        for each in ({"alg": "HS256", "typ": "JWT"}, {"sub": "1"})
    )
    return f"{head}.{claims}.{part}", part


LOCALS: dict[str, Any] = {
    "dataclass": lambda s: {"host": "shop-eu", "settings": Settings("a", Account("bob", s), s)},
    "attrs": lambda s: {"host": "shop-eu", "client": Client("a", s)},
    "namedtuple": lambda s: {"host": "shop-eu", "pair": Pair("a", s)},
    "pydantic": lambda s: {"host": "shop-eu", "form": Login(user="a", password=s, otp=s)},
    "slots": lambda s: {"host": "shop-eu", "keys": Slotted("a", s)},
    "namespace": lambda s: {"host": "shop-eu", "found": types.SimpleNamespace(passphrase=s)},
    "arguments": lambda s: {"host": "shop-eu", "given": argparse.Namespace(token=s)},
    "chain": lambda s: {"host": "shop-eu", "chain": collections.ChainMap({"secret": s})},
    "ordered": lambda s: {"host": "shop-eu", "form": collections.OrderedDict(pwd=s)},
    "default": lambda s: {"host": "shop-eu", "form": collections.defaultdict(str, access_token=s)},
    "deque": lambda s: {"host": "shop-eu", "last": collections.deque([("api_key", s)])},
    "proxy": lambda s: {"host": "shop-eu", "view": types.MappingProxyType({"apikey": s})},
    "nested": lambda s: {"a": {"b": [{"c": {"refresh_token": s, "host": "shop-eu"}}]}},
    "tuple_key": lambda s: {"settings": {("shop-eu", "password"): s}},
    "key_by_lines": lambda s: {
        "host": "shop-eu",
        "lines": ["-----BEGIN PRIVATE KEY-----", "AAAA", s, "-----END PRIVATE KEY-----"],
    },
    "key_by_lines_of_bytes": lambda s: {
        "host": "shop-eu",
        "lines": [
            b"-----BEGIN PRIVATE KEY-----",
            b"AAAA",
            s.encode(),
            b"-----END PRIVATE KEY-----",
        ],
    },
    "pairs": lambda s: {"headers": [("host", "shop-eu"), ("authorization", f"Bearer {s}")]},
    "byte_pairs": lambda s: {"raw": [(b"host", b"shop-eu"), (b"cookie", b"sid=" + s.encode())]},
    "partial": lambda s: {"host": "shop-eu", "call": functools.partial(print, password=s)},
    "parsed": lambda s: {"host": "shop-eu", "parts": urllib.parse.urlsplit(f"ftp://u:{s}@a/")},
    "cookies": lambda s: {"jar": SimpleCookie(f"session={s}"), "host": "shop-eu"},
    "json_bytes": lambda s: {"body": json.dumps({"host": "shop-eu", "password": s}).encode()},
    "json_array": lambda s: {"body": bytearray(f'{{"host":"shop-eu","pin":"{s}"}}', "ascii")},
    "form": lambda s: {"body": f"host=shop-eu&client_secret={s}&x=1".encode()},
    "multipart": lambda s: {
        "body": f'--b\r\nContent-Disposition: form-data; name="host"\r\n\r\nshop-eu\r\n--b\r\n'
        f'Content-Disposition: form-data; name="password"\r\n\r\n{s}\r\n--b--\r\n'
    },
    "xml": lambda s: {"body": f"<login><host>shop-eu</host><password>{s}</password></login>"},
    "yaml": lambda s: {"text": f"host: shop-eu\npassword: {s}\n"},
    "toml": lambda s: {"text": f'host = "shop-eu"\n[db]\npassword = "{s}"\n'},
    "ini": lambda s: {"text": f"[smtp]\nhost=shop-eu\npass={s}\n"},
    "env": lambda s: {"lines": ["HOST=shop-eu", f"DJANGO_SECRET_KEY={s}"]},
    "environment": lambda s: {"environ": {"HOST": "shop-eu", "AWS_SESSION_TOKEN": s}},
    "password": lambda s: {"password": s, "host": "shop-eu"},
    "passwd": lambda s: {"passwd": s, "host": "shop-eu"},
    "pwd": lambda s: {"pwd": s, "host": "shop-eu"},
    "new_password": lambda s: {"new_password": s, "host": "shop-eu"},
    "apiKey": lambda s: {"apiKey": s, "host": "shop-eu"},
    "bearer": lambda s: {"bearer": s, "host": "shop-eu"},
    "cvv": lambda s: {"cvv": s, "host": "shop-eu"},
    "otp_code": lambda s: {"otp_code": s, "host": "shop-eu"},
    "session_id": lambda s: {"session_id": s, "host": "shop-eu"},
    "csrf_token": lambda s: {"csrf_token": s, "host": "shop-eu"},
    "mnemonic": lambda s: {"mnemonic": s, "host": "shop-eu"},
    "recovery_codes": lambda s: {"recovery_codes": [s, s + "2"], "host": "shop-eu"},
    "encryption_key": lambda s: {"encryption_key": s.encode(), "host": "shop-eu"},
    "db_credentials": lambda s: {"db_credentials": ("shop-eu-user", s), "host": "shop-eu"},
    "webhook_secret": lambda s: {"webhook_secret": s, "host": "shop-eu"},
    "keywords": lambda s: {"kwargs": {"host": "shop-eu", "auth": ("alice", s)}},
    "command": lambda s: {"argv": ["psql", "--host=shop-eu", f"--password={s}"]},
    "command_pair": lambda s: {"argv": ["tool", "--host", "shop-eu", "--token", s]},
    "statement": lambda s: {
        "sql": "UPDATE users SET password = %(password)s WHERE host = %(host)s",
        "parameters": {"password": s, "host": "shop-eu"},
    },
    "positions": lambda s: {
        "sql": "INSERT INTO users (host, password) VALUES (?, ?)",
        "given": ("shop-eu", s),
    },
    "positions_before_their_statement": lambda s: {
        "given": ["shop-eu", s],
        "sql": "UPDATE users SET name = %s WHERE api_token = %s",
    },
    "numbered_positions": lambda s: {
        "query": "SELECT 1 FROM users WHERE otp = crypt($2, 'x') AND host = $1",
        "given": ["shop-eu", s],
    },
    "basic": lambda s: {
        "host": "shop-eu",
        "line": "Basic " + base64.b64encode(f"alice:{s}".encode()).decode(),
    },
    "quoted": lambda s: {"line": "shop-eu?password=" + urllib.parse.quote(s + "+/="), "n": 1},
    "formatted": lambda s: {"line": f"host='shop-eu' password={s!r}"},
    "debug_format": lambda s: {"line": f"shop-eu {Account('alice', s)!r}"},
}


@pytest.mark.parametrize("place", LOCALS)
def test_a_secret_in_a_local_is_taken_out_and_what_stands_beside_it_stays(record, place):
    planted = secret(place)

    def fail(make):
        values = make(planted)
        locals_of_a_frame(**values)

    def locals_of_a_frame(**values):
        program = "def inner(values):\n"
        program += "".join(f"    {name} = values[{name!r}]\n" for name in values)
        program += "    values = None\n    raise RuntimeError('planted nothing')\n"
        made: dict[str, Any] = {}
        exec(compile(program, __file__, "exec"), made)
        made["inner"](values)

    error = raised_by(fail, LOCALS[place])
    # The frames of the test itself hold the secret under a name of their own.
    error.__traceback__ = error.__traceback__.tb_next.tb_next.tb_next
    incident = record(error)
    coded = base64.b64encode(f"alice:{planted}".encode()).decode()
    assert_gone(incident, planted, coded, urllib.parse.quote(planted + "+/="))
    assert "shop-eu" in incident.as_json()


class Refused(Exception):
    def __init__(self, host, api_token):
        super().__init__(host)
        self.api_token = api_token


def _chained(error, cause):
    error.__cause__ = cause
    return error


def _noted(error, note):
    error.add_note(note)
    return error


def _validated(s):
    class Order(pydantic.BaseModel):
        amount: int
        password: int

    return raised_by(lambda: Order(amount="shop-eu", password=s))


EXCEPTIONS: dict[str, Any] = {
    "argument": lambda s: ValueError("shop-eu", {"password": s}),
    "arguments": lambda s: RuntimeError("shop-eu", ("password", s)),
    "cause": lambda s: _chained(ValueError("shop-eu"), OSError(f"login with password={s} failed")),
    "note": lambda s: _noted(ValueError("shop-eu"), f"Authorization: Bearer {s}"),
    "group": lambda s: ExceptionGroup("shop-eu", [ValueError(f"token={s}"), KeyError("a")]),
    "attribute": lambda s: Refused("shop-eu", s),
    "process": lambda s: subprocess.CalledProcessError(
        2, ["mysql", "-hshop-eu", f"-p{s}"], output=f"password={s}"
    ),
    "process_text": lambda s: subprocess.CalledProcessError(2, f"mysql -hshop-eu -p{s} -e x"),
    "timeout": lambda s: subprocess.TimeoutExpired(["curl", "-u", f"bob:{s}", "shop-eu"], 3),
    "address": lambda s: urllib.error.HTTPError(
        f"https://shop-eu.example/?api_key={s}",
        403,
        f"shop-eu refused https://shop-eu.example/?api_key={s}",
        {},
        None,
    ),
    "file": lambda s: FileNotFoundError(2, "shop-eu", f"/srv/in?token={s}"),
    "validation": _validated,
    "key": lambda s: KeyError(f"shop-eu?access_token={s}"),
}


@pytest.mark.parametrize("place", EXCEPTIONS)
def test_a_secret_in_an_exception_is_taken_out_and_the_rest_of_it_stays(record, place):
    planted = secret(place)

    def fail(error):
        raise error

    error = raised_by(fail, EXCEPTIONS[place](planted))
    error.__traceback__ = None  # its frames hold the secret under names of the test's own
    incident = record(error)
    assert_gone(incident, planted)
    assert "shop-eu" in incident.as_json()


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-auth-token",
        "x-amz-security-token",
        "x-goog-api-key",
        "x-csrf-token",
        "x-vault-token",
        "x-shopify-access-token",
        "x-acme-session",
        "ocp-apim-subscription-key",
        "x-hub-signature-256",
        "php-auth-pw",
    ],
)
def test_a_secret_in_a_header_is_not_kept_and_the_usual_ones_are(record, name):
    planted = secret(name)
    headers = ((name.encode(), f"Basic {planted}".encode()), (b"accept", b"text/shop-eu"))
    incident = record(ValueError("x"), request=Request("GET", "/", headers=headers))
    assert_gone(incident, planted)
    assert "text/shop-eu" in incident.as_json()


@pytest.mark.parametrize(
    ("path", "route", "query"),
    [
        ("/reset/{}", "/reset/{reset_token}", ""),
        ("/invitations/{}/accept", "/invitations/{invitation_token}/accept", ""),
        ("/hooks/{}", "/hooks/{secret}", ""),
        ("/a", "/a", "page=2&access_token={}"),
        ("/a", "/a", "page=2&sig={}"),
        ("/callback", "/callback", "page=2&code={}"),
        ("/a", "/a", "page=2&api_key={}&x"),
        ("/a", "/a", "page=2&user[password]={}"),
        ("/a", "/a", "page=2&id_token={}"),
        ("/a", "/a", "page=2&next=https%3A%2F%2Fa.example%2F%3Ftoken%3D{}"),
        ("/reset-password/{}", None, ""),
        ("/verify-email/{}", None, ""),
    ],
)
def test_a_secret_in_an_address_is_taken_out_and_the_rest_of_it_stays(record, path, route, query):
    planted = secret(path + query, "alnum")
    request = Request(
        "GET", path.format(planted), route=route, query=query.format(planted).encode()
    )
    incident = record(ValueError("x"), request=request)
    assert_gone(incident, planted)
    assert path.partition("/{}")[0] in incident["url.path"]
    if query:
        assert "page=2" in incident["url.query"]


MULTILINE = {
    "rsa": "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "openssh": "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
    "encrypted": "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{}\n-----END ENCRYPTED PRIVATE KEY-----",
    "pgp": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n-----END PGP PRIVATE KEY BLOCK-----",
    "ec": "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", MULTILINE)
@pytest.mark.parametrize("dressed", ["plain", "json", "repr"])
def test_no_line_of_a_private_key_is_kept(record, kind, dressed):
    body = _pem(kind)
    text = MULTILINE[kind].format(body)
    said = {"plain": str, "json": json.dumps, "repr": repr}[dressed](text)

    def fail(said):
        raise ValueError(f"cannot read {said} of shop-eu")

    incident = record(raised_by(fail, said))
    assert_gone(incident, *body.splitlines())
    assert "of shop-eu" in incident.as_json()


def test_no_part_of_a_token_that_proves_something_is_kept(record):
    token, signature = _jwt("jwt")
    incident = record(ValueError(f"shop-eu: {token} has expired"))
    assert_gone(incident, signature)
    assert "has expired" in incident.as_json()


@pytest.mark.parametrize(
    ("text", "planted"),
    [
        ("card 4111 1111 1111 1111 declined at shop-eu", "1111 1111 1111"),
        ("card 3782-822463-10005 declined at shop-eu", "822463-10005"),
        ("card=5555555555554444 declined at shop-eu", "555555555555"),
        ("refund to DE89 3704 0044 0532 0130 00 failed at shop-eu", "0044 0532 0130"),
        ("refund to GB29NWBK60161331926819 failed at shop-eu", "60161331926819"),
        ("otpauth://totp/shop-eu:alice?secret=JBSWY3DPEHPK3PXP&issuer=x", "JBSWY3DPEHPK3PXP"),
        ("Your one-time code is 493201 (shop-eu)", "493201"),
        ("otp=493202 is wrong for shop-eu", "493202"),
        ("PIN: 4932 is wrong for shop-eu", "4932"),
        ("cvc 737 does not match at shop-eu", "737"),
    ],
)
def test_what_pays_and_what_is_good_for_once_is_not_kept(record, text, planted):
    incident = record(ValueError(text))
    assert planted not in incident["exceptions"][0]["exception.message"]
    assert "shop-eu" in incident.as_json()


@pytest.mark.parametrize(
    "token", ["STBzeVbtgclxOXbTqpPiyk3bjvHfEB", "qWbTyUzoPaSdFgHjKlZxCvBnMqWeRt"]
)
def test_a_bearer_token_with_few_digits_is_taken_out(record, token):
    incident = record(ValueError(f"shop-eu refused Bearer {token}"))
    assert_gone(incident, token)
    assert "shop-eu refused Bearer" in incident.as_json()


def test_a_secret_in_withheld_words_is_taken_out(record):
    planted = secret("withheld")
    withheld = (Withheld("detail", f"shop-eu said password={planted}", "no literal"),)
    incident = record(ValueError("x"), withheld=withheld)
    assert_gone(incident, planted)
    assert "shop-eu said" in incident.as_json()


@pytest.mark.parametrize(
    "text",
    [
        r'{{"\u0070assword": "{}", "host": "shop-eu"}}',
        r'{{"host": "shop-eu", "\u043f\u0430\u0440\u043e\u043b\u044c": "{}"}}',
        r'"{{\"host\": \"shop-eu\", \"\\u0074oken\": \"{}\"}}"',
        r"b'host=shop-eu&p\x61ssword={}'",
        '{{"host": "shop-eu", "name": "DB_PASSWORD", "value": "{}"}}',
        "[{{'key': 'api_token', 'value': '{}'}}, {{'key': 'host', 'value': 'shop-eu'}}]",
        "['htpasswd', '-b', '/etc/shop-eu', 'alice', '{}']",
        "Outer(host='shop-eu', password=Wrapped(Inner('{}')))",
    ],
)
def test_a_secret_under_a_name_in_disguise_is_taken_out(record, text):
    planted = secret(text)
    incident = record(ValueError(text.format(planted)))
    assert_gone(incident, planted)
    assert "shop-eu" in incident.as_json()


FACTS = [
    "the cvc 7a is a controller",
    r'{"\u0061uthor": "alice", "\u00e9t\u00e9": 3}',
    "-----BEGIN PUBLIC KEY----- MFkw -----END PUBLIC KEY----- is no private key",
    '<option name="colour" value="red"> is unknown',
    "GET /coupons?code=SUMMER26 gave 404",
    "expected 'token', found 'string'",
    'duplicate key value violates unique constraint "users_email_key"',
    "KeyError: 'token' is missing in the settings",
    "the password is too short: at least 12 characters are needed",
    "order 7f3a9c10-5a6b-4c1d-9e2f-0a1b2c3d4e5f has 3 items",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b is not on main",
    "session table has 14 rows; secret_santa has 3",
    'column "api_key" does not exist',
    "HTTP 401 from https://api.example/v1/tokens/verify",
    "expected 'Bearer', got 'Basic'",
    "connection to db7.example:5432 as user shop refused",
    "invalid literal for int() with base 10: 'twelve'",
    "tokenizer failed at line 3, column 14",
    "passenger 12 was not found",
    "monkey=7 donkey=8 keyboard=qwertz",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 differs",
    "author=alice authority=example.org",
    "pin 7 of the connector is open",
    "the bearer administratively-responsible has left",
    "token: unexpected end of input at line 7",
    "unexpected token: ')' at 3",
    "Access denied for user 'app'@'10.0.0.3' (using password: YES)",
    "pass_rate=0.93 token_bucket=burst passport_office=Bern session=none",
    "GET https://shop.example/password/reset/how-it-works-in-detail gave 404",
    "- name: HOST\n  value: mail.example",
    "template password={password} api_key={api_key} is not filled in",
    "moved from team/shop@4.2.1 to @acme/shop@5",
    "10.0.0.7:5432:orders is no address",
]


@pytest.mark.parametrize("text", FACTS)
def test_a_fact_that_a_developer_needs_stays(record, text):
    incident = record(ValueError(text))
    assert incident["exceptions"][0]["exception.message"] == text
