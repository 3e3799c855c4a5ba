"""The page as any HTTP client sees it."""

from __future__ import annotations

import html
import re
from http import HTTPStatus

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tightlip import Shield
from tightlip.demo.failures import FAILURES
from tightlip.demo.page.application import Twins, create_page
from tightlip.demo.page.entrance import Entrance
from tightlip.demo.servers import run
from tightlip.incidents.sinks.memory import MemorySink


def text_of(page: str) -> str:
    return html.unescape(re.sub("<[^>]+>", "", page))


def test_the_first_page_offers_every_failure(demo, client):
    page = client.get(demo.page)
    assert re.findall(r'name="failure" value="([^"]+)"', page.text) == list(FAILURES)
    assert demo.bare in page.text
    assert demo.shielded in page.text


@pytest.mark.parametrize("key", sorted(FAILURES))
def test_a_pressed_failure_shows_both_answers(demo, client, key):
    page = client.get(demo.page, params={"failure": key})
    text = text_of(page.text)
    assert page.status_code == 200
    assert FAILURES[key].happens in text
    assert "Without Tightlip" in text
    assert "With Tightlip" in text
    assert f'value="{key}" aria-current="true"' in page.text


@pytest.mark.parametrize("key", sorted(FAILURES.keys() - {"missing-field"}))
def test_a_pressed_failure_shows_its_report_by_the_reference(demo, client, key):
    page = client.get(demo.page, params={"failure": key}).text
    reference = re.search(r'href="/incidents\?reference=(\w{12})"', page)[1]
    assert page.count(reference) > 3
    report = client.get(f"{demo.page}/incidents", params={"reference": f" {reference.lower()} "})
    assert report.status_code == 200
    assert reference in report.text
    assert demo.incidents.find(reference) is not None


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("duplicate-email", {"stack trace", "database error", "library", "input sent back"}),
        ("missing-field", {"input sent back"}),
        ("type-error", {"stack trace", "exception text"}),
        ("upstream-down", {"infrastructure", "exception text"}),
        ("orm-validation", {"exception text"}),
        ("forged-token", {"exception text"}),
        ("broken-stream", {"cut off without a word"}),
        ("handmade-answer", {"stack trace", "library"}),
    ],
)
def test_what_leaks_is_marked_on_the_bare_side_alone(demo, client, key, kinds):
    page = client.get(demo.page, params={"failure": key}).text
    bare, shielded = re.findall(r'<article class="twin .*?</article>', page, re.DOTALL)
    found = re.findall(r"<li>([a-z ]+?)(?: × \d+)?</li>", bare)
    assert {"server banner", *kinds} <= set(found)
    assert bare.startswith('<article class="twin bare leaking">')
    assert shielded.startswith('<article class="twin shielded">')
    assert "Nothing leaks" not in bare
    assert "Nothing leaks" in shielded
    assert "<mark" not in shielded


def test_good_words_leak_nothing_on_either_side(demo, client):
    page = client.get(demo.page, params={"failure": "expired-token"}).text
    bare, shielded = re.findall(r'<article class="twin .*?</article>', page, re.DOTALL)
    assert re.findall("<mark[^>]*>([^<]*)</mark>", bare) == ["uvicorn"]  # the server's banner
    assert "Nothing leaks" in shielded
    assert "leaking" not in shielded
    for twin in (bare, shielded):
        assert "Your session has ended. Sign in again" in twin


def test_the_phrase_is_the_one_that_came(demo, client):
    page = client.get(demo.page, params={"failure": "missing-field"}).text
    shown = re.findall('<p class="status">([^<]*)</p>', page)
    # Python's own phrase has changed with 3.13; ours is that of RFC 9110 on each.
    assert shown == [f"422 {HTTPStatus(422).phrase}", "422 Unprocessable Content"]


def test_everything_is_shown_as_text(client):
    hostile = {"email": "<script>alert(1)</script>"}
    with run("127.0.0.1", 0, None) as demo:  # in which this fault is new, and kept in full
        answer = client.patch(f"{demo.shielded}/accounts/1", json=hostile)
        reference = answer.headers["x-error-reference"]
        page = client.get(f"{demo.page}/incidents", params={"reference": reference}).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_one_of_many_alike_is_shown_with_the_report_of_another(demo, client):
    references = [
        client.get(f"{demo.shielded}/orders/4/total").headers["x-error-reference"]
        for _ in range(13)
    ]
    shown = {
        reference: client.get(f"{demo.page}/incidents", params={"reference": reference}).text
        for reference in references[-2:]  # of two in a row, at most one is kept in full
    }
    thinned = [name for name in shown if "one of many alike: the report is that of " in shown[name]]
    assert thinned
    assert thinned[0] in shown[thinned[0]]
    assert "unsupported operand" in shown[thinned[0]]
    assert f"tightlip incidents show {thinned[0]}" in shown[thinned[0]]


