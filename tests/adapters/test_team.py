"""A team's application keeps its words, in whatever form it keeps them in its source."""

import importlib
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tightlip import Shield
from tightlip.incidents.sinks.memory import MemorySink

SINK = MemorySink()


def load():
    """Import the application as a server does: as a package of its own, not as a test."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        return importlib.import_module("team.application")
    finally:
        sys.path.pop(0)


TEAM = load()
CLIENT = TestClient(Shield(sinks=[SINK])(TEAM.app), raise_server_exceptions=False)


def ask(path):
    SINK.clear()
    if path.endswith("/validator"):
        return CLIENT.post(path, json={"stars": 6})
    return CLIENT.get(path)


def test_the_application_has_more_than_twenty_five_routes():
    assert len(TEAM.app.openapi()["paths"]) > 25


@pytest.mark.parametrize(("path", "words"), TEAM.LITERALS.items())
def test_words_of_the_source_reach_the_client(path, words):
    response = ask(path)
    assert response.status_code >= 400
    error = response.json()["error"]
    assert words in (error["message"], *error.get("details", {}).values())
    assert [incident["withheld"] for incident in SINK.incidents if incident["withheld"]] == []


def test_what_is_wrong_in_the_warehouse_stays_there():
    assert "hall B" not in ask("/stock/converted").text


@pytest.mark.parametrize(("path", "words"), TEAM.WITHHELD.items())
def test_words_without_a_proof_are_withheld_and_recorded(path, words):
    response = ask(path)
    assert response.status_code >= 400
    assert words not in response.text
    (incident,) = SINK.incidents
    assert words in str([withheld["text"] for withheld in incident["withheld"]])
