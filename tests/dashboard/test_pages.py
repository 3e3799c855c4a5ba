"""What the pages show."""

from __future__ import annotations

import json
import re
import stat

import pytest

from tightlip import PublicError, Shield
from tightlip.dashboard.application import stacks
from tightlip.incidents.archive import archive_at
from tightlip.incidents.database import Database
from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.framing import frame
from tightlip.incidents.packing import PAST_RETENTION
from tightlip.incidents.spool import Spool


def test_without_incidents_the_page_says_so(page):
    assert "Nothing went wrong" in page.get("/").text
    assert page.get("/groups.json").json() == []
    assert "No client was told of an error" in page.get("/codes").text


def test_incidents_of_one_fault_are_one_group(page, fail):
    fail()
    newest = fail()
    fail("/keys")
    keys, prices = page.get("/groups.json").json()
    assert (keys["type"], keys["incidents"]) == ("KeyError", 1)
    assert (prices["type"], prices["incidents"], prices["state"]) == ("ValueError", 2, "open")
    assert prices["reference"] == newest
    assert sum(prices["trend"]) == 2
    text = page.get("/").text
    assert "ValueError" in text
    assert newest in text


def test_an_incident_shows_what_the_client_saw_beside_what_happened(page, fail):
    reference = fail(words="teapot")
    text = page.get(f"/incidents/{reference}").text
    saw, happened = text.split('aria-labelledby="happened"')
    assert "Something went wrong" in saw
    assert "no price for teapot" not in saw
    assert "no price for teapot" in happened
    assert "raise ValueError" in happened


@pytest.mark.parametrize("form", ["", ".md", ".txt", ".json"])
def test_an_incident_shows_what_an_exception_holds_and_what_was_added_to_it(page, fail, form):
    text = page.get(f"/incidents/{fail('/limits', '<b>ledger</b>')}{form}").text
    assert "the third attempt" in text
    assert "account" in text
    assert "ledger" in text
    assert form or "&lt;b&gt;ledger" in text


