"""Ordinary applications keep their good words: how many of the tutorial's literals survive."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tightlip import Shield
from tightlip.incidents.sinks.memory import MemorySink

SINK = MemorySink()


def load():
    """Import the application as a server does: as a module of its own, not as a test."""
    place = Path(__file__).with_name("tutorial.py")
    specification = importlib.util.spec_from_file_location("tutorial", place)
    module = importlib.util.module_from_spec(specification)
    sys.modules["tutorial"] = module
    specification.loader.exec_module(module)
    return module


TUTORIAL = load()
CLIENT = TestClient(Shield(sinks=[SINK])(TUTORIAL.app), raise_server_exceptions=False)


def asked(method, path, more):
    SINK.clear()
    return CLIENT.request(method, path, **more)


def test_the_application_is_one_of_twenty_routes_and_more():
    paths = TUTORIAL.app.openapi()["paths"]
    assert sum(len(operations) for operations in paths.values()) >= 20


@pytest.mark.parametrize(
    ("method", "path", "more", "words"), TUTORIAL.LITERALS, ids=lambda part: str(part)[:40]
)
def test_a_literal_of_the_author_reaches_the_client(method, path, more, words):
    response = asked(method, path, more)
    assert response.status_code >= 400
    error = response.json()["error"]
    if words == "The date is in the past":
        assert error["details"] == {"reason": words, "retry": False}
    else:
        assert error["message"] == words
    if "x-error-reference" in response.headers:
        assert SINK.incidents[0]["withheld"] == []


def test_all_literals_survive():
    survived = [
        words
        for method, path, more, words in TUTORIAL.LITERALS
        if words in asked(method, path, more).text
    ]
    assert len(survived) == len(TUTORIAL.LITERALS) == 30


@pytest.mark.parametrize(("method", "path", "more", "words"), TUTORIAL.MADE_UP)
def test_words_that_were_put_together_do_not_leave(method, path, more, words):
    response = asked(method, path, more)
    assert response.status_code >= 400
    assert words not in response.text
    (incident,) = SINK.incidents
    assert words in incident["withheld"][0]["text"]


def test_good_answers_are_as_before():
    assert CLIENT.get("/items/foo").json() == {"item": {"name": "Foo", "price": 50.2}}
    assert CLIENT.get("/guarded/", headers=TUTORIAL.KEYS).status_code == 200


def test_challenges_of_the_security_schemes_leave():
    response = CLIENT.get("/users/me")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert CLIENT.get("/basic/me").headers["www-authenticate"].startswith("Basic")
