"""Rules of a user's own, from a file, at work in a guarded application."""

from __future__ import annotations

import json

import pytest

from tightlip import Exemption, Shield
from tightlip.responder.policy import ConfigurationError

WORDS = "Something went wrong"
FILE = """
technology = "Shop"

[[rule]]
id = "shop-project"
category = "infrastructure"
says = "The name of a project that is not announced."
source = "The shop's handbook"
patterns = ['\\bproject-heron\\b']
leaks = ['built for project-heron']
clean = ['a project with a heron']

[[rule]]
id = "shop-table"
category = "database_error"
context = "failure"
says = "A table of the shop."
source = "The shop's schema"
patterns = ['\\bshop_ledger\\b']
leaks = ['no row in shop_ledger']
clean = ['no row in the ledger of the shop']
"""
ANSWERS = {
    "/clean": {"note": "a project with a heron", "ok": True},
    "/strong": {"note": "built for project-heron", "ok": True},
    "/built-in": {"note": 'File "/srv/shop/tax.py", line 3, in total', "ok": True},
    "/data": {"note": "shop_ledger", "ok": True},
    "/told": {"lastError": "no row in shop_ledger", "ok": True},
}


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "shop.toml"
    path.write_text(FILE, "utf-8")
    return path


@pytest.fixture
def ask(exchange, sink, rules):
    async def application(scope, receive, send):
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = json.dumps(ANSWERS[scope["path"]]).encode()
        await send({"type": "http.response.body", "body": body})

    def ask(path, **settings):
        sink.clear()
        guarded = Shield(sinks=[sink], rules=[rules], **settings)(application)
        return json.loads(exchange(guarded, path).body)

    return ask


@pytest.mark.parametrize("path", ["/clean", "/data"])
def test_what_they_do_not_name_leaves(ask, sink, path):
    assert ask(path) == ANSWERS[path]
    assert not sink.incidents


@pytest.mark.parametrize(
    ("path", "key", "rule"),
    [
        ("/strong", "note", "shop-project: The name of a project that is not announced."),
        ("/told", "lastError", "shop-table: A table of the shop."),
        ("/built-in", "note", "python-traceback: "),
    ],
)
def test_what_they_name_is_contained_and_recorded_beside_the_built_in_ones(
    ask, sink, path, key, rule
):
    assert ask(path) == ANSWERS[path] | {key: WORDS}
    (incident,) = sink.incidents
    assert rule in incident["withheld"][0]["reason"]


def test_exemptions_hold_for_them(ask):
    exempt = [Exemption(categories=["infrastructure"])]
    assert ask("/strong", exemptions=exempt) == ANSWERS["/strong"]


def test_another_application_without_them_lets_their_words_pass(ask, exchange, sink):
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"built for project-heron"})

    ask("/strong")
    assert exchange(Shield(sinks=[])(application)).body == b"built for project-heron"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("project-heron", "project.{0,9}heron"), "rule 'shop-project': patterns"),
        (('category = "infrastructure"', 'category = "gossip"'), "rule 'shop-project': category"),
        (('id = "shop-table"', 'id = "python-traceback"'), "python-traceback"),
        (('source = "The', 'sauce = "The'), "rule 'shop-project'"),
        (("[[rule]]", "[[rule"), "shop.toml: "),
    ],
)
def test_a_faulty_file_stops_the_start_and_names_the_fault(rules, sink, change, fault):
    rules.write_text(FILE.replace(*change), "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Shield(sinks=[sink], rules=[rules])
    assert str(caught.value).startswith("rules: ")
    assert fault in str(caught.value)