def test_a_reference_is_found_as_a_person_writes_it(page, fail):
    reference = fail()
    written = f"{reference[:4]}-{reference[4:8]} {reference[8:]}".lower()
    answer = page.get("/search", params={"text": written}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{reference}")


def test_a_reference_without_a_digit_is_found(page, fail, monkeypatch):
    monkeypatch.setattr("os.urandom", lambda count: b"\x55" * count)
    reference = fail()
    monkeypatch.undo()
    assert reference.isalpha()
    answer = page.get("/search", params={"text": reference}, follow_redirects=False)
    assert answer.headers["location"] == f"/incidents/{reference}"


def test_an_unknown_reference_gets_a_calm_page(page):
    answer = page.get("/incidents/AAAAAAAAAAA7", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no incident with this reference" in answer.text
    assert 'action="/search"' in answer.text
    assert page.get("/incidents/AAAAAAAAAAA7").json()["error"]["code"] == "INCIDENT_UNKNOWN"
    group = page.get("/groups/7", headers={"accept": "text/html"})
    assert group.status_code == 404
    assert "There is no such group of incidents" in group.text
    assert 'action="/search"' in group.text
    assert page.get("/groups/7").json()["error"]["code"] == "GROUP_UNKNOWN"
    searched = page.get("/search", params={"text": "AAAAAAAAAAA7"})
    assert searched.json()["error"]["code"] == "INCIDENT_UNKNOWN"


def test_no_warning_is_given_of_the_error_pages_that_are_its_own(open_page, caplog):
    def warned():
        return [record.getMessage() for record in caplog.records if record.name == "tightlip"]

    open_page()
    assert warned() == []
    Shield(error_pages=["/admin/"], directory=None)
    assert warned() == ["error pages in HTML leave as the application wrote them below /admin/"]


def test_a_search_for_an_unknown_reference_says_so_in_the_page_where_the_next_one_can_be_made(page):
    answer = page.get("/search?text=aaaa-aaaa%20aaa7", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert "There is no incident with this reference" in answer.text
    assert "aaaa-aaaa aaa7" in answer.text
    assert 'action="/search"' in answer.text


def test_each_cell_of_a_table_brings_its_column_along_for_narrow_screens(page, fail):
    fail()
    for address in ("/", "/groups/1", "/codes"):
        for row in re.findall(r"<tr>\s*<td.*?</tr>", page.get(address).text, re.DOTALL):
            assert (
                re.findall(r"<td(?! data-name=| class=\"(?:number\" data-name=|fault|drawn))", row)
                == []
            )


def test_words_find_the_groups_that_hold_them(page, fail):
    fail()
    fail("/keys")
    text = page.get("/search", params={"text": "valueerr"}).text
    assert "ValueError" in text
    assert "KeyError" not in text


def test_the_count_above_the_groups_is_of_what_was_asked_for(page, fail):
    fail()
    fail("/keys")
    fail("/keys")
    for address, told in (
        ("/", "All incidents of the last 24h: <b>3</b>"),
        ("/?text=valueerr", "Incidents of these groups in the last 24h: <b>1</b>"),
        ("/search?text=keyerr", "Incidents of these groups in the last 1y: <b>2</b>"),
    ):
        assert told in page.get(address).text
    assert "figcaption" not in page.get("/?state=muted").text


@pytest.mark.parametrize("state", ["resolved", "muted"])
def test_what_is_decided_stays(page, fail, form_token, state, directory):
    fail()
    sent = {"state": state, "form_token": form_token("/groups/1")}
    answer = page.post("/groups/1/state", data=sent, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/groups/1")
    assert page.get("/groups.json", params={"state": state}).json()[0]["state"] == state
    assert f'"did": "{state}"' in (directory.path / "audit.jsonl").read_text()
    page.post("/groups/1/state", data={**sent, "state": "open"})
    assert page.get("/groups.json").json()[0]["state"] == "open"


def test_the_page_of_an_incident_offers_what_can_be_decided_about_its_group(page, fail, form_token):
    address = f"/incidents/{fail()}"
    text = page.get(address).text
    assert 'action="/groups/1/state"' in text
    assert ("Resolve</button>" in text, "Reopen</button>" in text) == (True, False)
    page.post("/groups/1/state", data={"state": "muted", "form_token": form_token(address)})
    text = page.get(address).text
    assert ("Mute</button>" in text, "Reopen</button>" in text) == (False, True)


def test_a_muted_group_is_shown_only_where_it_is_asked_for(page, fail, form_token):
    fail()
    page.post("/groups/1/state", data={"state": "muted", "form_token": form_token("/groups/1")})
    assert page.get("/groups.json").json() == []
    assert len(page.get("/groups.json?state=muted").json()) == 1


def test_a_fault_that_comes_back_has_regressed(page, fail, form_token):
    fail()
    page.post("/groups/1/state", data={"state": "resolved", "form_token": form_token("/groups/1")})
    fail()
    assert page.get("/groups.json").json()[0]["state"] == "regressed"


def test_what_the_extra_does_not_install_is_not_needed_to_decide(
    page, fail, form_token, monkeypatch
):
    fail()
    monkeypatch.setattr("starlette.requests.parse_options_header", None)  # of python-multipart
    page.post("/groups/1/state", data={"state": "muted", "form_token": form_token("/groups/1")})
    assert page.get("/groups.json?state=muted").json()[0]["incidents"] == 1


@pytest.mark.parametrize("state", ["regressed", "deleted", ""])
def test_nothing_else_can_be_decided(page, fail, form_token, state):
    fail()
    sent = {"state": state, "form_token": form_token("/groups/1")}
    answer = page.post("/groups/1/state", data=sent)
    assert answer.json()["error"]["code"] == "UNKNOWN_DECISION"


def test_a_group_that_is_not_there_is_told(page, fail, form_token):
    fail()
    sent = {"state": "muted", "form_token": form_token("/groups/1")}
    for number in (99, 10**30):
        unknown = page.get(f"/groups/{number}"), page.post(f"/groups/{number}/state", data=sent)
        assert [answer.json()["error"]["code"] for answer in unknown] == ["GROUP_UNKNOWN"] * 2


class PageCouponExpired(PublicError):
    status = 410
    message = "This coupon has expired"


class PageNeverSent(PublicError):
    status = 409
    message = "Nobody was ever told of this"


def test_codes_tell_what_was_sent_what_never_and_what_is_missing(page, fail, directory, exchange):
    async def application(scope, receive, send):
        raise PageCouponExpired

    shielded = Shield(directory=directory.path, sinks=[])(application)
    for _ in range(3):
        exchange(shielded, "/coupons")
    fail()
    newest = fail()
    archive_at(directory).close()
    told = {entry["code"]: entry for entry in page.get("/codes.json").json()}
    failed = told["INTERNAL_SERVER_ERROR"]
    assert (failed["kind"], failed["answers"], failed["reference"]) == ("standard", 2, newest)
    assert (failed["status"], failed["route"], sum(failed["trend"])) == (500, "GET", 2)
    expired = told["PAGE_COUPON_EXPIRED"]
    assert (expired["kind"], expired["answers"], expired["reference"]) == ("declared", 3, "")
    assert expired["message"] == "This coupon has expired"
    assert expired["place"].startswith(__file__)
    assert told["PAGE_NEVER_SENT"]["answers"] == 0
    text = page.get("/codes?since=1h").text
    missing, declared = text.split("<h2>Declared errors</h2>")
    assert "INTERNAL_SERVER_ERROR" in missing.partition("where a declared one is missing")[2]
    assert declared.index("PAGE_COUPON_EXPIRED") < declared.index("PAGE_NEVER_SENT")
    assert "never sent" in declared
    assert "Answers of the last 1h by route" in missing
    assert 'class="series-1"' in missing
    for form in ("md", "txt"):
        assert "never sent" in page.get(f"/codes.{form}").text


def test_bars_of_stacked_trends_stand_on_one_another():
    series = [("A", (4, 0, 1)), ("B", (4, 2, 0)), ("C", (0, 0, 1))]
    assert list(stacks(series, 16)) == [
        (0, 0, 4, 8, 8),
        (1, 0, 4, 0, 8),
        (1, 1, 2, 12, 4),
        (0, 2, 1, 14, 2),
        (2, 2, 1, 12, 2),
    ]
    assert all(length > 0 for *_, length in stacks([("A", (1,)), ("B", (1000,))], 20))


def test_health_counts_what_is_kept(page, fail):
    fail()
    fail()
    text = " ".join(page.get("/health").text.split())
    assert "<dt>Incidents that happened</dt><dd>2</dd>" in text
    assert "<dt>With a full report</dt><dd>2</dd>" in text


def test_each_page_is_there_as_text_json_and_markdown(page, fail, directory):
    reference = fail(words="teapot")
    record = page.get(f"/incidents/{reference}.json").json()
    assert record["reference"] == reference
    markdown = page.get(f"/incidents/{reference}.md")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "no price for teapot" in markdown.text
    text = page.get(f"/incidents/{reference}.txt")
    assert text.headers["content-type"].startswith("text/plain")
    assert "no price for teapot" in text.text
    archive_at(directory).close()
    for name in ("groups", "codes"):
        assert reference in page.get(f"/{name}.md").text
        assert reference in page.get(f"/{name}.txt").text


def test_each_view_of_a_report_is_noted_before_it_is_shown(page, fail, directory):
    reference = fail()
    audit = directory.path / "audit.jsonl"
    page.get("/groups/1")
    assert not audit.exists()
    for form in ("", ".json", ".md", ".txt"):
        page.get(f"/incidents/{reference}{form}")
    entries = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [(entry["did"], entry["what"]) for entry in entries] == [("viewed", reference)] * 4
    assert {entry["visitor"] for entry in entries} == {"token"}
    assert stat.S_IMODE(audit.stat().st_mode) == 0o600


def test_what_cannot_be_noted_is_not_shown(page, fail, directory):
    reference = fail(words="teapot")
    (directory.path / "audit.jsonl").mkdir()
    answer = page.get(f"/incidents/{reference}")
    assert answer.status_code >= 500
    assert "teapot" not in answer.text


def test_words_of_a_client_are_shown_as_words(page, fail):
    words = "<script>alert(1)</script>\u202e\x1b[2J{{ 7*7 }}"
    reference = fail(words=words)
    text = page.get(f"/incidents/{reference}").text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;" in text
    assert "\\u202e" in text
    assert "{{ 7*7 }}" in text


def test_a_store_that_cannot_be_used_is_told_without_its_place(page, directory):
    with Database(directory.store) as database:
        database.run("PRAGMA user_version = 99")
    answer = page.get("/")
    assert answer.status_code == 500
    assert str(directory.path) not in answer.text
    reference = answer.json()["error"]["reference"]
    found = page.get(f"/incidents/{reference}")
    assert found.status_code == 200
    assert "newer version" in found.text
    assert 'action="/groups/' not in found.text
    searched = page.get("/search", params={"text": reference}, follow_redirects=False)
    assert searched.headers["location"] == f"/incidents/{reference}"
    archive_at(PrivateDirectory(directory.path / "page")).close()


def test_a_report_whose_closed_part_is_gone_says_so_and_shows_the_open_one(page, fail, directory):
    reference = fail(words="planted")
    assert "planted" in page.get(f"/incidents/{reference}").text
    with Database(directory.store) as database:
        database.run("DELETE FROM closed")
    for form in ("", ".md", ".txt", ".json"):
        text = page.get(f"/incidents/{reference}{form}").text
        assert PAST_RETENTION in text.replace("\n  ", " ")
        assert "ValueError" in text
        assert "planted" not in text


@pytest.mark.parametrize("form", ["txt", "md"])
def test_a_thinned_incident_as_text_is_named_before_the_report_that_it_leads_to(
    page, fail, directory, summary, form
):
    full = fail()
    fingerprint = page.get(f"/incidents/{full}.json").json()["fingerprint"]
    brief = summary("BR1EF0000000", fingerprint=fingerprint, **{"error.code": "STORE_CLOSED"})
    Spool(directory).append(frame(brief))
    own, between, report = page.get(f"/incidents/BR1EF0000000.{form}").text.partition(
        f"nearest report of the same fault is {full}:"
    )
    assert between
    assert "BR1EF0000000" in own
    assert "500 STORE_CLOSED" in own
    assert "no price for kettle" in report


def test_a_thinned_incident_tells_its_own_time_route_and_status_and_then_whose_report_it_shows(
    page, fail, directory, summary
):
    full = fail(words="kettle")
    fingerprint = page.get(f"/incidents/{full}.json").json()["fingerprint"]
    more = {
        "fingerprint": fingerprint,
        "error.code": "STORE_CLOSED",
        "http.response.status_code": 503,
        "http.route": "/own/{route}",
    }
    Spool(directory).append(frame(summary("BR1EF0000000", "2026-05-01T12:00:00Z", **more)))
    shown = page.get("/incidents/BR1EF0000000").text
    own, between, other = shown.partition("The report of another incident: ")
    assert between
    for fact in ("BR1EF0000000", "2026-05-01 12:00:00 UTC", "503 STORE_CLOSED", "/own/{route}"):
        assert fact in own
    for foreign in (full, "INTERNAL_SERVER_ERROR", "/prices", "kettle"):
        assert foreign not in own
    assert f'href="/incidents/{full}"' in other
    assert f"What the client of {full} saw" in other
    assert f"What happened in {full}" in other
    assert "no price for kettle" in other
    assert "503 STORE_CLOSED" not in other
    plain = page.get(f"/incidents/{full}").text
    assert "another incident" not in plain
    assert "What the client saw" in plain
    told = page.get("/incidents/BR1EF0000000.json").json()
    assert told["nearest_report"] == full
    assert (told["http.route"], told["http.response.status_code"]) == ("/own/{route}", 503)
    assert "exceptions" not in told


def test_the_report_that_another_incident_leads_to_is_noted_as_viewed_where_it_is_shown(
    page, fail, directory, summary
):
    full = fail()
    fingerprint = page.get(f"/incidents/{full}.json").json()["fingerprint"]
    Spool(directory).append(frame(summary("BR1EF0000000", fingerprint=fingerprint)))
    for form in ("", ".json", ".md", ".txt"):
        audit = directory.path / "audit.jsonl"
        audit.unlink()
        page.get(f"/incidents/BR1EF0000000{form}")
        seen = [json.loads(line)["what"] for line in audit.read_text().splitlines()]
        assert seen == ["BR1EF0000000"] + [full] * (form != ".json")


def test_the_health_page_opens_the_store_once(page, fail, directory, monkeypatch):
    fail()
    archive_at(directory).close()
    opened = []
    prepare = Database._prepare
    monkeypatch.setattr(
        Database, "_prepare", lambda self: (opened.append(self._path), prepare(self))
    )
    page.get("/health")
    assert opened.count(directory.store) == 1


def test_the_health_page_counts_as_waiting_only_what_is_not_in_the_store(
    page, fail, directory, summary
):
    fail()
    waits = frame(summary("WA1T1NG00000"))
    archive_at(directory).close()
    Spool(directory).append(frame(summary("DRA1NED00000")))
    page.get("/")
    assert directory.backlog()
    assert "<dd>0 bytes</dd>" in page.get("/health").text
    Spool(directory).append(waits)
    assert f"<dd>{len(waits)} bytes</dd>" in page.get("/health").text
    assert "<dd>0 bytes</dd>" in page.get("/health").text
