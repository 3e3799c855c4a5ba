from __future__ import annotations

import pytest

from tightlip.incidents.secrets.found import Found
from tightlip.incidents.secrets.statements import secret_parameters, without_statements


def test_the_values_of_each_insert_into_secret_columns_are_taken_out():
    text = (
        "INSERT INTO a (x) VALUES ('kept'); INSERT INTO b (pin) VALUES ('7391'), ('7392')\n"
        "INSERT INTO c (pin) VALUES ('7393'); INSERT INTO d (pin) VALUES ('7394')\nthe end 'kept'"
    )
    scrubbed = without_statements(text, Found())
    assert scrubbed.count("'[scrubbed]'") == 4
    assert scrubbed.count("'kept'") == 2
    assert "739" not in scrubbed


@pytest.mark.parametrize(
    ("statement", "total", "secret"),
    [
        ("insert into users (email, password, name) values (?, ?, ?)", 3, {1}),
        ("INSERT INTO users (a, token) VALUES (coalesce(%s, 'x, ?'), %s), (%s, %s)", 4, {1, 3}),
        ("INSERT INTO users (a, \"password\") VALUES (1, crypt(?, 'x'))", 1, {0}),
        ("insert into t (a) values (?) on conflict (a) do update set pin = ?", 2, {1}),
        ("update users set password = %s, name=%s where id = %s", 3, {0}),
        ("select * from sessions where token=$2 and id=$1 and ip = $1", 2, {1}),
        ("select 1 from users where api_token in (?) and name like ?", 2, {0}),
        ("delete from users where name = ?", 1, set()),
        ("did you forget? password is no column here", 1, set()),
        ("no place at all", 0, set()),
        ("select " + "?, " * 10_000, 0, set()),
        ("select 1 where " + "pin = ? or " * 100, 100, set(range(64))),
    ],
)
def test_the_places_of_a_statement_belong_to_its_columns(statement, total, secret):
    assert secret_parameters(statement) == (total, secret)