def test_an_incident_of_an_earlier_demo_is_found_too(demo, client):
    with run("127.0.0.1", 0, None) as earlier:
        answer = client.get(f"{earlier.shielded}/orders/4/total")
    reference = answer.headers["x-error-reference"]
    page = client.get(f"{demo.page}/incidents", params={"reference": reference}).text
    assert "unsupported operand" in page


def test_each_report_leads_to_the_incident_page(demo):
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        assert str(client.get(demo.entrance).url) == f"{demo.page}/"
        answer = client.get(f"{demo.shielded}/orders/4/total")
        reference = answer.headers["x-error-reference"]
        kept = client.get(f"{demo.page}/kept/{reference}")
    assert kept.status_code == 200
    assert kept.url.path == f"/incidents/{reference}"
    assert str(kept.url).startswith(demo.dashboard.partition("/?")[0])
    assert reference in kept.text
    assert 'id="saw"' in kept.text


@pytest.mark.parametrize("given", ["", "/?token=guessed"])
def test_whoever_was_not_given_the_printed_address_is_not_led_into_the_incident_page(demo, given):
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        client.get(demo.page + given)
        answer = client.get(f"{demo.shielded}/orders/4/total")
        reference = answer.headers["x-error-reference"]
        kept = client.get(f"{demo.page}/kept/{reference}")
        assert kept.status_code == 401
        assert "token" not in "".join(str(each.headers) for each in kept.history)
        # Once let in, by either of the printed addresses, it is.
        client.get(demo.dashboard)
        assert client.get(f"{demo.page}/kept/{reference}").status_code == 200


def test_the_page_shows_no_incident_of_another_application(demo, client):
    shield = Shield(service_name="bank")
    bank = TestClient(shield(FastAPI()), raise_server_exceptions=False)

    @bank.app.get("/")
    def fail():
        raise ValueError("of the bank")

    reference = bank.get("/").headers["x-error-reference"]
    assert client.get(demo.dashboard, follow_redirects=True).status_code == 200
    page = client.get(f"{demo.page}/incidents", params={"reference": reference}).text
    assert "No incident has this reference" in page
    assert client.get(f"{demo.page}/incidents/{reference}.json").status_code == 404


def test_the_page_lets_nothing_from_elsewhere_in(demo, client):
    for path in ("/", "/?failure=type-error", "/?failure=unknown"):
        headers = client.get(demo.page + path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
    page = client.get(f"{demo.page}/?failure=type-error").text
    assert re.findall(r'(?:src|href)="(?!/)([^"]*)"', page) == []
    assert "style=" not in page
    assert " on" not in "".join(re.findall(r"<\w+( [^>]*)>", page)).replace(" only", "")


def test_the_page_can_be_asked_for_only_by_its_own_names(demo, client):
    answer = client.get(demo.page, headers={"host": "shop.example"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/incidents/000000000000.json", "INCIDENT_NOT_FOUND"),
        ("/nowhere", "NOT_FOUND"),
        ("/static/nowhere.css", "NOT_FOUND"),
        ("/static/../application.py", "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_told_in_the_form_of_the_contract(demo, client, path, code):
    answer = client.get(demo.page + path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/?failure=unknown", "There is no such failure"),
        ("/incidents?reference=000000000000", "No incident has this reference"),
        ("/incidents", "No incident has this reference"),
    ],
)
def test_what_a_visitor_asks_for_in_vain_keeps_the_page_around_it(demo, client, path, heading):
    answer = client.get(demo.page + path, headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert f"<h2>{heading}</h2>" in answer.text
    assert '<form class="search"' in answer.text
    assert "unknown" not in answer.text


@pytest.mark.anyio
async def test_a_twin_that_does_not_answer_is_told_as_such():
    nowhere = "http://127.0.0.1:9"
    twins = Twins(nowhere, nowhere, MemorySink(), Entrance(nowhere, "token"))
    page = create_page(twins, ["*"])
    transport = httpx.ASGITransport(page)
    async with (
        page.router.lifespan_context(page),
        httpx.AsyncClient(transport=transport, base_url="http://page") as client,
    ):
        answer = await client.get("/?failure=type-error")
    assert answer.status_code == 200
    assert answer.text.count("The twin does not answer: ConnectError.") == 2


@pytest.fixture
def anyio_backend():
    return "asyncio"
