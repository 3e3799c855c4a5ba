"""Who may see the incident page."""

from __future__ import annotations

import pytest

PAGES = ["/", "/groups.json", "/groups/1", "/search?text=a", "/codes", "/health", "/static/copy.js"]


@pytest.mark.parametrize("address", PAGES)
def test_nobody_sees_a_page_without_the_token(open_page, address):
    answer = open_page(token=None).get(address)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "TOKEN_NEEDED"


def test_a_wrong_token_opens_nothing(open_page):
    page = open_page(token="a-token-of-the-test")
    assert list(page.cookies) == []
    assert page.get("/").status_code == 401


def test_the_token_gives_a_session_and_leaves_the_address(open_page):
    page = open_page(token=None)
    answer = page.get("/codes?since=1h&token=a-token-of-the-tests", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/codes?since=1h"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert page.get("/codes").status_code == 200


def test_a_token_leads_to_no_other_host(open_page):
    page = open_page(token=None)
    answer = page.get(
        "http://127.0.0.1//evil.example/?token=a-token-of-the-tests", follow_redirects=False
    )
    assert answer.headers["location"] == "/evil.example/"


def test_a_session_of_somebody_else_opens_nothing(open_page):
    page = open_page(token=None)
    page.cookies.set("tightlip_session_80", "made-up")
    assert page.get("/").status_code == 401


def test_two_pages_of_one_machine_keep_their_sessions_apart(open_page):
    first, second = open_page(host="127.0.0.1:8001"), open_page(host="127.0.0.1:8002")
    first.cookies.update(second.cookies)  # as a browser has one jar for all ports of a host
    assert len(first.cookies) == 2
    assert first.get("/").status_code == 200


@pytest.mark.parametrize("other", ['prefs={"a":1}', "name=Ann Lee", "plain", "k[0]=1", "=v"])
def test_cookies_of_other_servers_of_the_machine_keep_nobody_out(page, other):
    (own,) = page.cookies.items()
    page.cookies.clear()
    cookies = f"{other}; {'='.join(own)}; {other}"
    assert page.get("/", headers={"cookie": cookies}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80"])
def test_the_page_answers_to_its_own_names_alone(open_page, host):
    page = open_page()
    answer = page.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "UNKNOWN_HOST"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "[::1]:8765"])
def test_its_own_names_are_those_of_this_machine(page, host):
    assert page.get("/", headers={"host": host}).status_code != 421


def test_a_proxy_that_is_trusted_says_who_the_visitor_is(open_page, fail, directory):
    reference = fail()
    page = open_page(token=None, user_header="x-user", proxies=("10.0.0.9",), client="10.0.0.9")
    assert page.get("/").status_code == 401
    seen = page.get(f"/incidents/{reference}", headers={"x-user": "someone@shop.example"})
    assert seen.status_code == 200
    assert '"someone@shop.example"' in (directory.path / "audit.jsonl").read_text()


def test_another_address_cannot_say_so(open_page):
    page = open_page(token=None, user_header="x-user", proxies=("10.0.0.9",), client="10.0.0.8")
    assert page.get("/", headers={"x-user": "someone"}).status_code == 401


def test_without_a_named_header_no_proxy_is_believed(open_page):
    assert open_page(token=None).get("/", headers={"x-user": "someone"}).status_code == 401


def test_every_answer_forbids_what_the_page_does_not_need(page, fail):
    reference = fail()
    for address in ("/", f"/incidents/{reference}", "/incidents/AAAAAAAAAAAA", "/health"):
        answer = page.get(address)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_a_form_of_another_page_changes_nothing(page, fail, form_token):
    fail()
    token = form_token("/groups/1")
    sent = {"state": "muted"}
    without = page.post("/groups/1/state", data=sent)
    foreign, broken = (
        page.post("/groups/1/state", data={**sent, "form_token": token}, headers={"origin": origin})
        for origin in ("http://evil.example", "http://[evil.example")
    )
    for answer in (without, foreign, broken):
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "FOREIGN_FORM"
    assert page.get("/groups.json").json()[0]["state"] == "open"


def test_a_form_token_of_another_session_is_refused(open_page, fail):
    fail()
    mine, other = open_page(), open_page()
    text = other.get("/groups/1").text
    token = text.partition('name="form_token" value="')[2].partition('"')[0]
    assert len(token) == 64
    answer = mine.post("/groups/1/state", data={"state": "muted", "form_token": token})
    assert answer.status_code == 403
