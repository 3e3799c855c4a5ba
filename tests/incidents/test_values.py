"""Values: which of them are told, and which are taken for secrets."""

from __future__ import annotations

import pytest

from tightlip.incidents.scrubbing import Scrubber
from tightlip.incidents.secrets.found import SCRUBBED
from tightlip.incidents.values import Values


def described(**variables):
    return Values(Scrubber(), lambda _file: True).variables(variables)


@pytest.mark.parametrize(
    "value",
    [
        ["invalid token", 401],
        ["password too short", None],
        [{"name": "Password reset", "value": 12.5}],
    ],
    ids=["status", "nothing", "product"],
)
def test_a_sentence_about_a_secret_names_nothing_beside_it(value):
    assert described(value=value) == {"value": value}


@pytest.mark.parametrize("name", ["X-Api-Key", "password", "access token"])
def test_the_name_of_a_secret_names_what_follows_it(name):
    assert described(value=(name, "tern7701")) == {"value": [name, SCRUBBED]}


def test_lists_beside_a_statement_that_hold_no_values_of_it_are_told():
    told = described(
        statement="INSERT INTO users (email, password) VALUES (?, ?)",
        values=("a@b.example", "tern7702"),
        headers=[("host", "a.example"), ("accept", "text/html")],
    )
    assert told["values"] == ["a@b.example", SCRUBBED]
    assert told["headers"] == [["host", "a.example"], ["accept", "text/html"]]


def test_rows_below_the_names_of_their_columns_are_told_without_the_secret_ones():
    rows = [["user", "password", "city"], ["ada", "tern7703", "Bern"], ["bob", "tern7704", "Rome"]]
    assert described(rows=rows)["rows"] == [
        ["user", "password", "city"],
        ["ada", SCRUBBED, "Bern"],
        ["bob", SCRUBBED, "Rome"],
    ]
    assert described(rows=[("user", "token"), ("ada", "tern7705")])["rows"][1] == ["ada", SCRUBBED]


@pytest.mark.parametrize(
    "rows",
    [
        [["user", "city"], ["ada", "Bern"]],
        [["2 cities", "a token"], ["ada", "Bern"]],
        [["user", "token"], ["ada"]],
        [["user", "token"]],
        [["user", "token"], "ada"],
        [["city", 7], ["Bern", 8]],
    ],
    ids=["no secret", "no names", "no row", "names alone", "a text", "numbers"],
)
def test_other_lists_of_lists_are_told(rows):
    assert described(rows=rows) == {"rows": rows}


def test_rows_that_hold_themselves_have_an_end():
    rows = [["user", "token"]]
    rows.append([rows, "tern7706"])
    assert described(rows=rows)["rows"][1][0][1][1] == SCRUBBED
