"""The fields that leave with an error: names and words that an author chose, and no others."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from starlette.testclient import TestClient

from tightlip import Shield

CHALLENGE = "www-authenticate"
LEAKING = [
    (CHALLENGE, 'Basic realm="postgres://app:s3cret-pw@10.0.0.3/shop"'),
    (CHALLENGE, 'Bearer realm="/srv/app/main.py"'),
    (CHALLENGE, "Basic realm=db01.internal"),
    (CHALLENGE, "Basic realm=AKIAQYLPMN5HFIQR7XYA"),
    ("proxy-authenticate", 'Basic realm="psycopg.OperationalError: connection refused"'),
    ("access-control-allow-origin", "http://db01.internal"),
    ("content-security-policy", "default-src http://10.0.0.3:5432"),
]
GOOD = [
    (CHALLENGE, 'Basic realm="the shop"'),
    (CHALLENGE, "Bearer"),
    ("access-control-allow-origin", "https://shop.example"),
    ("access-control-expose-headers", "x-error-reference, x-request-id"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("vary", "Origin, Accept-Language"),
]


def client_of(sink, status, name, value, **settings):
    app = FastAPI()

    @app.get("/raised")
    async def raised():
        raise HTTPException(401, "Sign in first", headers={name: value})

    @app.get("/made")
    async def made():
        return JSONResponse({"detail": "words"}, status, headers={name: value})

    return TestClient(
        Shield(sinks=[sink], directory=None, **settings)(app), raise_server_exceptions=False
    )


@pytest.mark.parametrize("path", ["/raised", "/made"])
@pytest.mark.parametrize(("name", "value"), LEAKING)
def test_a_field_that_leaks_stays_behind_and_the_record_has_it(sink, path, name, value):
    answer = client_of(sink, 401, name, value).get(path)
    assert answer.status_code == 401
    assert name not in answer.headers
    if path == "/raised":
        assert answer.json()["error"]["message"] == "Sign in first"
    (incident,) = sink.incidents
    assert answer.headers["x-error-reference"] == incident["reference"]
    assert f"header {name}" in [words["where"] for words in incident["withheld"]]
    assert "s3cret-pw" not in incident.as_json()


@pytest.mark.parametrize("path", ["/raised", "/made"])
@pytest.mark.parametrize(("name", "value"), GOOD)
def test_what_an_author_chose_leaves(sink, path, name, value):
    answer = client_of(sink, 403, name, value).get(path)
    assert answer.headers[name] == value
    if path == "/raised":
        assert not sink.incidents


def test_an_origin_that_the_client_sent_is_no_news_to_it(sink):
    name, origin = "access-control-allow-origin", "http://localhost:3000"
    client = client_of(sink, 403, name, origin)
    assert client.get("/raised", headers={"origin": origin}).headers[name] == origin


def test_a_realm_that_an_exception_says_stays_behind(sink):
    app = FastAPI()

    @app.get("/")
    async def fails():
        try:
            raise LookupError("member four is suspended")
        except LookupError as error:
            headers = {CHALLENGE: f'Basic realm="{error}"'}
            raise HTTPException(401, "Sign in first", headers=headers) from error

    answer = TestClient(Shield(sinks=[sink], directory=None)(app)).get("/")
    assert (answer.status_code, CHALLENGE in answer.headers) == (401, False)
    (incident,) = sink.incidents
    assert incident["withheld"][0]["text"] == 'Basic realm="member four is suspended"'


def test_what_the_settings_add_leaves_with_every_error(sink):
    added = {"content-security-policy": "default-src http://10.0.0.3:5432"}
    answer = client_of(sink, 401, "vary", "Origin", headers=added).get("/raised")
    assert answer.headers["content-security-policy"] == added["content-security-policy"]
    assert answer.headers["vary"] == "Origin"
