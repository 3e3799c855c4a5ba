"""What the interpreter keeps of an exception is read without running the exception's code."""

from __future__ import annotations

import json

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.testclient import TestClient

from tightlip import PublicError, Shield, on_exception
from tightlip.slots import (
    arguments_of,
    attributes_of,
    cause_of,
    context_of,
    members_of,
    set_traceback,
    suppresses_context,
    traceback_of,
)

RUN = []


def _alarm(name):
    def run(self, *_):
        RUN.append(name)
        raise SystemExit(name)

    return property(run, run)


class SlotsBehindProperties(Exception):
    __cause__ = _alarm("cause")
    __context__ = _alarm("context")
    __traceback__ = _alarm("traceback")
    __suppress_context__ = _alarm("suppress")
    args = _alarm("args")
    __dict__ = _alarm("dict")


class SlotsTold(PublicError):
    status = 409
    message = "This is what was declared"


class Translated(SlotsBehindProperties):
    pass


@pytest.fixture(autouse=True)
def nothing_runs():
    RUN.clear()
    yield
    assert RUN == []


def fail(kind=SlotsBehindProperties):
    try:
        raise ValueError("the context")
    except ValueError as error:
        raise kind("planted") from error


def test_each_slot_is_read_and_the_traceback_is_set():
    try:
        fail()
    except SlotsBehindProperties as raised:
        error = raised
    assert arguments_of(error) == ("planted",)
    assert attributes_of(error) == {}
    assert type(cause_of(error)) is ValueError
    assert cause_of(error) is context_of(error)
    assert suppresses_context(error)
    assert traceback_of(error) is not None
    set_traceback(error, None)
    assert traceback_of(error) is None
    group = ExceptionGroup("group", [error])
    assert members_of(group) == (error,)


@pytest.mark.parametrize("route", ["plain", "translated", "handled"])
def test_a_request_runs_none_of_them_over_asgi(route, sink):
    app = FastAPI()

    @app.get("/plain")
    def plain():
        fail()

    @app.get("/translated")
    def translated():
        fail(Translated)

    @app.get("/handled")
    def handled():
        try:
            fail()
        except SlotsBehindProperties:
            raise SlotsTold from None

    shielded = Shield(
        directory=None, sinks=[sink], translations=[on_exception(Translated, SlotsTold)]
    )(app)
    answer = TestClient(shielded, raise_server_exceptions=False).get(f"/{route}")
    assert answer.status_code == (500 if route == "plain" else 409)
    assert "planted" not in answer.text
    if route == "plain":
        (incident,) = sink.incidents
        assert [each["relation"] for each in incident["exceptions"]] == ["raised", "cause"]
        assert incident["exceptions"][0]["frames"]


def test_a_request_runs_none_of_them_over_wsgi(sink):
    app = Flask(__name__)
    app.add_url_rule("/", view_func=fail)
    answer = Shield(directory=None, sinks=[sink])(app).test_client().get("/")
    assert answer.status_code == 500
    assert json.loads(answer.text)["error"]["code"] == "INTERNAL_SERVER_ERROR"
    assert len(sink.incidents) == 1
